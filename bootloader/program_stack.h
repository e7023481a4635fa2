// What the kernel left on the stack (argc, arguments, environment, auxiliary vector) and its
// rebuilt form when something must be added or taken out.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"

namespace scratchpack {

struct ProgramStack {
  uint64_t* top = nullptr;  ///< where argc lies; what the stack pointer must be at the entry point
  uint64_t argument_count = 0;
  char** arguments = nullptr;
  char** environment = nullptr;
  uint64_t* auxiliary = nullptr;  ///< pairs of key and value, the last with key 0

  /// The value of a key, or nullptr when the kernel gave none.
  uint64_t* auxiliary_value(uint64_t key) const;
  /// Bytes of the auxiliary vector, its end included.
  uint64_t auxiliary_size() const;
  /// The value of a variable, or nullptr.
  const char* variable(const char* name) const;
};

ProgramStack read_stack(uint64_t* top);

/// Room that entry.S leaves between the kernel's stack and ours, for a rebuilt one.
inline constexpr uint64_t kStackGap = 128 * 1024;

/// Rebuilds the stack in the gap below it: pieces are added in order, then finish() lays them out.
class StackBuilder {
 public:
  /// `room`: bytes of the gap that entry.S made.
  StackBuilder(const ProgramStack& old, uint64_t room);
  /// A copy of a string in the stack's own memory (programs write over their arguments).
  char* copy(const char* text);
  char* copy_joined(const char* a, const char* b, const char* c);
  void add_argument(char* text) { add(text); }
  void end_arguments();
  void add_variable(char* text) { add(text); }
  /// The new stack. False when the gap is too small.
  bool finish(ProgramStack& made);

 private:
  void add(char* text);
  uint64_t* gap_begin_;
  char* strings_;       // grows down from the old top
  uint64_t* pointers_;  // grows up from the gap's beginning, moved to its place at the end
  const ProgramStack& old_;
  bool full_ = false;
};

/// Takes out the variables that only the bootloader reads, and applies the launch record:
/// arguments put before the user's, argv[0], environment edits. `plain`: no argument edits (a
/// program of the bundle started by another). `root` is put before values that are paths of the
/// bundle (extraction), or nullptr.
bool apply_launch(const Payload& payload, bool plain, const char* root, ProgramStack& stack);

/// Instead of that, for a start that only lists the libraries of `program`, as ldd does: glibc's
/// linker is asked by a variable, musl's by arguments of its own.
bool apply_listing(const Payload& payload, const Entry& program, ProgramStack& stack);

}  // namespace scratchpack
