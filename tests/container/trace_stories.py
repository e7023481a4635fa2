"""Stories of traces: what is seen inside a container is what the bundle then needs."""

import os

import engine
from forms import FORMS
from situations import HARDENED
from story import expect, new_folder
from workloads import Bundle


def traced_in_a_container(context):
    """An ordinary user under the engine's own seccomp profile, which lets a process trace its
    children but not read their memory at once. The plugin's name is compiled in: only a trace, or
    the user, knows of it."""
    tool, plain = context.builder.tool, FORMS[0]
    plugin = ("--add-binary", "{bin}/plugin.so:{bin}")
    whole = context.builder.build(
        Bundle("traced", "{bin}/plugin_host", (*plugin, "--add-binary", f"{tool}:/usr/bin")), plain)
    folder = new_folder(context, "trace")
    os.chmod(folder, 0o777)
    application = f"{context.places['bin']}/plugin_host"
    native = engine.run_native([application])
    flags = ("--user", "65532", "--volume", f"{folder}:/out", "--entrypoint", "/usr/bin/scratchpack")
    expect(context, "a program traced in a container ends as natively",
           engine.run_docker(whole.image, flags, ["trace", "-o", "/out/profile", "--", application]),
           native.stdout)
    options = {"with": ("--profile", f"{folder}/profile"), "without": ()}
    for name, option in options.items():
        for form in context.forms:
            if form.extracts:
                continue  # what is compiled in is not served then, as the summary says
            built = context.builder.build(
                Bundle(f"plugin {name} profile", "{bin}/plugin_host", option), form)
            actual = built.fault or engine.run_docker(built.image, HARDENED, [])
            right = actual == native if name == "with" else "dlopen: " in actual.stdout
            context.report.add(f"story: a plugin {name} a profile, {form.name}",
                               "" if right else getattr(actual, "text", lambda: actual)())


STORIES = [traced_in_a_container]
