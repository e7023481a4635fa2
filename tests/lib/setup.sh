# Shared by tests/run.sh and samples/quickstart.sh: what must be there before anything runs.
# Sourced by bash, with $root set to the top of the clone.
# shellcheck shell=bash disable=SC2034,SC2154

# Packages of Debian 12 and Ubuntu that the build needs; the tests add theirs.
build_packages="g++ make cmake liblief-dev libarchive-dev libzstd-dev zlib1g-dev libcli11-dev libzydis-dev \
  libzycore-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev libssl-dev libxxhash-dev"

say() { printf '== %s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs the calling script again through sudo when it does not run as root.
#   become_root "$0" "$@"
become_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null || die "become root: sudo is not installed (run this script as root)"
  exec sudo --preserve-env=CI,DOCKER_HOST -- "$@"
}

# Installs those of the named packages that are missing; touches nothing when none is.
install_packages() {
  local missing=() package
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  apt-get update -qq >&2 || say "apt-get update failed; trying with the lists that are here"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null || die "install packages: apt-get failed for ${missing[*]}"
}

# Configures and builds the named targets into $1, quietly unless it fails.
#   build_project FOLDER [-DOPTION…] -- TARGET…
build_project() {
  local folder=$1 options=() log
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  mkdir -p "$folder"
  log=$folder/build.log
  if ! { cmake -S "$root" -B "$folder" "${options[@]}" &&
    cmake --build "$folder" -j "$(nproc)" --target "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    return 1
  fi
}

# ---- Docker -------------------------------------------------------------------------------------
# The client that belongs to Debian's daemon: another one may come first in PATH.
docker=/usr/bin/docker

docker_answers() { [ -x "$docker" ] && timeout 20 "$docker" info >/dev/null 2>&1; }

# Uses the Docker that answers, or starts a private one below $1 that needs neither overlayfs nor a
# bridge nor iptables, and touches nothing of the machine's own. Fails when there is none.
# Sets DOCKER_HOST (exported) and docker_pid.
docker_pid=
start_docker() {
  local folder=$1
  docker_answers && return 0
  command -v dockerd >/dev/null || return 1
  say "no Docker answers: starting one for this run"
  mkdir -p "$folder"
  export DOCKER_HOST=unix://$folder/docker.sock
  dockerd --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root "$folder/exec" \
    --pidfile "$folder/docker.pid" --storage-driver vfs --iptables=false --bridge=none \
    --ip-forward=false --ip-masq=false >"$folder/dockerd.log" 2>&1 &
  docker_pid=$!
  local second
  for second in $(seq 60); do
    docker_answers && return 0
    kill -0 "$docker_pid" 2>/dev/null || break
    sleep 1
  done
  say "dockerd did not come up within $second s:"
  tail -n 5 "$folder/dockerd.log" >&2
  stop_docker
  unset DOCKER_HOST
  return 1
}

# Stops what start_docker started, and only that.
stop_docker() {
  [ -n "$docker_pid" ] || return 0
  kill "$docker_pid" 2>/dev/null || true
  wait "$docker_pid" 2>/dev/null || true
  docker_pid=
}
