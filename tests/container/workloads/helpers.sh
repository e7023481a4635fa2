#!/bin/sh
# A script that runs programs, which the bundle must bring and start.
set -e
seq 3 | sort -r
lines=$(seq 100 | wc -l)
echo "lines $lines"
# shellcheck disable=SC2016 # for the inner shell to expand
env -i ANSWER=42 sh -c 'echo "a shell below: $ANSWER"'
words=$(seq --no-such-option 2>&1) || echo "seq failed with $? and ${#words} characters"
/usr/bin/absent 2>&- || echo "absent: $?"
