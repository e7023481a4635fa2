"""Stories of the image formats: other tools load, move, unpack and run what was written, and a
registry stores once what images have in common."""

import json
import os
import subprocess

import engine
from docker_stories import BUILDERS, write
from registry import Registry
from situations import HARDENED
from story import expect, new_folder

# Everything about a file that an image carries; links have no mode of their own.
LISTING = r"%P %y %m %U:%G %T@ %l\n"


def docker_archive(context):
    """`docker load` takes it, under the name it was given, and runs it as any other image."""
    folder = new_folder(context, "docker archive")
    for compression in ("none", "gzip"):
        tag = own_tag(context, f"curl-{compression}")
        build(context, "/usr/bin/curl", "docker", f"{folder}/{compression}.tar", "--tag", tag,
              "--layer-compress", compression)
        said = engine.docker("load", "--input", f"{folder}/{compression}.tar")
        context.report.add(f"story: docker load says the name, {compression}",
                           "" if said == f"Loaded image: {tag}" else said)
        runs_as_natively(context, f"loaded from a docker archive, {compression}", tag)


def image_settings(context):
    """The engine reads every setting back; a container starts in its directory, with its
    environment, as its user, who has a name."""
    folder = new_folder(context, "settings")
    tag = own_tag(context, "settings")
    build(context, "/usr/bin/id", "docker", f"{folder}/id.tar", "--tag", tag, "--user", "4711",
          "--env", "A=1 2", "--workdir", "/srv/work", "--expose", "53/udp", "--label", "a.b=c d",
          "--stop-signal", "SIGINT", "--healthcheck", "id -u")
    engine.docker("load", "--input", f"{folder}/id.tar")
    said = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", tag))
    wanted = {"User": "4711:4711", "WorkingDir": "/srv/work", "StopSignal": "SIGINT",
              "ExposedPorts": {"53/udp": {}}, "Entrypoint": ["/usr/bin/id"],
              "Healthcheck": {"Test": ["CMD", "/usr/bin/id", "-u"]}}
    got = {key: said[key] for key in wanted}
    right = got == wanted and said["Labels"]["a.b"] == "c d" and "A=1 2" in said["Env"]
    context.report.add("story: docker inspect reads the settings",
                       "" if right else json.dumps(said, indent=1))
    actual = engine.run_docker(tag, ("--read-only", "--cap-drop", "ALL"), ["-u"])
    context.report.add("story: an image runs as its user",
                       "" if actual.stdout == "4711\n" else actual.text())


def through_a_registry(context):
    """Pushed, pulled and run; of two images with layers in common, a registry gets and stores
    only what differs."""
    folder = new_folder(context, "registry")
    digests = {}
    for name in ("curl", "openssl"):
        digests[name] = build(context, f"/usr/bin/{name}", "oci", f"{folder}/{name}.tar",
                              "--tag", own_tag(context, name))
    with Registry(folder) as registry:
        before = set()
        for name, image in digests.items():
            push(registry, f"{folder}/{name}.tar", name)
            stored = registry.blobs()
            arrived = {digest: stored[digest] for digest in stored.keys() - before}
            added = {layer["digest"]: layer["stored"] for layer in image["layers"]
                     if layer["digest"] not in before}
            # What belongs to no other image: its configuration and its manifest.
            added |= {digest: stored.get(digest) for digest in (image["config"], image["manifest"])}
            context.report.add(f"story: a registry gets what it has not yet, {name}",
                               "" if arrived == added else f"expected {added}\ngot      {arrived}")
            context.report.say(f"pushed {name}: {sum(arrived.values())} bytes are new")
            before = set(stored)
        shared = ({layer["digest"] for layer in digests["curl"]["layers"]}
                  & {layer["digest"] for layer in digests["openssl"]["layers"]})
        context.report.add("story: two images have layers in common",
                           "" if shared else "none of them")
        pulled = own_tag(context, "pulled")
        skopeo("copy", "--src-tls-verify=false", f"docker://{registry.name('curl')}",
               f"docker-archive:{folder}/pulled.tar:{pulled}")
        skopeo("copy", "--src-tls-verify=false", f"docker://{registry.name('curl')}",
               f"oci-archive:{folder}/back.tar:latest")
    engine.docker("load", "--input", f"{folder}/pulled.tar")
    runs_as_natively(context, "pulled from a registry", pulled)
    back = subprocess.run(["tar", "-xOf", f"{folder}/back.tar", "index.json"], check=True,
                          capture_output=True).stdout
    digest = json.loads(back)["manifests"][0]["digest"]
    context.report.add("story: an image comes back from a registry as it was",
                       "" if digest == f"sha256:{digests['curl']['manifest']}" else digest)


def an_edit_ships_the_last_layer(context):
    """What a registry gets after an edit of the application: its layer, and two short texts."""
    folder = new_folder(context, "edit")
    with Registry(folder) as registry:
        for number, word in enumerate(("one", "two")):
            compile_word(folder, word)
            before = registry.blobs()
            image = build(context, f"{folder}/app", "oci", f"{folder}/{number}.tar",
                          "--add-binary", "/usr/bin/openssl")
            push(registry, f"{folder}/{number}.tar", "app")
        arrived = registry.blobs().keys() - before.keys()
    wanted = {image["layers"][-1]["digest"], image["config"], image["manifest"]}
    context.report.add("story: an edit ships the last layer",
                       "" if arrived == wanted else f"expected {wanted}\ngot      {arrived}")


def other_tools_unpack(context):
    """umoci and buildah give the files that --format dir has, with the same modes and times."""
    folder = new_folder(context, "unpack")
    subprocess.run([context.builder.tool, "build", "/usr/bin/curl", "--format", "dir", "-q",
                    "-o", f"{folder}/dir"], check=True, capture_output=True)
    wanted = listing(f"{folder}/dir")
    for compression, unpackers in (("gzip", (umoci, buildah)), ("none", (umoci,)),
                                   ("zstd", (buildah,))):
        archive = f"{folder}/{compression}.tar"
        build(context, "/usr/bin/curl", "oci", archive, "--layer-compress", compression)
        for unpack in unpackers:
            place = new_folder(context, f"unpack {unpack.__name__} {compression}")
            with unpack(archive, place) as root:
                same = subprocess.run(["diff", "-rq", "--no-dereference", f"{folder}/dir", root],
                                      capture_output=True, text=True, check=False).stdout
                differ = sorted(set(wanted) ^ set(listing(root)))
            context.report.add(f"story: {unpack.__name__} unpacks the same files, {compression}",
                               same + "\n".join(differ))


def stages_make_the_same_image(context):
    """With --format dir in its build stage an emitted Dockerfile makes the files of --format oci;
    legacy builder, BuildKit and buildah alike."""
    tool, folder = context.builder.tool, new_folder(context, "stage")
    base = own_tag(context, "base")
    write(f"{folder}/source.txt", "in the context\n")
    archive = f"{new_folder(context, 'stage base')}/base.tar"
    subprocess.run([tool, "build", "/bin/sh", "--format", "tar", "-o", archive, "--add-binary",
                    "/usr/bin/openssl", "--add-binary", "/bin/cp"], check=True,
                   capture_output=True)
    engine.docker("import", archive, base)
    added = ("--add-data", "source.txt:/srv")
    subprocess.run([tool, "build", "./app", "--format", "dir", "--multi-stage", "--emit-dockerfile",
                    f"{folder}/Dockerfile", "--build-image", base, "--build-command",
                    "cp /usr/bin/openssl app", *added], check=True, capture_output=True)
    # The same build in the same base, and an image of it.
    probe = new_folder(context, "stage probe")
    write(f"{probe}/Dockerfile", f"FROM {base}\nCOPY scratchpack /scratchpack\nWORKDIR /src\n"
          "COPY source.txt /src/\nRUN cp /usr/bin/openssl app\n"
          'RUN ["/scratchpack", "build", "./app", "--format", "oci", "-q", "-o", "/out.tar", '
          '"--no-cache", "--add-data", "source.txt:/srv"]\n')
    # The bundler that the emitted context brings.
    subprocess.run(["cp", f"{folder}/scratchpack", f"{folder}/source.txt", probe], check=True)
    image = own_tag(context, "probe")
    BUILDERS["legacy builder"](context, probe, image)
    made = copied_out(image, "/out.tar", probe)
    with umoci(made, new_folder(context, "stage oci")) as root:
        wanted = contents(root)
    for name, builder in BUILDERS.items():
        image = own_tag(context, f"stage-{name.split()[0].lower()}")
        builder(context, folder, image, base)
        context.builder.images.append(image)
        place = new_folder(context, "stage files")
        export(image, place)
        differ = sorted(set(wanted) ^ set(contents(place)))
        context.report.add(f"story: a stage makes the files of the image, {name}",
                           "\n".join(differ))
        actual = engine.run_docker(image, HARDENED, ["version"])
        native = engine.run_native(["/usr/bin/openssl", "version"])
        expect(context, f"an image of a folder made in a stage runs, {name}", actual,
               native.stdout)


# ---- shared -------------------------------------------------------------------------------------
def own_tag(context, name):
    tag = f"scratchpack-test-{os.getpid()}:{name}"
    context.builder.images.append(tag)
    return tag


def build(context, application, form, output, *options):
    """Builds an image; what the summary says of it."""
    result = subprocess.run([context.builder.tool, "build", application, "--format", form,
                             "--json", "-o", output, *options], check=True, capture_output=True)
    return json.loads(result.stdout)["image"]


def runs_as_natively(context, name, image):
    native = engine.run_native(["/usr/bin/curl", "--version"])
    for situation, flags in (("default", ()), ("hardened", HARDENED)):
        expect(context, f"{name}, {situation}", engine.run_docker(image, flags, ["--version"]),
               native.stdout)


def skopeo(*arguments):
    subprocess.run(["skopeo", *arguments], check=True, capture_output=True)


def push(registry, archive, name):
    skopeo("copy", "--dest-tls-verify=false", f"oci-archive:{archive}",
           f"docker://{registry.name(name)}")


def compile_word(folder, word):
    write(f"{folder}/app.c", f'#include <stdio.h>\nint main(void) {{ return puts("{word}") < 0; }}\n')
    subprocess.run(["cc", "-o", f"{folder}/app", f"{folder}/app.c"], check=True)


class umoci:  # pylint: disable=invalid-name  # a unpacker is called by its tool's name
    """The root file system that umoci makes of an OCI archive."""

    def __init__(self, archive, folder):
        layout = f"{folder}/layout"
        os.mkdir(layout)
        subprocess.run(["tar", "-C", layout, "-xf", archive], check=True)
        subprocess.run(["umoci", "unpack", "--image", f"{layout}:latest", f"{folder}/bundle"],
                       check=True, capture_output=True)
        self.root = f"{folder}/bundle/rootfs"

    def __enter__(self):
        return self.root

    def __exit__(self, *_):
        pass


class buildah:  # pylint: disable=invalid-name
    """The root file system that `buildah from` makes of an OCI archive."""

    def __init__(self, archive, folder):
        self.storage = ["buildah", "--storage-driver", "vfs", "--root", f"{folder}/root",
                        "--runroot", f"{folder}/run"]
        self.name = self.call("from", f"oci-archive:{archive}")

    def call(self, *arguments):
        return subprocess.run([*self.storage, *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    def __enter__(self):
        return self.call("mount", self.name)

    def __exit__(self, *_):
        self.call("umount", self.name)
        self.call("rm", self.name)


def copied_out(image, path, folder):
    """A file of an image, whose name in `folder` is given back."""
    container = engine.docker("create", image, "/none")
    engine.docker("cp", f"{container}:{path}", f"{folder}/copy")
    engine.docker("rm", container)
    return f"{folder}/copy"


def export(image, folder):
    """The files of an image, as a container of it starts with."""
    container = engine.docker("create", image)
    engine.docker("export", "--output", f"{folder}.tar", container)
    engine.docker("rm", container)
    subprocess.run(["tar", "-C", folder, "-xpf", f"{folder}.tar"], check=True)


def listing(root):
    """A line a file; the root itself has none in an image."""
    return subprocess.run(["find", root, "-mindepth", "1", "-printf", LISTING], check=True,
                          capture_output=True, text=True).stdout.splitlines()


def contents(root):
    """Name, kind, mode and content; what engines put into every container is left out."""
    script = ('find . -mindepth 1 ! -path "./dev*" ! -path "./proc*" ! -path "./sys*" '
              '! -name .dockerenv ! -path ./etc/hosts ! -path ./etc/hostname '
              '! -path ./etc/resolv.conf ! -path ./etc/mtab -printf "%P %y %m %l\\n"; '
              'find . -type f ! -name .dockerenv -size +0 -exec sha256sum {} +')
    lines = subprocess.run(["sh", "-c", script], cwd=root, check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return lines


STORIES = [docker_archive, image_settings, through_a_registry, an_edit_ships_the_last_layer,
           other_tools_unpack, stages_make_the_same_image]
