#!/bin/bash
# Unpacks the C libraries (libc6 and musl) of later Debian releases below FOLDER, from the archive
# that this machine's own apt is configured with, and without touching what apt keeps itself:
#
#   tests/lib/fetch_libcs.sh FOLDER
#
# Leaves FOLDER/SUITE/root/… and FOLDER/SUITE/versions (`libc6 2.41-12` a line). What is there
# already is left alone. Fails with one line when the archive cannot be reached.
set -euo pipefail

[ "$#" -eq 1 ] || {
  echo "usage: tests/lib/fetch_libcs.sh FOLDER" >&2
  exit 2
}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
log=$folder/fetch.log

fail() {
  echo "fetch C libraries: $1" >&2
  exit 1
}

# The archive of the configured release itself; updates and security lie elsewhere.
archive() {
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 ~ /\/debian\/?$/ && $2 !~ /-/ && $3 == "main" { print $1; exit }'
}

# Downloads into $work and leaves root and versions there.
unpack() {
  local package
  cd "$work" || return 1
  timeout 120 apt-get "${options[@]}" update || return 1
  timeout 120 apt-get "${options[@]}" download libc6 musl || return 1
  for package in *.deb; do
    dpkg-deb -x "$package" root || return 1
    echo "$(dpkg-deb -f "$package" Package) $(dpkg-deb -f "$package" Version)" >>versions
  done
  rm -rf lists cache ./*.deb sources.list
}

fetch() {
  local suite=$1 work=$folder/$1.part options
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$site" "$suite" >"$work/sources.list"
  options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Architecture=amd64
    -o APT::Architectures=amd64 -o Acquire::Languages=none -o APT::Sandbox::User=root
    -o Acquire::Retries=2)
  (unpack) >>"$log" 2>&1 || return 1
  mv "$work" "$folder/$suite"
}

for suite in trixie sid; do
  [ ! -e "$folder/$suite/versions" ] || continue
  [ -e "$keyring" ] || fail "$keyring is missing (install debian-archive-keyring)"
  site=$(archive)
  [ -n "$site" ] || fail "apt is configured with no Debian archive"
  fetch "$suite" || fail "apt could not download $suite's libc6 and musl (see $log)"
done
