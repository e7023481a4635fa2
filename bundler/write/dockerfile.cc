#include "bundler/write/dockerfile.h"

#include <fmt/format.h>

#include <algorithm>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

[[noreturn]] void refuse(std::string_view what, const std::string& text, std::string_view why) {
  throw Error(fmt::format("write Dockerfile: {} '{}' {}", what, text, why));
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._/+@=:,~-").find(c) != std::string_view::npos;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// A word that means itself in every instruction, pattern and ignore file.
bool is_plain(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c); });
}

void require_plain(std::string_view what, const std::string& text) {
  if (!is_plain(text)) {
    refuse(what, text, "holds characters that a Dockerfile gives a meaning (use plain ones)");
  }
}

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

/// The exec form: no shell, nothing expanded.
std::string exec_form(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(json_string(word));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

/// The value of ENV and LABEL. A line break has no spelling there.
std::string quoted_value(std::string_view what, const KeyValue& pair) {
  require_plain(what, pair.key);
  if (pair.key.find('=') != std::string::npos) refuse(what, pair.key, "holds '='");
  std::string quoted = "\"";
  for (char c : pair.value) {
    if (is_control(c) && c != '\t') {
      refuse(what, pair.key, "has a value with a line break or control character");
    }
    if (c == '"' || c == '\\' || c == '$') quoted += '\\';
    quoted += c;
  }
  return fmt::format("{}={}\"", pair.key, quoted);
}

/// A build command as people write it, or in exec form where the builders would read more into it:
/// a here-document, a continued line, options of RUN, JSON.
std::string run_command(const std::string& command) {
  bool special = command.empty() || !(is_plain(command[0]) || command[0] == '(') ||
                 command.starts_with("--") || command.find("<<") != std::string::npos ||
                 command.back() == '\\' || command.back() == ' ' ||
                 std::any_of(command.begin(), command.end(), [](char c) { return is_control(c); });
  return special ? exec_form({"/bin/sh", "-c", command}) : command;
}

std::string head() {
  return fmt::format("{}; it is overwritten as long as this line is its first.\n", kMark);
}

std::string files_in(const ImagePayload& payload) {
  require_plain("the file name", payload.name);
  switch (payload.kind) {
    case PayloadKind::tar:
      return fmt::format("ADD {} /\n", payload.name);
    case PayloadKind::folder:
      return fmt::format("COPY {}/ /\n", payload.name);
    case PayloadKind::image:
      refuse("the output", payload.name, "is an image already");
    case PayloadKind::bundle:
      break;
  }
  require_plain("the file name", payload.base_tar);
  return fmt::format("ADD {} /\n", payload.base_tar);
}

std::string configuration(const ImageConfiguration& image) {
  std::string text;
  for (const KeyValue& pair : image.environment) {
    text += fmt::format("ENV {}\n", quoted_value("variable", pair));
  }
  for (const KeyValue& pair : image.labels) {
    text += fmt::format("LABEL {}\n", quoted_value("label", pair));
  }
  if (!image.workdir.empty()) {
    require_plain("the working directory", image.workdir);
    text += fmt::format("WORKDIR {}\n", image.workdir);
  }
  for (const std::string& port : image.ports) text += fmt::format("EXPOSE {}\n", port);
  if (!image.stop_signal.empty()) text += fmt::format("STOPSIGNAL {}\n", image.stop_signal);
  text += fmt::format("USER {}:{}\n", image.user.user, image.user.group);
  if (!image.healthcheck.empty()) {
    text += fmt::format("HEALTHCHECK CMD {}\n", exec_form(image.healthcheck));
  }
  return text + fmt::format("ENTRYPOINT {}\n", exec_form(image.entrypoint));
}

}  // namespace

std::string dockerfile(const ImageConfiguration& image, const ImagePayload& payload) {
  std::string text = head() + "FROM scratch\n" + files_in(payload);
  if (payload.kind == PayloadKind::bundle) {
    require_plain("the program", image.entrypoint.at(0));
    text += fmt::format("COPY {} {}\n", payload.name, image.entrypoint[0]);
  }
  return text + configuration(image);
}

std::string multi_stage_dockerfile(const ImageConfiguration& image, const ImagePayload& payload,
                                   const BuildStage& stage) {
  require_plain("the image", stage.image);
  require_plain("the program", image.entrypoint.at(0));
  const std::string output = "/scratchpack-output/" + payload.name;
  std::vector<std::string> bundle = {fmt::format("/usr/local/bin/{}", kToolName), "build"};
  bundle.insert(bundle.end(), stage.arguments.begin(), stage.arguments.end());
  bundle.insert(bundle.end(), {"--output", output});
  if (!stage.application_arguments.empty()) bundle.push_back("--");
  bundle.insert(bundle.end(), stage.application_arguments.begin(),
                stage.application_arguments.end());
  std::string text = head();
  text += fmt::format("FROM {} AS build\n", stage.image);
  text += fmt::format("COPY {0} /usr/local/bin/{0}\n", kToolName);
  text += fmt::format("WORKDIR /scratchpack-output\nWORKDIR {0}\nCOPY . {0}/\n", kStageSources);
  if (!stage.command.empty()) text += fmt::format("RUN {}\n", run_command(stage.command));
  text += fmt::format("RUN {}\n\nFROM scratch\n", exec_form(bundle));
  if (payload.kind == PayloadKind::folder) {
    text += fmt::format("COPY --from=build {}/ /\n", output);
  } else {
    text += files_in(payload);
    text += fmt::format("COPY --from=build {} {}\n", output, image.entrypoint[0]);
  }
  return text + configuration(image);
}

std::string ignore_all_but(const std::vector<std::string>& names) {
  std::string text = head() + "*\n";
  for (const std::string& name : names) {
    require_plain("the file name", name);
    text += fmt::format("!{}\n", name);
  }
  return text;
}

std::string ignore_history() { return head() + "**/.git\n"; }

}  // namespace scratchpack
