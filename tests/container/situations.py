"""The situations a bundle is started in: what `docker run` is given, and what that leaves it."""

from dataclasses import dataclass

HARDENED = ("--user", "65532:65532", "--read-only", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges")


@dataclass(frozen=True)
class Situation:
    """One way to start. `kind`: docker; chroot: PID 1 in a root that holds only /proc, without any
    engine; host: an ordinary process of this machine. `place`: a directory that is writable and executable exists,
    so that extraction is possible (Docker's own /dev/shm and --tmpfs are noexec, /dev is root's).
    """
    name: str
    flags: tuple = ()
    place: bool = False
    kind: str = "docker"
    prefix: tuple = ()  # chroot: the command that sets the limits


SITUATIONS = (
    Situation("root", (), place=True),
    Situation("user", ("--user", "65532")),
    Situation("read-only", ("--read-only",), place=True),
    Situation("hardened", HARDENED),
    Situation("hardened, no /dev/shm", HARDENED + ("--ipc", "none")),
    Situation("hardened, noexec /tmp", HARDENED + ("--tmpfs", "/tmp")),
    Situation("hardened, exec /tmp", HARDENED + ("--tmpfs", "/tmp:exec,mode=1777"), place=True),
    Situation("shm 1m", ("--shm-size", "1m"), place=True),
    Situation("memory 64m", ("--memory", "64m"), place=True),
    Situation("nofile 64", ("--ulimit", "nofile=64"), place=True),
    Situation("chroot", (), place=True, kind="chroot"),
    Situation("nofile 16", place=True, kind="chroot", prefix=("prlimit", "--nofile=16")),
    Situation("no randomization", place=True, kind="chroot", prefix=("setarch", "-R")),
    Situation("unlimited stack", place=True, kind="chroot",
              prefix=("prlimit", "--stack=unlimited")),
    Situation("host", (), place=True, kind="host"),
)
