"""Real programs that live on what a library opens by itself: each needs its recipe, as in a bundle
without it there is nothing to find."""

import re

from real_inputs import FONT, add_programs, script, write
from real_row import Row

PAGE = """\
%!PS
/Helvetica findfont 24 scalefont setfont 20 40 moveto (Seoul 1234) show
0 0 1 setrgbcolor 20 100 60 30 rectfill showpage
"""

PLACES = """\
{"type": "FeatureCollection", "features": [
  {"type": "Feature", "properties": {"name": "Seoul"},
   "geometry": {"type": "Point", "coordinates": [127, 37.5]}},
  {"type": "Feature", "properties": {"name": "a way"},
   "geometry": {"type": "LineString", "coordinates": [[127, 37.5], [129, 35.1]]}}]}
"""



def with_file(name, text):
    def prepare(places):
        write(places, name, text)
    return prepare


def drawing(places):
    write(places, "places.json", PLACES)
    script(places, "draw.sh", '#!/bin/sh\nogr2ogr -f DXF -t_srs EPSG:5179 /tmp/a.dxf "$1" &&\n'
           "cat /tmp/a.dxf\n")


ROWS = (
    Row("terminfo", "/usr/bin/infocmp", ("-1", "xterm-256color"), "colors#0x100",
        packages="ncurses-bin", quick=True),
    Row("terminal capabilities", "/usr/bin/tput", ("-S",), "\x1b[", packages="ncurses-bin", quick=True,
        environment=("TERM=screen",), stdin="bold\nsetaf 3\ncup 4 2\n"),
    Row("p11-kit", "/usr/bin/p11-kit", ("list-modules",), "p11-kit-trust",
        packages="p11-kit p11-kit-modules"),
    Row("SASL mechanisms", "/usr/sbin/saslpluginviewer", ("-c",), "SCRAM-SHA-256",
        packages="sasl2-bin libsasl2-modules",
        normalise=lambda text: "\n".join(sorted(text.split()))),  # found in the directory's order
    Row("fontconfig", "/usr/bin/fc-match", ("-f", "%{{family}} %{{file}}\n", "DejaVu Sans"),
        "DejaVuSans.ttf", packages="fontconfig fonts-dejavu-core", quick=True,
        writable=True),
    Row("GdkPixbuf", "/usr/bin/gdk-pixbuf-csource", ("--name=picture", "{inputs}/picture.pnm"),
        "width (3)", packages="libgdk-pixbuf2.0-bin",
        prepare=with_file("picture.pnm", "P3 3 1 255 1 2 3 4 5 6 7 8 9\n")),
    Row("Ghostscript", "/usr/bin/gs",
        ("-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=txtwrite", "-o", "-", "{inputs}/page.ps"),
        "Seoul 1234", packages="ghostscript",
        prepare=with_file("page.ps", PAGE)),
    Row("GStreamer", "/usr/bin/gst-launch-1.0",
        ("audiotestsrc", "num-buffers=4", "!", "audioconvert", "!",
         "audio/x-raw,format=S16LE", "!", "fakesink", "-v"), "format=(string)S16LE",
        packages="gstreamer1.0-tools gstreamer1.0-plugins-base", writable=True,
        # A thread of its own says when latency is spread.
        normalise=lambda text: re.sub(
            r"\d:\d\d:\d\d\.\d+|0x[0-9a-f]+|stream-id=\S+", "?",
            text.replace("Redistribute latency...\n", ""))),
    Row("PROJ", "/usr/bin/cs2cs", ("EPSG:4326", "EPSG:3857"), "14", packages="proj-bin",
        stdin="37.5 127\n"),
    # A drawing begins with what GDAL has in a file.
    Row("GDAL", "{bin}/draw.sh", ("{inputs}/places.json",), "LWPOLYLINE", packages="gdal-bin",
        prepare=drawing, writable=True, options=add_programs("/usr/bin/ogr2ogr", "/usr/bin/cat")),
    # Where Thai words end, a dictionary tells.
    Row("libthai", "/usr/bin/pango-segmentation", ("--kind=line", "{inputs}/thai.txt"), "|ไทย|",
        packages="pango1.0-tools " + FONT, writable=True,
        prepare=with_file("thai.txt", "ภาษาไทยเป็นภาษาที่ไพเราะ\n")),
    Row("Aspell", "/usr/bin/aspell", ("-d", "en_US", "-a"), "& recieve",
        packages="aspell aspell-en", stdin="I recieve letters\n", writable=True),
    Row("Hunspell", "/usr/bin/hunspell", ("-d", "en_US", "-l"), "recieve",
        packages="hunspell hunspell-en-us", stdin="I recieve letters\n"),
)
