"""Real programs: more shells, and interpreters that fewer people ship."""

from real_inputs import FONT, add_programs, script, write
from real_row import Row

ZSH = r"""#!/bin/zsh -f
emulate -R zsh
setopt extended_glob
zmodload zsh/mathfunc zsh/datetime zsh/zutil
autoload -Uz zargs zmv
lines=(${(f)"$(<$1/words)"})
print ${#lines} ${(o)lines} ${(U)lines[1]} ${lines[(r)s*]}
typeset -A ages=(one 1 two 2)
for name age in ${(kv)ages}; do print "$name:$age"; done | { while read line; do print $line; done }
printf '%.3f\n' $(( sqrt(2) ))
strftime -s day %F 1700000000 && print $day
zargs -n 1 -- a b -- print
zparseopts -D -E -A given -- a: b && print "${given[-a]:-none}"
cd /tmp && print x >one.txt && zmv -v '(*).txt' '$1.md' && print -l *(.)
[[ release-12 =~ '([0-9]+)$' ]] && print $match[1]
TRAPEXIT() { print ended }
return 3
"""

FISH = r"""#!/usr/bin/fish
for word in (string split ' ' (head -n 1 $argv[1]/words 2>/dev/null))
    echo $word
end
set --local counts (string match --regex --all 'e' <$argv[1]/words | count)
echo $counts (math --scale=3 'sqrt(2) * 10') (string upper ärger) (string length 서울)
function twice --argument-names n
    math $n \* 2
end
twice 21
fish_add_path --help >/dev/null 2>&1; or echo no manual
switch release-12
    case 'release-*'
        echo (string replace --regex '.*-(\d+)' '<$1>' release-12)
end
cd /tmp; and pwd; and prevd; and dirs
type --type psub cd
exit 4
"""

GUILE = r"""
(use-modules (ice-9 regex) (ice-9 format) (ice-9 match) (ice-9 rdelim) (ice-9 textual-ports)
             (srfi srfi-1) (srfi srfi-9) (web uri) (sxml simple) (rnrs bytevectors))
(setlocale LC_ALL "C.UTF-8")
(define-record-type <entry> (entry name size) entry? (name entry-name) (size entry-size))
(define text (call-with-input-file (string-append (cadr (command-line)) "/words") get-string-all))
(for-each (lambda (word) (format #t "~a ~d\n" (string-upcase word) (string-length word)))
          (sort (string-tokenize text) string<?))
(format #t "~5,2f ~a ~x\n" 3.14159 (expt 2 100) (fold + 0 (iota 100)))
(display (map match:substring (list-matches "[0-9]+" "a12b3"))) (newline)
(match '(1 (2 3)) ((a (b . rest)) (display (list a b rest)) (newline)))
(display (uri-host (string->uri "http://example.org/x"))) (newline)
(sxml->xml '(page (@ (lang "ko")) (p "서울"))) (newline)
(display (bytevector->u8-list (string->utf8 "é"))) (newline)
(display (strftime "%Y-%m-%d" (gmtime 1700000000))) (newline)
(display (entry-size (entry 'a 3))) (newline)
(display (eval '(let loop ((n 10)) (if (zero? n) 'done (loop (1- n)))) (interaction-environment)))
(newline)
(catch 'system-error (lambda () (open-input-file "/nonexistent"))
       (lambda (key . rest) (display key) (newline)))
(exit 5)
"""

R = r"""
table <- read.csv(commandArgs(trailingOnly = TRUE)[1])
print(aggregate(value ~ name, table, mean))
print(summary(lm(value ~ id, table))$r.squared)
set.seed(1); print(round(rnorm(3), 4))
print(solve(matrix(c(2, 1, 1, 3), 2)))
cat(toupper("ärger"), nchar("서울"),
    format(as.POSIXct("2023-11-15 07:13:20", tz = "Asia/Seoul"), "%F %T %Z %s"), "\n")
cat(sub("([a-z]+)", "<\\1>", "abc123", perl = TRUE), iconv("é", "UTF-8", "latin1") == "é", "\n")
library(parallel); library(splines); library(stats4); library(methods)
print(unlist(mclapply(1:4, function(i) i^2, mc.cores = 2)))
setClass("P", representation(x = "numeric")); print(new("P", x = 1)@x)
pdf("/tmp/plot.pdf"); plot(1:3); invisible(dev.off()); print(file.size("/tmp/plot.pdf") > 1000)
png("/tmp/plot.png", type = "cairo", family = "DejaVu Sans")
plot(1:3, main = "Größe", font.main = 1); invisible(dev.off())
print(readBin("/tmp/plot.png", "raw", 4))
print(unname(tools::md5sum("/tmp/plot.png")))
print(tryCatch(stop("seen"), error = conditionMessage))
print(system("echo from a child; exit 3"))
quit(status = 6)
"""


def words(places):
    write(places, "words", "seoul apple\nzebra\nseven\n")


def shell(name, text):
    def prepare(places):
        words(places)
        script(places, name, text)
    return prepare


def scheme(places):
    words(places)
    write(places, "work.scm", GUILE)


def statistics(places):
    write(places, "work.R", R)
    write(places, "table.csv", "id,name,value\n" + "".join(
        f"{i},{'abc'[i % 3]},{i * 7919 % 100}\n" for i in range(60)))


ROWS = (
    Row("zsh script", "{bin}/work.zsh", ("{inputs}",), "1.414\n2023-11-14", packages="zsh", status=3,
        prepare=shell("work.zsh", ZSH), writable=True, quick=True,
        options=add_programs("/usr/bin/mv")),
    Row("fish script", "{bin}/work.fish", ("{inputs}",), "<12>", packages="fish", status=4,
        prepare=shell("work.fish", FISH), writable=True, options=add_programs("/usr/bin/head")),
    Row("guile", "/usr/bin/guile", ("--no-auto-compile", "{inputs}/work.scm", "{inputs}"),
        "1267650600228229401496703205376", packages="guile-3.0", status=5, prepare=scheme),
    Row("R: statistics", "/usr/bin/Rscript", ("{inputs}/work.R", "{inputs}/table.csv"), "from a child",
        packages="r-base-core " + FONT, status=6, prepare=statistics, writable=True),
)
