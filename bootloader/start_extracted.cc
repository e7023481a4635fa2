#include "bootloader/start_extracted.h"

#include "bootloader/map_elf.h"
#include "bootloader/report.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/text.h"

extern "C" const char __ehdr_start[] __attribute__((visibility("hidden")));

namespace scratchpack {
namespace {

constexpr int kMostHeaders = 16;

/// Gives back what the kernel mapped of the program: the linker maps it again.
void unmap_program(const ProgramStack& stack) {
  const uint64_t* address = stack.auxiliary_value(kAtPhdr);
  const uint64_t* count = stack.auxiliary_value(kAtPhnum);
  if (address == nullptr || count == nullptr) return;
  const ProgramHeader* headers = reinterpret_cast<const ProgramHeader*>(*address);
  uint64_t base = 0;
  bool movable = false;
  for (uint64_t i = 0; i < *count; ++i) {
    if (headers[i].type == kPtPhdr) {
      base = *address - headers[i].vaddr;
      movable = base != 0;
    }
  }
  if (!movable) return;  // fixed addresses are mapped over
  uint64_t low = UINT64_MAX;
  uint64_t high = 0;
  for (uint64_t i = 0; i < *count; ++i) {
    if (headers[i].type != kPtLoad) continue;
    const uint64_t begin = base + headers[i].vaddr;
    if (begin < low) low = begin;
    if (begin + headers[i].memsz > high) high = begin + headers[i].memsz;
  }
  low &= ~(kPageSize - 1);
  if (low < high) sys(kSysMunmap, low, (high - low + kPageSize - 1) & ~(kPageSize - 1));
}

bool build_stack(const ExtractedHeader& header, const char* base, const char* program,
                 ProgramStack& stack) {
  const uint64_t vectors = reinterpret_cast<uint64_t>(stack.auxiliary) -
                           reinterpret_cast<uint64_t>(stack.top) + stack.auxiliary_size();
  StackBuilder builder(stack, kStackGap + vectors);
  builder.add_argument(builder.copy(base + header.linker));
  builder.add_argument(builder.copy("--library-path"));
  const char* more = stack.variable("LD_LIBRARY_PATH");
  const bool any = more != nullptr && *more != 0;
  builder.add_argument(
      builder.copy_joined(base + header.library_path, any ? ":" : "", any ? more : ""));
  if ((header.flags & kLaunchLinkerArgv0) != 0 && stack.argument_count > 0) {
    builder.add_argument(builder.copy("--argv0"));
    builder.add_argument(stack.arguments[0]);
  }
  builder.add_argument(const_cast<char*>(program));
  for (uint64_t i = 1; i < stack.argument_count; ++i) builder.add_argument(stack.arguments[i]);
  builder.end_arguments();
  for (char** at = stack.environment; *at != nullptr; ++at) builder.add_variable(*at);
  return builder.finish(stack);
}

void set(const ProgramStack& stack, uint64_t key, uint64_t value) {
  if (uint64_t* at = stack.auxiliary_value(key)) *at = value;
}

}  // namespace

bool is_extracted_linker(const unsigned char* payload, uint64_t size) {
  if (size < sizeof(ExtractedHeader)) return false;
  for (unsigned i = 0; i < sizeof kExtractedMagic; ++i) {
    if (static_cast<char>(payload[i]) != kExtractedMagic[i]) return false;
  }
  return true;
}

long write_extracted_linker(const char* path, const char* linker, const char* library_path,
                            uint32_t launch_flags) {
  ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, path,
                            kOpenReadWrite | kOpenCreate | kOpenExclusive | kOpenCloexec, 0700));
  if (!file.valid()) return file.get();
  ElfHeader elf = *reinterpret_cast<const ElfHeader*>(__ehdr_start);
  ProgramHeader headers[kMostHeaders];
  if (elf.phnum > kMostHeaders) return -kENOEXEC;
  const uint64_t linker_size = text_length(linker) + 1;
  const uint64_t library_size = text_length(library_path) + 1;
  ExtractedHeader payload = {};
  __builtin_memcpy(payload.magic, kExtractedMagic, sizeof payload.magic);
  payload.linker = sizeof payload;
  payload.library_path = static_cast<uint32_t>(sizeof payload + linker_size);
  payload.size = static_cast<uint32_t>(sizeof payload + linker_size + library_size);
  payload.flags = launch_flags;

  long result = 0;
  int last = -1;
  for (int i = 0; i < elf.phnum; ++i) {
    headers[i] = reinterpret_cast<const ProgramHeader*>(__ehdr_start + elf.phoff)[i];
    if (headers[i].type == kPtLoad) last = i;
  }
  if (last < 0) return -kENOEXEC;
  for (int i = 0; i < elf.phnum && result == 0; ++i) {
    if (headers[i].type != kPtLoad || i == last) continue;
    result = write_all(file.get(),
                       reinterpret_cast<const unsigned char*>(__ehdr_start) + headers[i].vaddr,
                       headers[i].filesz, headers[i].offset);
  }
  ProgramHeader& own = headers[last];
  own.filesz = own.memsz = payload.size;
  elf.shoff = 0;
  elf.shnum = elf.shstrndx = 0;
  const uint64_t at = own.offset;
  const auto put = [&](const void* bytes, uint64_t size, uint64_t offset) {
    if (result == 0) {
      result = write_all(file.get(), static_cast<const unsigned char*>(bytes), size, offset);
    }
  };
  put(&elf, sizeof elf, 0);
  put(headers, elf.phnum * sizeof(ProgramHeader), elf.phoff);
  put(&payload, sizeof payload, at);
  put(linker, linker_size, at + payload.linker);
  put(library_path, library_size, at + payload.library_path);
  const long closed = file.close();
  return result != 0 ? result : closed;
}

Jump start_extracted(const unsigned char* payload, uint64_t size, const ProgramStack& stack) {
  const ExtractedHeader& header = *reinterpret_cast<const ExtractedHeader*>(payload);
  const char* text = reinterpret_cast<const char*>(payload);
  if (header.size > size || header.linker >= header.size || header.library_path >= header.size ||
      text[header.size - 1] != 0) {
    fail("start the extracted program: its linker file is damaged");
  }
  const uint64_t* program = stack.auxiliary_value(kAtExecfn);
  if (program == nullptr) fail("start the extracted program: the kernel does not say which");
  const char* linker = text + header.linker;
  const ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, linker, kOpenCloexec, 0));
  KernelStat status;
  if (!file.valid()) fail("open", linker, file.get(), "was the extracted tree removed?");
  if (sys(kSysFstat, file.get(), &status) != 0) fail("open", linker, -kEIO, "");
  unmap_program(stack);
  MappedElf mapped;
  ElfSource source = {file.get(), 0, static_cast<uint64_t>(status.size)};
  const long result = map_elf(source, mapped);
  if (failed(result)) fail("map", linker, result, "is the place it was extracted to executable?");
  ProgramStack made = stack;
  if (!build_stack(header, text, reinterpret_cast<const char*>(*program), made)) {
    fail("start the program: its arguments leave no room on the stack (raise ulimit -s)");
  }
  set(made, kAtPhdr, mapped.headers);
  set(made, kAtPhnum, mapped.header_count);
  set(made, kAtBase, 0);
  set(made, kAtEntry, mapped.entry);
  return {mapped.entry, made.top};
}

}  // namespace scratchpack
