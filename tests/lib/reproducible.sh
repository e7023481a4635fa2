#!/bin/bash
# Same inputs, same bytes: every form is built twice from the same files, the second time in another
# folder, under another umask, with other file times, another environment, on one processor and
# without the frames that the first kept.
# Needs build/scratchpack. Prints a line a form; the last is `N passed, N failed`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/lib/report.sh"
scratchpack=$root/build/scratchpack
scratch=$(mktemp -d /var/tmp/scratchpack-same.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export logs=$scratch

# The inputs: a program with a large closure, and data of our own whose times we may change.
cp /usr/bin/curl "$scratch/curl"
mkdir -p "$scratch/data/deeper"
seq 20000 >"$scratch/data/numbers"
echo setting=1 >"$scratch/data/deeper/app.conf"
ln -s deeper/app.conf "$scratch/data/link"

# build_at FOLDER FORM… : the bundle lands in FOLDER/out
build_at() {
  local folder=$1
  shift
  mkdir -p "$folder"
  (cd "$folder" && "${at[@]}" "$scratchpack" build "$scratch/curl" -o out \
    --add-data "$scratch/data:/srv/data" "$@")
}

same_bytes() {
  local first=$scratch/first second=$scratch/other/folder
  rm -rf "$first" "$scratch/other"
  find "$scratch/curl" "$scratch/data" -exec touch -h -d 2024-05-06T07:08:09Z {} +
  at=(env LC_ALL=C TZ=UTC XDG_CACHE_HOME="$scratch/cache")
  (umask 022 && build_at "$first" "$@")
  find "$scratch/curl" "$scratch/data" -exec touch -h -d 2001-02-03T04:05:06Z {} +
  at=(env LC_ALL=C.UTF-8 TZ=Asia/Seoul HOME="$scratch/absent" XDG_CACHE_HOME="$scratch/absent" taskset -c 0)
  (umask 077 && build_at "$second" "$@")
  cmp "$first/out" "$second/out"
}

for form in "--format onefile --compress none" "--format onefile --compress fast" \
  "--format onefile --compress best" "--format onefile --mode extract" "--format tar"; do
  # shellcheck disable=SC2086 # a list of words
  check "same inputs, same bytes: $form" same_bytes $form
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
