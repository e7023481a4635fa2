// The window rules, on the functions of rewrite_windows.S: each is rewritten as the table below
// says, and run for real: what it leaves in the registers must be what the original leaves.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <elf.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "bundler/content/rewrite.h"
#include "runtime/calls.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

// Calls a function with every register set, and records what it leaves in them.
//   drive(function, const RegisterFile* before, RegisterFile* after)
asm(R"(
  .text
  .balign 16
scratchpack_test_drive:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  push %rdx
  push %rdi
  push $0                      # the function's argument on the stack
  mov (%rsi), %rax
  mov 8(%rsi), %rcx
  mov 16(%rsi), %rdx
  mov 24(%rsi), %rbx
  mov 32(%rsi), %rbp
  mov 48(%rsi), %rdi
  mov 56(%rsi), %r8
  mov 64(%rsi), %r9
  mov 72(%rsi), %r10
  mov 80(%rsi), %r11
  mov 88(%rsi), %r12
  mov 96(%rsi), %r13
  mov 104(%rsi), %r14
  mov 112(%rsi), %r15
  mov 40(%rsi), %rsi
  call *8(%rsp)
  push %rax
  mov 24(%rsp), %rax
  mov %rcx, 8(%rax)
  mov %rdx, 16(%rax)
  mov %rbx, 24(%rax)
  mov %rbp, 32(%rax)
  mov %rsi, 40(%rax)
  mov %rdi, 48(%rax)
  mov %r8, 56(%rax)
  mov %r9, 64(%rax)
  mov %r10, 72(%rax)
  mov %r11, 80(%rax)
  mov %r12, 88(%rax)
  mov %r13, 96(%rax)
  mov %r14, 104(%rax)
  mov %r15, 112(%rax)
  pop %rcx
  mov %rcx, (%rax)
  add $24, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
)");

namespace {

struct RegisterFile {
  std::uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

}  // namespace

extern "C" void scratchpack_test_drive(void* function, const RegisterFile* before,
                                       RegisterFile* after);

namespace {

using Kind = RewriteSite::Kind;

struct Case {
  const char* function;
  std::vector<Kind> sites;  // that matter; none: left alone
  int number;
  int asked[2];              // how often the handler is asked when rdx is 0 and 1
  bool is_function = false;  // may leave anything in scratch registers
};

const std::vector<Case> kCases = {
    {"number_known_and_not_ours", {}, 0, {0, 0}},
    {"number_from_another_register", {}, 0, {0, 0}},
    {"number_pushed_and_popped", {}, 0, {0, 0}},
    {"both_paths_known_and_not_ours", {}, 0, {0, 0}},
    {"loop_that_comes_back_over_padding", {}, 0, {0, 0}},
    {"number_zero_by_xor", {Kind::kept}, 0, {1, 0}},
    {"number_of_libraries_only", {Kind::kept}, 6, {1, 1}},
    {"number_right_before", {Kind::kept}, 21, {1, 1}},
    {"two_instructions_before", {Kind::kept}, 21, {1, 1}},
    {"number_unknown", {Kind::kept}, -1, {1, 0}},
    {"one_of_two_paths_is_ours", {Kind::kept}, -1, {0, 1}},
    {"window_begins_at_a_branch_target", {Kind::kept}, 21, {1, 1}},
    {"two_calls_in_a_row", {Kind::kept, Kind::kept}, 21, {2, 2}},
    {"red_zone_in_use", {Kind::kept}, 21, {1, 1}},
    {"stack_argument_before", {Kind::kept}, 21, {1, 1}},
    {"frame_by_rbp", {Kind::kept}, 21, {1, 1}},
    {"frame_by_rsp", {Kind::kept}, 21, {1, 1}},
    {"branch_into_the_window", {Kind::moved}, 21, {1, 1}},
    {"branch_to_the_call_itself", {Kind::moved}, 21, {1, 1}},
    {"rip_relative_before", {Kind::moved}, 21, {1, 1}},
    {"push_before", {Kind::moved}, 21, {1, 1}},
    {"jump_table_into_the_window", {Kind::moved}, 21, {1, 1}},
    {"unwind_rules_change_before", {Kind::moved}, 21, {1, 1}},
    {"no_room_at_all", {Kind::unpatchable}, -1, {0, 0}},
    {"windows_too_close", {Kind::moved, Kind::unpatchable}, 21, {1, 1}},
    {"flags_needed_behind", {Kind::unpatchable}, 21, {0, 0}},
    {"through_the_bridge", {Kind::kept}, -1, {1, 1}, true},
};

/// What the handler saw, and what it shall do.
struct Asked {
  enum class Answer { decline, zero, exception };
  Answer answer = Answer::decline;
  int times = 0;
  Registers registers = {};
  std::uint64_t callers_mask = 0;
  std::uint64_t own_mask = 0;
  bool aligned = true;
};
Asked asked;

struct Thrown {};

std::uint64_t signal_mask() {
  std::uint64_t mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &mask, sizeof mask);
  return mask;
}

void set_signal_mask(std::uint64_t mask) {
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

void handler(Registers* registers, const std::uint64_t* mask) {
  asked.times++;
  asked.registers = *registers;
  asked.callers_mask = *mask;
  asked.own_mask = signal_mask();
  asked.aligned = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % 16 == 0;
  if (asked.answer == Asked::Answer::exception) throw Thrown{};
  if (asked.answer == Asked::Answer::decline) return;
  registers->handled = 1;
  registers->rax = 0;
}

class Library {
 public:
  explicit Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    INFO(path);
    REQUIRE_MESSAGE(handle_ != nullptr, dlerror());
    link_map* map = nullptr;
    REQUIRE(dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0);
    base_ = map->l_addr;
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { dlclose(handle_); }

  void* symbol(const char* name) const {
    void* found = dlsym(handle_, name);
    INFO(std::string(name));
    REQUIRE(found != nullptr);
    return found;
  }
  /// The function that an address of the file lies in.
  std::string function_at(std::uint64_t address) const {
    Dl_info info{};
    bool found = dladdr(reinterpret_cast<void*>(base_ + address), &info) != 0;
    return found && info.dli_sname != nullptr ? info.dli_sname : "";
  }
  /// Registers that hold addresses of the library, as distances from its beginning.
  void make_relative(RegisterFile& registers) const {
    constexpr std::uint64_t kSpan = 16 << 20;
    std::array<std::uint64_t, sizeof registers / 8> values;
    std::memcpy(values.data(), &registers, sizeof registers);
    for (auto& value : values) {
      if (value - base_ < kSpan) value -= base_;
    }
    std::memcpy(&registers, values.data(), sizeof registers);
  }
  void fill_slot(std::uint64_t address, Handler function) const {
    auto* page = reinterpret_cast<void*>(base_ + address);
    REQUIRE(mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                 0) == page);
    std::memcpy(page, &function, sizeof function);
  }

 private:
  void* handle_;
  std::uint64_t base_ = 0;
};

constexpr const char* kThere = "/dev/null";
constexpr const char* kMissing = "/dev/no such file";

RegisterFile run(const Library& library, const char* function, const char* path,
                 std::uint64_t rdx) {
  RegisterFile before{21,  102, rdx, 104, 105, 0,  reinterpret_cast<std::uint64_t>(path), 108, 109,
                      110, 111, 112, 113, 114, 115};
  RegisterFile after{};
  scratchpack_test_drive(library.symbol(function), &before, &after);
  library.make_relative(after);
  return after;
}

/// Whether two runs left the same. rcx and r11 are the kernel's to overwrite.
bool same(RegisterFile a, RegisterFile b, const Case& one) {
  a.rcx = b.rcx = a.r11 = b.r11 = a.rdi = b.rdi = 0;
  if (one.is_function) {
    a.rdx = b.rdx = a.rsi = b.rsi = a.r8 = b.r8 = a.r9 = b.r9 = a.r10 = b.r10 = 0;
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

void write_bytes(const std::string& path, std::span<const std::uint8_t> bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  REQUIRE(out.good());
}

void check_sites(const Library& library, const RewrittenFile& rewritten) {
  std::size_t expected = 0;
  for (const auto& one : kCases) {
    INFO(std::string(one.function));
    std::vector<Kind> kinds;
    for (const auto& site : rewritten.sites) {
      auto inside = library.function_at(site.address);
      if (inside.empty() || inside == "returns_from_signals") inside = "through_the_bridge";
      if (inside != one.function) continue;
      kinds.push_back(site.kind);
      if (kinds.size() == 1) CHECK(site.number == one.number);
      CHECK((site.kind == Kind::unpatchable) == !site.why.empty());
    }
    CHECK(kinds == one.sites);
    expected += one.sites.size();
  }
  CHECK(rewritten.sites.size() == expected);
}

/// Without a handler, and with one that declines, nothing can be told from the original.
void check_declined(const Library& original, const Library& rewritten) {
  asked.answer = Asked::Answer::decline;
  for (const auto& one : kCases) {
    for (const char* path : {kThere, kMissing}) {
      for (std::uint64_t rdx : {0ul, 1ul, 8ul, 21ul, 39ul, 5000ul, (1ul << 32) + 21}) {
        INFO(std::string(one.function) << " with rdx " << rdx);
        CHECK(same(run(original, one.function, path, rdx), run(rewritten, one.function, path, rdx),
                   one));
      }
    }
  }
}

/// What a case calls with rdx 0 or 1, as far as it is ours.
int called_number(const Case& one) {
  if (one.number >= 0) return one.number;
  return std::string_view(one.function) == "number_unknown" ? kCall_read : kCall_access;
}

void check_answered(const Library& original, const Library& rewritten) {
  asked.answer = Asked::Answer::zero;
  std::uint64_t mask = signal_mask();
  for (const auto& one : kCases) {
    for (std::uint64_t rdx : {0ul, 1ul}) {
      INFO(std::string(one.function) << " with rdx " << rdx);
      asked.times = 0;
      auto after = run(rewritten, one.function, kMissing, rdx);
      CHECK(asked.times == one.asked[rdx]);
      CHECK(signal_mask() == mask);
      bool answered = one.asked[rdx] != 0 && one.sites.back() != Kind::unpatchable;
      auto as_if = run(original, one.function, answered ? kThere : kMissing, rdx);
      if (answered && called_number(one) != kCall_access) as_if.rax = 0;
      CHECK(same(after, as_if, one));
      if (asked.times == 0) continue;
      CHECK(asked.registers.rax == static_cast<std::uint64_t>(called_number(one)));
      CHECK(asked.registers.handled == 0);
      CHECK(asked.registers.rdi == reinterpret_cast<std::uint64_t>(kMissing));
      CHECK(asked.registers.rsi == 0);
      CHECK(asked.callers_mask == mask);
      CHECK(asked.own_mask == ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1)));
      CHECK(asked.aligned);
    }
  }
}

/// An exception thrown by the handler passes entry, thunk and function like frames of its own.
void check_exceptions(const Library& rewritten) {
  asked.answer = Asked::Answer::exception;
  std::uint64_t mask = signal_mask();
  for (const auto& one : kCases) {
    if (one.asked[1] == 0) continue;
    INFO(std::string(one.function));
    auto* function =
        reinterpret_cast<long (*)(const char*, long, long)>(rewritten.symbol(one.function));
    bool caught = false;
    try {
      function(kThere, 0, 1);
    } catch (const Thrown&) {
      caught = true;
    }
    set_signal_mask(mask);
    CHECK(caught);
  }
}

/// Everything above for one shared object built from rewrite_windows.S.
void check_library(const ScratchFolder& folder, const std::string& name, bool has_unwind_data) {
  INFO(name);
  auto path = folder.path(name);
  auto bytes = read_file(path);
  auto out = rewrite(bytes, RewriteRole::library, name);
  auto faults = verify_rewrite(bytes, out, RewriteRole::library);
  for (const auto& fault : faults) MESSAGE(name << ": " << fault);
  CHECK(faults.empty());
  CHECK_FALSE(needed_sites_rewritten(out));
  write_bytes(path + ".rewritten", out.image);
  write_bytes(path + ".with-handler", out.image);
  Library original(path);
  Library without(path + ".rewritten");
  Library with(path + ".with-handler");
  with.fill_slot(out.slot_address, handler);
  if (has_unwind_data) check_sites(original, out);
  check_declined(original, without);
  check_declined(original, with);
  check_answered(original, with);
  if (has_unwind_data) check_exceptions(with);
}

const std::string kAssemble = "cc -shared -nostdlib -x assembler-with-cpp " SCRATCHPACK_SOURCE_DIR
                              "/tests/cases/rewrite_windows.S -Wl,--build-id ";

Elf64_Ehdr header_of(const Bytes& bytes) {
  Elf64_Ehdr header;
  REQUIRE(bytes.size() > sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

TEST_CASE("a window is found, or refused, by each of the rules, and runs as the original does") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o plain.so");
  check_library(folder, "plain.so", true);
}

TEST_CASE("segments aligned to 64 KiB and 2 MiB, or shared by code and data, are rewritten") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o k64.so -Wl,-z,max-page-size=65536");
  check_library(folder, "k64.so", true);
  folder.run(kAssemble + "-o m2.so -Wl,-z,max-page-size=2097152");
  check_library(folder, "m2.so", true);
  folder.run(kAssemble + "-o mixed.so -Wl,-z,noseparate-code");
  check_library(folder, "mixed.so", true);
}

TEST_CASE("a file without section headers is rewritten the same") {
  ScratchFolder folder;
  for (const char* option : {"-z,separate-code", "-z,noseparate-code"}) {
    folder.run(kAssemble + "-o whole.so -Wl," + option);
    auto bytes = read_file(folder.path("whole.so"));
    auto header = header_of(bytes);
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
    std::memcpy(bytes.data(), &header, sizeof header);
    auto name = std::string("bare") + (option[2] == 's' ? "1" : "2") + ".so";
    write_bytes(folder.path(name), bytes);
    check_library(folder, name, true);
  }
}

TEST_CASE("a note before the loads gives way too, and the loads stay in order") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o usual.so");
  auto bytes = read_file(folder.path("usual.so"));
  auto header = header_of(bytes);
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  std::memcpy(headers.data(), bytes.data() + header.e_phoff, headers.size() * sizeof headers[0]);
  auto note = std::find_if(headers.begin(), headers.end(),
                           [](const auto& one) { return one.p_type == PT_NOTE; });
  REQUIRE(note != headers.end());
  std::rotate(headers.begin(), note, note + 1);
  std::memcpy(bytes.data() + header.e_phoff, headers.data(), headers.size() * sizeof headers[0]);
  write_bytes(folder.path("first.so"), bytes);
  check_library(folder, "first.so", true);
}

TEST_CASE("a file without unwind data is rewritten without") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o none.so -Wl,--no-eh-frame-hdr");
  check_library(folder, "none.so", false);
}

TEST_CASE("without a program header to spare every site is unpatchable and says so") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o full.so -Wl,--build-id=none");
  auto bytes = read_file(folder.path("full.so"));
  auto out = rewrite(bytes, RewriteRole::library, "full.so");
  CHECK(out.image == bytes);
  CHECK(out.slot_address == 0);
  CHECK(out.undo.empty());
  REQUIRE_FALSE(out.sites.empty());
  for (const auto& site : out.sites) CHECK(site.kind == Kind::unpatchable);
  CHECK(out.sites.front().why == "the file has no program header to spare");
  CHECK(verify_rewrite(bytes, out, RewriteRole::library).empty());
}

TEST_CASE("a file in which nothing matters stays as it is") {
  ScratchFolder folder;
  folder.write("quiet.s", ".globl f\nf: mov $39,%eax\nsyscall\nret\n");
  folder.run("cc -shared -nostdlib -Wl,--build-id -o quiet.so quiet.s");
  auto bytes = read_file(folder.path("quiet.so"));
  auto out = rewrite(bytes, RewriteRole::both, "quiet.so");
  CHECK(out.sites.empty());
  CHECK(out.image == bytes);
  CHECK(needed_sites_rewritten(out));
  CHECK(verify_rewrite(bytes, out, RewriteRole::both).empty());
}

TEST_CASE("the role decides which calls matter") {
  ScratchFolder folder;
  folder.run(kAssemble + "-o roles.so");
  auto bytes = read_file(folder.path("roles.so"));
  Library library(folder.path("roles.so"));
  auto matters = [&](RewriteRole role) {
    auto out = rewrite(bytes, role, "roles.so");
    CHECK(verify_rewrite(bytes, out, role).empty());
    return std::any_of(out.sites.begin(), out.sites.end(), [&](const auto& site) {
      return library.function_at(site.address) == "number_of_libraries_only";  // lstat
    });
  };
  CHECK_FALSE(matters(RewriteRole::linker));
  CHECK(matters(RewriteRole::library));
  CHECK(matters(RewriteRole::both));
}
