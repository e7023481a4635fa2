#!/bin/bash
# What outputs tell about where their files come from, asked of real programs: bills of materials by
# the published schema, the package database of a root file system against them, and the signatures
# that README shows. Needs build/scratchpack, curl, python3 with jsonschema, openssl and minisign.
# The last line is `N passed, N failed`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/lib/report.sh"
scratchpack=$root/build/scratchpack
scratch=$(mktemp -d /var/tmp/scratchpack-provenance.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export logs=$scratch SOURCE_DATE_EPOCH=1700000000
cd "$scratch"

outputs() {
  local curl python
  curl=$(command -v curl)
  python=$(readlink -f "$(command -v python3)")
  printf '#!%s\nprint(6 * 7)\n' "$python" >script && chmod +x script
  "$scratchpack" build "$curl" -q -o curl.bundle --sbom curl.json
  "$scratchpack" build "$curl" -q -o curl.dir --format dir --sbom curl-dir.json
  "$scratchpack" build ./script -q -o script.bundle --sbom script.json
  "$scratchpack" sbom curl.bundle -o curl-read.json
  "$scratchpack" sbom script.bundle >script-read.json
}

as_built() {
  cmp curl.json curl-read.json
  cmp script.json script-read.json
}

valid() { "$root/tests/cyclonedx/validate.py" curl.json curl-dir.json script.json; }

# A validator that accepts all would accept these.
invalid_is_noticed() {
  sed 's/"urn:uuid:/"urn:uid:/' curl.json >serial.json
  sed 's/"id": "ISC"/"id": "ISCX"/' curl.json >licence.json
  sed 's/"ref": "application"/"ref": "nothing"/' curl.json >edge.json
  local wrong
  for wrong in serial licence edge; do
    ! cmp -s curl.json $wrong.json || { echo "$wrong.json: not changed"; return 1; }
    ! "$root/tests/cyclonedx/validate.py" $wrong.json || { echo "$wrong.json: taken"; return 1; }
  done
}

root_tells_the_same() { "$root/tests/cyclonedx/compare.py" curl-dir.json curl.dir; }

licence_texts() {
  "$scratchpack" extract curl.bundle texts --licences -q
  local text
  while read -r text; do
    cmp "texts$text" "$text"
  done < <(cd texts && find . -type f | sed 's/^\.//')
}

note() { readelf -n curl.bundle | grep -q '"type":"deb","name":"curl","version"'; }

# The lines of README.
signed_by_openssl() {
  openssl genpkey -algorithm ed25519 -out key.pem
  openssl pkey -in key.pem -pubout -out key.pub
  openssl pkeyutl -sign -rawin -inkey key.pem -in "$1" -out "$1.sig"
  openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in "$1" -sigfile "$1.sig"
  { cat "$1" && echo; } >changed
  ! openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in changed -sigfile "$1.sig"
}
signed_by_minisign() {
  minisign -G -W -f -p minisign.pub -s minisign.key
  minisign -S -s minisign.key -m "$1" -t "root $("$scratchpack" inspect curl.bundle --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["root"])')"
  minisign -V -p minisign.pub -m "$1"
  { cat "$1" && echo; } >changed
  ! minisign -V -p minisign.pub -m changed -x "$1.minisig"
}

check "bundles, a root file system and their bills of materials are built" outputs
check "a bundle tells what its build wrote" as_built
check "bills of materials are valid CycloneDX 1.5" valid
check "the validator notices what is wrong" invalid_is_noticed
check "status.d of a root file system names the packages of its bill of materials" root_tells_the_same
check "a bundle gives back licence texts as the distribution has them" licence_texts
check "a bundle's note names the package of its program" note
check "a bundle is signed and checked with openssl" signed_by_openssl curl.bundle
check "a bill of materials is signed and checked with minisign" signed_by_minisign curl.json
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
