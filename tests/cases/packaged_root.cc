#include "tests/cases/packaged_root.h"

namespace scratchpack::testing {
namespace {

void add_package(const ScratchFolder& folder, const std::string& listed_as,
                 const std::string& files) {
  folder.write("root/var/lib/dpkg/info/" + listed_as + ".list", "/.\n" + files);
  std::string sums;
  for (std::size_t begin = 0; begin < files.size();) {
    const std::size_t end = files.find('\n', begin);
    sums += "0123456789abcdef0123456789abcdef  " + files.substr(begin + 1, end - begin);
    begin = end + 1;
  }
  folder.write("root/var/lib/dpkg/info/" + listed_as + ".md5sums", sums);
}

const char* kStatus =
    "Package: tool\nStatus: install ok installed\nMaintainer: Ann <ann@example.org>\n"
    "Architecture: amd64\nSource: tools (2.0-1)\nVersion: 2.0-1+b1\nDepends: libc6\n"
    "Conffiles:\n /etc/tool.conf 0123456789abcdef0123456789abcdef\n"
    "Description: a tool\n that does things\n\n"
    "Package: libc6\nStatus: hold ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
    "Source: glibc\nVersion: 2.99-1\n\n"
    "Package: libc-doc\nStatus: install ok installed\nArchitecture: all\nSource: glibc\n"
    "Version: 2.99-1\n\n"
    "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12\n\n"
    "Package: unused\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n";

const char* kCopyright =
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    "Upstream-Name: tool\n\n"
    "Files: *\nCopyright: 2026 Ann\nLicense: GPL-2+\n The text is in\n"
    " /usr/share/common-licenses/GPL-2.\n\n"
    "Files: lib/*\nCopyright: 2025 Bob\nLicense:  Expat\n\n"
    "License: Expat\n Permission is hereby granted.\n";

}  // namespace

std::string make_packaged_root(const ScratchFolder& folder) {
  const std::string libraries = "/usr/lib/x86_64-linux-gnu/";
  folder.copy("root/usr/bin/tool", "/usr/bin/env");
  folder.copy("root" + libraries + "libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6");
  folder.copy("root" + libraries + "ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
  folder.link("root/lib", "usr/lib");
  folder.link("root/lib64", "usr/lib64");
  folder.link("root/usr/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  folder.write("root/usr/lib/os-release",
               "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n");
  folder.link("root/etc/os-release", "../usr/lib/os-release");
  folder.write("root/usr/share/doc/tool/copyright", kCopyright);
  folder.link("root/usr/share/doc/libc6", "libc-doc");
  folder.write("root/usr/share/doc/libc-doc/copyright",
               "The GNU C library is free, see /usr/share/common-licenses/LGPL-2.1, and\n"
               "/usr/share/common-licenses/NOT-THERE.\n");
  folder.write("root/usr/share/common-licenses/GPL-2", "GNU GPL, version 2\n");
  folder.write("root/usr/share/common-licenses/LGPL-2.1", "GNU Lesser GPL, version 2.1\n");
  folder.write("root/var/lib/dpkg/status", kStatus);
  add_package(folder, "tool", "/usr/bin/tool\n/usr/bin/other\n/usr/share/doc/tool/copyright\n");
  add_package(folder, "libc6:amd64",
              "/lib/x86_64-linux-gnu/libc.so.6\n/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n"
              "/usr/lib64/ld-linux-x86-64.so.2\n/usr/share/doc/libc6\n");
  add_package(folder, "libc-doc", "/usr/share/doc/libc-doc/copyright\n");
  add_package(folder, "base-files",
              "/etc/os-release\n/usr/lib/os-release\n/usr/share/common-licenses/GPL-2\n"
              "/usr/share/common-licenses/LGPL-2.1\n");
  add_package(folder, "unused", "/usr/bin/unused\n");
  return folder.path("root");
}

}  // namespace scratchpack::testing
