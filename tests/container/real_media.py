"""Real programs: pictures, sound, films, plots and pages."""

import os
import subprocess

from real_row import Row


def run(*command, **options):
    subprocess.run(command, check=True, capture_output=True, **options)


def picture(places):
    run("convert", "-size", "320x200", "gradient:navy-orange", "-seed", "1", "+noise", "Gaussian",
        os.path.join(places["inputs"], "picture.png"))


CODERS = "/usr/lib/x86_64-linux-gnu/ImageMagick-6.9.11/modules-Q16/coders"

ROWS = (
    Row("ImageMagick", "/usr/bin/convert",
        ("{inputs}/picture.png", "-resize", "50%", "-sharpen", "0x1", "-quality", "80",
         "-define", "jpeg:dct-method=islow", "-print", "%m %wx%h %k colours\\n", "jpeg:-"),
        "PNG 160x100", packages="imagemagick", prepare=picture, quick=True,
        writable=True, options=(
            "--add-data", "/etc/ImageMagick-6:/etc/ImageMagick-6",
            *(word for coder in ("png", "jpeg") for kind in ("so", "la")
              for word in ("--add-binary" if kind == "so" else "--add-data",
                           f"{CODERS}/{coder}.{kind}:{CODERS}")))),
    Row("ffmpeg", "/usr/bin/ffmpeg",
        ("-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1",
         "-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-threads", "1", "-c:v", "libx264",
         "-c:a", "aac", "-flags", "+bitexact", "-fflags", "+bitexact", "-f", "framemd5", "-"),
        "#codec_id 0: h264", packages="ffmpeg", quick=True),
)
