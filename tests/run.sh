#!/bin/bash
# Installs what is missing, builds, runs every test. From a fresh clone, as root or through sudo:
#
#   tests/run.sh          everything, in about 40 minutes on two cores
#   tests/run.sh --all    also the matrices that take longer, and every real program rather than a third
#
# The last line is `N passed, N failed`; the status is 0 only when nothing failed.
# Where CI=true, a machine without Docker fails; elsewhere the container runs are then left out,
# and the output says so.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
. tests/lib/setup.sh
. tests/lib/report.sh

test_packages="doctest-dev clang-format clang-tidy shellcheck musl-dev musl-tools docker.io buildah \
  ca-certificates tzdata curl openssl python3 util-linux gdb locales \
  zlib1g-dev help2man make ninja-build zsh fish python3-jsonschema minisign chromium chromium-driver \
  skopeo umoci docker-registry python3-xgboost libxgboost-dev libboost-dev python3-flask gunicorn"
# More programs for the oracle to ask; a bare machine has some 370.
more_programs="file git gettext groff gnupg openssh-client procps psmisc iproute2 net-tools man-db \
  bsdextrautils libglib2.0-bin dbus-bin zip unzip less vim-tiny"

all=
case "${1-}" in
  '') ;;
  --all) all=--all ;;
  *)
    echo "usage: tests/run.sh [--all]" >&2
    exit 2
    ;;
esac

become_root "$root/tests/run.sh" ${all:+"$all"}
scratch=$(mktemp -d /var/tmp/scratchpack-run.XXXXXX)
finish() {
  [ -z "$aside" ] || kill "$aside" 2>/dev/null || true
  stop_docker
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
logs=$root/build/test-logs
product_sources=$root/bundler/,$root/bootloader/,$root/runtime/
export XDG_CACHE_HOME=$scratch/cache # the user's frame cache is not ours to fill

# ---- the parts ----------------------------------------------------------------------------------
check_sources() {
  local sources scripts
  mapfile -t sources < <(find bundler bootloader runtime tests samples -name '*.cc' -o -name '*.h' -o \
    -path 'tests/container/workloads/*.c' | sort)
  mapfile -t scripts < <(find tests samples .ci -name '*.sh' -o -path .ci/run | sort)
  check "sources are formatted by .clang-format" clang-format --dry-run -Werror "${sources[@]}"
  check "shell scripts are clean to shellcheck" shellcheck -x -P SCRIPTDIR "${scripts[@]}"
  # The cases' own sources take as long again, and only with --all.
  check "clang-tidy finds nothing" tests/lib/tidy.py build "$([ -n "$all" ] || echo "$product_sources")"
}

check_sanitized() {
  mkdir "$scratch/build"
  TMPDIR=$scratch/build build_project build/sanitized -DSCRATCHPACK_SANITIZE=ON -DSCRATCHPACK_TESTS=ON -- cases &&
    ASAN_OPTIONS=detect_leaks=0 build/sanitized/cases
}

# What this machine's own programs answer, and what their bundles do.
check_answers() {
  # shellcheck disable=SC2086 # a list of words
  [ -z "$all" ] || install_packages $more_programs
  add_part "oracle" tests/container/oracle.py
  add_part "stripped copies" tests/container/strip_oracle.py ${all:+--all}
}

check_containers() {
  if start_docker "$scratch/docker"; then
    add_part "containers" tests/container/run.py $all
    add_part "real programs" tests/container/real.py $all
    check "the quick start shows what the native program shows" samples/quickstart.sh "$scratch/quick"
  elif [ "${CI-}" = true ]; then
    fail "a Docker engine answers or can be started (CI=true asks for it)"
  else
    say "SKIPPED: no Docker engine answers and none could be started; container runs are left out"
    add_part "containers" tests/container/run.py $all --without-docker
  fi
}

# ---- in order -----------------------------------------------------------------------------------
started=$SECONDS
# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages
mkdir -p "$logs"
say "building"
build_project build -DSCRATCHPACK_TESTS=ON -- all || die "build the project: it does not compile (build/build.log)"

check_sources
# Most parts keep one processor busy.
check_aside "the cases pass under AddressSanitizer and UndefinedBehaviorSanitizer" check_sanitized
add_cases "cases" build/cases
add_part "same inputs, same bytes" tests/lib/reproducible.sh
add_part "build scripts" tests/lib/build_scripts.sh
add_part "provenance" tests/lib/provenance.sh
add_part "the page in a browser" tests/lib/page_stories.py
check_answers
finish_aside
check_containers

say "$((SECONDS - started)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
