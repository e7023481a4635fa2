// The bootloader: what a bundle does before its program runs. A table of contents:
//   payload -> options of the environment -> launch record -> in place, or extracted -> jump
#include <stdint.h>

#include "bootloader/bundle_file.h"
#include "bootloader/extract.h"
#include "bootloader/identity.h"
#include "bootloader/program_stack.h"
#include "bootloader/report.h"
#include "bootloader/start_extracted.h"
#include "bootloader/start_in_place.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/elf.h"
#include "runtime/execute.h"
#include "runtime/payload.h"
#include "runtime/process.h"
#include "runtime/text.h"

extern "C" const char __ehdr_start[] __attribute__((visibility("hidden")));

namespace scratchpack {
namespace {

/// What the environment asks for; nothing where the kernel says AT_SECURE.
struct Options {
  const char* directory = nullptr;
  const char* mode = "auto";
  const char* run = nullptr;
};

/// The zstd library reads the stack canary at %fs:0x28. Until the linker sets up thread-local
/// storage, FS leads to zeros.
alignas(16) unsigned char thread_area[64];

Options read_options(const ProgramStack& stack) {
  Options options;
  const uint64_t* secure = stack.auxiliary_value(kAtSecure);
  if (secure != nullptr && *secure != 0) return options;
  options.directory = stack.variable("SCRATCHPACK_DIR");
  options.run = stack.variable("SCRATCHPACK_RUN");
  if (const char* mode = stack.variable("SCRATCHPACK_MODE")) options.mode = mode;
  const char* debug = stack.variable("SCRATCHPACK_DEBUG");
  if (debug != nullptr && text_equal(debug, "1")) {
    process.debug = true;
    start_timeline();
  }
  return options;
}

/// The payload is the last PT_LOAD of our own image.
const ProgramHeader& payload_segment() {
  const ElfHeader& elf = *reinterpret_cast<const ElfHeader*>(__ehdr_start);
  const ProgramHeader* headers = reinterpret_cast<const ProgramHeader*>(__ehdr_start + elf.phoff);
  const ProgramHeader* last = nullptr;
  for (int i = 0; i < elf.phnum; ++i) {
    if (headers[i].type == kPtLoad) last = &headers[i];
  }
  return *last;
}

/// What is to run, and how it was asked for.
struct Request {
  const Entry* program;
  const Entry* working_directory;  ///< one that only the bundle has, handed on by exec
  bool plain;                      ///< asked for by a bundled program: no launch record applies
};

/// The program the bundle was packed for, or the one that a bundled program executes.
Request read_request(const Payload& payload, const ProgramStack& stack) {
  const uint64_t* execfn = stack.auxiliary_value(kAtExecfn);
  const SpelledStart spelled = execfn == nullptr
                                   ? SpelledStart{kNone, kNone}
                                   : read_execfn(reinterpret_cast<const char*>(*execfn));
  if (spelled.program == kNone) {
    return {&payload.entries[payload.header->launch.program], nullptr, false};
  }
  Request request = {nullptr, nullptr, true};
  if (spelled.program < payload.header->entry_count) {
    request.program = &payload.entries[spelled.program];
  }
  if (request.program == nullptr || !valid_entry(payload, *request.program) ||
      (request.program->flags & kFlagProgram) == 0) {
    fail("start the bundle: it was asked for something that is no program of its own");
  }
  if (spelled.working_directory < payload.header->entry_count) {
    const Entry& directory = payload.entries[spelled.working_directory];
    if (valid_entry(payload, directory) && directory.kind == kKindDirectory) {
      request.working_directory = &directory;
    }
  }
  return request;
}

Jump start(uint64_t* top) {
  ProgramStack stack = read_stack(top);
  sys(kSysArchPrctl, 0x1002, thread_area);  // ARCH_SET_FS
  const ProgramHeader& segment = payload_segment();
  const unsigned char* base = reinterpret_cast<const unsigned char*>(__ehdr_start) + segment.vaddr;
  if (is_extracted_linker(base, segment.filesz))
    return start_extracted(base, segment.filesz, stack);

  const Options options = read_options(stack);
  const ScopedDescriptor bundle(open_bundle(kOpenCloexec));
  if (!is_whole(bundle.get(), segment.offset, segment.filesz)) {
    fail("start the bundle: the file is cut short (copy or download it again)");
  }
  read_ahead(bundle.get(), segment.offset, segment.filesz,
             *reinterpret_cast<const PayloadHeader*>(base));
  Payload payload;
  if (const char* problem = open_payload(base, segment.filesz, payload)) {
    char text[200];
    TextBuilder line(text, sizeof text);
    line.add("start the bundle: ").add(problem).add(" (build or download it again)");
    fail(line.text());
  }
  note_step("checked the table");
  const bool listing = options.run != nullptr && text_equal(options.run, "libraries");
  if (options.run != nullptr && !listing) run_instead(payload, options.run);

  const Request request = read_request(payload, stack);
  const Entry& program = *request.program;
  process.working_directory = request.working_directory;
  const bool wants_extraction =
      text_equal(options.mode, "extract") ||
      (text_equal(options.mode, "auto") && payload.header->launch.mode == kStartExtract);
  if (!wants_extraction && payload.header->launch.mode == kStartExtract) {
    fail("start in place: this bundle was packed for extraction (unset SCRATCHPACK_MODE)");
  }
  if (listing && wants_extraction) {
    fail("list the libraries: only a bundle that starts in place can (extract it and use ldd)");
  }
  if (!request.plain && !listing) take_identity(payload);
  char why[160] = {};
  TextBuilder reason(why, sizeof why);
  if (wants_extraction) {
    reason.add(payload.header->launch.mode == kStartExtract
                   ? "it was packed to be extracted"
                   : "SCRATCHPACK_MODE=extract asks for it");
  } else {
    ProgramStack edited = stack;
    if (!(listing ? apply_listing(payload, program, edited)
                  : apply_launch(payload, request.plain, nullptr, edited))) {
      fail("start the program: its arguments leave no room on the stack (raise ulimit -s)");
    }
    Jump jump = {};
    InPlaceFault fault;
    if (start_in_place(payload, bundle.get(), segment.offset, program, listing, stack, edited, jump,
                       fault)) {
      return jump;
    }
    if (listing || text_equal(options.mode, "in-place")) {
      fail("start in place: cannot", fault.step, fault.error, "unset SCRATCHPACK_MODE to extract");
    }
    reason.add("it cannot start in place (").add(fault.step).add(": ");
    reason.add(error_text(fault.error)).add(")");
    note_step("extracting: ", why);
  }
  extract_and_execute(payload, program, request.plain, options.directory, why, stack);
}

}  // namespace
}  // namespace scratchpack

/// Bytes between the kernel's stack and ours: the vectors once more, and the gap.
extern "C" uint64_t bootloader_stack_size(uint64_t* top) {
  const scratchpack::ProgramStack stack = scratchpack::read_stack(top);
  return reinterpret_cast<uint64_t>(stack.auxiliary) - reinterpret_cast<uint64_t>(top) +
         stack.auxiliary_size() + scratchpack::kStackGap;
}

/// Returned in rax and rdx.
extern "C" scratchpack::Jump bootloader_main(uint64_t* top) { return scratchpack::start(top); }
