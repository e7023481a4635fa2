"""Real programs: tools for text, data, archives and secrets."""

import os

from real_row import Row


def records(places):
    """A table of numbers and names, as JSON, CSV and plain lines."""
    names = ("Ärger", "naïve", "Seoul", "서울", "zebra", "apple")
    lines = [f"{i},{names[i % 6]},{i * 7919 % 1000}" for i in range(500)]
    write(places, "table.csv", "id,name,value\n" + "\n".join(lines) + "\n")
    entries = ",".join('{{"id":{},"name":"{}","value":{}}}'.format(*line.split(","))
                       for line in lines)
    write(places, "table.json", f"[{entries}]\n")


def write(places, name, text):
    with open(os.path.join(places["inputs"], name), "w", encoding="utf-8") as file:
        file.write(text)


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

ROWS = (
    Row("jq", "/usr/bin/jq",
        ("-S", 'group_by(.name) | map({{name: .[0].name, n: length, sum: (map(.value) | add)}}) | '
         '. + [{{at: (1700000000 | todate), hit: ("a1b22" | [scan("[0-9]+")])}}]',
         "{inputs}/table.json"),
        "서울", packages="jq", prepare=records, quick=True),
    Row("sqlite3", "/usr/bin/sqlite3", ("/tmp/db", ".read {inputs}/query.sql"), "서울",
        packages="sqlite3", writable=True,
        prepare=lambda places: (records(places),
                                write(places, "query.sql", QUERY.format(**places)))),
    Row("awk", "/usr/bin/mawk",
        ("-F,", 'NR > 1 {{ n[$2]++; s[$2] += $3 }} END {{ for (k in n) print k, n[k], s[k] | '
         '"/usr/bin/sort"; close("/usr/bin/sort") }}', "{inputs}/table.csv"),
        "서울", packages="mawk", prepare=records, quick=True,
        options=("--add-binary", "/bin/sh:/bin", "--add-binary", "/usr/bin/sort:/usr/bin")),
)
