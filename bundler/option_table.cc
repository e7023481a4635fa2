#include "bundler/option_table.h"

#include <fmt/format.h>

#include "bundler/limit.h"

namespace scratchpack {
namespace {

CommandTable build_table(BuildOptions& o) {
  return {
      Command::build,
      "build",
      "scratchpack build /usr/bin/curl -o curl.bundle",
      "scratchpack build APP [options] [-- ARG…]",
      "Makes one executable of APP, a dynamic or static ELF program, a #! script, or a Python\n"
      "application: app.py, a folder or zip with a __main__.py, or -m MODULE in place of APP.\n"
      "ARGs are put before the user's own.",
      {
          {"", false, {{"APP", "APP", &o.application, "the program, a path or a name in PATH"}}},
          {"Output",
           false,
           {{"-o,--output", "PATH", &o.output, "default: APP's name and .bundle, .oci.tar, .tar …"},
            {"--format", "onefile|oci|docker|tar|dir", &o.format,
             "one executable; an image; the plain root file system"},
            {"--dry-run", "", &o.dry_run, "look and explain, write nothing"},
            {"--json", "", &o.json, "a machine-readable summary on standard output"},
            {"--sbom", "FILE", &o.sbom, "what is inside as a bill of materials, CycloneDX JSON"},
            {"--config", "FILE", &o.config, "take options from a TOML file, before those typed"},
            {"--depfile", "PATH", &o.depfile, "list every file read, for make and ninja"},
            {"-v,--verbose", "", &o.verbose, "name every file that goes in, and why"},
            {"-q,--quiet", "", &o.quiet, "only errors"}}},
          {"What goes in",
           true,
           {{"--add-data", "SRC:DEST", &o.add_data,
             "file or folder and what it needs; DEST: absolute or from --workdir"},
            {"--add-binary", "SRC[:DEST]", &o.add_binary,
             "a program or library with everything it needs"},
            {"--exclude", "GLOB", &o.exclude, "leave out what was found (a path pattern)"},
            {"--recipe", "NAME|FILE…", &o.recipe, "apply a recipe that did not match by itself"},
            {"--no-recipe", "NAME|'*'…", &o.no_recipe, "leave out a recipe, or all"},
            {"--profile", "FILE", &o.profile, "what a traced run used (scratchpack trace)"},
            {"--trace-run", "'ARG…'", ManyCommands{&o.trace_run},
             "run APP with its ARGs and these, take what it used (repeatable)"},
            {"--trace-time", "SECONDS", &o.trace_time,
             "after this time a run is asked to end, with SIGTERM"},
            {"--prune", "", &o.prune, "of recipes only what a profile used, and what must be"},
            {"--strip", "", &o.strip,
             "take symbols and debug information off programs and libraries"},
            {"--keep-symbols", "GLOB", &o.keep_symbols, "--strip leaves these as they are"},
            {"--library-path", "DIR", SeparatedList{&o.library_path, ':'},
             "search here first, as LD_LIBRARY_PATH"},
            {"--dlopen", "none|notes|auto", &o.dlopen,
             "libraries loaded at run time: as files note; auto: all they name"},
            {"--hwcaps", "baseline|x86-64-v2|x86-64-v3|x86-64-v4", &o.hwcaps,
             "take libraries built for this level of processor"},
            {"--tz", "LIST", SeparatedList{&o.tz, ','}, "these time zones only (Asia/Seoul,UTC)"},
            {"--locale", "NAME", SeparatedList{&o.locale, ','},
             "add a locale, compiled, and its messages (ko_KR.UTF-8)"},
            {"--sysroot", "DIR", &o.sysroot, "take everything from the root file system in DIR"},
            {"--from-image", "FILE", &o.from_image,
             "or from an image, OCI or docker; APP: its entrypoint by default"}}},
          {"Python applications",
           true,
           {{"--python", "EXE", &o.python, "the interpreter (default: by the #! line, or python3)"},
            {"-m,--module", "MODULE", &o.module, "run this module, as python -m does; no APP then"},
            {"--collect", "PACKAGE", &o.collect, "a package with all its modules and data"},
            {"--hidden-import", "MODULE", &o.hidden_import,
             "a module that nothing seems to import"},
            {"--exclude-module", "MODULE", &o.exclude_module, "do not follow this import"},
            {"--keep-source", "", &o.keep_source, "sources beside the byte code, for inspect"}}},
          {"How it starts",
           true,
           {{"--mode", "auto|in-place|extract", &o.mode,
             "auto: in place unless the analysis says it cannot be"},
            {"--no-trial", "", &o.no_trial, "do not try whether its linker finds all libraries"},
            {"--compress", "none|fast|good|best", &o.compress,
             "none: shared between replicas; registries compress anyway"},
            {"--env", "K=V", &o.env, "set where the container sets nothing else"},
            {"--workdir", "DIR", &o.workdir, "the directory it starts in", parse_absolute},
            {"--user", "UID[:GID]", &o.user, "the numeric user it runs as"},
            {"--threads", "N", &o.threads, "for packing; the output is the same for any number"},
            {"--no-cache", "", &o.no_cache,
             "compress all anew; keep nothing in $XDG_CACHE_HOME/scratchpack"}}},
          {"Images, and what a Dockerfile says",
           false,
           {{"--tag", "NAME[:TAG]", &o.tag, "the image's name (APP's own)", parse_image_name},
            {"--layers", "N|single…", &o.layers,
             "at most N layers (10): the C library, packages, the application", parse_layers},
            {"--layer-compress", "gzip|zstd|none", &o.layer_compress,
             "gzip for oci, none for docker; Docker 20 reads no zstd"},
            {"--platform", "OS/ARCH", &o.platform, "what the image must be for", parse_platform},
            {"--expose", "PORT", &o.expose, "such as 8080 or 53/udp", parse_port},
            {"--label", "K=V", &o.label, "an image label"},
            {"--stop-signal", "SIG", &o.stop_signal, "such as SIGTERM", parse_signal},
            {"--healthcheck", "CMD", CommandWords{&o.healthcheck},
             "run without a shell; traced with each --trace-run"},
            {"--emit-dockerfile", "[PATH]", &o.emit_dockerfile,
             "write a Dockerfile beside the output, with its ignore file"},
            {"--multi-stage", "", &o.multi_stage,
             "the Dockerfile builds and bundles APP in a build stage"},
            {"--build-image", "IMAGE", &o.build_image, "what the build stage starts from"},
            {"--build-command", "CMD", &o.build_command, "what makes APP there"},
            {"--force", "", &o.force, "overwrite files and folders scratchpack did not write"}}},
      }};
}

CommandTable trace_table(TraceOptions& o) {
  return {Command::trace,
          "trace",
          "scratchpack trace -o server.profile -- server --config server.conf",
          "scratchpack trace -o PROFILE [options] -- CMD…",
          "Writes down what a command uses, for build --profile.\n"
          "The status is the command's own (127, 126: it could not be executed).",
          {{"Options",
            false,
            {{"-o,--output", "PROFILE", &o.profile, "the file to write"},
             {"--allow-private", "", &o.allow_private,
              "record what looks private (keys, tokens, histories), too"}}}}};
}

CommandTable inspect_table(InspectOptions& o) {
  return {Command::inspect,
          "inspect",
          "scratchpack inspect curl.bundle --why /usr/lib/x86_64-linux-gnu/libz.so.1.2.13",
          "scratchpack inspect BUNDLE|IMAGE [options]",
          "What is inside a bundle, what each file costs, why it is there. Of an image's layers,\n"
          "too: an OCI or docker archive, or an OCI layout in a folder, whoever made it.",
          {{"", false, {{"BUNDLE", "BUNDLE", &o.bundle, "a bundle, or an image"}}},
           {"Options",
            false,
            {{"--json", "", &o.json, "the summary that build --json gives"},
             {"--tree", "", &o.tree, "the files as a tree, with sizes"},
             {"--why", "PATH", &o.why, "why one file is in the bundle; of an image, its layer"},
             {"--packages", "", &o.packages, "what each distribution package takes"},
             {"--waste", "", &o.waste,
              "identical files, unused libraries, debug information, languages"},
             {"--html", "FILE", &o.html, "all of it as one page for a browser"},
             {"--fail-if", "'MEASURE>N'", &o.fail_if,
              "status 3 when there is more: 'waste>5%', 'size>1MB'", checked_limit},
             {"--rewrites", "", &o.rewrites,
              "which system calls ask the bundle; --json names functions, too"}}}}};
}

CommandTable extract_table(ExtractOptions& o) {
  return {Command::extract,
          "extract",
          "scratchpack extract curl.bundle curl-files",
          "scratchpack extract BUNDLE DIR [options]",
          "Unpacks the payload as ordinary files, byte for byte those that were packed.",
          {{"",
            false,
            {{"BUNDLE", "BUNDLE", &o.bundle, "the file that build wrote"},
             {"DIR", "DIR", &o.directory, "the folder to make"}}},
           {"Options",
            false,
            {{"--licences", "", &o.licences, "only the licence texts of the packages inside"},
             {"--force", "", &o.force, "replace a folder scratchpack did not write"},
             {"-q,--quiet", "", &o.quiet, "only errors"}}}}};
}

CommandTable verify_table(VerifyOptions& o) {
  return {
      Command::verify,
      "verify",
      "scratchpack verify curl.bundle -- --version",
      "scratchpack verify BUNDLE [options] [-- ARG…]",
      "Checks every checksum. With -- it also runs the bundle as a scratch container would:\n"
      "in an empty root, as an unprivileged user, without the system calls that engines refuse,\n"
      "and lists what the program looked for and did not find. The status is the program's own\n"
      "(124: still running when the time was over, and killed).",
      {{"", false, {{"BUNDLE", "BUNDLE", &o.bundle, "the file that build wrote"}}},
       {"Options",
        false,
        {{"--timeout", "SECONDS", &o.timeout, "how long it may run (10)"},
         {"-v,--verbose", "", &o.verbose, "name all that it looked for in vain"},
         {"-q,--quiet", "", &o.quiet, "only errors and the program's own output"}}}}};
}

CommandTable doctor_table(DoctorOptions& o) {
  return {Command::doctor,
          "doctor",
          "scratchpack doctor curl.bundle",
          "scratchpack doctor BUNDLE|PROFILE [options]",
          "Doubts about a bundle or a profile, each with the option that settles it.",
          {{"", false, {{"BUNDLE", "BUNDLE", &o.file, "a bundle, or what trace wrote"}}},
           {"Options", false, {{"--json", "", &o.json, "for machines"}}}}};
}

CommandTable recipes_table(RecipesOptions& o) {
  return {Command::recipes,
          "recipes",
          "scratchpack recipes tls",
          "scratchpack recipes [NAME]",
          "What recipes there are, what each adds and when.",
          {{"", false, {{"NAME", "[NAME]", &o.name, "one recipe, by name or file"}}}}};
}

CommandTable diff_table(DiffOptions& o) {
  return {Command::diff,
          "diff",
          "scratchpack diff curl-old.bundle curl.bundle",
          "scratchpack diff A B [options]",
          "What changed between two bundles or images, in start, environment, packages and files.\n"
          "The status is 0 when they hold the same, 1 when not, 2 when they cannot be read.",
          {{"",
            false,
            {{"A", "A", &o.before, "a bundle, or an OCI or docker archive"},
             {"B", "B", &o.after, "another"}}},
           {"Options", false, {{"--json", "", &o.json, "for machines"}}}}};
}

CommandTable sbom_table(SbomOptions& o) {
  return {Command::sbom,
          "sbom",
          "scratchpack sbom curl.bundle -o curl.cdx.json",
          "scratchpack sbom BUNDLE [-o FILE]",
          "Lists packages and files as CycloneDX JSON.",
          {{"", false, {{"BUNDLE", "BUNDLE", &o.bundle, "the file that build wrote"}}},
           {"Options", false, {{"-o,--output", "FILE", &o.output, "default: standard output"}}}}};
}

CommandTable completion_table(CompletionOptions& o) {
  return {Command::completion,
          "completion",
          "scratchpack completion bash > /etc/bash_completion.d/scratchpack",
          "scratchpack completion SHELL",
          "Prints a shell's completion script.",
          {{"", false, {{"SHELL", "bash|zsh|fish", &o.shell, "which shell: bash, zsh or fish"}}}}};
}

}  // namespace

std::vector<CommandTable> command_tables(Options& options) {
  return {build_table(options.build),     trace_table(options.trace),
          inspect_table(options.inspect), extract_table(options.extract),
          verify_table(options.verify),   recipes_table(options.recipes),
          doctor_table(options.doctor),   diff_table(options.diff),
          sbom_table(options.sbom),       completion_table(options.completion)};
}

std::string help_text(const std::vector<CommandTable>& tables) {
  std::string text =
      "Example:\n"
      "  scratchpack build /usr/bin/curl    # writes curl.bundle: one file, runs anywhere\n"
      "  scratchpack build /usr/bin/curl --emit-dockerfile && docker build -t curl .\n\n"
      "Usage: scratchpack COMMAND …\n\n"
      "Turns a dynamically linked program into one executable for an empty container.\n\n"
      "Commands:\n";
  for (const CommandTable& table : tables) {
    text += fmt::format("  {:<48}{}\n", table.usage,
                        table.purpose.substr(0, table.purpose.find_first_of(".\n,")));
  }
  return text +
         "\nOptions:\n  scratchpack COMMAND --help     the command's options\n"
         "  scratchpack --version\n\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage, 3 a limit of --fail-if is exceeded.\n";
}

std::string help_text(const CommandTable& table) {
  std::string text =
      fmt::format("Example:\n  {}\n\nUsage: {}\n\n{}\n", table.example, table.usage, table.purpose);
  for (const Section& section : table.sections) {
    text += section.title.empty() ? "\n" : fmt::format("\n{}:\n", section.title);
    for (const Row& row : section.rows) {
      std::string left =
          row.positional() ? row.value : fmt::format("{}", fmt::join(split(row.names, ','), ", "));
      if (!row.positional() && !row.value.empty()) left += " " + row.value;
      text += left.size() < 34 ? fmt::format("  {:<34}{}\n", left, row.help)
                               : fmt::format("  {}\n  {:<34}{}\n", left, "", row.help);
    }
  }
  return text;
}

}  // namespace scratchpack
