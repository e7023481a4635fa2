// Small image archives made byte by byte, right ones and wrong ones.
#pragma once

#include <string>
#include <vector>

namespace scratchpack {

/// An entry of a tar archive: type '0' file, '5' folder, '2' symlink, '1' hard link, '3' device.
struct TarMember {
  std::string path;
  std::string content = {};
  char type = '0';
  std::string target = {};
  unsigned mode = 0644;
};

/// A ustar archive of these, whatever their paths say.
std::string tar_of(const std::vector<TarMember>& members);

struct LayerMade {
  std::string blob;          ///< as it lies in the archive
  std::string tar = {};      ///< the plain archive in it; empty: `blob` itself
  std::string history = {};  ///< created_by
};

/// An OCI image archive. `config` is JSON for the `config` member.
std::string oci_archive(const std::vector<LayerMade>& layers, const std::string& config = "{}");
/// What `docker save` made before version 25.
std::string docker_archive(const std::vector<LayerMade>& layers, const std::string& config = "{}");

/// "sha256:…"
std::string digest_name(const std::string& bytes);

}  // namespace scratchpack
