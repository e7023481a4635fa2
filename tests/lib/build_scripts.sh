#!/bin/bash
# The tool as build scripts use it: installed below a prefix, called by CMake, make and ninja, and
# its documents. Needs build/scratchpack with its documents (target `all`), cmake, make, ninja, zsh,
# fish and help2man. The last line is `N passed, N failed`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/lib/report.sh"
scratch=$(mktemp -d /var/tmp/scratchpack-scripts.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export logs=$scratch/logs XDG_CACHE_HOME=$scratch/cache
prefix=$scratch/prefix
samples=$scratch/samples
mkdir "$logs"
cp -r "$root/samples" "$samples"
export PATH=$prefix/bin:$PATH

installed_files() {
  cmake --install "$root/build" --prefix "$prefix" >/dev/null
  local commands command
  commands=$("$prefix/bin/scratchpack" --help | sed -n 's/^  scratchpack \([a-z]*\) .*  .*/\1/p')
  [ "$(wc -l <<<"$commands")" -ge 8 ]
  for command in '' $commands; do
    test -s "$prefix/share/man/man1/scratchpack${command:+-$command}.1"
  done
  [ "$(find "$prefix/share/man" -name '*.1' | wc -l)" = $(($(wc -l <<<"$commands") + 1)) ]
  test -s "$prefix/share/bash-completion/completions/scratchpack"
  test -s "$prefix/share/zsh/site-functions/_scratchpack"
  test -s "$prefix/share/fish/vendor_completions.d/scratchpack.fish"
  find "$prefix/lib" -name scratchpackConfig.cmake | grep -q .
}

# ---- a bundle is made anew when a file in it changes, and only then ------------------------------
# The bundle, as long as it is not made anew.
state() { stat -c '%i %y' "$bundle"; }

# again COMMAND… : builds, and says whether the bundle was made anew
again() {
  local before
  before=$(state)
  "$@" >"$scratch/out" 2>&1 || { cat "$scratch/out"; return 2; }
  [ "$before" != "$(state)" ]
}

# What is in a bundle is changed, removed or added; builds are a clock tick apart.
rebuilds_for_what_is_bundled() {
  local share=$samples/greeter/share answer
  "$@"
  # The kernel's clock for files ticks more coarsely than a build takes.
  sleep 0.1
  ! again "$@" || { echo "made anew though nothing changed"; return 1; }
  touch "$samples/greeter/unused.txt" "$samples/quickstart.sh"
  ! again "$@" || { echo "made anew for a file that is not in it"; return 1; }

  echo world >"$share/words.txt"
  again "$@" || { echo "not made anew for changed data"; return 1; }
  sed -i 's/Hello,/Good day,/' "$samples/greeter/greeting.c"
  again "$@" || { echo "not made anew for a changed library"; return 1; }
  sed -i 's/%s %s/%s dear %s/' "$samples/greeter/greeter.c"
  again "$@" || { echo "not made anew for a changed program"; return 1; }
  echo more >"$share/more.txt"
  again "$@" || { echo "not made anew for a new file in a folder that was added"; return 1; }
  "$prefix/bin/scratchpack" inspect "$bundle" --json | grep -q /usr/share/greeter/more.txt
  rm "$share/more.txt"
  again "$@" || { echo "not made anew for a file that is gone"; return 1; }
  ! again "$@" || { echo "made anew though nothing changed since"; return 1; }

  # In the bundle, not from this machine's /usr/share.
  answer=$("$bundle")
  [ "$answer" = "Good day, dear world" ] || { echo "it says: $answer"; return 1; }
}

# sample NAME BUNDLE COMMAND… : in a fresh copy of the samples
sample() {
  bundle=$2
  shift 2
  rm -rf "$samples"
  cp -r "$root/samples" "$samples"
  rebuilds_for_what_is_bundled "$@"
}

cmake_sample() {
  local folder=$scratch/cmake-$2
  cmake -S "$samples/cmake" -B "$folder" -G "$1" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
  sample cmake "$folder/greeter.bundle" cmake --build "$folder"
}
with_makefiles() { cmake_sample "Unix Makefiles" make; }
with_cmake_and_ninja() { cmake_sample Ninja ninja; }
with_make() { sample make "$samples/make/out/greeter.bundle" make -C "$samples/make"; }
with_ninja() { sample ninja "$samples/ninja/out/greeter.bundle" ninja -C "$samples/ninja"; }

# ---- what a log shows ----------------------------------------------------------------------------
# On a terminal there is progress and bold; without one, or with NO_COLOR, no escape is written.
escapes() { grep -c $'\e' "$1" || true; }
plain_logs() {
  local python build
  python=$(command -v python3)
  build="$prefix/bin/scratchpack build $python -o $scratch/plain"
  $build >"$scratch/log" 2>&1
  [ "$(escapes "$scratch/log")" = 0 ]
  env -u NO_COLOR TERM=xterm script -qec "$build" /dev/null >"$scratch/log" </dev/null
  [ "$(escapes "$scratch/log")" != 0 ]
  NO_COLOR=1 TERM=xterm script -qec "$build" /dev/null >"$scratch/log" </dev/null
  ! grep -q $'\e\[[0-9;]*m' "$scratch/log"
}

# A config file in place of words, as a build script keeps it in its repository.
config_file() {
  cat >"$scratch/scratchpack.toml" <<EOF
app = "$(command -v python3)"
args = ["-c", "print(6 * 7)"]
format = "onefile"
output = "$scratch/configured"
quiet = true
add-data = ["$root/README.md:/srv/README.md"]
EOF
  scratchpack build --config "$scratch/scratchpack.toml"
  [ "$("$scratch/configured")" = 42 ]
}

# ---- completions, each by its shell ---------------------------------------------------------------
in_fish() {
  XDG_DATA_DIRS=$prefix/share HOME=$scratch XDG_CONFIG_HOME=$scratch/config \
    fish -c "complete -C '$1'" | cut -f1
}
fish_completes() {
  in_fish 'scratchpack bu' | grep -x build
  in_fish 'scratchpack build --form' | grep -x -- --format
  in_fish 'scratchpack build --mode ' | grep -x extract
  ! in_fish 'scratchpack inspect --' | grep -x -- --format
}
bash_completes() {
  bash -c ". $prefix/share/bash-completion/completions/scratchpack
    COMP_WORDS=(scratchpack build --form); COMP_CWORD=2; _scratchpack
    [ \"\${COMPREPLY[*]}\" = --format ]"
}
zsh_completes() {
  tests/lib/zsh_offers.py "$prefix/share/zsh/site-functions" 'scratchpack bu' | grep -q 'scratchpack build'
  tests/lib/zsh_offers.py "$prefix/share/zsh/site-functions" 'scratchpack build --form' |
    grep -q -- 'scratchpack build --format'
}

cd "$root"
check "cmake --install puts the tool, man pages, completions and the CMake package in place" installed_files
check "CMake with Makefiles bundles anew what changed, and nothing else" with_makefiles
check "CMake with Ninja bundles anew what changed, and nothing else" with_cmake_and_ninja
check "make bundles anew what changed, and nothing else" with_make
check "ninja bundles anew what changed, and nothing else" with_ninja
check "a log holds no colour and no progress" plain_logs
check "a config file stands for the words of a command line" config_file
check "bash completes by the installed script" bash_completes
check "zsh completes by the installed script" zsh_completes
check "fish completes by the installed script" fish_completes
check "--help, the man pages and README name the same options" \
  tests/lib/documents.py "$prefix/bin/scratchpack" "$prefix/share/man/man1" README.md
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
