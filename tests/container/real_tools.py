"""Real programs: tools for text, data and archives."""

from real_inputs import add_programs, run, script, write
from real_row import Row

QUERY = """\
.mode csv
.import {inputs}/table.csv records
create index by_name on records(name);
.mode box
select name, count(*), sum(value), round(avg(value), 3),
    max(json_extract(json_object('v', value), '$.v'))
  from records group by name order by name;
with recursive fib(a, b) as (select 0, 1 union all select b, a + b from fib where b < 1000)
  select group_concat(a) from fib;
"""

ARCHIVE = """\
#!/bin/sh
set -e
cd /tmp
tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$1" -cf all.tar .
zstd -q -19 all.tar
xz -k all.tar
gzip -9nk all.tar
for name in all.tar.zst all.tar.xz all.tar.gz; do
  mkdir "$name.d"
  tar -C "$name.d" -xf "$name"
  (cd "$name.d" && find . -type f | sort | xargs sha256sum)
done
diff -r all.tar.zst.d all.tar.gz.d
wc -c all.tar all.tar.zst all.tar.xz all.tar.gz
"""

STYLESHEET = """\
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" xmlns:date="http://exslt.org/dates-and-times">
  <xsl:output method="html" indent="yes" encoding="UTF-8"/>
  <xsl:key name="kind" match="item" use="@kind"/>
  <xsl:template match="/list">
    <ul><xsl:for-each select="item[generate-id() = generate-id(key('kind', @kind)[1])]">
      <xsl:sort select="@kind" order="descending"/>
      <li title="{str:padding(3, '-')}"><xsl:value-of select="@kind"/>:
        <xsl:value-of select="sum(key('kind', @kind)/@n)"/>,
        <xsl:value-of select="date:day-name('2026-11-24')"/></li>
    </xsl:for-each></ul>
  </xsl:template>
</xsl:stylesheet>
"""


def records(places):
    """A table of numbers and names, as CSV and as JSON, and a query for it."""
    names = ("Ärger", "naïve", "Seoul", "서울", "zebra", "apple")
    lines = [f"{i},{names[i % 6]},{i * 7919 % 1000}" for i in range(500)]
    entries = ",".join('{{"id":{},"name":"{}","value":{}}}'.format(*line.split(","))
                       for line in lines)
    write(places, "table.csv", "id,name,value\n" + "\n".join(lines) + "\n")
    write(places, "table.json", f"[{entries}]\n")
    write(places, "query.sql", QUERY.format(**places))


def tree(places):
    for number in range(20):
        write(places, f"tree/{number % 4}/{number}.txt", f"line {number}\n" * 200 * number)
    script(places, "archive.sh", ARCHIVE)


def page(places):
    write(places, "page.xsl", STYLESHEET)
    write(places, "page.xml", "<list>" + "".join(
        f'<item kind="{"aäb"[i % 3]}" n="{i}"/>' for i in range(30)) + "</list>")


def korean(places):
    text = "서울의 봄, 한글\n"
    write(places, "korean.txt", text)
    write(places, "japanese.txt", "日本語のテキスト、カタカナ\n".encode("shift_jis"))
    write(places, "wide.txt", text.encode("utf-16"))


def zipped(places):
    tree(places)
    run("zip", "-qrX", places["inputs"] + "/tree.zip", "tree", cwd=places["inputs"])


def words(places):
    """Words to be sorted, and the two locales natively: below {bin}, where no container looks; in
    there glibc goes on to its own folder."""
    write(places, "words", "zebra\nÄpfel\nApfel\nÖl\nOtto\nöde\nStraße\n")
    for name in ("ko_KR", "de_DE"):
        folder = f"{places['bin']}/{name}.UTF-8"
        run("localedef", "-i", name, "-f", "UTF-8", "--no-archive", folder)


ROWS = (
    Row("jq", "/usr/bin/jq",
        ("-S", 'group_by(.name) | map({{name: .[0].name, n: length, sum: (map(.value) | add)}}) | '
         '. + [{{at: (1700000000 | todate), hit: ("a1b22" | [scan("[0-9]+")])}}]',
         "{inputs}/table.json"),
        "서울", packages="jq", prepare=records, quick=True),
    Row("sqlite3", "/usr/bin/sqlite3", ("/tmp/db", ".read {inputs}/query.sql"), "서울",
        packages="sqlite3", writable=True, prepare=records, quick=True),
    Row("awk and sort", "/usr/bin/mawk",
        ("-F,", 'NR > 1 {{ n[$2]++; s[$2] += $3 }} END {{ for (k in n) print k, n[k], s[k] | '
         '"/usr/bin/sort"; close("/usr/bin/sort") }}', "{inputs}/table.csv"),
        "서울", packages="mawk", quick=True, prepare=records,
        options=add_programs("/bin/sh", "/usr/bin/sort")),
    Row("a date in Korean", "/usr/bin/date", ("-d", "@1700000000", "+%A %c"), "2023년 11월 14일",
        packages="locales", prepare=words, options=("--locale", "ko_KR.UTF-8"), quick=True,
        environment=("LANG=ko_KR.UTF-8", "LOCPATH={bin}")),
    Row("German collation", "/usr/bin/sort", ("{inputs}/words",), "öde\nÖl\nOtto",
        packages="locales", prepare=words, options=("--locale", "de_DE.UTF-8"),
        environment=("LANG=de_DE.UTF-8", "LOCPATH={bin}")),
    Row("sed", "/usr/bin/sed",
        ("-nE", r"s/^([0-9]+),([[:alpha:]]+),([0-9]*7)$/\3:\2\U\2/p", "{inputs}/table.csv"),
        "서울", packages="sed", prepare=records, quick=True),
    Row("bc", "/usr/bin/bc", ("-l",), "3.14159265358979323846264338327950288419716939937510",
        packages="bc", quick=True,
        stdin="scale=60\n4*a(1)\ndefine f(n) { if (n<2) return 1; return n*f(n-1) }\nf(40)\n"),
    Row("tar, xz, zstd, gzip", "{bin}/archive.sh", ("{inputs}/tree",), "./3/19.txt",
        packages="tar xz-utils zstd gzip findutils diffutils coreutils", prepare=tree,
        writable=True, quick=True, options=add_programs(
            *(f"/usr/bin/{name}" for name in ("tar", "zstd", "xz", "gzip", "find", "sort", "xargs",
                                              "sha256sum", "diff", "wc", "mkdir")))),
    Row("unzip", "/usr/bin/unzip", ("-d", "/tmp/out", "{inputs}/tree.zip"),
        "inflating: /tmp/out/tree/3/19.txt", packages="zip unzip", prepare=zipped, writable=True),
    Row("bsdtar", "/usr/bin/bsdtar", ("-cf", "-", "--format=mtree", "--options=!all,sha256,type",
                                      "-C", "{inputs}", "tree"),
        "sha256digest=", packages="libarchive-tools", prepare=tree),
    Row("rsync", "/usr/bin/rsync", ("-rl", "--itemize-changes", "{inputs}/tree/", "/tmp/copy/"),
        "3/19.txt", packages="rsync", prepare=tree, writable=True),
    Row("xsltproc", "/usr/bin/xsltproc", ("{inputs}/page.xsl", "{inputs}/page.xml"), "Tuesday",
        packages="xsltproc", prepare=page, quick=True),
    Row("xmllint", "/usr/bin/xmllint",
        ("--xpath", "concat(count(//item[@n>10]), '/', sum(//item/@n))", "{inputs}/page.xml"),
        "19/435", packages="libxml2-utils", quick=True, prepare=page),
    Row("iconv to EUC-KR", "/usr/bin/iconv", ("-f", "UTF-8", "-t", "EUC-KR", "{inputs}/korean.txt"),
        "\\xbc\\xad\\xbf\\xef", packages="libc-bin", prepare=korean, quick=True),
    Row("iconv from SHIFT_JIS", "/usr/bin/iconv",
        ("-f", "SHIFT_JIS", "-t", "UTF-8", "{inputs}/japanese.txt"), "カタカナ",
        packages="libc-bin", prepare=korean),
    Row("iconv from UTF-16", "/usr/bin/iconv",
        ("-f", "UTF-16", "-t", "UTF-8", "{inputs}/wide.txt"), "서울", packages="libc-bin",
        prepare=korean),
)
