"""A TLS server of two certificates in a network that holds only loopback, which clients join."""

import os
import time

import engine

PORTS = {"4433": "known-server", "4434": "unknown-server"}


class Server:
    """`openssl s_server`, bundled by scratchpack like any other program, in containers of its own:
    the first owns the network (loopback alone) and the name tls.test in /etc/hosts."""

    def __init__(self, built, places, flags=()):
        self.built, self.places, self.flags = built, places, flags
        self.containers = []
        self.pid = None
        self.hosts = os.path.join(places["etc"], "hosts")

    def __enter__(self):
        network = ("--network", "none", "--add-host", "tls.test:127.0.0.1")
        try:
            for port, certificate in PORTS.items():
                self.start(network, port, f"{self.places['etc']}/served/{certificate}")
                network = self.network()
        except RuntimeError:
            self.__exit__()
            raise
        self.pid = engine.docker("inspect", "--format", "{{.State.Pid}}", self.containers[0])
        with open(self.hosts, "w", encoding="ascii") as hosts:
            hosts.write("127.0.0.1 localhost tls.test\n")
        return self

    def start(self, network, port, certificate):
        container = engine.docker("run", "--detach", *network, *self.flags,
                                  self.built.image, "s_server", "-WWW", "-port", port, "-cert", f"{certificate}.crt",
                                  "-key", f"{certificate}.key")
        self.containers.append(container)
        for _ in range(100):
            if "ACCEPT" in engine.docker("logs", container):
                return
            time.sleep(0.1)
        raise RuntimeError("the TLS server did not come up: " + engine.docker("logs", container))

    def network(self):
        return ("--network", f"container:{self.containers[0]}")

    def join(self):
        """Runs what follows in the server's network and in mounts of its own."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "unshare", "--mount"]

    def native_command(self):
        """The machine's own files, with the name and the authority mounted over them."""
        return self.join() + [
            "sh", "-c", 'mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && '
            'mount --bind "$2" /etc/hosts && shift 2 && exec "$@"', "sh",
            os.path.join(self.places["etc"], "ca-certificates.crt"), self.hosts]

    def run_chroot(self, root, command):
        """A chroot has no engine that brings /etc/hosts: it is put there."""
        os.makedirs(root + "/etc", exist_ok=True)
        with open(self.hosts, encoding="ascii") as hosts, \
                open(root + "/etc/hosts", "w", encoding="ascii") as copy:
            copy.write(hosts.read())
        return engine.collect(engine.start(
            self.join() + ["--pid", "--fork", f"--mount-proc={root}/proc", "chroot", root]
            + command))

    def __exit__(self, *_):
        if self.containers:
            engine.docker("rm", "--force", *self.containers)
