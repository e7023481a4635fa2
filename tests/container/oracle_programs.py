"""What the oracle knows of single programs. The keys are patterns of paths: versions change.

Everything listed must be needed: where a machine has all of a row, the oracle reports what is right
without it.
"""

import fnmatch

# Never started: they act before they look at their arguments.
NEVER = ("killall5", "halt", "poweroff", "reboot", "shutdown", "init", "telinit")

# What a program opens besides its libraries, brought as its user would bring it: --add-binary for
# programs and libraries, --add-data for everything else. Patterns, too.
FILES = {
    "/usr/bin/apt*": ("/etc/apt/apt.conf.d", "/var/lib/dpkg/status", "/usr/bin/dpkg",
                      "/etc/debian_version", "/usr/share/dpkg/*table"),
    "/usr/bin/c[mp]a*": ("/usr/share/cmake-*/Modules/CMake.cmake",),
    "/usr/bin/ctest": ("/usr/share/cmake-*/Modules/CMake.cmake",),
    # Each shows its manual page by way of fish.
    "/usr/bin/fish*": ("/usr/share/fish/config.fish", "/usr/share/fish/functions",
                       "/usr/share/fish/groff", "/usr/share/fish/man/man1/fish*", "/usr/bin/fish",
                       "/bin/sh", "/usr/bin/cat", "/usr/bin/less", "/usr/bin/locale",
                       "/usr/bin/nroff", "/usr/bin/preconv", "/usr/bin/groff", "/usr/bin/tbl",
                       "/usr/bin/troff", "/usr/bin/grotty", "/usr/share/groff/*/tmac",
                       "/usr/share/groff/*/font/devutf8", "/etc/groff"),
    "/usr/bin/fuse-overlayfs": ("/usr/bin/fusermount3",),
    "/usr/bin/gdb": ("/usr/lib/python3.*", "/usr/share/gdb/python", "/etc/gdb/gdbinit"),
    "/usr/bin/groff": ("/usr/share/groff/*/font/devps/DESC", "/usr/bin/troff", "/usr/bin/grops"),
    "/usr/bin/kpasswd": ("/etc/krb5.conf",),
    "/usr/bin/lynx": ("/etc/lynx",),
    "/usr/bin/pre-grohtml": ("/usr/share/groff/*/font/devhtml/DESC",
                             "/usr/share/groff/*/font/devps/DESC"),
    "/usr/bin/valgrind.bin": ("/usr/libexec/valgrind/memcheck-*-linux",),
    "/usr/bin/*-gcc-ar-*": ("/usr/lib/gcc/*/*/liblto_plugin.so", "/usr/bin/ar"),
    "/usr/bin/*-gcc-nm-*": ("/usr/lib/gcc/*/*/liblto_plugin.so", "/usr/bin/nm"),
    "/usr/bin/*-gcc-ranlib-*": ("/usr/lib/gcc/*/*/liblto_plugin.so", "/usr/bin/ranlib"),
    "/usr/bin/*-gp-display-*": ("/etc/gprofng.rc",),
    "/usr/sbin/apparmor_parser": ("/etc/apparmor/parser.conf",
                                  "/usr/share/apparmor-features/features"),
}

# What of the machine is mounted into the root besides /proc: a container has its devices and /sys,
# and is given what the program works on.
MOUNTS = {
    "/usr/bin/lynx": "/tmp",
    "/usr/sbin/accessdb": "/var/cache/man",
    "/usr/sbin/chmem": "/sys",
    "/usr/sbin/dmsetup": "/dev",
}

# Programs that answer by whichever of their threads is quicker: a bundle may be asked a few times.
RACES = {
    "/usr/bin/text2image": "a thread of it finds fonts, and speaks of caches, while it ends",
}

# Where a bundle cannot answer as the machine does, and why.
EXCEPTIONS = {
    "/usr/bin/aspell": "names its filters in the order of their directory, which a bundle sorts",
    "/usr/bin/*-fpcmkcfg-*": "looks for gcc by system calls of its own: Free Pascal has no C library",
    "/usr/bin/fppkg-*": "reads its configuration by system calls of its own, as above",
    "/usr/bin/icuinfo": "says the machine's own time zone, which is not for a bundle",
    "/usr/bin/rsync": "asks /proc/self/fd for what is in the open /, which in a bundle is no directory",
}


def of(table, program):
    """What `table` has for the program, or None."""
    return next((value for pattern, value in table.items()
                 if fnmatch.fnmatchcase(program, pattern)), None)
