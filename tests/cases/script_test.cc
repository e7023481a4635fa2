// The `#!` line, read as the kernel reads it.
#include "bundler/find/script.h"

#include <doctest/doctest.h>

using namespace scratchpack;

TEST_CASE("a script line is a name and at most one argument") {
  CHECK(read_script_line("#!/bin/sh\n")->interpreter == "/bin/sh");
  CHECK_FALSE(read_script_line("#!/bin/sh\n")->argument);
  CHECK(read_script_line("#! \t/bin/sh \t-e  -u\t \nx")->argument == "-e  -u");
  CHECK(read_script_line("#!/bin/sh")->interpreter == "/bin/sh");
  CHECK_FALSE(read_script_line("#!/bin/sh   \n")->argument);
  CHECK_FALSE(read_script_line("#!\n/bin/sh"));
  CHECK_FALSE(read_script_line("#! "));
  CHECK_FALSE(read_script_line("# !/bin/sh"));
  CHECK_FALSE(read_script_line(""));
}

TEST_CASE("a name that does not end within the first 256 bytes is none") {
  CHECK(read_script_line("#!/" + std::string(252, 'x') + "\n")->interpreter.size() == 253);
  CHECK_FALSE(read_script_line("#!/" + std::string(253, 'x') + "\n"));
  CHECK(read_script_line("#!/sh " + std::string(400, 'x'))->argument == std::string(250, 'x'));
}

TEST_CASE("env's own options are stepped over") {
  CHECK(env_program("python3") == "python3");
  CHECK(env_program("python3 -u") == "python3 -u");  // without -S that is one name
  CHECK(env_program("-S python3 -u") == "python3");
  CHECK(env_program("-Spython3") == "python3");
  CHECK(env_program("-iS A=1 -C /tmp 'python3'") == "python3");
  CHECK(env_program("--split-string=python3 x") == "python3");
  CHECK_FALSE(env_program("-i"));
  CHECK_FALSE(env_program("A=1"));
  CHECK_FALSE(env_program("-S"));
}
