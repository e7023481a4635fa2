// A C++ program that leans on its run-time library: threads, exceptions that cross frames and
// threads, thread_local destructors, std::regex, iostreams under a locale, std::filesystem.
#include <atomic>
#include <filesystem>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<int> destroyed{0};

struct Counted {
  ~Counted() { ++destroyed; }
};
thread_local Counted counted;

int sum_in_threads() {
  std::mutex mutex;
  int total = 0;
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i) {
    threads.emplace_back([&, i] {
      const Counted* touched = &counted;
      std::lock_guard lock(mutex);
      total += touched != nullptr ? i : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return total;
}

std::string thrown_in_a_thread() {
  std::future<int> failing =
      std::async(std::launch::async, []() -> int { throw std::out_of_range("from a thread"); });
  try {
    failing.get();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

int deep(int depth) {
  Counted unwound;
  if (depth == 0) throw std::runtime_error("bottom");
  return deep(depth - 1) + 1;
}

}  // namespace

int main() {
  std::cout << "threads: " << sum_in_threads() << ", thread_local destructors: " << destroyed
            << '\n';
  std::cout << "caught: " << thrown_in_a_thread() << '\n';
  destroyed = 0;
  try {
    deep(20);
  } catch (const std::runtime_error& error) {
    std::cout << "unwound " << destroyed << " frames to: " << error.what() << '\n';
  }
  const std::string text = "one file, 2 forms, 11 situations";
  const std::regex word_after_number("([0-9]+) ([a-z]+)");
  for (std::sregex_iterator match(text.begin(), text.end(), word_after_number), end; match != end;
       ++match) {
    std::cout << (*match)[2] << '=' << (*match)[1] << '\n';
  }
  std::locale utf8("C.UTF-8");
  std::cout.imbue(utf8);
  std::cout << std::setprecision(3) << 1234567.5 << " in " << utf8.name() << '\n';
  std::cout << "root is a directory: " << std::filesystem::is_directory("/") << '\n';
  try {
    std::locale absent("xx_XX.UTF-8");
  } catch (const std::runtime_error&) {
    std::cout << "an absent locale is an exception\n";
  }
  return 0;
}
