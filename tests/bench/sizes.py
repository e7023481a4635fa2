"""How small samples/inference/ gets: traced, pruned and stripped, in every form, against a floor.

The floor is one `zstd -19` stream of what is packed, the stripped contents in the order of their
paths. Images are built by Docker from the Dockerfile that `build` writes, and their size is what
`docker images` shows. What other packages of the machine run in every Python (`*.pth` beside the
modules) is none of the sample's and hidden meanwhile.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys

import packing
import roots

sys.path.insert(0, os.path.join(roots.ROOT, "tests/container"))
import engine  # noqa: E402  pylint: disable=wrong-import-position

SAMPLES = {"pure Python": ("pure.py", 4.0), "with numpy": ("with_numpy.py", 12.5)}
OPTIONS = ("--trace-run", "0.5 0.5", "--prune", "--strip")
FORMS = {  # name in the table -> options
    "one file, none": ("--compress", "none"),
    "one file, good": ("--compress", "good"),
    "one file, best": ("--compress", "best", "--emit-dockerfile"),
    "oci, gzip": ("--format", "oci", "--layer-compress", "gzip"),
    "oci, zstd": ("--format", "oci", "--layer-compress", "zstd"),
}
HIDE = 'for file in $HIDDEN; do mount --bind /dev/null "$file"; done; exec "$@"'


def measure(bench, _):
    for title, (script, goal) in SAMPLES.items():
        print(f"\n| {title} (goal {goal} MB) | MB | of the floor |\n|---|--:|--:|")
        try:
            rows = list(sizes(bench, os.path.join(roots.ROOT, "samples/inference", script)))
        except roots.NotBuilt as why:
            print(f"{title}: was not built: {why}", file=sys.stderr)
            continue
        floor = dict(rows)["floor: one zstd -19 stream"]
        for name, size in rows:
            print(f"| {name} | {size / 1e6:.2f} | {size / floor:.3f} |", flush=True)


def sizes(bench, script):
    """Pairs of name and bytes."""
    made = {name: build(bench, script, name, options) for name, options in FORMS.items()}
    contents = unpacked(bench, made["one file, best"])
    yield f"{len(contents)} files, raw", sum(map(len, contents))
    yield "floor: one zstd -19 stream", len(packing.compressed(b"".join(contents)))
    for name, output in made.items():
        yield name, layers_size(output) if name.startswith("oci") else os.path.getsize(output)
    yield "`FROM scratch` with best, `docker images`", image_size(made["one file, best"])


def build(bench, script, name, options):
    folder = bench.path(f"{pathlib.Path(script).stem} {name}".translate({32: "-", 44: None}))
    os.mkdir(folder)
    output = os.path.join(folder, "app")
    hidden = " ".join(glob.glob("/usr/*lib/python3/dist-packages/*.pth")
                      + glob.glob("/usr/local/lib/python3*/*-packages/*.pth"))
    built = subprocess.run(["unshare", "--mount", "sh", "-c", HIDE, "-", roots.TOOL, "build", script,
                            "--output", output, *OPTIONS, *options],
                           capture_output=True, text=True, check=False,
                           env={**os.environ, "HIDDEN": hidden})
    if built.returncode != 0:
        raise roots.NotBuilt(built.stderr)
    return output


def unpacked(bench, bundle):
    """The bytes of each file in it, in the order of their paths."""
    folder = bench.path(os.path.basename(os.path.dirname(bundle)) + ".files")
    subprocess.run([roots.TOOL, "extract", bundle, folder, "--quiet"], check=True)
    files = (each for each in pathlib.Path(folder).rglob("*") if not each.is_symlink())
    return [each.read_bytes() for each in sorted(files) if each.is_file()]


def layers_size(image):
    """Bytes of an OCI image's layers as they are pulled."""
    index = json.loads(subprocess.run(["tar", "-xOf", image, "index.json"], check=True,
                                      capture_output=True).stdout)
    digest = index["manifests"][0]["digest"].replace(":", "/")
    manifest = json.loads(subprocess.run(["tar", "-xOf", image, f"blobs/{digest}"], check=True,
                                         capture_output=True).stdout)
    return sum(layer["size"] for layer in manifest["layers"])


def image_size(bundle):
    folder = os.path.dirname(bundle)
    image = engine.docker("build", "--quiet", "--file", f"{folder}/Dockerfile", folder)
    try:
        return int(engine.docker("image", "inspect", "--format", "{{.Size}}", image))
    finally:
        engine.docker("rmi", image)
