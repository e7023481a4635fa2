#include "bundler/content/content_root.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "bundler/base/digest.h"
#include "bundler/base/parallel.h"

namespace scratchpack {
namespace {

/// Fields one behind the other. Each ends with a zero byte, which no field can hold, and lists say
/// how long they are: two different contents never give the same text.
class Fields {
 public:
  void add(std::string_view field) { text_.append(field).push_back('\0'); }
  std::string digest() const {
    return sha256({reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()});
  }

 private:
  std::string text_;
};

void add_launch(Fields& fields, const Launch& launch) {
  for (const std::string* field : {&launch.mode, &launch.program, &launch.interpreter,
                                   &launch.named, &launch.argv0, &launch.workdir, &launch.user}) {
    fields.add(*field);
  }
  fields.add(fmt::format("{} {}", launch.arguments.size(), launch.environment.size()));
  for (const std::string& argument : launch.arguments) fields.add(argument);
  for (const EnvironmentEdit& edit : launch.environment) {
    fields.add(edit.name);
    fields.add(edit.value);
    fields.add(fmt::format("{:d}{:d}{:d}", edit.only_if_unset, edit.is_path, edit.extracted_only));
  }
}

}  // namespace

Digests content_digests(const FileSet& files, unsigned threads) {
  Digests digests;
  std::vector<std::pair<const FileEntry*, std::string*>> regular;
  for (const auto& [path, entry] : files) {
    if (entry.kind == FileKind::file) regular.emplace_back(&entry, &digests[path]);
  }
  share_out(regular.size(), threads, [&]() -> PieceOfWork {
    return [&](std::size_t i) {
      EntryReader reader(*regular[i].first);
      Sha256 digest;
      for_each_piece(reader, [&](std::span<const std::uint8_t> piece) { digest.update(piece); });
      *regular[i].second = digest.hexadecimal();
    };
  });
  return digests;
}

std::string content_root(const FileSet& files, const Digests& digests, const Launch& launch) {
  Fields fields;
  for (const auto& [path, entry] : files) {
    fields.add(path);
    fields.add(fmt::format("{} {:04o} {:d}{:d}", static_cast<int>(entry.kind), entry.mode,
                           entry.container_first, entry.append_user));
    fields.add(entry.target);
    fields.add(entry.kind == FileKind::file ? digests.at(path) : "");
  }
  fields.add("");  // the entries end
  add_launch(fields, launch);
  return fields.digest();
}

}  // namespace scratchpack
