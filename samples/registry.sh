#!/bin/bash
# From a program to a registry and back, in one command:
#
#   samples/registry.sh [REGISTRY/NAME[:TAG]]
#
# builds an image of /usr/bin/curl, pushes it with skopeo, pulls it again, and runs what came back.
# Without an argument it starts a registry of its own on loopback, which ends with it. Run it as
# root, or as a user who may use sudo. Without Docker what came back is unpacked and runs in an empty
# root.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/tests/lib/setup.sh"
become_root "$root/samples/registry.sh" "$@"

scratch=$(mktemp -d /var/tmp/scratchpack-registry.XXXXXX)
registry_pid=
finish() {
  [ -z "$registry_pid" ] || kill "$registry_pid" 2>/dev/null || true
  [ -z "$docker_pid" ] || stop_docker
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# A registry without TLS, as it is reached from this machine alone. Sets image and tls.
start_registry() {
  local port=5000 second
  while (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; do port=$((port + 1)); done
  cat >"$scratch/registry.yml" <<END
version: 0.1
storage:
  filesystem:
    rootdirectory: $scratch/registry
http:
  addr: 127.0.0.1:$port
END
  docker-registry serve "$scratch/registry.yml" >"$scratch/registry.log" 2>&1 &
  registry_pid=$!
  for second in $(seq 50); do
    (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null && break
    kill -0 "$registry_pid" 2>/dev/null || die "start the registry: $(tail -n 1 "$scratch/registry.log")"
    sleep 0.2
  done
  say "a registry answers on port $port after $second tries"
  image=127.0.0.1:$port/curl:latest
  tls=false
}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages ca-certificates tzdata curl skopeo umoci
[ -x "$root/build/scratchpack" ] || build_project "$root/build" -DSCRATCHPACK_TESTS=OFF -- scratchpack ||
  die "build scratchpack: it does not compile (build/build.log)"
image=${1-}
tls=true
if [ -z "$image" ]; then
  install_packages docker-registry
  start_registry
fi

cd "$scratch"
show "$root/build/scratchpack" build /usr/bin/curl --format oci --tag "$image" -o curl.oci.tar
show skopeo copy --dest-tls-verify="$tls" oci-archive:curl.oci.tar "docker://$image"
name=scratchpack-registry:latest
if start_docker "$scratch/docker"; then
  show skopeo copy --src-tls-verify="$tls" "docker://$image" "docker-archive:back.tar:$name"
  show "$docker" load --input back.tar
  show "$docker" run --rm --network none --read-only --cap-drop ALL "$name" --version | tee out
  "$docker" rmi "$name" >/dev/null
else
  show skopeo copy --src-tls-verify="$tls" "docker://$image" oci:back:latest
  show umoci unpack --image back:latest unpacked
  show chroot --userspec=65532:65532 unpacked/rootfs /usr/bin/curl --version | tee out
fi
/usr/bin/curl --version >native
# What was shown stands before what was answered.
tail -n "$(wc -l <native)" out | cmp - native || die "compare with the native curl: the output differs"
printf '\nThe same as /usr/bin/curl --version here, from %s and back.\n' "$image"
