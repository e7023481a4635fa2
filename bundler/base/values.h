// Values a user types that mean more than text, checked where they enter. All throw UsageError
// with the option's name in front: `--expose 99999: …`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scratchpack {

struct KeyValue {
  std::string key;
  std::string value;
  bool operator==(const KeyValue&) const = default;
};

/// Numeric, as a scratch image has no user names.
struct Identity {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  bool operator==(const Identity&) const = default;
};

/// K=V; the key is not empty, the value may be.
KeyValue parse_key_value(const std::string& option, const std::string& text);

/// UID[:GID]; a missing GID is the UID's number.
Identity parse_identity(const std::string& option, const std::string& text);

/// PORT[/tcp|/udp|/sctp], 1 to 65535; returned as typed. No ranges: buildah 1.28 takes them for one
/// port's name.
std::string parse_port(const std::string& option, const std::string& text);

/// A signal by name (with or without SIG) or number 1 to 64; returned as SIGNAME or the number.
std::string parse_signal(const std::string& option, const std::string& text);

/// An absolute path without `.`, `..` and doubled slashes.
std::string parse_absolute(const std::string& option, const std::string& text);

/// NAME[:TAG] of an image, the name with its registry if it has one, as Docker takes it: small
/// letters, digits and separators. Returned with a tag, "latest" where none was given.
std::string parse_image_name(const std::string& option, const std::string& text);

/// A number of 1 to 100 (engines stack no more than 127), or "single", which is 1.
std::string parse_layers(const std::string& option, const std::string& text);

/// OS/ARCH as images name it: of what this tool bundles it is linux/amd64.
std::string parse_platform(const std::string& option, const std::string& text);

/// The words of a command as a shell would split them: blanks, quotes and backslashes count,
/// nothing is expanded. At least one word.
std::vector<std::string> parse_words(const std::string& option, const std::string& text);

/// The non-empty parts between separators.
std::vector<std::string> split(std::string_view text, char separator);

/// A decimal number of at most `highest`; UsageError otherwise.
std::uint32_t parse_number(const std::string& option, const std::string& text,
                           std::uint32_t highest);

/// Where SOURCE_DATE_EPOCH sets the time of everything written: seconds since 1970, 0 when unset.
std::uint64_t source_date_epoch();

}  // namespace scratchpack
