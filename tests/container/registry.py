"""A container registry on loopback, and what it stores."""

import os
import re
import socket
import subprocess
import time
import urllib.request

CONFIGURATION = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}/data
http:
  addr: 127.0.0.1:{port}
"""


class Registry:
    """`docker-registry` of the distribution, with its data below `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None

    def __enter__(self):
        path = os.path.join(self.folder, "registry.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder, port=self.port))
        with open(os.path.join(self.folder, "registry.log"), "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", path], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v2/"):
                    return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("the registry did not come up")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def name(self, image):
        return f"127.0.0.1:{self.port}/{image}"

    def sent(self):
        """Bytes of all that was fetched so far: manifests, configurations, layers. What its access
        log says of answers with a body."""
        with open(os.path.join(self.folder, "registry.log"), encoding="utf-8") as log:
            return sum(map(int, re.findall(r'"GET \S+ \S+" 200 (\d+)', log.read())))

    def blobs(self):
        """Digest and bytes of everything stored, of whatever image."""
        stored = {}
        for folder, _, names in os.walk(os.path.join(self.folder, "data")):
            if "data" in names:
                stored[os.path.basename(folder)] = os.path.getsize(os.path.join(folder, "data"))
        return stored


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
