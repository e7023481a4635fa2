#include "bootloader/report.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

bool timeline;
int64_t begin;

int64_t now() {
  KernelTimespec time = {};
  sys(kSysClockGettime, 1, &time);  // CLOCK_MONOTONIC
  return time.seconds * 1000000000 + time.nanoseconds;
}

void write_text(int descriptor, const char* text, uint64_t size) {
  while (size > 0) {
    const long count = sys(kSysWrite, descriptor, text, size);
    if (count <= 0) return;
    text += count;
    size -= static_cast<uint64_t>(count);
  }
}

}  // namespace

const char* error_text(long error) {
  switch (error < 0 ? -error : error) {
    case 1:
      return "Operation not permitted";
    case kENOENT:
      return "No such file or directory";
    case kEIO:
      return "The content is damaged";
    case kENOEXEC:
      return "Exec format error";
    case kENOMEM:
      return "Not enough memory";
    case kEACCES:
      return "Permission denied";
    case kEEXIST:
      return "File exists";
    case kENOTDIR:
      return "Not a directory";
    case kEINVAL:
      return "Invalid argument";
    case kEMFILE:
      return "Too many open files";
    case kENOSPC:
      return "No space left";
    case kEROFS:
      return "Read-only file system";
    case kENAMETOOLONG:
      return "File name too long";
    default:
      return "The kernel refused";
  }
}

void fail(const char* text) {
  char line[1024];
  TextBuilder message(line, sizeof line - 1);
  message.add("scratchpack: ").add(text);
  line[message.length()] = '\n';
  write_text(2, line, message.length() + 1);
  sys(kSysExitGroup, 125);
  __builtin_unreachable();
}

void fail(const char* verb, const char* object, long error, const char* hint) {
  char line[900];
  TextBuilder message(line, sizeof line);
  message.add(verb).add(" ").add(object).add(": ").add(error_text(error));
  if (hint[0] != 0) message.add(" (").add(hint).add(")");
  fail(message.text());
}

void start_timeline() {
  timeline = true;
  begin = now();
}

void note_step(const char* step, const char* detail) {
  if (!timeline) return;
  char line[1200];
  TextBuilder message(line, sizeof line - 1);
  message.add("scratchpack: +").add_number(static_cast<uint64_t>((now() - begin) / 1000));
  message.add(" us ").add(step).add(detail);
  line[message.length()] = '\n';
  write_text(2, line, message.length() + 1);
}

void print_out(const char* text) { write_text(1, text, text_length(text)); }

}  // namespace scratchpack
