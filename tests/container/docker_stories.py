"""Stories that need containers: mounts, unknown users, crowds, servers, the emitted Dockerfile."""

import os
import subprocess

import engine
from situations import HARDENED
from server import Server
from story import STREAMS, expect, files, new_folder
from workloads import Bundle


def mounted_files_win(context):
    """A certificate bundle, a passwd file and a configuration file mounted with -v are the ones
    that the program sees."""
    etc, bin_ = context.places["etc"], context.places["bin"]
    url = f"https://tls.test:4433{etc}/served/page.txt"
    stock = Bundle("stock curl", "/usr/bin/curl")
    users = write(f"{etc}/passwd", "root:x:0:0::/:/\nalice:x:65532:65532:Alice of the mount:/:/\n")
    setting = write(f"{etc}/app.conf", "setting = from the mount\n")
    for form in context.forms:
        if form.extracts:
            continue  # the extracted program looks into its own tree, as the summary says
        built = context.builder.build(stock, form)
        if built.fault:
            context.report.add(f"story: stock curl, {form.name}", built.fault)
            continue
        network = context.server.network()
        actual = engine.run_docker(built.image, HARDENED, ["-sS", url], network=network)
        context.report.add(f"story: no mount, no trust, {form.name}",
                           "" if actual.status == 60 else actual.text())
        mount = mounted(f"{etc}/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt")
        expect(context, f"a mounted certificate bundle wins, {form.name}",
               engine.run_docker(built.image, HARDENED + mount, ["-sS", url], network=network),
               "a page over TLS\n")
        expect(context, f"a mounted passwd file wins, {form.name}",
               engine.run_docker(context.built("owner", form.name).image,
                                 HARDENED + mounted(users, "/etc/passwd"), ["alice"]),
               "user entry: yes\ngroup entry: yes\nnamed: Alice of the mount\n")
        target = f"{bin_}/data/app.conf"
        actual = engine.run_docker(context.built("data", form.name).image,
                                   HARDENED + mounted(setting, target), [])
        first = actual.stdout.partition("\n")[0]
        context.report.add(f"story: a mounted configuration file wins, {form.name}",
                           "" if first == f"{target}: setting = from the mount" else actual.text())


def mounted(source, target):
    return ("--volume", f"{source}:{target}:ro")


def users_nobody_knows(context):
    """Any number: the plain root file system has two users, the bundle adds the one that runs."""
    for form, built in files(context, "owner", extracts=False):
        for user in ("12345", "12345:54321", "2000000000:1"):
            flags = ("--user", user, "--read-only", "--cap-drop", "ALL")
            expect(context, f"a user entry for --user {user}, {form.name}",
                   engine.run_docker(built.image, flags, []),
                   "user entry: yes\ngroup entry: yes\nnamed: root\n")


def few_descriptors(context):
    reference = engine.run_native(["/usr/bin/curl", "--version"])
    for form, built in files(context, "curl"):
        expect(context, f"sixteen descriptors are enough, {form.name}",
               engine.run_docker(built.image, ("--ulimit", "nofile=16"), ["--version"]),
               reference.stdout)


def many_first_starts_in_a_container(context):
    swarm = f"{context.places['bin']}/swarm"
    for form, built in files(context, "hello"):
        beside = context.builder.beside(f"swarm-{form.name}", swarm, built.output)
        flags = HARDENED + ("--tmpfs", "/tmp:exec,mode=1777,size=1g")
        expect(context, f"two hundred first starts at once in a container, {form.name}",
               engine.run_docker(beside.image, flags, ["200", "/bundle", "you"]),
               "200 of 200 outputs alike, 200 statuses alike (3)\n"
               + STREAMS)


def server_as_one_file(context):
    """The TLS server itself out of one file, hardened, and a client of the same form."""
    for form, built in files(context, "openssl", extracts=False):
        with Server(built, context.places, HARDENED) as server:
            url = f"https://tls.test:4433{context.places['etc']}/served/page.txt"
            expect(context, f"TLS server and client, {form.name}",
                   engine.run_docker(context.built("curl", form.name).image, HARDENED,
                                     ["-sS", url], network=server.network()),
                   "a page over TLS\n")


def emitted_dockerfiles(context):
    """Legacy builder, BuildKit and buildah make the same image of it."""
    folder = new_folder(context, "context")
    subprocess.run([context.builder.tool, "build", "/usr/bin/curl", "-o", f"{folder}/curl",
                    "--emit-dockerfile", "--expose", "8080", "--label", "a.b=c d",
                    "--stop-signal", "SIGINT"], check=True, capture_output=True)
    reference = engine.run_native(["/usr/bin/curl", "--version"])
    for name, build in BUILDERS.items():
        image = f"scratchpack-test-{os.getpid()}:{name.split()[0].lower()}"
        build(context, folder, image)
        context.builder.images.append(image)
        flags = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        expect(context, f"emitted Dockerfile, {name}",
               engine.run_docker(image, flags, ["--version"]), reference.stdout)
        said = engine.docker("inspect", "--format", "{{.Config.User}} {{.Config.ExposedPorts}} "
                             '{{index .Config.Labels "a.b"}} {{.Config.StopSignal}}', image)
        wanted = "65532:65532 map[8080/tcp:{}] c d SIGINT"
        context.report.add(f"story: image settings, {name}",
                           "" if said == wanted else f"expected {wanted}\ngot      {said}")


def two_stage_dockerfiles(context):
    """The application is made and bundled inside the image build, by a bundler that the context
    brings; the base image holds a shell, cp and curl with their libraries, and no bundler."""
    tool = context.builder.tool
    folder = new_folder(context, "two stages")
    archive = f"{new_folder(context, 'base')}/base.tar"
    base = f"scratchpack-test-{os.getpid()}:base"
    subprocess.run([tool, "build", "/bin/sh", "--format", "tar", "-o", archive,
                    "--add-binary", "/usr/bin/curl", "--add-binary", "/bin/cp"],
                   check=True, capture_output=True)
    engine.docker("import", archive, base)
    context.builder.images.append(base)
    write(f"{folder}/source.txt", "in the context\n")
    subprocess.run([tool, "build", "./app", "--emit-dockerfile", f"{folder}/Dockerfile",
                    "--multi-stage", "--build-image", base, "--add-data", "source.txt:/srv",
                    "--build-command", "test -s source.txt && cp /usr/bin/curl app",
                    "--", "-sS"], check=True, capture_output=True)
    for name, build in BUILDERS.items():
        image = f"scratchpack-test-{os.getpid()}:two-{name.split()[0].lower()}"
        build(context, folder, image, base)
        context.builder.images.append(image)
        expect(context, f"two-stage Dockerfile, {name}",
               engine.run_docker(image, HARDENED, ["file:///srv/source.txt"]), "in the context\n")


def two_stage_python(context):
    """A script, a module and a folder, none of which the emitted Dockerfile knows the imports of: the
    interpreter of the build stage tells."""
    tool = context.builder.tool
    archive = f"{new_folder(context, 'python base')}/base.tar"
    base = f"scratchpack-test-{os.getpid()}:python-base"
    subprocess.run([tool, "build", "/usr/bin/python3", "--format", "tar", "-o", archive,
                    "--add-binary", "/bin/sh"], check=True, capture_output=True)
    engine.docker("import", archive, base)
    context.builder.images.append(base)
    for application, name in ((["./app.py"], "legacy builder"), (["-m", "tool"], "BuildKit"),
                              (["."], "BuildKit")):
        folder = new_folder(context, "two stages of Python")
        os.mkdir(f"{folder}/tool")
        write(f"{folder}/tool/__init__.py", "")
        write(f"{folder}/tool/words.py", "import json\n\n"
              "def show(words):\n    print(json.dumps(words))\n")
        for path in ("app.py", "tool/__main__.py", "__main__.py"):
            write(f"{folder}/{path}", "#!/usr/bin/python3\nimport sys\nfrom tool import words\n"
                  "words.show(sys.argv[1:])\n")
        subprocess.run([tool, "build", *application, "--emit-dockerfile", "--multi-stage",
                        "--build-image", base, "--", "always"], check=True, capture_output=True,
                       cwd=folder)
        image = f"scratchpack-test-{os.getpid()}:python-{application[-1].strip('./') or 'folder'}"
        BUILDERS[name](context, folder, image)
        context.builder.images.append(image)
        expect(context, f"two-stage Dockerfile of Python, {' '.join(application)}, {name}",
               engine.run_docker(image, HARDENED, ["a b"]), '["always", "a b"]\n')


def legacy(_, folder, image, _base=None):
    build_with_docker(folder, image, "0")


def buildkit(_, folder, image, _base=None):
    build_with_docker(folder, image, "1")


def build_with_docker(folder, image, kit):
    # What a stage runs gets no network: BuildKit otherwise wants a bridge, which is not there.
    engine.docker("build", "--network", "none", "--tag", image, folder,
                  env=os.environ | {"DOCKER_BUILDKIT": kit})


def buildah(context, folder, image, base=None):
    """Where a base is named, buildah gets it from the daemon."""
    store = new_folder(context, "buildah")
    archive = f"{store}/image.tar"
    storage = ["buildah", "--storage-driver", "vfs", "--root", f"{store}/root",
               "--runroot", f"{store}/run"]
    commands = [["bud", "--isolation", "chroot", "--tag", image, folder],
                ["push", image, f"docker-archive:{archive}:{image}"]]
    if base:
        engine.docker("save", "--output", f"{store}/base.tar", base)
        commands.insert(0, ["pull", f"docker-archive:{store}/base.tar"])
    for command in commands:
        subprocess.run(storage + command, check=True, capture_output=True)
    engine.docker("load", "--input", archive)
    context.builder.images.append(f"localhost/{image}")  # the name that buildah gives it as well


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


BUILDERS = {"legacy builder": legacy, "BuildKit": buildkit, "buildah": buildah}
STORIES = [mounted_files_win, users_nobody_knows, few_descriptors, many_first_starts_in_a_container,
           server_as_one_file, emitted_dockerfiles, two_stage_dockerfiles, two_stage_python]
