// Answers POST /predict with what the model reads in pictures of digits, GET /healthz with "ok":
// the same as server.py, in C++.
//
//   server [--port 8080] [--model digits.ubj] [--workers N]
//   server --healthcheck [--port 8080]
//
// SIGTERM ends it with status 0 once everything that was asked is answered.

#include <getopt.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "http_server.h"
#include "model.h"

namespace {

struct Options {
  std::uint16_t port = 8080;
  std::string model = "digits.ubj";
  unsigned workers = std::thread::hardware_concurrency();
  bool healthcheck = false;
};

[[noreturn]] void usage() {
  std::fputs("usage: server [--port N] [--model FILE] [--workers N] [--healthcheck]\n", stderr);
  std::exit(2);
}

unsigned number(const char* text, unsigned long most) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || value == 0 || value > most) usage();
  return static_cast<unsigned>(value);
}

Options arguments(int argc, char** argv) {
  constexpr option known[] = {{"port", required_argument, nullptr, 'p'},
                              {"model", required_argument, nullptr, 'm'},
                              {"workers", required_argument, nullptr, 'w'},
                              {"healthcheck", no_argument, nullptr, 'h'},
                              {nullptr, 0, nullptr, 0}};
  Options options;
  for (int given = 0; (given = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    if (given == 'p') {
      options.port = static_cast<std::uint16_t>(number(optarg, 65535));
    } else if (given == 'm') {
      options.model = optarg;
    } else if (given == 'w') {
      options.workers = number(optarg, 1024);
    } else if (given == 'h') {
      options.healthcheck = true;
    } else {
      usage();
    }
  }
  if (optind != argc) usage();
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  // Before the model is read, which takes time: as PID 1 it would not hear of the signal.
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  const Options options = arguments(argc, argv);
  // The status that Docker's HEALTHCHECK wants, from the program itself: no shell, no curl.
  if (options.healthcheck) return healthy(options.port) ? 0 : 1;
  try {
    serve(Model(options.model), options.port, options.workers);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "server: start: %s\n", error.what());
    return 1;
  }
  return 0;
}
