// Which system calls of a file pass the C library by: small assembled libraries, and what `build`
// says of them.
#include "bundler/content/raw_calls.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "bundler/report.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// A library of these functions, as an assembler takes them.
RawCalls calls_in(const std::string& assembly, const std::string& flags = "-nostdlib") {
  ScratchFolder folder;
  folder.write("raw.S", ".text\n" + assembly + "\n.section .note.GNU-stack, \"\", @progbits\n");
  folder.run("cc -shared -o raw.so raw.S " + flags);
  return find_raw_calls(read_file(folder.path("raw.so")));
}

std::string function(const std::string& body) {
  return ".globl f\n.type f, @function\nf:\n.cfi_startproc\n" + body +
         "\nret\n.cfi_endproc\n.size f, . - f\n";
}

}  // namespace

TEST_CASE("a call with a path is found by its number, through jumps and copies") {
  CHECK(calls_in(function("mov $257, %eax\nsyscall")) == RawCalls{.path_calls = {257}});
  CHECK(calls_in(function("push $2\npop %rax\nxor %esi, %esi\nsyscall")) ==
        RawCalls{.path_calls = {2}});
  CHECK(calls_in(function("mov $4, %ecx\ntest %edi, %edi\nje 1f\nmov $89, %ecx\n1: mov %ecx, %eax\n"
                          "syscall")) == RawCalls{.path_calls = {4, 89}});
  CHECK(calls_in(function("mov $217, %eax\nsyscall")) == RawCalls{.path_calls = {217}});
}

TEST_CASE("calls without a path are nobody's business") {
  CHECK(calls_in(function("mov $202, %eax\nsyscall")) == RawCalls{});
  CHECK(calls_in(function("mov $0, %eax\nsyscall\nmov $9, %eax\nsyscall\nmov $5, %eax\nsyscall")) ==
        RawCalls{});
  CHECK(calls_in(function("mov $42, %eax\nsyscall")) == RawCalls{});
}

TEST_CASE("a number that is known only at run time may be any") {
  CHECK(calls_in(function("mov %rdi, %rax\nmov %rsi, %rdi\nsyscall")) == RawCalls{.any = true});
  // Without unwind data, as Go's: known by how the result is looked at.
  CHECK(calls_in(".globl f\nf: mov 8(%rsp), %rax\nsyscall\ncmp $-4095, %rax\nja 1f\nret\n"
                 "1: neg %rax\nret\n") == RawCalls{.any = true});
}

TEST_CASE("the bytes of a system call inside other instructions or data are none") {
  CHECK(calls_in(function("mov $0x050f, %eax\nmov $0x50f0500, %ecx\nadd $0x50f, %rdx")) ==
        RawCalls{});
  // In a table among the code, and in data.
  CHECK(calls_in(function("nop") +
                 ".skip 300, 0xcc\n.rept 8\n.byte 0x31, 0x0f, 0x05, 0x77\n"
                 ".endr\n.skip 100, 0xcc\n" +
                 ".data\n.byte 0xb8, 2, 0, 0, 0, 0x0f, 0x05, 0xc3\n") == RawCalls{});
}

TEST_CASE("io_uring is found by itself and through syscall(2)") {
  CHECK(calls_in(function("mov $425, %eax\nsyscall")) == RawCalls{.io_uring = true});
  CHECK(calls_in(function("mov $425, %edi\nxor %eax, %eax\ncall syscall@plt"), "") ==
        RawCalls{.io_uring = true});
  CHECK(calls_in(function("mov $425, %edi\nxor %eax, %eax\ncall *syscall@GOTPCREL(%rip)"), "") ==
        RawCalls{.io_uring = true});
  CHECK(calls_in(function("mov $425, %edi\nxor %eax, %eax\njmp syscall@plt"), "") ==
        RawCalls{.io_uring = true});
}

TEST_CASE("the C library's syscall(2) asks the bundle, and 425 may be any number") {
  CHECK(calls_in(function("mov $257, %edi\nxor %eax, %eax\ncall syscall@plt"), "") == RawCalls{});
  CHECK(calls_in(function("mov $425, %edi\ncall exit@plt\ncall syscall@plt"), "") == RawCalls{});
  CHECK(calls_in(function("mov $0x1a9bf, %eax\nmov $202, %edi\ncall syscall@plt"), "") ==
        RawCalls{});
}

TEST_CASE("what is no program of this architecture makes no calls") {
  CHECK(find_raw_calls({}) == RawCalls{});
  Bytes file = read_file("/bin/sh");
  file.resize(file.size() / 2);
  CHECK(find_raw_calls(file) == RawCalls{});
  file = read_file("/bin/sh");
  file[18] = 183;  // aarch64
  CHECK(find_raw_calls(file) == RawCalls{});
  CHECK(find_raw_calls(read_file("/etc/passwd")) == RawCalls{});
}

TEST_CASE("a build warns of raw calls in place, and what it says is true") {
  REQUIRE(::geteuid() == 0);  // chroot
  ScratchFolder folder;
  folder.write("raw.c", R"(
#include <fcntl.h>
long raw_open(const char* path) {
  long result;
  asm volatile("syscall" : "=a"(result) : "0"(257L), "D"(-100L), "S"(path), "d"(0L)
               : "rcx", "r11", "memory");
  return result;
})");
  folder.write("app.c", R"(
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
long raw_open(const char* path);
int main(void) {
  printf("%d %d\n", syscall(SYS_openat, -100, DATA, 0) >= 0, raw_open(DATA) >= 0);
})");
  folder.run(
      "mkdir root data && echo x >data/file && cc -shared -fPIC -o libraw.so raw.c"
      " && cc -DDATA='\"" +
      folder.path("data/file") + "\"' -o app app.c -L. -lraw -Wl,-rpath,'$ORIGIN'");
  const std::string build = "'" + kTool + "' build app -o root/app --add-data data:$PWD/data ";
  const Report report = from_json(output_of(build + "--json 2>/dev/null", folder.path()));
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].starts_with(folder.path("libraw.so") + " makes system calls"));
  CHECK(says(report.warnings[0], "(openat)"));
  CHECK(output_of("'" + kTool + "' verify -q root/app --", folder.path()) == "1 0\n");
  for (const char* options : {"--mode extract", "--format tar"}) {
    CHECK(from_json(output_of(build + "--json " + options, folder.path())).warnings.empty());
  }
  CHECK(says(output_of(build + "--dry-run 2>&1", folder.path()), "warning: " + folder.path()));
}
