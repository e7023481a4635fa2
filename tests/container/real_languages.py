"""Real programs in languages: shells, git, compilers, and what interpreters make of a script."""

from real_inputs import add_programs, run, script, write
from real_row import Row

SHELL = """\
#!/bin/sh
set -eu
count() { printf '%s %s\\n' "$1" "$(wc -l <"$1" | tr -d ' ')"; }
cd "$1"
for name in *.txt; do count "$name"; done | sort -k2n
trap 'echo ended' EXIT
cat <<END | sed 's/^  //' | grep -c inner
  outer
  inner
END
mkdir /tmp/a && cp one.txt /tmp/a && ls /tmp/a && rm -r /tmp/a
find . -name '*.txt' -exec basename {} .txt \\; | sort | xargs echo
date -u -d @1700000000 +%F
(exit 3) || echo "status $?"
"""

BASH = r"""#!/bin/bash
set -euo pipefail
declare -A counts=()
while read -r word; do counts[$word]=$((${counts[$word]:-0} + 1)); done < <(tr ' ' '\n' <"$1/one.txt")
for word in "${!counts[@]}"; do echo "$word ${counts[$word]}"; done | sort
mapfile -t lines <"$1/two.txt"
echo "${#lines[@]} ${lines[-1]^^} ${lines[0]//e/E}"
[[ "release-12.4" =~ ^release-([0-9]+)\.([0-9]+)$ ]] && echo "${BASH_REMATCH[@]:1}"
coproc DOUBLE { while read -r n; do echo $((n * 2)); done; }
echo 21 >&"${DOUBLE[1]}"; read -r answer <&"${DOUBLE[0]}"; echo "$answer"
printf -v padded '%05d|%(%F)T' 42 1700000000; echo "$padded"
{ diff <(sort "$1/one.txt") "$1/two.txt" || true; } | wc -l
exec 3<<<"here"; cat <&3
"""

GIT = """\
#!/bin/sh
set -e
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A \\
  GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0900' \\
  GIT_COMMITTER_DATE='1700000000 +0900' GIT_CONFIG_NOSYSTEM=1
cd /tmp
git init -q -b main one
cd one
printf 'a\\nb\\nc\\n' >file
git add file
git commit -qm first
git checkout -qb side
printf 'a\\nb\\nC\\n' >file
git commit -qam side
git checkout -q main
printf 'A\\nb\\nc\\n' >file
mkdir folder
echo text >folder/more
git add .
git commit -qm main
git merge -q -m merged side
git log --graph --format='%h %an %ad %s' --date=iso
git blame -s file
git stash list
echo changed >>file
git stash -q
git stash pop -q
git diff --stat
git checkout -q file
git tag -a -m 'a tag' v1
git clone -q --no-hardlinks file:///tmp/one ../two
cd ../two
git fsck --full
git gc -q
git describe
git grep -n text
git submodule --quiet status
git archive --format=tar.gz HEAD | git get-tar-commit-id 2>&1 || echo compressed
git format-patch -1 --stdout HEAD^2 | git apply --stat
git bisect start -q HEAD HEAD~1 2>&1 | tail -n 1
"""

PYTHON = r"""
import asyncio, bz2, concurrent.futures, csv, ctypes, datetime, decimal, email.message, hashlib, io
import json, locale, logging, lzma, multiprocessing, os, pickle, re, sqlite3, ssl, struct, subprocess
import sys, tarfile, tempfile, threading, traceback, unicodedata, urllib.parse, uuid, zlib, zoneinfo
import xml.etree.ElementTree as tree

def square(number):
    return number * number

async def later(number):
    await asyncio.sleep(0)
    return number + 1

async def several():
    return await asyncio.gather(*map(later, range(3)))

def main():
    print(json.dumps({"é": [1, 2.5, None]}, ensure_ascii=False), decimal.Decimal(1) / 7)
    rows = sqlite3.connect(":memory:").execute(
        "with recursive n(i) as (select 1 union all select i+1 from n where i<9) select sum(i*i) from n")
    print(rows.fetchall(), re.sub(r"(\w+)@(\w+)", r"\2 at \1", "me@here"))
    moment = datetime.datetime(2026, 11, 24, tzinfo=zoneinfo.ZoneInfo("UTC"))
    print(moment.astimezone(zoneinfo.ZoneInfo("Asia/Seoul")).isoformat(), locale.setlocale(locale.LC_ALL, ""))
    print(len(ssl.create_default_context().get_ca_certs()) > 50, hashlib.blake2b(b"x").hexdigest()[:8])
    for pack in (zlib, bz2, lzma):
        print(pack.decompress(pack.compress(b"text" * 100))[:4])
    print(tree.fromstring("<a><b k='v'/></a>").find("b").attrib, unicodedata.name("한"))
    print(urllib.parse.quote("ä b"), uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"))
    print(ctypes.CDLL("libc.so.6").abs(-5), struct.pack(">I", 7), "서울".encode("euc-kr"))
    print(asyncio.run(several()))
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(5)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print(list(pool.map(square, range(5))))
    print(subprocess.run([sys.executable, "-c", "import sys; print(sys.version_info[:2], sys.argv)", "x"],
                         capture_output=True, text=True, check=True).stdout, end="")
    print(sys.executable, sys.prefix, sys.path[1:4], os.path.basename(__file__))
    with tempfile.TemporaryFile() as file:
        pickle.dump({"a": [1]}, file)
        file.seek(0)
        print(pickle.load(file))
    try:
        square(None)
    except TypeError:
        print(traceback.format_exc().splitlines()[-3:])
    logging.warning("to standard error")
    return 7

if __name__ == "__main__":
    sys.exit(main())
"""

NUMPY = """
import numpy
generator = numpy.random.default_rng(1)
matrix = generator.random((60, 60))
vector = matrix @ numpy.linalg.solve(matrix, numpy.ones(60))
print(numpy.allclose(vector, 1), numpy.round(numpy.linalg.svd(matrix, compute_uv=False)[:3], 6))
print(numpy.abs(numpy.fft.fft(numpy.sin(numpy.arange(64) * numpy.pi / 8))).argmax())
"""

PERL = r"""
use strict; use warnings; use utf8; use open qw(:std :encoding(UTF-8));
use POSIX qw(floor strftime setlocale LC_ALL); use Encode; use JSON::PP; use File::Find; use Storable qw(dclone);
use List::Util qw(sum first shuffle); use Time::Local; use Digest::SHA qw(sha256_hex); use IO::Socket::INET;
use Compress::Zlib; use Text::Wrap; use Data::Dumper; use Unicode::Normalize; use threads; use MIME::Base64;
print JSON::PP->new->canonical->encode({ list => [1, 2], floor => floor(3.7), sum => sum(1 .. 10) }), "\n";
print "서울" =~ /^\p{Hangul}+$/ ? "hangul\n" : "no\n", length(encode("euc-kr", "서울")), "\n";
my @found; find(sub { push @found, $_ if /\.txt$/ }, $ARGV[0]); print join(",", sort @found), "\n";
print strftime("%F", gmtime(timegm(0, 0, 0, 24, 10, 2026))), " ", sha256_hex("x"), "\n";
print Compress::Zlib::memGunzip(Compress::Zlib::memGzip("packed")), " ", encode_base64("x");
my ($child, $line) = (open(my $from, "-|") // die); if (!$child) { print "from a child\n"; exit 3 }
print scalar <$from>; close $from; print $? >> 8, "\n";
print threads->create(sub { $_[0] * 2 }, 21)->join, " ", length(NFD("é")), "\n";
local $Data::Dumper::Terse = 1; local $Data::Dumper::Indent = 0; print Dumper(dclone({ a => [1] })), "\n";
eval { die { code => 42 } }; print $@->{code}, "\n"; warn "to standard error\n"; exit 4;
"""

RUBY = r"""
require "json"; require "set"; require "erb"; require "open3"; require "time"; require "digest"
require "yaml"; require "csv"; require "socket"; require "tempfile"; require "bigdecimal"; require "zlib"
require "openssl"; require "fiddle"; require "securerandom"; require "optparse"; require "stringio"
puts({ "é" => Set[1, 2].to_a, at: Time.at(1700000000).utc.iso8601 }.to_json)
puts ERB.new("<% 3.times do |i| %><%= i %>,<% end %>").result, Digest::SHA256.hexdigest("x")
puts YAML.dump({ "a" => [1, nil] }), CSV.parse("a,\"b,c\"\n").inspect, BigDecimal("0.1") + 2
puts Zlib.inflate(Zlib.deflate("packed")), OpenSSL::Digest.new("SHA1").hexdigest("x"), "서울".encode("EUC-KR").bytes.inspect
puts Open3.capture2e("/usr/bin/sort", stdin_data: "b\na\n").first
reader, writer = IO.pipe; pid = fork { writer.puts "from a child"; exit 3 }; writer.close
puts reader.read, Process.wait2(pid)[1].exitstatus
puts Array.new(4) { |i| Thread.new { i * i } }.map(&:value).inspect, Ractor.count
puts Dir.children(ARGV[0]).sort.inspect, __FILE__.end_with?("work.rb"), RbConfig.ruby
fiber = Fiber.new { Fiber.yield 1; 2 }; puts fiber.resume + fiber.resume
begin; raise ArgumentError, "caught"; rescue => e; puts e.message; end
warn "to standard error"; exit 5
"""

PHP = r"""<?php
declare(strict_types=1);
echo json_encode(["é" => [1, 2.5, null], "up" => mb_strtoupper("é")], JSON_UNESCAPED_UNICODE), "\n";
$db = new PDO("sqlite::memory:"); $db->exec("create table t(a); insert into t values (1), (2)");
echo $db->query("select sum(a) from t")->fetchColumn(), " ", preg_replace("/(\p{L}+)/u", "<$1>", "서울 x"), "\n";
$page = new DOMDocument(); $page->loadXML("<a><b k='v'/></a>");
echo (new DOMXPath($page))->query("//b/@k")[0]->value, " ", hash("sha256", "x"), "\n";
date_default_timezone_set("Asia/Seoul"); echo date("c", 1700000000), " ", iconv("UTF-8", "EUC-KR", "한") === "\xc7\xd1" ? "euc" : "no", "\n";
function numbers() { foreach (range(1, 3) as $n) { yield $n => $n ** 2; } }
foreach (numbers() as $n => $square) { echo "$n:$square "; } echo PHP_OS, " ", PHP_BINARY, "\n";
echo implode(",", array_map(fn($n) => basename($n), glob($argv[1] . "/*.txt"))), " ", curl_version()["ssl_version"] !== "" ? "tls" : "no", "\n";
$process = proc_open(["/usr/bin/sort"], [["pipe", "r"], ["pipe", "w"]], $pipes);
fwrite($pipes[0], "b\na\n"); fclose($pipes[0]); echo stream_get_contents($pipes[1]), proc_close($process), "\n";
try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo $e->getMessage(), "\n"; }
fwrite(STDERR, "to standard error\n"); exit(6);
"""

LUA = r"""
local words = {}
for line in io.lines(arg[1] .. "/one.txt") do for word in line:gmatch("%a+") do words[#words + 1] = word end end
table.sort(words); print(table.concat(words, ","), #words, string.format("%.3f", math.pi), utf8.len("서울"))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end); print(co(), co(), co())
print(pcall(error, { code = 1 }), os.date("!%F", 1700000000), select("#", table.unpack({ 1, 2, 3 })))
print(pcall(require, "nothing")); os.exit(8)
"""

NODE = r"""
const fs = require("fs"), crypto = require("crypto"), zlib = require("zlib"), path = require("path"), os = require("os");
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const { execFileSync, fork } = require("child_process");
if (!isMainThread) { parentPort.postMessage(workerData * 2); }
else if (process.argv[2] === "child") { process.send({ sum: 42 }); process.disconnect(); }
else (async () => {
  const folder = process.argv[2];
  console.log(JSON.stringify({ "é": [1, 2.5, null] }), crypto.createHash("sha256").update("x").digest("hex"));
  console.log(new Intl.DateTimeFormat("de-DE", { dateStyle: "full", timeZone: "Asia/Seoul" }).format(new Date(1700000000000)));
  console.log(zlib.gunzipSync(zlib.gzipSync("packed")).toString(), fs.readdirSync(folder).filter((n) => n.endsWith(".txt")).join());
  console.log(await new Promise((done) => new Worker(__filename, { workerData: 21 }).on("message", done)));
  console.log(await new Promise((done) => fork(__filename, ["child"]).on("message", done)));
  console.log(execFileSync("/usr/bin/sort", { input: "b\na\n" }).toString(), process.execPath, path.basename(__filename));
  const server = require("http").createServer((q, s) => s.end("served " + q.url)).listen(0, "127.0.0.1");
  await new Promise((done) => server.on("listening", done));
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/page`);
  console.log(await answer.text(), (await import("fs/promises")).readFile !== undefined);
  server.close();
  console.log(require(process.argv[3]).twice(21), new TextDecoder("euc-kr").decode(Uint8Array.of(0xc7, 0xd1)));
  console.error("to standard error");
  process.exitCode = 9;
})();
"""

# The few lines of Node-API that it takes, whose binary interface is promised.
ADDON = r"""
#include <stddef.h>
#include <zlib.h>
typedef struct value *Value;
typedef struct environment *Environment;
typedef Value (*Function)(Environment, void *);
int napi_create_function(Environment, const char *, size_t, Function, void *, Value *);
int napi_set_named_property(Environment, Value, const char *, Value);
int napi_get_cb_info(Environment, void *, size_t *, Value *, Value *, void **);
int napi_get_value_int32(Environment, Value, int *);
int napi_create_int32(Environment, int, Value *);
static Value twice(Environment environment, void *call) {
  size_t count = 1;
  Value argument, result;
  int number = 0;
  napi_get_cb_info(environment, call, &count, &argument, NULL, NULL);
  napi_get_value_int32(environment, argument, &number);
  napi_create_int32(environment, zlibVersion()[0] == '1' ? 2 * number : -1, &result);
  return result;
}
Value napi_register_module_v1(Environment environment, Value exports) {
  Value function;
  napi_create_function(environment, "twice", 5, twice, NULL, &function);
  napi_set_named_property(environment, exports, "twice", function);
  return exports;
}
"""

JAVA = r"""
import java.net.*; import java.net.http.*; import java.nio.file.*; import java.time.*; import java.util.*;
import java.util.concurrent.*; import java.util.stream.*; import javax.net.ssl.SSLContext;
public class Work {
  record Point(int x, int y) {}
  public static void main(String[] words) throws Exception {
    var pool = Executors.newFixedThreadPool(4);
    long sum = 0;
    for (var each : pool.invokeAll(Collections.nCopies(8, (Callable<Long>) () -> 42L))) sum += each.get();
    pool.shutdown();
    System.out.println(sum + " " + "a12".replaceAll("(\\d+)", "<$1>") + " " + new Point(1, 2));
    System.out.println(ZonedDateTime.ofInstant(Instant.ofEpochSecond(1700000000), ZoneId.of("Asia/Seoul")));
    System.out.println(SSLContext.getDefault().getProtocol() + " " + "한".getBytes("EUC-KR").length
        + String.format(Locale.GERMANY, " %,.2f", 12345.678) + " " + Work.class.getDeclaredMethod("main", String[].class).getName());
    try (var files = Files.list(Path.of(words[0]))) {
      System.out.println(files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".txt")).sorted().collect(Collectors.joining(",")));
    }
    var child = new ProcessBuilder("/usr/bin/sort").start();
    child.getOutputStream().write("b\na\n".getBytes());
    child.getOutputStream().close();
    System.out.print(new String(child.getInputStream().readAllBytes()));
    System.out.println(child.waitFor() + " " + InetAddress.getByName("127.0.0.1").isLoopbackAddress());
    var server = com.sun.net.httpserver.HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", e -> { e.sendResponseHeaders(200, 6); e.getResponseBody().write("served".getBytes()); e.close(); });
    server.start();
    System.out.println(HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
        + server.getAddress().getPort())).build(), HttpResponse.BodyHandlers.ofString()).body());
    server.stop(0);
    System.err.println("to standard error");
    System.exit(10);
  }
}
"""

COMPILE = """\
#!/bin/sh
set -e
cd "$1"
gcc -O2 -Wall -o /tmp/c work.c -lm -pthread
g++ -O2 -std=c++20 -o /tmp/cc work.cc
gcc -O1 -c -fPIC -o /tmp/work.o work.c
gcc -shared -o /tmp/work.so /tmp/work.o
sha256sum /tmp/c /tmp/cc /tmp/work.so
gcc -fsyntax-only broken.c || echo "status $?"
"""

C = "#include <math.h>\n#include <stdio.h>\nint main(void) { printf(\"%f\\n\", sqrt(2)); }\n"
CC = """\
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> all{{"a", {3, 1, 2}}};
  std::ranges::sort(all["a"]);
  std::cout << std::regex_replace("a12", std::regex("[0-9]+"), "<$&>") << all["a"].front() << "\\n";
}
"""

LUA_MODULES = """\
#!/usr/bin/lua5.4
local lpeg = require "lpeg"
local json = require "dkjson"
local counts = setmetatable({}, { __index = function() return 0 end })
for line in io.lines(arg[1] .. "/one.txt") do
  for word in line:gmatch("%a+") do counts[word] = counts[word] + 1 end
end
local keys = {}
for key in pairs(counts) do keys[#keys + 1] = key end
table.sort(keys)
for _, key in ipairs(keys) do print(key, counts[key]) end
print(json.encode({ a = { 1, 2 } }), lpeg.match(lpeg.R "09" ^ 1 / tonumber, "42x"))
local co = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end end)
print(co(), co(), 7 // 2, 1 << 40, utf8.char(0xD55C), string.pack(">I2", 258):byte(1, -1))
print(pcall(require, "nosuch") == false, os.date("!%F", 1700000000))
"""

TCL = """\
#!/usr/bin/tclsh8.6
package require msgcat
package require http
encoding system utf-8
set file [open [lindex $argv 0]/one.txt]
set text [read $file]
foreach word [lsort -unique [regexp -all -inline {\\w+} $text]] { puts $word }
puts [clock format 1700000000 -timezone :Asia/Seoul -format {%Y-%m-%d %H:%M %Z}]
puts [binary encode hex [encoding convertto euc-kr \\uC11C]]
oo::class create Counter { variable n; constructor {} { set n 0 }; method up {} { incr n } }
set counter [Counter new]; $counter up; puts [$counter up]
coroutine next apply {{} { yield; foreach i {1 2} { yield $i } }}
puts [next][next]
puts [string length [exec [info nameofexecutable] << {puts child}]]
puts [zlib crc32 z] ; puts [expr {2 ** 100}]
"""

VENV = """\
#!{bin}/venv/bin/python
import json, sys
import ours
print(ours.name, sys.prefix != sys.base_prefix, json.dumps(sys.version_info[:2]))
"""


def texts(places):
    write(places, "one.txt", "a line\nb line\nanother line\n")
    write(places, "two.txt", "first\nlast one\n")


def with_script(name, text):
    """A script that is run by its own first line."""
    def prepare(places):
        texts(places)
        script(places, name, text)
    return prepare


def with_source(name, text):
    """A file that its interpreter is given."""
    def prepare(places):
        texts(places)
        write(places, name, text)
    return prepare


def environment(places):
    """A virtual environment with a package, and a script that is run by its interpreter."""
    texts(places)
    run("/usr/bin/python3", "-m", "venv", "--without-pip", places["bin"] + "/venv")
    write(places, "venv/lib/python3.11/site-packages/ours.py", "name = 'of the venv'\n", "bin")
    script(places, "app.py", VENV.format(**places))


def node(places):
    texts(places)
    write(places, "work.js", NODE)
    run("gcc", "-O1", "-shared", "-fPIC", "-o", places["bin"] + "/addon.node",
        write(places, "addon.c", ADDON), "-lz")


def java(places):
    texts(places)
    run("javac", "-d", places["inputs"], write(places, "Work.java", JAVA))


def sources(places):
    write(places, "work.c", C)
    write(places, "work.cc", CC)
    write(places, "broken.c", "int main(void) { return undeclared; }\n")
    script(places, "compile.sh", COMPILE)


def usr_bin(names):
    return add_programs(*(f"/usr/bin/{name}" for name in names.split()))


SORT = usr_bin("sort")
JRE = "/usr/lib/jvm/java-17-openjdk-amd64"

ROWS = (
    Row("shell script", "{bin}/work.sh", ("{inputs}",), "one two",
        prepare=with_script("work.sh", SHELL), writable=True, quick=True,
        options=usr_bin("wc tr sort cat sed grep mkdir cp ls rm find basename xargs date echo")),
    Row("bash script", "{bin}/work.bash", ("{inputs}",), "00042|2023-11-14",
        packages="bash", prepare=with_script("work.bash", BASH), writable=True,
        options=usr_bin("tr sort diff wc cat")),
    Row("git", "{bin}/git.sh", (), "compressed", packages="git", prepare=with_script("git.sh", GIT),
        writable=True, quick=True, options=usr_bin("git mkdir tail")),
    Row("python", "/usr/bin/python3", ("{inputs}/work.py",), "spawn [0, 1, 4, 9, 16]", status=7,
        packages="python3 tzdata ca-certificates", prepare=with_source("work.py", PYTHON),
        writable=True, quick=True),
    Row("python with numpy", "/usr/bin/python3", ("{inputs}/work.py",), "True [",
        packages="python3-numpy", prepare=with_source("work.py", NUMPY),
        options=("--add-binary", "/usr/lib/python3/dist-packages/numpy:"
                 "/usr/lib/python3/dist-packages/numpy")),
    Row("perl", "/usr/bin/perl", ("{inputs}/work.pl", "{inputs}"), "hangul", status=4,
        packages="perl", prepare=with_source("work.pl", PERL), quick=True),
    Row("ruby", "/usr/bin/ruby", ("{inputs}/work.rb", "{inputs}"), "from a child", status=5,
        packages="ruby", prepare=with_source("work.rb", RUBY), writable=True, options=SORT),
    Row("php", "/usr/bin/php", ("{inputs}/work.php", "{inputs}"), "1:1 2:4 3:9", status=6,
        packages="php-cli php-mbstring php-sqlite3 php-xml php-curl",
        prepare=with_source("work.php", PHP), options=SORT),
    Row("lua", "/usr/bin/lua5.4", ("{inputs}/work.lua", "{inputs}"), "another", status=8,
        packages="lua5.4", prepare=with_source("work.lua", LUA)),
    Row("lua with modules", "{bin}/work.lua", ("{inputs}",), "[1,2]",
        packages="lua5.4 lua-dkjson lua-lpeg", prepare=with_script("work.lua", LUA_MODULES)),
    Row("tcl", "{bin}/work.tcl", ("{inputs}",), "bcad", packages="tcl8.6 tzdata",
        prepare=with_script("work.tcl", TCL), writable=True, options=("--tz", "Asia/Seoul")),
    Row("python's virtual environment", "{bin}/app.py", (), "of the venv True",
        packages="python3 python3-venv", prepare=environment),
    Row("node with an addon", "/usr/bin/node",
        ("{inputs}/work.js", "{inputs}", "{bin}/addon.node"), "served /page", status=9,
        packages="nodejs gcc libc6-dev zlib1g-dev", prepare=node,
        options=(*SORT, "--add-binary", "{bin}/addon.node:{bin}")),
    Row("java", JRE + "/bin/java", ("-Xshare:auto", "-cp", "{inputs}", "Work", "{inputs}"),
        "served", status=10, packages="openjdk-17-jdk-headless", prepare=java, writable=True,
        options=SORT),
    Row("C and C++ compiler", "{bin}/compile.sh", ("{inputs}",), "/tmp/cc",
        packages="gcc g++ libc6-dev", prepare=sources, writable=True,
        options=usr_bin("gcc g++ sha256sum")),
)
