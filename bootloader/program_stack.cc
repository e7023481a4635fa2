#include "bootloader/program_stack.h"

#include "runtime/elf.h"
#include "runtime/path_map.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

/// The value of "NAME=value" when it is variable `name`, else nullptr.
const char* value_of(const char* variable, const char* name) {
  const char* rest = text_after(variable, name);
  return rest != nullptr && *rest == '=' ? rest + 1 : nullptr;
}

bool is_own_option(const char* variable) {
  return value_of(variable, "SCRATCHPACK_DIR") != nullptr ||
         value_of(variable, "SCRATCHPACK_MODE") != nullptr ||
         value_of(variable, "SCRATCHPACK_DEBUG") != nullptr ||
         value_of(variable, "SCRATCHPACK_RUN") != nullptr;
}

/// Whether an edit applies to this way of starting, and to what is set.
bool applies(const EnvironmentRecord& record, const char* root) {
  return root != nullptr || (record.flags & kEnvironmentExtractedOnly) == 0;
}

/// Paths between colons, each led below `root`. As long as it fits; the caller's buffer is large.
void lead_into_tree(const char* value, const char* root, TextBuilder& text) {
  while (*value != 0) {
    const char* end = value;
    while (*end != 0 && *end != ':') ++end;
    if (text.length() > 0) text.add(":");
    text.add(*value == '/' ? root : "").add(value, static_cast<uint64_t>(end - value));
    value = *end == ':' ? end + 1 : end;
  }
}

/// Whether launching changes anything: most programs start on the kernel's own stack.
bool needs_rebuild(const Payload& payload, bool plain, const char* root,
                   const ProgramStack& stack) {
  const LaunchRecord& launch = payload.header->launch;
  if (root != nullptr || (!plain && (launch.argument_count != 0 || launch.argv0 != kNone))) {
    return true;
  }
  for (char** at = stack.environment; *at != nullptr; ++at) {
    if (is_own_option(*at)) return true;
  }
  for (uint32_t i = 0; i < launch.environment_count; ++i) {
    const EnvironmentRecord& record = payload.environment[i];
    if (!applies(record, root)) continue;
    const char* set = stack.variable(payload.text(record.name));
    if (set == nullptr || ((record.flags & kEnvironmentOnlyIfUnset) == 0 &&
                           !text_equal(set, payload.text(record.value)))) {
      return true;
    }
  }
  return false;
}

/// An argument of the launch record. Extracted, one that names a file of the bundle (the script of
/// an interpreter) names it in the tree.
char* launch_argument(const Payload& payload, const char* text, const char* root,
                      StackBuilder& builder) {
  if (root != nullptr && text[0] == '/') {
    const Walk walk = walk_path(payload, Walk{}, text, true);
    if (walk.found() && !walk.not_directory && walk.entry != nullptr) {
      return builder.copy_joined(root, payload.path(*walk.entry), "");
    }
  }
  return builder.copy(text);
}

void add_arguments(const Payload& payload, bool plain, const char* root, const ProgramStack& stack,
                   StackBuilder& builder) {
  const LaunchRecord& launch = payload.header->launch;
  uint64_t i = 0;
  if (!plain && launch.argv0 != kNone) {
    builder.add_argument(builder.copy(payload.text(launch.argv0)));
    i = 1;
  } else if (stack.argument_count > 0) {
    builder.add_argument(stack.arguments[0]);
    i = 1;
  }
  const char* text = payload.text(launch.arguments);
  for (uint32_t k = 0; !plain && k < launch.argument_count; ++k) {
    builder.add_argument(launch_argument(payload, text, root, builder));
    text += text_length(text) + 1;
  }
  for (; i < stack.argument_count; ++i) builder.add_argument(stack.arguments[i]);
  builder.end_arguments();
}

/// Bytes of the gap that entry.S left below the stack.
uint64_t gap_of(const ProgramStack& stack) {
  const uint64_t vectors = reinterpret_cast<uint64_t>(stack.auxiliary) -
                           reinterpret_cast<uint64_t>(stack.top) + stack.auxiliary_size();
  return kStackGap + vectors;
}

/// Whether the launch record replaces a variable that is set.
bool is_replaced(const Payload& payload, const char* root, const char* variable) {
  for (uint32_t i = 0; i < payload.header->launch.environment_count; ++i) {
    const EnvironmentRecord& record = payload.environment[i];
    if (applies(record, root) && (record.flags & kEnvironmentOnlyIfUnset) == 0 &&
        value_of(variable, payload.text(record.name)) != nullptr) {
      return true;
    }
  }
  return false;
}

}  // namespace

uint64_t* ProgramStack::auxiliary_value(uint64_t key) const {
  for (uint64_t* at = auxiliary; at[0] != kAtNull; at += 2) {
    if (at[0] == key) return at + 1;
  }
  return nullptr;
}

uint64_t ProgramStack::auxiliary_size() const {
  uint64_t pairs = 1;
  for (uint64_t* at = auxiliary; at[0] != kAtNull; at += 2) ++pairs;
  return pairs * 16;
}

const char* ProgramStack::variable(const char* name) const {
  for (char** at = environment; *at != nullptr; ++at) {
    const char* value = value_of(*at, name);
    if (value != nullptr) return value;
  }
  return nullptr;
}

ProgramStack read_stack(uint64_t* top) {
  ProgramStack stack;
  stack.top = top;
  stack.argument_count = top[0];
  stack.arguments = reinterpret_cast<char**>(top + 1);
  stack.environment = stack.arguments + stack.argument_count + 1;
  char** end = stack.environment;
  while (*end != nullptr) ++end;
  stack.auxiliary = reinterpret_cast<uint64_t*>(end + 1);
  return stack;
}

StackBuilder::StackBuilder(const ProgramStack& old, uint64_t room)
    : gap_begin_(old.top - room / 8),
      strings_(reinterpret_cast<char*>(old.top)),
      pointers_(gap_begin_ + 1),
      old_(old) {}

char* StackBuilder::copy(const char* text) { return copy_joined(text, "", ""); }

char* StackBuilder::copy_joined(const char* a, const char* b, const char* c) {
  const uint64_t lengths[3] = {text_length(a), text_length(b), text_length(c)};
  const uint64_t size = lengths[0] + lengths[1] + lengths[2] + 1;
  if (size > static_cast<uint64_t>(strings_ - reinterpret_cast<char*>(pointers_))) {
    full_ = true;
    return strings_;
  }
  strings_ -= size;
  char* at = strings_;
  const char* parts[3] = {a, b, c};
  for (int i = 0; i < 3; ++i) {
    __builtin_memcpy(at, parts[i], lengths[i]);
    at += lengths[i];
  }
  *at = 0;
  return strings_;
}

void StackBuilder::add(char* text) {
  if (reinterpret_cast<char*>(pointers_ + 1) > strings_) {
    full_ = true;
    return;
  }
  *pointers_++ = reinterpret_cast<uint64_t>(text);
}

void StackBuilder::end_arguments() {
  *gap_begin_ = static_cast<uint64_t>(pointers_ - gap_begin_ - 1);
  add(nullptr);
}

bool StackBuilder::finish(ProgramStack& made) {
  add(nullptr);
  const uint64_t size = old_.auxiliary_size();
  if (full_ || reinterpret_cast<char*>(pointers_) + size + 32 > strings_) return false;
  __builtin_memcpy(pointers_, old_.auxiliary, size);
  pointers_ += size / 8;
  // Right below the strings, on the 16 bytes that the ABI wants.
  const uint64_t bytes = static_cast<uint64_t>(pointers_ - gap_begin_) * 8;
  uint64_t* top =
      reinterpret_cast<uint64_t*>((reinterpret_cast<uint64_t>(strings_) - bytes) & ~uint64_t{15});
  __builtin_memmove(top, gap_begin_, bytes);
  made = read_stack(top);
  return true;
}

bool apply_listing(const Payload& payload, const Entry& program, ProgramStack& stack) {
  StackBuilder builder(stack, gap_of(stack));
  const Entry* linker =
      program.interpreter == kNone ? nullptr : &payload.entries[program.interpreter];
  if (linker != nullptr && (linker->flags & kFlagMusl) != 0) {
    builder.add_argument(builder.copy(payload.path(*linker)));
    builder.add_argument(builder.copy("--list"));
    builder.add_argument(builder.copy(payload.path(program)));
  } else {
    builder.add_argument(builder.copy(payload.path(program)));
  }
  builder.end_arguments();
  for (char** at = stack.environment; *at != nullptr; ++at) {
    if (!is_own_option(*at)) builder.add_variable(*at);
  }
  builder.add_variable(builder.copy("LD_TRACE_LOADED_OBJECTS=1"));
  return builder.finish(stack);
}

bool apply_launch(const Payload& payload, bool plain, const char* root, ProgramStack& stack) {
  if (!needs_rebuild(payload, plain, root, stack)) return true;
  StackBuilder builder(stack, gap_of(stack));
  add_arguments(payload, plain, root, stack, builder);
  for (char** at = stack.environment; *at != nullptr; ++at) {
    if (!is_own_option(*at) && !is_replaced(payload, root, *at)) builder.add_variable(*at);
  }
  for (uint32_t i = 0; i < payload.header->launch.environment_count; ++i) {
    const EnvironmentRecord& record = payload.environment[i];
    const char* name = payload.text(record.name);
    const char* value = payload.text(record.value);
    const bool keep = (record.flags & kEnvironmentOnlyIfUnset) != 0;
    if (!applies(record, root) || (keep && stack.variable(name) != nullptr)) continue;
    static char led[8192];
    TextBuilder text(led, sizeof led);
    if (root != nullptr && (record.flags & kEnvironmentIsPath) != 0) {
      lead_into_tree(value, root, text);
      if (!text.fits()) return false;
      value = led;
    }
    builder.add_variable(builder.copy_joined(name, "=", value));
  }
  if (root != nullptr) builder.add_variable(builder.copy_joined("SCRATCHPACK_ROOT", "=", root));
  return builder.finish(stack);
}

}  // namespace scratchpack
