#include "bundler/find/shell_commands.h"

#include <doctest/doctest.h>

using namespace scratchpack;

using Words = std::vector<std::string>;

TEST_CASE("a script's commands are the words in command position") {
  CHECK(shell_commands(
            "#!/bin/sh\nset -e\n# rm x; rm y\nif test -f /x; then A=1 cat /x | sort\nfi") ==
        Words{"set", "test", "cat", "sort", "fi"});
  CHECK(shell_commands("exec nginx -g 'daemon off; rm'") == Words{"nginx"});
  CHECK(shell_commands("x=$(date +%s); echo \"now $(hostname) then\" `id -u`") ==
        Words{"date", "echo", "hostname", "id"});
  CHECK(shell_commands("$PROGRAM --flag && \"$@\"").empty());
  CHECK(shell_commands("cd /app && \\\n  node server.js & wait") == Words{"cd", "node", "wait"});
  CHECK(shell_commands("").empty());
  CHECK(shell_commands("'unclosed").size() == 1);
}

TEST_CASE("one command with nothing for a shell to do is its words") {
  CHECK(plain_command("exec /app/server --name 'two words'") ==
        Words{"/app/server", "--name", "two words"});
  CHECK(plain_command("node server.js") == Words{"node", "server.js"});
  for (const char* shells : {"a && b", "a $X", "a > b", "a *", "X=1 a", "exec", "", "cd ~", "a 'b",
                             "if a", "exec -a x y"}) {
    CAPTURE(shells);
    CHECK_FALSE(plain_command(shells));
  }
}
