// Recipes applied to a program, and what the plan then holds.
#pragma once

#include <string>

#include "bundler/find/recipe.h"
#include "bundler/find/recipe_model.h"
#include "tests/cases/scratch_folder.h"

namespace scratchpack::testing {

Plan applied(const std::string& application, const RecipeOptions& options = {},
             const Sysroot& sysroot = Sysroot());

/// Whether a path that matches is planned, and why; the_want throws when none is.
bool wants(const Plan& plan, const std::string& pattern);
const Want& the_want(const Plan& plan, const std::string& pattern);

/// Whether a variable is set, and how; the_edit throws when it is not.
bool edits(const Plan& plan, const std::string& name);
const EnvironmentEdit& the_edit(const Plan& plan, const std::string& name);

bool has_warning(const Plan& plan, const std::string& part);

/// A root file system with glibc and what a case adds to it.
struct TinyRoot : ScratchFolder {
  TinyRoot() {
    copy("lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
    copy("lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6");
  }
  /// A library of this name, with `code` in it.
  void library(const std::string& name, const std::string& code) const {
    write("source.c", code);
    run("cc -shared -fPIC -Wl,-soname," + name + " -o lib/x86_64-linux-gnu/" + name + " source.c");
  }
  /// /app, linked with the libraries.
  void program(const std::string& libraries = "", const std::string& code = "") const {
    write("source.c", code + "\nint main(void) { return 0; }\n");
    run("cc -o app source.c -Wl,--no-as-needed -Llib/x86_64-linux-gnu " + libraries);
  }
  std::string recipe(const std::string& name, const std::string& text) const {
    return write(name + ".toml", "description = 'd'\nreason = 'r'\n" + text);
  }
};

}  // namespace scratchpack::testing
