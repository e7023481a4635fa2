#include "bundler/write/depfile.h"

#include <fmt/format.h>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

std::string escaped(const std::string& name) {
  std::string text;
  for (char c : name) {
    if (c == '\n')
      throw Error(fmt::format("write depfile: {}: has a line break in its name", name));
    if (c == ' ' || c == '#' || c == '\\') text += '\\';
    if (c == '$') text += '$';
    text += c;
  }
  return text;
}

}  // namespace

void write_depfile(const std::string& target, const std::set<std::string>& files,
                   const std::string& path) {
  std::string text = escaped(target) + ":";
  for (const std::string& file : files) text += " \\\n  " + escaped(file);
  text += "\n";
  // A file that is gone makes the target old, and is not an input that nothing makes.
  for (const std::string& file : files) text += escaped(file) + ":\n";
  AtomicFile output(path, 0644);
  output.write(text);
  output.commit();
}

}  // namespace scratchpack
