#include "runtime/execute.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/data_files.h"
#include "runtime/gate.h"
#include "runtime/locate.h"
#include "runtime/path_map.h"
#include "runtime/process.h"
#include "runtime/text.h"
#include "runtime/working_directory.h"

namespace scratchpack {
namespace {

constexpr int kComponents = 40;
constexpr int kEntryBits = 20;
constexpr const char* kPrefix = "/proc/self/";
constexpr uint64_t kHeadSize = 256;        // the kernel's own limit for a `#!` line
constexpr uint64_t kMostVariables = 1024;  // filtered on the stack, which posix_spawn keeps small

struct Request {
  char** arguments;
  char** environment;
  const uint64_t* mask;
  int depth;  // of scripts whose interpreter is a script
};

uint64_t count(char** list) {
  uint64_t number = 0;
  while (list != nullptr && list[number] != nullptr) ++number;
  return number;
}

/// Whether a list's pointers may be read, up to the one that ends it.
bool readable_list(char** list) {
  for (char** at = list; at != nullptr; ++at) {
    const uint64_t address = reinterpret_cast<uint64_t>(at);
    if ((at == list || address % kPageSize == 0) && !readable(address, sizeof *at)) return false;
    if (*at == nullptr) break;
  }
  return true;
}

void restore_mask(const Request& request) {
  sys(kSysRtSigprocmask, 2, request.mask, 0, 8);  // SIG_SETMASK: the new image inherits it
}

long execute_program(const Entry& entry, const Request& request) {
  const Entry* directory = working_directory();
  const uint64_t number = process.payload.number(entry);
  const uint64_t place =
      directory == nullptr ? 0 : process.payload.number(*directory) + uint64_t{1};
  if (number >> kEntryBits != 0 || place >> kEntryBits != 0) return -kENOEXEC;
  const uint64_t bits = number | place << kEntryBits;
  char path[16 + 2 * kComponents + 4];
  TextBuilder text(path, sizeof path);
  text.add(kPrefix);
  for (int i = 0; i < kComponents; ++i) text.add((bits >> i & 1) != 0 ? "./" : "/");
  text.add("exe");
  restore_mask(request);
  return sys(kSysExecve, path, request.arguments, request.environment);
}

long execute_entry(const Entry& entry, const char* path, const Request& request);

/// The bundle's file at a path, unless it is one that the container may replace and does.
const Entry* find_program(long directory, const char* path) {
  const Entry* entry = find_entry(directory, path, true);
  if (entry == nullptr) return nullptr;
  const bool container_first =
      entry->kind == kKindDirectory || (entry->flags & kFlagContainerFirst) != 0;
  return container_first && in_container(*entry, true) ? nullptr : entry;
}

/// A `#!` line taken apart in place. False when there is none.
bool parse_script(char* head, long size, char*& interpreter, char*& option) {
  if (size < 4 || head[0] != '#' || head[1] != '!') return false;
  char* end = head + 2;
  while (end < head + size - 1 && *end != '\n' && *end != 0) ++end;
  *end = 0;
  while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t')) *--end = 0;
  char* at = head + 2;
  while (*at == ' ' || *at == '\t') ++at;
  interpreter = at;
  while (*at != 0 && *at != ' ' && *at != '\t') ++at;
  option = nullptr;
  if (*at != 0) {
    *at++ = 0;
    while (*at == ' ' || *at == '\t') ++at;
    if (*at != 0) option = at;
  }
  return *interpreter != 0;
}

/// The program a script's first line names, with the script's path behind it, as the kernel would.
/// `bundled_only`: do nothing (return 1) when the interpreter is not in the bundle.
long execute_script(char* head, long size, const char* path, bool bundled_only,
                    const Request& request) {
  char* interpreter = nullptr;
  char* option = nullptr;
  if (!parse_script(head, size, interpreter, option)) return bundled_only ? 1 : -kENOEXEC;
  if (request.depth > 4) return -kELOOP;
  const Entry* entry = find_program(kAtFdcwd, interpreter);
  if (entry == nullptr && bundled_only) return 1;
  const uint64_t given = count(request.arguments);
  char** arguments = static_cast<char**>(__builtin_alloca((given + 4) * sizeof(char*)));
  uint64_t used = 0;
  arguments[used++] = interpreter;
  if (option != nullptr) arguments[used++] = option;
  arguments[used++] = const_cast<char*>(path);
  for (uint64_t i = 1; i < given; ++i) arguments[used++] = request.arguments[i];
  arguments[used] = nullptr;
  const Request next = {arguments, request.environment, request.mask, request.depth + 1};
  if (entry != nullptr) return execute_entry(*entry, interpreter, next);
  restore_mask(request);
  return sys(kSysExecve, interpreter, arguments, request.environment);
}

/// A static program, or one whose linker is not in the bundle: from a memory file of its bytes.
long execute_copy(const Entry& entry, const Request& request) {
  const ScopedDescriptor file(open_data(entry, kOpenCloexec));
  if (!file.valid()) return file.get();
  restore_mask(request);
  return sys(kSysExecveat, file.get(), "", request.arguments, request.environment, kAtEmptyPath);
}

long execute_entry(const Entry& entry, const char* path, const Request& request) {
  if (entry.kind != kKindFile || (entry.mode & 0111) == 0) return -kEACCES;
  if ((entry.flags & kFlagProgram) != 0) return execute_program(entry, request);
  if ((entry.flags & kFlagElf) != 0) return execute_copy(entry, request);
  char head[kHeadSize];
  const long size = read_head(entry, head, sizeof head);
  return failed(size) ? size : execute_script(head, size, path, false, request);
}

/// A script of the container whose interpreter only the bundle has. 1: not such a script.
__attribute__((noinline)) long execute_outside_script(long directory, const char* path,
                                                      const Request& request) {
  char head[kHeadSize];
  long size = 0;
  {
    const ScopedDescriptor file(sys(kSysOpenat, directory, path, kOpenCloexec, 0));
    if (!file.valid()) return 1;
    size = sys(kSysPread64, file.get(), head, sizeof head, 0);
  }
  return failed(size) ? 1 : execute_script(head, size, path, true, request);
}

/// Whether `variable` ("NAME=value") is one of the bundle's own edits.
bool is_own_edit(const char* variable) {
  const Payload& payload = process.payload;
  for (uint32_t i = 0; i < payload.header->launch.environment_count; ++i) {
    const EnvironmentRecord& record = payload.environment[i];
    const char* value = text_after(variable, payload.text(record.name));
    if (value != nullptr && *value == '=' && text_equal(value + 1, payload.text(record.value))) {
      return true;
    }
  }
  return false;
}

/// A program outside the bundle gets the environment without our edits. 1: nothing to take out,
/// the call may pass as it is.
__attribute__((noinline)) long execute_outside(long directory, const char* path,
                                               const Request& request) {
  if (process.payload.header->launch.environment_count == 0) return 1;
  const uint64_t given = count(request.environment);
  if (given == 0 || given > kMostVariables) return 1;
  char** kept = static_cast<char**>(__builtin_alloca((given + 1) * sizeof(char*)));
  uint64_t used = 0;
  for (uint64_t i = 0; i < given; ++i) {
    const char* variable = request.environment[i];
    if (!readable_path(variable) || !is_own_edit(variable)) kept[used++] = request.environment[i];
  }
  if (used == given) return 1;
  kept[used] = nullptr;
  restore_mask(request);
  return sys(kSysExecveat, directory, path, request.arguments, kept, 0);
}

void answer(Registers& registers, long result) {
  registers.rax = static_cast<uint64_t>(result);
  registers.handled = 1;
}

}  // namespace

void execute_call(Registers& registers, long directory, const char* path, char** arguments,
                  char** environment, const uint64_t* mask) {
  if (!readable_path(path) || path[0] == 0) return;
  const bool readable_lists = readable_list(arguments) && readable_list(environment);
  const Request request = {arguments, environment, mask, 0};
  if (readable_lists && is_own_executable(path)) {
    answer(registers, execute_program(*process.program, request));
    return;
  }
  const Entry* entry = named_by_descriptor(path);
  if (entry == nullptr) entry = find_program(directory, path);
  if (!readable_lists) {
    if (entry != nullptr) answer(registers, (entry->mode & 0111) == 0 ? -kEACCES : -kEFAULT);
    return;
  }
  if (entry != nullptr) {
    answer(registers, execute_entry(*entry, path, request));
    return;
  }
  if (is_bundle_file(directory, path, true)) {
    answer(registers, execute_program(*process.program, request));
    return;
  }
  char absolute[kLongestPath + 1];
  const bool spelled = spell_for_kernel(directory, path, absolute);
  if (spelled) path = absolute;
  long result = execute_outside_script(directory, path, request);
  if (result == 1) result = execute_outside(directory, path, request);
  if (result == 1 && spelled) {
    restore_mask(request);
    result = sys(kSysExecve, path, arguments, environment);
  }
  if (result != 1) answer(registers, result);
}

void execute_entry_call(Registers& registers, const Entry& entry, char** arguments,
                        char** environment, const uint64_t* mask) {
  if (!readable_list(arguments) || !readable_list(environment)) return;
  const Request request = {arguments, environment, mask, 0};
  answer(registers, execute_entry(entry, process.payload.path(entry), request));
}

SpelledStart read_execfn(const char* execfn) {
  const SpelledStart none = {kNone, kNone};
  const char* at = text_after(execfn, kPrefix);
  if (at == nullptr) return none;
  uint64_t bits = 0;
  for (int i = 0; i < kComponents; ++i) {
    if (*at == '.') {
      bits |= uint64_t{1} << i;
      ++at;
    }
    if (*at++ != '/') return none;
  }
  if (!text_equal(at, "exe")) return none;
  const uint32_t place = static_cast<uint32_t>(bits >> kEntryBits);
  return {static_cast<uint32_t>(bits & ((uint64_t{1} << kEntryBits) - 1)),
          place == 0 ? kNone : place - 1};
}

}  // namespace scratchpack
