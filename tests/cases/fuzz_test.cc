// Damaged programs: 2,000 mutated and truncated copies of real ones are planned, each in a process
// of its own with 1 GiB of memory and 10 s. None may die of a signal; each is planned or refused in
// one line.
#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/resolve.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

constexpr int kMutants = 2000;
constexpr rlim_t kMemory = rlim_t{1} << 30;
constexpr rlim_t kSeconds = 10;

/// Where an ELF file tells what the walk reads: its header, program headers, interpreter and
/// dynamic section. Mutations elsewhere rarely matter.
std::vector<std::size_t> places_of_interest(const Bytes& bytes) {
  std::vector<std::size_t> places;
  auto add = [&](std::uint64_t begin, std::uint64_t size) {
    for (std::uint64_t i = begin; i < begin + size && i < bytes.size(); ++i) places.push_back(i);
  };
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + header->e_phoff);
  add(0, sizeof *header);
  add(header->e_phoff, header->e_phnum * sizeof *segments);
  for (int i = 0; i < header->e_phnum; ++i) {
    bool counts = segments[i].p_type == PT_DYNAMIC || segments[i].p_type == PT_INTERP;
    if (counts) add(segments[i].p_offset, segments[i].p_filesz);
  }
  return places;
}

/// Every third is cut short, the others get 1 to 16 bytes changed, most where it hurts. One draw a
/// statement, so that every compiler draws in the same order.
Bytes mutant_of(const Bytes& original, const std::vector<std::size_t>& places,
                std::mt19937& random) {
  auto draw = [&](std::size_t below) { return random() % below; };
  Bytes bytes = original;
  if (draw(3) == 0) {
    std::size_t most = draw(2) == 0 ? 4096 : bytes.size();
    bytes.resize(draw(most));
  }
  const std::uint8_t favourites[] = {0, 1, 0x7f, 0x80, 0xff};
  for (std::size_t left = draw(16) + 1; left > 0 && !bytes.empty(); --left) {
    std::size_t place = draw(4) == 0 ? draw(bytes.size()) : places[draw(places.size())];
    std::uint8_t value = draw(2) == 0 ? favourites[draw(5)] : static_cast<std::uint8_t>(draw(256));
    if (place < bytes.size()) bytes[place] = value;
  }
  return bytes;
}

/// Plans the file as application and as library of another; the message of the refusal, or none.
std::string plan_both_ways(const std::string& path) {
  try {
    Sysroot machine;
    Plan plan = plan_application(machine, "/bin/true", {});
    plan_binary(plan, machine, Want{.path = path, .reason = "added"}, {});
    plan_ld_cache(plan, machine);
    plan = plan_application(machine, path, {});
    plan_ld_cache(plan, machine);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

[[noreturn]] void run_child(const std::string& path, int pipe) {
  rlimit seconds{kSeconds, kSeconds};
  ::setrlimit(RLIMIT_CPU, &seconds);
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes of addresses
  rlimit memory{kMemory, kMemory};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  std::string message = plan_both_ways(path);
  bool written = ::write(pipe, message.data(), message.size()) >= 0;
  ::_exit(!written ? 3 : message.empty() ? 0 : 1);
}

struct Outcome {
  int status;
  std::string message;
};

Outcome outcome_of(const std::string& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  Descriptor read_end(ends[0]), write_end(ends[1]);
  pid_t child = ::fork();
  if (child == 0) run_child(path, write_end.get());
  ::close(write_end.release());
  Outcome outcome{-1, ""};
  char buffer[4096];
  for (ssize_t count; (count = ::read(read_end.get(), buffer, sizeof buffer)) > 0;) {
    outcome.message.append(buffer, static_cast<std::size_t>(count));
  }
  ::waitpid(child, &outcome.status, 0);
  return outcome;
}

bool is_one_line(const std::string& message) {
  return !message.empty() && std::none_of(message.begin(), message.end(), [](unsigned char byte) {
    return byte < ' ' || byte == 0x7f;
  });
}

}  // namespace

TEST_CASE("no damaged program takes the walk down") {
  ScratchFolder folder;
  folder.write("main.c", "#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }");
  folder.run("musl-gcc main.c -o musl");
  const std::string subjects[] = {"/usr/bin/ls", "/usr/bin/curl", folder.path("musl"),
                                  "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"};
  std::mt19937 random(20240229);
  int planned = 0, refused = 0, died = 0;
  for (const std::string& subject : subjects) {
    const Bytes original = read_file(subject);
    const std::vector<std::size_t> places = places_of_interest(original);
    for (int i = 0; i < kMutants / 4; ++i) {
      Bytes mutant = mutant_of(original, places, random);
      // A new name each: ext4 waits for the disk when a file is cut and written again.
      std::string name = fmt::format("mutant-{}-{}", original.size(), i);
      std::string path = folder.write(name, std::string(mutant.begin(), mutant.end()));
      std::filesystem::permissions(path, std::filesystem::perms(0755));
      Outcome outcome = outcome_of(path);
      std::filesystem::remove(path);
      bool ended = WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) <= 1;
      planned += ended && WEXITSTATUS(outcome.status) == 0;
      refused += ended && WEXITSTATUS(outcome.status) == 1;
      died += !ended;
      CHECK_MESSAGE(ended, subject, ", mutant ", i, ": status ", outcome.status);
      bool clear = outcome.message.empty() || is_one_line(outcome.message);
      CHECK_MESSAGE(clear, subject, ", mutant ", i, ": ", outcome.message);
    }
  }
  fmt::print("damaged programs: {} planned, {} refused, {} died, of {}\n", planned, refused, died,
             kMutants);
  CHECK(planned + refused == kMutants);
  CHECK(planned > 100);
  CHECK(refused > 1000);
}
