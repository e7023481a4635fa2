#include "bootloader/start_in_place.h"

#include "bootloader/map_elf.h"
#include "bootloader/report.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/arena.h"
#include "runtime/data_files.h"
#include "runtime/gate.h"
#include "runtime/handlers.h"
#include "runtime/mapped_files.h"
#include "runtime/process.h"
#include "runtime/text.h"

extern "C" const char __ehdr_start[] __attribute__((visibility("hidden")));
extern "C" const char etext[] __attribute__((visibility("hidden")));

namespace scratchpack {

namespace {

/// Maps an entry out of the bundle, or, when it was compressed, out of the arena or a memory file.
long map_entry(const Payload& payload, uint64_t payload_offset, const Entry& entry, long bundle,
               MappedElf& mapped) {
  ElfSource source = {bundle, payload_offset + entry.offset, entry.image_size};
  if (entry.method == kMethodRaw || take_from_arena(payload, entry, source.memory)) {
    return map_elf(source, mapped);
  }
  const ScopedDescriptor decoded(new_image_file(entry));
  if (!decoded.valid()) return decoded.get();
  source.file = decoded.get();
  source.offset = 0;
  return map_elf(source, mapped);
}

/// `base`: where the linker lies; 0 when it is the program itself.
void edit_auxiliary(const ProgramStack& stack, const MappedElf& program, uint64_t base,
                    const char* execfn) {
  for (uint64_t* at = stack.auxiliary; at[0] != kAtNull; at += 2) {
    switch (at[0]) {
      case kAtPhdr:
        at[1] = program.headers;
        break;
      case kAtPhent:
        at[1] = sizeof(ProgramHeader);
        break;
      case kAtPhnum:
        at[1] = program.header_count;
        break;
      case kAtBase:
        at[1] = base;
        break;
      case kAtEntry:
        at[1] = program.entry;
        break;
      case kAtExecfn:
        at[1] = reinterpret_cast<uint64_t>(execfn);
        break;
      default:
        break;
    }
  }
}

/// The path the bundle was started by: argv[0], which is handed down when the program executes
/// itself, or where a shell found that in PATH.
const char* own_name(const ProgramStack& original) {
  const char* called = original.argument_count > 0 ? original.arguments[0] : "";
  for (const char* at = called; *at != 0; ++at) {
    if (*at == '/') return called;
  }
  const uint64_t* execfn = original.auxiliary_value(kAtExecfn);
  return execfn == nullptr ? nullptr : reinterpret_cast<const char*>(*execfn);
}

/// The kernel's struct prctl_mm_map.
struct MemoryMap {
  uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
  uint64_t arg_start, arg_end, env_start, env_end;
  uint64_t* auxv;
  uint32_t auxv_size, exe_fd;
};

/// Tells the kernel the true auxiliary vector: /proc/self/auxv is what debuggers go by. Needs no
/// privilege as long as the executable stays the same; where it is refused nothing is lost. The
/// ranges of arguments and environment are said again as the kernel laid them out (`original`).
void publish_auxiliary(const ProgramStack& original, const ProgramStack& stack) {
  if (original.argument_count == 0) return;
  const char* last = original.arguments[original.argument_count - 1];
  const uint64_t arguments_end = reinterpret_cast<uint64_t>(last) + text_length(last) + 1;
  uint64_t environment_end = arguments_end;
  for (char** at = original.environment; *at != nullptr; ++at) {
    environment_end = reinterpret_cast<uint64_t>(*at) + text_length(*at) + 1;
  }
  const uint64_t brk = static_cast<uint64_t>(sys(kSysBrk, 0));
  const MemoryMap map = {reinterpret_cast<uint64_t>(__ehdr_start),
                         reinterpret_cast<uint64_t>(etext),
                         reinterpret_cast<uint64_t>(&process),
                         reinterpret_cast<uint64_t>(&process + 1),
                         brk,
                         brk,
                         reinterpret_cast<uint64_t>(stack.top),
                         reinterpret_cast<uint64_t>(original.arguments[0]),
                         arguments_end,
                         arguments_end,
                         environment_end,
                         stack.auxiliary,
                         static_cast<uint32_t>(stack.auxiliary_size()),
                         UINT32_MAX};
  sys(kSysPrctl, 35, 14, &map, sizeof map, 0);  // PR_SET_MM, PR_SET_MM_MAP
}

bool map_image(const Payload& payload, uint64_t payload_offset, const Entry& entry, long bundle,
               const char* step, MappedElf& mapped, InPlaceFault& fault) {
  const long result = map_entry(payload, payload_offset, entry, bundle, mapped);
  if (failed(result)) fault = {step, result};
  return !failed(result);
}

}  // namespace

bool start_in_place(const Payload& payload, long bundle, uint64_t payload_offset,
                    const Entry& program, bool listing, const ProgramStack& original,
                    const ProgramStack& stack, Jump& jump, InPlaceFault& fault) {
  if (program.interpreter == kNone) {
    fault = {"find the dynamic linker", -kENOENT};
    return false;
  }
  const Entry& linker = payload.entries[program.interpreter];
  if (failed(bundle)) {
    fault = {"open /proc/self/exe", bundle};
    return false;
  }
  process.payload = payload;
  process.payload_offset = payload_offset;
  process.program = &program;
  know_bundle(bundle);
  process.id = sys(kSysGetpid);

  long result = fill_arena(payload, program);
  if (failed(result)) {
    fault = {"decode the program", result};
    close_arena();
    return false;
  }
  if (arena_open()) note_step("decoded what the start needs");

  const bool musl = (linker.flags & kFlagMusl) != 0;
  // musl's linker lists when it is itself the program that was started.
  const bool linker_alone = musl && listing;
  MappedElf mapped_program;
  MappedElf mapped_linker;
  if ((!linker_alone && !map_image(payload, payload_offset, program, bundle, "map the program",
                                   mapped_program, fault)) ||
      !map_image(payload, payload_offset, linker, bundle, "map the dynamic linker", mapped_linker,
                 fault)) {
    close_arena();
    return false;
  }
  open_gate();
  gate.ask = arena_open() ? 1 : 0;  // the first call of the program itself closes it
  library_slot_handler = musl ? musl_handler : library_handler;
  result = linker.slot == 0
               ? -kENOEXEC
               : fill_slot(mapped_linker.base + linker.slot, musl ? musl_handler : linker_handler);
  if (failed(result)) {
    fault = {"connect the dynamic linker", result};
    close_arena();
    return false;
  }
  note_step("mapped program and dynamic linker");
  if (mapped_program.executable_stack) {
    sys(kSysMprotect, reinterpret_cast<uint64_t>(stack.top) & ~(kPageSize - 1), kPageSize,
        kProtRead | kProtWrite | kProtExec | 0x01000000);  // PROT_GROWSDOWN
  }
  const LaunchRecord& launch = payload.header->launch;
  const bool first = payload.number(program) == launch.program;
  // Only then: the process map names the bundle's file, too, and who compares the two (V8, to share
  // memory with other processes) shall find them one.
  if (first && launch.argv0 == kNone && mapped_program.has_appendix) {
    process.own_name = own_name(original);
    if (process.own_name != nullptr) gate_ask_about(process.own_name);
  }
  edit_auxiliary(stack, linker_alone ? mapped_linker : mapped_program,
                 linker_alone ? 0 : mapped_linker.base,
                 first ? payload.text(launch.execfn) : payload.path(program));
  publish_auxiliary(original, stack);
  const char* name = first ? payload.text(launch.name) : last_component(payload.path(program));
  sys(kSysPrctl, 15, name);  // PR_SET_NAME
  jump = {mapped_linker.entry, stack.top};
  return true;
}

}  // namespace scratchpack
