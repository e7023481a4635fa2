"""What the stories share. A story is a function of the context that reports tests of its own: what
is no product of workload, form and situation."""

import os
import shutil

import engine
from compare import unified

# What hello prints when both its streams are one pipe: standard output is written at its end.
STREAMS = "on standard error\nhello, you\n"


def files(context, bundle, extracts=None):
    """(form, built) of the one-file forms of a bundle; `extracts` picks one way to start."""
    for form in context.forms:
        if form.name != "plain" and extracts in (None, form.extracts):
            yield form, context.built(bundle, form.name)


def expect(context, name, actual, stdout, status=0, stderr=""):
    expected = engine.Outcome(stdout, stderr, status)
    context.report.add(f"story: {name}",
                       "" if actual == expected else unified(expected, actual))


def new_folder(context, name):
    path = os.path.join(context.builder.folder, "stories", name.replace(" ", "-"))
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path
