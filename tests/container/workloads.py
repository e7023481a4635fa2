"""What is bundled (BUNDLES) and what is run from it (WORKLOADS): two tables.

`{bin}` is the folder that holds the programs built from workloads/, at the same path on the build
machine and in every container; `{etc}` holds generated configuration and certificates.
"""

from dataclasses import dataclass

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
ADD_DATA = ("--add-data", "{bin}/data:{bin}/data")
ADD_PLUGIN = ("--add-binary", "{bin}/linking.d/libplugin.so:{bin}/linking.d")


@dataclass(frozen=True)
class Bundle:
    """One application and how it is bundled."""
    name: str
    application: str
    options: tuple = ()
    static: bool = False  # passes through as it is: never extracted


@dataclass(frozen=True)
class Workload:
    """One run of a bundle.

    reference: what its output must equal.
      native  the program itself on this machine, in an ordinary process
      bare    the same source linked statically, alone in a container of the same situation: the
              truth about what an engine gives to a process, which this machine's shell does not
      text    `expected`, where no machine has the answer (a user that only Docker knows)
    forms, situations: where it is run; empty means everywhere.
    stop: the program is stopped from outside by SIGTERM when it has said `ready`.
    """
    name: str
    bundle: str
    arguments: tuple = ()
    environment: tuple = ()
    reference: str = "native"
    expected: str = ""
    forms: tuple = ()
    situations: tuple = ()
    stop: bool = False
    server: bool = False  # needs the TLS server: joins its network
    all_only: bool = False


# A few ways to end differ only in the signal: outside --all they run where it matters most.
FEW = ("root", "hardened", "chroot")
# What a linker, threads and signals have to bear: limits and layouts rather than containers.
ODD = ("hardened", "hardened, no /dev/shm", "nofile 16", "no randomization", "unlimited stack")
# Extracted, the program lies elsewhere (/proc/self/exe says where), and what it looks for at a path
# that was compiled in is not there: the summary says so, README promises no more.
NOT_EXTRACTED = ("plain", "onefile", "packed", "fast", "best")

BUNDLES = (
    Bundle("hello", "{bin}/hello"),
    Bundle("static", "{bin}/hello-static", static=True),
    Bundle("engine", "{bin}/engine"),
    Bundle("curl", "/usr/bin/curl", ("--add-data", "{etc}/ca-certificates.crt:/etc/ssl/certs")),
    Bundle("plugin", "{bin}/plugin_host", ("--add-binary", "{bin}/plugin.so:{bin}")),
    Bundle("reexec", "{bin}/reexec"),
    Bundle("identity", "{bin}/identity"),
    Bundle("facts", "{bin}/facts"),
    Bundle("die", "{bin}/die"),
    Bundle("term", "{bin}/term"),
    Bundle("musl", "{bin}/small_libc", ADD_DATA),
    Bundle("appended", "{bin}/appended"),
    Bundle("builtins", "{bin}/builtins.sh"),
    Bundle("helpers", "{bin}/helpers.sh",
           ("--add-binary", "/usr/bin/seq:/usr/bin", "--add-binary", "/usr/bin/sort:/usr/bin",
            "--add-binary", "/usr/bin/wc:/usr/bin", "--add-binary", "/usr/bin/env:/usr/bin")),
    Bundle("date", "/usr/bin/date"),
    Bundle("owner", "{bin}/owner"),
    Bundle("charset", "{bin}/charset"),
    Bundle("data", "{bin}/reader", ADD_DATA),
    Bundle("openssl", "/usr/bin/openssl", ("--add-data", "{etc}/served:{etc}/served")),
    Bundle("linking", "{bin}/linking", ADD_PLUGIN),
    Bundle("linking-2m", "{bin}/linking-2m", ADD_PLUGIN),
    Bundle("linking-fixed", "{bin}/linking-fixed", ADD_PLUGIN),
    Bundle("trampoline", "{bin}/trampoline"),
    Bundle("cancel", "{bin}/cancel", ADD_DATA),
    Bundle("cancel-musl", "{bin}/cancel-musl", ADD_DATA),
    Bundle("throwing", "{bin}/throwing", ADD_DATA),
    Bundle("crowd", "{bin}/crowd",
           ADD_DATA + ("--add-binary", f"{LIBRARIES}/libz.so.1:{LIBRARIES}")),
)

WORKLOADS = (
    Workload("hello", "hello", ("you",)),
    Workload("static program", "static", ("you",)),
    Workload("C++ engine", "engine"),
    Workload("curl", "curl", ("-sS", "https://tls.test:4433{etc}/served/page.txt"), server=True),
    Workload("curl refuses an unknown issuer", "curl", ("-sS", "https://tls.test:4434/"),
             server=True, situations=FEW),
    Workload("plugin", "plugin", forms=NOT_EXTRACTED),
    Workload("runs itself again", "reexec"),
    Workload("identity", "identity", ("one", "two words", ""), forms=NOT_EXTRACTED),
    Workload("facts", "facts", ("one", "two words", ""), ("A=1", "B=two words"), reference="bare"),
    Workload("every signal in a child", "die", ("sweep",), reference="bare"),
    Workload("segmentation fault as PID 1", "die", ("segv",), reference="bare"),
    Workload("abort as PID 1", "die", ("abort",), reference="bare"),
    Workload("illegal instruction as PID 1", "die", ("ill",), reference="bare", situations=FEW),
    Workload("division by zero as PID 1", "die", ("fpe",), reference="bare", situations=FEW),
    Workload("breakpoint as PID 1", "die", ("trap",), reference="bare", situations=FEW),
    Workload("SIGTERM raised by PID 1", "die", ("raise", "15"), reference="bare", situations=FEW),
    Workload("SIGKILL raised by PID 1", "die", ("kill",), reference="bare", situations=FEW),
    Workload("stopped by SIGTERM", "term", stop=True),
    Workload("musl", "musl"),
    Workload("musl and data", "musl", ("data",), forms=NOT_EXTRACTED),
    Workload("data behind its own file", "appended", ("own",)),
    Workload("data behind its own file, by its name", "appended", forms=NOT_EXTRACTED),
    Workload("script of builtins", "builtins", ("first", "second")),
    Workload("script with helpers", "helpers", forms=NOT_EXTRACTED),
    Workload("date in Seoul", "date", ("-d", "@1700000000"), ("TZ=Asia/Seoul",)),
    Workload("date in New York", "date", ("-d", "@1720000000"), ("TZ=America/New_York",),
             situations=FEW),
    Workload("user entry", "owner", reference="text", forms=NOT_EXTRACTED,
             expected="user entry: yes\ngroup entry: yes\nnamed: root\n"),
    Workload("charset", "charset"),
    Workload("data", "data", forms=NOT_EXTRACTED),
    Workload("openssl", "openssl", ("dgst", "-sha256", "{etc}/served/page.txt"),
             forms=NOT_EXTRACTED, situations=FEW),
    Workload("a linker's work, 64 KiB pages", "linking", forms=NOT_EXTRACTED, situations=ODD),
    Workload("a linker's work, 2 MiB pages", "linking-2m", forms=NOT_EXTRACTED, situations=ODD),
    Workload("a linker's work, fixed address", "linking-fixed", forms=NOT_EXTRACTED,
             situations=ODD),
    Workload("code on the stack", "trampoline", situations=ODD),
    Workload("cancelled threads", "cancel", forms=NOT_EXTRACTED, situations=ODD),
    Workload("cancelled threads, musl", "cancel-musl", forms=NOT_EXTRACTED, situations=ODD),
    Workload("exceptions from handlers", "throwing", forms=NOT_EXTRACTED, situations=ODD),
    Workload("sixty-four threads", "crowd", forms=NOT_EXTRACTED, situations=ODD),
)
