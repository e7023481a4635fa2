// Dispatches to the commands, and turns what they throw into a line and a status.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "bundler/base/error.h"
#include "bundler/base/interrupt.h"
#include "bundler/build.h"
#include "bundler/diff.h"
#include "bundler/doctor.h"
#include "bundler/extract.h"
#include "bundler/inspect.h"
#include "bundler/options.h"
#include "bundler/recipes.h"
#include "bundler/sbom.h"
#include "bundler/trace.h"
#include "bundler/verify.h"

namespace {

using namespace scratchpack;

InspectView view_of(const InspectOptions& options) {
  if (options.json) return options.rewrites ? InspectView::rewrites_json : InspectView::json;
  if (options.tree) return InspectView::tree;
  if (options.rewrites) return InspectView::rewrites;
  if (options.waste) return InspectView::waste;
  if (options.packages) return InspectView::packages;
  if (!options.html.empty()) return InspectView::html;
  return options.why.empty() ? InspectView::summary : InspectView::why;
}

int run(const Options& options) {
  switch (options.command) {
    case Command::help:
    case Command::completion:
      fmt::print("{}", options.text);
      return 0;
    case Command::build:
      remove_unfinished_on_signals();
      build(options.build);
      return 0;
    case Command::trace:
      return trace_command(options.trace.profile, options.trace.command,
                           options.trace.allow_private);
    case Command::inspect:
      remove_unfinished_on_signals();
      return inspect(options.inspect.bundle, view_of(options.inspect),
                     options.inspect.html.empty() ? options.inspect.why : options.inspect.html,
                     options.inspect.fail_if);
    case Command::extract:
      remove_unfinished_on_signals();
      extract(options.extract.bundle, options.extract.directory, options.extract.licences,
              options.extract.force, options.extract.quiet);
      return 0;
    case Command::verify:
      return verify({.bundle = options.verify.bundle,
                     .run = options.verify.run,
                     .arguments = options.verify.arguments,
                     .timeout = options.verify.timeout,
                     .quiet = options.verify.quiet,
                     .verbose = options.verify.verbose});
    case Command::diff:
      return diff(options.diff.before, options.diff.after, options.diff.json);
    case Command::doctor:
      doctor(options.doctor.file, options.doctor.json);
      return 0;
    case Command::sbom:
      remove_unfinished_on_signals();
      sbom(options.sbom.bundle, options.sbom.output);
      return 0;
    case Command::recipes:
      print_recipes(options.recipes.name);
      return 0;
  }
  return 2;
}

int fail(const char* reason, int status) {
  std::fflush(stdout);
  fmt::print(stderr, "scratchpack: {}\n", reason);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  int trouble = 1;
  try {
    Options options = parse_options(std::vector<std::string>(argv + 1, argv + argc));
    if (options.command == Command::diff) trouble = 2;  // 1 says that they differ
    int status = run(options);
    // What could not be written was not said: to a full disk, for instance.
    if (std::fflush(stdout) != 0)
      return fail("write standard output: it is full or closed", trouble);
    return status;
  } catch (const UsageError& error) {
    return fail(error.what(), 2);
  } catch (const std::bad_alloc&) {
    return fail("out of memory (give the machine more, or leave files out with --exclude)",
                trouble);
  } catch (const std::exception& error) {
    return fail(error.what(), trouble);
  }
}
