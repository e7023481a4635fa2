#!/bin/bash
# clang-tidy over every source that the build folder $1 compiles, two at a time. Fails on any
# finding. GCC's own code-generation flags mean nothing to clang and are not findings.
set -euo pipefail
folder=$1
mapfile -t sources < <(python3 - "$folder/compile_commands.json" <<'PYTHON'
import json, sys
print("\n".join(sorted({entry["file"] for entry in json.load(open(sys.argv[1]))
                        if entry["file"].endswith(".cc")})))
PYTHON
)
printf '%s\0' "${sources[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$folder" \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument
