#!/bin/bash
# From a fresh clone to a real application in an empty container, in one command:
#
#   samples/quickstart.sh [FOLDER]
#
# installs what is missing with apt, builds scratchpack, makes one executable of /usr/bin/curl,
# builds an image FROM scratch of it and runs that as a non-root user on a read-only root without a
# mount. What it made stays in FOLDER (default: quickstart in the build folder) for you to look at.
# Run it as root, or as a user who may use sudo. Without Docker, an empty root takes its place.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/tests/lib/setup.sh"
become_root "$root/samples/quickstart.sh" "$@"

folder=${1:-$root/build/quickstart}
image=scratchpack-quickstart
scratch=$(mktemp -d /var/tmp/scratchpack-quickstart.XXXXXX)
finish() {
  # An image in a Docker of our own disappears with it.
  [ -z "$docker_pid" ] || stop_docker
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

show() { printf '\n$ %s\n' "$*"; }

# In an empty root that holds the bundle and /proc, as the user of the image.
run_in_empty_root() {
  mkdir -p "$scratch/root/proc" "$scratch/root/usr/bin"
  cp "$folder/curl" "$scratch/root/usr/bin/curl"
  unshare --mount --pid --fork --mount-proc="$scratch/root/proc" \
    setpriv --no-new-privs \
    chroot --userspec=65532:65532 "$scratch/root" /usr/bin/curl "$@"
}

run_in_container() {
  "$docker" run --rm --network none --read-only --cap-drop ALL \
    --security-opt no-new-privileges "$image" "$@"
}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages ca-certificates tzdata curl
docker_answers || (install_packages docker.io) || true
say "building scratchpack"
build_project "$root/build" -DSCRATCHPACK_TESTS=OFF -- scratchpack ||
  die "build scratchpack: it does not compile (build/build.log)"

mkdir -p "$folder"
cd "$folder"
show "scratchpack build /usr/bin/curl -o curl --emit-dockerfile"
"$root/build/scratchpack" build /usr/bin/curl -o curl --emit-dockerfile

if start_docker "$scratch/docker"; then
  show "cat Dockerfile"
  cat Dockerfile
  show "docker build -t $image ."
  "$docker" build -q -t "$image" . || die "build the image: docker build failed"
  show "docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges $image --version"
  run=run_in_container
else
  show "chroot EMPTY-ROOT /usr/bin/curl --version    # no Docker here: an empty root with /proc"
  run=run_in_empty_root
fi
$run --version | tee "$scratch/bundled"

/usr/bin/curl --version >"$scratch/native"
if ! cmp -s "$scratch/native" "$scratch/bundled"; then
  diff "$scratch/native" "$scratch/bundled" >&2 || true
  die "compare with the native curl: the output differs"
fi
printf '\nThe same as /usr/bin/curl --version here: '
printf '%s bytes in one file, nothing else in the image needed.\n' "$(stat -c %s curl)"
echo "Everything is in $folder. Try: build/scratchpack inspect $folder/curl --tree"
