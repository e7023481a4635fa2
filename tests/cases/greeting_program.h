// A small program of our own, which most cases of the command line bundle.
#pragma once

#include "tests/cases/scratch_folder.h"

namespace scratchpack {

/// Makes `app` in the folder, with a library of its own, libword.so, which is found by a run path.
/// It prints "hello", its arguments and $SET (or "-"), and its status is the first argument.
void compile_program(const ScratchFolder& folder);

}  // namespace scratchpack
