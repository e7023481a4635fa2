"""A Docker daemon with an image store of its own, empty at first: what pulling and starting cost."""

import os
import subprocess
import sys
import time

import roots

sys.path.insert(0, os.path.join(roots.ROOT, "tests/container"))
import engine  # noqa: E402  pylint: disable=wrong-import-position,import-error


class SecondDocker:
    """`dockerd` with its data below `folder`, as root. It shares nothing with the first one; without
    bridge and iptables, as all goes over the machine's own loopback."""

    def __init__(self, folder, driver):
        self.folder = folder
        self.driver = driver
        self.environment = os.environ | {"DOCKER_HOST": f"unix://{folder}/docker.sock"}
        self.process = None

    def __enter__(self):
        os.makedirs(self.folder)
        command = ["dockerd", "--host", self.environment["DOCKER_HOST"],
                   "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec",
                   "--pidfile", f"{self.folder}/pid", "--storage-driver", self.driver,
                   "--iptables=false", "--bridge=none", "--ip-forward=false", "--ip-masq=false"]
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        for _ in range(300):
            try:
                self.docker("version")
                return self
            except RuntimeError:
                time.sleep(0.1)
        self.__exit__()
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
            raise RuntimeError(f"start a second dockerd: {''.join(log.readlines()[-3:])}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        # It leaves the name of the machine's network namespace behind.
        with open("/proc/mounts", encoding="utf-8") as mounts:
            points = [line.split()[1] for line in mounts]
        for point in points:
            if point.startswith(self.folder + "/"):
                subprocess.run(["umount", point], check=True)

    def docker(self, *arguments):
        return engine.docker(*arguments, env=self.environment)

    def pull(self, name):
        """Seconds until the image is in the store, unpacked."""
        begin = time.monotonic()
        self.docker("pull", "--quiet", name)
        return time.monotonic() - begin

    def size(self, name):
        """Bytes, those that `docker images` shows."""
        return int(self.docker("image", "inspect", "--format", "{{.Size}}", name))

    def start(self, name, flags, arguments, answered):
        """Seconds from `docker start` of a new container until `answered()` returns."""
        container = self.docker("create", *flags, name, *arguments)
        try:
            begin = time.monotonic()
            self.docker("start", container)
            answered()
            return time.monotonic() - begin
        except TimeoutError as error:
            logs = self.docker("logs", container)
            raise RuntimeError(f"start {name}: {error}\n{logs}") from error
        finally:
            self.docker("rm", "--force", container)
