#!/bin/sh
# Shell builtins only: the script needs nothing but its interpreter.
echo "$# arguments, the first is $1"
total=0
for number in 1 2 3 4; do
  total=$((total + number))
done
echo "total $total"
(echo "in a subshell"; exit 4) || echo "it ended with $?"
trap 'echo "leaving"' EXIT
echo "on standard error" >&2
exit 5
