// Start in place: program and linker are mapped straight out of the bundle, the auxiliary vector is
// edited where the kernel put it, and the linker is entered as if the kernel had started it.
#pragma once

#include <stdint.h>

#include "bootloader/program_stack.h"
#include "runtime/payload.h"

namespace scratchpack {

struct Jump {
  uint64_t entry;
  uint64_t* stack;
};

/// Why a start in place failed; the caller extracts instead.
struct InPlaceFault {
  const char* step = nullptr;
  long error = 0;
};

/// Maps `program` (an entry with kFlagProgram) and its linker. On success `jump` says where to go;
/// nothing can fail after that. `bundle` is a descriptor of the bundle's file, or -errno;
/// `listing`: the stack asks for a list of the libraries only; `original` is the kernel's stack,
/// `stack` the one to start with.
bool start_in_place(const Payload& payload, long bundle, uint64_t payload_offset,
                    const Entry& program, bool listing, const ProgramStack& original,
                    const ProgramStack& stack, Jump& jump, InPlaceFault& fault);

}  // namespace scratchpack
