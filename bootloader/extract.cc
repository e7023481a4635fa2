#include "bootloader/extract.h"

#include "bootloader/placement.h"
#include "bootloader/report.h"
#include "bootloader/start_extracted.h"
#include "bootloader/write_tree.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr uint64_t kLongestLibraryPath = 16 * 1024;

/// The launch record's library directories, each below `root`.
bool library_path(const Payload& payload, const char* root, TextBuilder& text) {
  const char* at = payload.text(payload.header->launch.library_path);
  while (*at != 0) {
    const char* end = at;
    while (*end != 0 && *end != ':') ++end;
    if (text.length() > 0) text.add(":");
    text.add(root).add(at, static_cast<uint64_t>(end - at));
    at = *end == ':' ? end + 1 : end;
  }
  return text.fits();
}

[[noreturn]] void fail_and_clean(const Place& place, const char* verb, const char* object,
                                 long error) {
  remove_tree(place.path);
  fail(verb, object, error,
       error == -kENOSPC ? "give it more room: --tmpfs /tmp:exec,size=… or a larger memory limit"
                         : "set SCRATCHPACK_DIR to a directory that is writable and executable");
}

void find_place(const Payload& payload, const char* only, const char* why, Place& place) {
  char tried_text[700];
  TextBuilder tried(tried_text, sizeof tried_text);
  if (make_place(only, tree_size(payload), place, tried)) return;
  char text[980];
  TextBuilder line(text, sizeof text);
  line.add("extract the bundle: ").add(why).add(", and no place is writable and executable: ");
  line.add(tried.text()).add(" (give it one: --tmpfs /tmp:exec");
  line.add(only != nullptr ? ", or another SCRATCHPACK_DIR)" : ")");
  fail(line.text());
}

}  // namespace

void extract_and_execute(const Payload& payload, const Entry& program, bool plain,
                         const char* only_directory, const char* why, const ProgramStack& stack) {
  static Place place;
  find_place(payload, only_directory, why, place);
  note_step("extracting to ", place.path);

  static char linker[600];
  TextBuilder linker_text(linker, sizeof linker);
  linker_text.add(place.path).add("/ld");
  static TreeFault fault;
  if (!write_tree(payload, place.path, linker, fault)) {
    fail_and_clean(place, "extract", fault.path, fault.error);
  }
  static char libraries[kLongestLibraryPath];
  TextBuilder libraries_text(libraries, sizeof libraries);
  static char real_linker[1600];
  TextBuilder real_text(real_linker, sizeof real_linker);
  const Entry& interpreter =
      payload.entries[program.interpreter == kNone ? payload.header->launch.interpreter
                                                   : program.interpreter];
  real_text.add(place.path).add(payload.path(interpreter));
  if (!library_path(payload, place.path, libraries_text) || !real_text.fits()) {
    fail_and_clean(place, "extract", place.path, -kENAMETOOLONG);
  }
  long result =
      write_extracted_linker(linker, real_linker, libraries, payload.header->launch.flags);
  if (failed(result)) fail_and_clean(place, "extract", linker, result);
  note_step("extracted");

  ProgramStack edited = stack;
  if (!apply_launch(payload, plain, place.path, edited)) {
    fail_and_clean(place, "start", payload.path(program), -kE2BIG);
  }
  static char path[1600];
  TextBuilder path_text(path, sizeof path);
  path_text.add(place.path).add(payload.path(program));
  result = sys(kSysExecve, path, edited.arguments, edited.environment);
  remove_tree(place.path);
  char text[200];
  TextBuilder line(text, sizeof text);
  line.add("scratchpack: execute the extracted program: ").add(error_text(result)).add("\n");
  sys(kSysWrite, 2, text, line.length());
  sys(kSysExitGroup, 126);
  __builtin_unreachable();
}

void run_instead(const Payload& payload, const char* what) {
  static TreeFault fault;
  if (text_equal(what, "list")) {
    for (uint32_t i = 0; i < payload.header->entry_count; ++i) {
      const Entry& entry = payload.entries[i];
      if (!valid_entry(payload, entry)) fail("list the bundle: an entry is damaged");
      print_out(payload.path(entry));
      print_out("\n");
    }
  } else if (const char* directory = text_after(what, "extract=")) {
    if (directory[0] == 0) fail("extract: SCRATCHPACK_RUN=extract= names no directory");
    sys(kSysMkdirat, kAtFdcwd, directory, 0755);
    if (!write_tree(payload, directory, nullptr, fault)) {
      fail("extract", fault.path, fault.error, "is the directory empty and writable?");
    }
  } else {
    fail("SCRATCHPACK_RUN: none of list, libraries and extract=DIR");
  }
  sys(kSysExitGroup, 0);
  __builtin_unreachable();
}

}  // namespace scratchpack
