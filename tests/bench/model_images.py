"""The images of samples/model-server that are compared: before, and as scratchpack makes them."""

import os
import subprocess
from dataclasses import dataclass

import roots
import second_docker  # noqa: F401  pylint: disable=unused-import  # it finds tests/container
import engine  # pylint: disable=import-error
from registry import free_port  # pylint: disable=import-error

SAMPLE = os.path.join(roots.ROOT, "samples/model-server")
BEFORE = {"one stage": "naive", "two stages": "multi-stage"}
MODEL = "digits.ubj"


@dataclass(frozen=True)
class Server:
    """A program in the build stage of before/multi-stage.KIND.Dockerfile, in its folder /app."""
    name: str
    kind: str
    program: str
    arguments: tuple = ()
    traced: bool = False  # a bundle takes what a run used
    before: bool = True   # the images before are among the rows


SERVERS = (Server("Python", "python", "server.py", traced=True),
           Server("Python, XGBoost by its C library", "python", "server.py", ("--c-api",),
                  traced=True, before=False),
           Server("C++", "cpp", "server"))


@dataclass(frozen=True)
class Image:
    server: Server
    form: str
    name: str  # in the registry
    arguments: tuple = ()  # behind the name
    mounts: tuple = ()


class Builder:
    """Makes images with the Docker that answers, out of what is in them alone: scratchpack runs in
    their build stage, too. `settings` are options of every `docker build` on a base image."""

    def __init__(self, folder, registry, settings):
        self.folder = folder
        self.registry = registry
        self.settings = settings
        self.names = []

    def __enter__(self):
        # As one file it needs no libraries of the build stage's.
        subprocess.run([roots.TOOL, "build", roots.TOOL, "--quiet", "--output",
                        f"{self.folder}/scratchpack"], check=True)
        return self

    def __exit__(self, *_):
        if self.names:
            engine.docker("rmi", "--force", *self.names)

    def images(self, server, ask):
        """All forms of one server, pushed. `ask(port)` returns when the server has answered there."""
        if server.before:
            for form, name in BEFORE.items():
                yield self.push(Image(server, form, self.before(server, name), server.arguments))
        stage = self.before(server, "multi-stage", "--target", "build")
        found = self.trace(server, stage, ask) if server.traced else ()
        common = ("--strip", *found)
        inside = ("--", "--model", f"/app/{MODEL}", *server.arguments)
        data = () if server.traced else ("--add-data", f"{MODEL}:/app")
        yield self.oci(server, stage, (*common, *data, *inside))
        for form, options in {"one file": (), "one file, best": ("--compress", "best")}.items():
            yield self.one_file(server, form, stage, (*common, *data, *options, *inside))
        outside = ("--exclude", f"/app/{MODEL}", "--compress", "best", "--", "--model",
                   f"/model/{MODEL}", *server.arguments)
        yield self.one_file(server, "one file, best, model outside", stage, (*common, *outside),
                            ("--volume", f"{SAMPLE}:/model:ro"))

    def before(self, server, name, *options):
        """The image of a Dockerfile that knows nothing of scratchpack."""
        tag = self.tag(server, " ".join((name, *options)))
        self.docker_build(tag, SAMPLE, "--file", f"{SAMPLE}/before/{name}.{server.kind}.Dockerfile",
                          *options, *self.settings)
        return tag

    def trace(self, server, stage, ask):
        """What a run used that answered one request and was told to stop."""
        port = free_port()
        command = ("./" + server.program, "--port", str(port), *server.arguments)
        container = engine.docker("run", "--detach", "--network", "host", *self.tool(), stage,
                                  "/out/scratchpack", "trace", "-o", "/out/profile", "--", *command)
        try:
            ask(port)
            engine.docker("stop", "--time", "60", container)
        finally:
            engine.docker("rm", "--force", container)
        return "--profile", "/out/profile", "--prune"

    def oci(self, server, stage, options):
        tag = self.tag(server, "oci")
        self.pack(stage, server, "--format", "oci", "--tag", "server", "-o", "/out/server.tar",
                  *options)
        subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false",
                        f"oci-archive:{self.folder}/server.tar", f"docker://{tag}"], check=True)
        return Image(server, "`--format oci`", tag)

    def one_file(self, server, form, stage, options, mounts=()):
        tag = self.tag(server, form)
        context = f"{self.folder}/{tag.rpartition('/')[2]}"
        os.makedirs(context)
        place = f"/out/{os.path.basename(context)}"
        self.pack(stage, server, "-o", f"{place}/server.bundle", "--emit-dockerfile",
                  f"{place}/Dockerfile", "--expose", "8080", "--healthcheck",
                  f"{server.program} --healthcheck", *options)
        self.docker_build(tag, context)
        return self.push(Image(server, form, tag, mounts=mounts))

    def pack(self, stage, server, *options):
        engine.docker("run", "--rm", "--network", "none", *self.tool(), stage,
                      "/out/scratchpack", "build", "./" + server.program, *options)

    def tool(self):
        return ("--volume", f"{self.folder}:/out", "--workdir", "/app")

    def docker_build(self, tag, folder, *options):
        engine.docker("build", "--quiet", "--tag", tag, *options, folder,
                      env=os.environ | {"DOCKER_BUILDKIT": "1"})
        self.names.append(tag)

    def push(self, image):
        engine.docker("push", "--quiet", image.name)
        return image

    def tag(self, server, form):
        words = "".join(c if c.isalnum() else " " for c in f"{server.name} {form}").lower().split()
        return self.registry.name("-".join(words))
