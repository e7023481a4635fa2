"""Real programs: pictures, sound, films, plots and pages."""

from real_inputs import FONT, add_files, add_folders, add_programs, run, write
from real_row import Row

LIBRARIES = "/usr/lib/x86_64-linux-gnu"

DRAWING = """\
<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120">
  <defs><linearGradient id="g"><stop offset="0" stop-color="navy"/><stop offset="1"
    stop-color="orange"/></linearGradient></defs>
  <rect width="300" height="120" fill="url(#g)"/>
  <text x="20" y="60" font-family="DejaVu Sans" font-size="24" fill="white">Grüße, 42 %</text>
</svg>
"""

PLOT = ('set terminal pngcairo size 320,240 font "DejaVu Sans,10"; set title "Größe"; '
        "plot sin(x), cos(x) with points")

# A bundle has one family of fonts: the words ask for that.
GRAPH = ('digraph { rankdir=LR; node [fontname="DejaVu Sans"]; edge [fontname="DejaVu Sans"]; '
         'a -> b -> "Größe" [label="weit"]; a -> c; c -> b [style=dotted]; }')

TEXT = """\
# A title *with emphasis*

| left | right |
|:-----|------:|
| a    | 1     |

Some math $x^2$, a note[^1], and `code`.

[^1]: The note.
"""


def plugins(*names):
    """graphviz' plugins and their list."""
    folder = LIBRARIES + "/graphviz"
    return (*add_files(folder + "/config6a"),
            *add_programs(*(f"{folder}/libgvplugin_{name}.so.6" for name in names)))


def picture(places):
    run("/usr/bin/convert", "-size", "320x200", "gradient:navy-orange", "-seed", "1", "+noise",
        "Gaussian", places["inputs"] + "/picture.png")


# A font that is not in the file, with its characters in the code pages of its country.
KOREAN_PAGE = """\
%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 7 0 R
  /Resources <</Font <</F 4 0 R>>>>>> endobj
4 0 obj <</Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /KSCms-UHC-H
  /DescendantFonts [5 0 R]>> endobj
5 0 obj <</Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000
  /CIDSystemInfo <</Registry (Adobe) /Ordering (Korea1) /Supplement 1>>
  /FontDescriptor 6 0 R>> endobj
6 0 obj <</Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 6 /FontBBox [0 0 1000 1000]
  /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80>> endobj
7 0 obj <</Length {length}>> stream
{content}
endstream endobj
trailer <</Root 1 0 R /Size 8>>
"""


def korean_page(places):
    text = "서울의 봄".encode("cp949").hex()
    content = f"BT /F 24 Tf 20 100 Td <{text}> Tj ET"
    write(places, "korean.pdf", KOREAN_PAGE.format(length=len(content), content=content))


def drawing(places):
    write(places, "drawing.svg", DRAWING)


def pages(places):
    """A page of text as PDF, and one as a picture to be read."""
    write(places, "page.ps", "%!PS\n/Times-Roman findfont 24 scalefont setfont\n"
          "72 700 moveto (A page of text, 42 words) show\nshowpage\n")
    run("/usr/bin/gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite",
        "-dPDFSETTINGS=/prepress",
        "-sOutputFile=" + places["inputs"] + "/page.pdf", places["inputs"] + "/page.ps")
    run("/usr/bin/gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pnggray", "-r150",
        "-sOutputFile=" + places["inputs"] + "/page.png", places["inputs"] + "/page.ps")


ROWS = (
    Row("ImageMagick", "/usr/bin/convert",
        ("{inputs}/picture.png", "-resize", "50%", "-sharpen", "0x1", "-quality", "80",
         "-define", "jpeg:dct-method=islow", "-print", "%m %wx%h %k colours\\n", "jpeg:-"),
        "PNG 160x100", packages="imagemagick", prepare=picture, quick=True, writable=True),
    Row("ImageMagick: text", "/usr/bin/convert",
        ("-size", "300x60", "-font", "DejaVu-Sans", "-pointsize", "24", "label:Grüße, 42 %",
         "-format", "%wx%h %#\\n", "info:"),
        "300x60", packages="imagemagick " + FONT, writable=True),
    Row("ffmpeg", "/usr/bin/ffmpeg",
        ("-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1",
         "-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-threads", "1", "-c:v", "libx264",
         "-c:a", "aac", "-flags", "+bitexact", "-fflags", "+bitexact", "-f", "framemd5", "-"),
        "#codec_id 0: h264", packages="ffmpeg", quick=True),
    Row("sox", "/usr/bin/sox",
        ("-n", "-t", "wav", "-b", "16", "-", "-D", "synth", "0.2", "sine", "440", "fade", "0.05",
         "reverb"),
        "RIFF", packages="sox"),
    Row("gnuplot", "/usr/bin/gnuplot", ("-e", PLOT), "PNG", packages="gnuplot-nox " + FONT, writable=True),
    Row("graphviz", "/usr/bin/dot", ("-Tsvg",), "Größe", packages="graphviz " + FONT, stdin=GRAPH,
        quick=True, writable=True, options=plugins("core", "dot_layout", "pango")),
    Row("librsvg", "/usr/bin/rsvg-convert", ("{inputs}/drawing.svg",), "PNG",
        packages="librsvg2-bin " + FONT, prepare=drawing, quick=True, writable=True),
    Row("ghostscript", "/usr/bin/gs",
        ("-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=png16m", "-r50", "-sOutputFile=-",
         "{inputs}/page.pdf"), "PNG", packages="ghostscript", prepare=pages, writable=True),
    Row("pdftotext", "/usr/bin/pdftotext", ("-layout", "{inputs}/page.pdf", "-"),
        "A page of text, 42 words", packages="poppler-utils ghostscript", prepare=pages),
    Row("pdftotext: Korean", "/usr/bin/pdftotext", ("{inputs}/korean.pdf", "-"), "서울의",
        packages="poppler-utils poppler-data", prepare=korean_page),
    Row("pdftoppm", "/usr/bin/pdftoppm", ("-r", "40", "-gray", "{inputs}/page.pdf"), "P5",
        packages="poppler-utils ghostscript", prepare=pages),
    Row("tesseract", "/usr/bin/tesseract", ("{inputs}/page.png", "-"), "A page of text, 42 words",
        packages="tesseract-ocr tesseract-ocr-eng ghostscript", prepare=pages,
        environment=("OMP_THREAD_LIMIT=1",)),
    Row("pandoc", "/usr/bin/pandoc",
        ("--standalone", "-M", "title=A page", "--mathml", "-t", "html"),
        "<em>with emphasis</em>", packages="pandoc", stdin=TEXT,
        options=add_folders("/usr/share/pandoc")),
)
