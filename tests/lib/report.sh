# Counting and reporting for the test scripts. Sourced by bash, with $logs set to a folder for
# the output of each test. Keeps the totals in passed and failed.
# shellcheck shell=bash disable=SC2154
passed=0
failed=0
aside=

pass() {
  passed=$((passed + 1))
  printf 'ok    %s\n' "$1"
}

fail() {
  failed=$((failed + 1))
  printf 'FAIL  %s\n' "$1"
}

# One test that is one command: its output is shown only when it fails.
#   check "name as a rule" COMMAND ARG…
check() {
  local name=$1 log
  shift
  log=$logs/${name//[^[:alnum:]]/-}.log
  if "$@" >"$log" 2>&1; then
    pass "$name"
  else
    fail "$name"
    tail -n 60 "$log" | sed 's/^/      /'
  fi
}

# The same beside what comes next, until finish_aside; one at a time.
#   check_aside "name as a rule" COMMAND ARG…
check_aside() {
  aside_name=$1
  aside_log=$logs/${1//[^[:alnum:]]/-}.log
  shift
  "$@" >"$aside_log" 2>&1 &
  aside=$!
}

finish_aside() {
  if wait "$aside"; then
    pass "$aside_name"
  else
    fail "$aside_name"
    tail -n 60 "$aside_log" | sed 's/^/      /'
  fi
  aside=
}

# Adds the numbers of a last line `N passed, N failed`, which is all that part has to print.
# A part that died before printing it counts as one failure.
#   add_part "name" COMMAND ARG…
add_part() {
  local name=$1 log status=0 totals
  shift
  log=$logs/${name//[^[:alnum:]]/-}.log
  "$@" 2>&1 | tee "$log" || status=$?
  totals=$(tail -n 1 "$log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
  if [ -z "$totals" ]; then
    fail "$name ended with status $status before it could count"
    return
  fi
  passed=$((passed + ${totals% *}))
  failed=$((failed + ${totals#* }))
  [ "$status" -eq 0 ] || [ "${totals#* }" -gt 0 ] || fail "$name: status $status"
}

# Runs a doctest program and counts its cases.
#   add_cases "name" PROGRAM ARG…
add_cases() {
  local name=$1 log status=0 totals
  shift
  log=$logs/${name//[^[:alnum:]]/-}.log
  "$@" >"$log" 2>&1 || status=$?
  totals=$(sed -n 's/^\[doctest\] test cases: *[0-9]* *| *\([0-9]*\) passed *| *\([0-9]*\) failed.*/\1 \2/p' "$log")
  if [ -z "$totals" ]; then
    fail "$name ended with status $status before it could count"
    tail -n 40 "$log" | sed 's/^/      /'
    return
  fi
  passed=$((passed + ${totals% *}))
  failed=$((failed + ${totals#* }))
  printf '      %s: %s passed, %s failed\n' "$name" "${totals% *}" "${totals#* }"
  [ "$status" -eq 0 ] || sed 's/^/      /' "$log"
  [ "$status" -eq 0 ] || [ "${totals#* }" -gt 0 ] || fail "$name: status $status"
}
