"""Real programs that are used in a terminal: expect(1) types into them, in a pty of its own."""

from real_inputs import add_programs, script
from real_row import Row

# What is printed is the first screen and what came of the keys: how many pieces a screen that is
# typed into is drawn in, depends on time. The keys are those of the terminal's description
# (Down, F1 in `xterm`) and of readline's file (Home).
SESSION = r"""#!/usr/bin/expect -f
set timeout 20
set env(TERM) xterm
set stty_init "rows 24 columns 80"
log_user 0
proc await {text} {
  expect {
    $text { return $expect_out(buffer) }
    timeout { puts "no '$text'"; exit 1 }
    eof { puts "ended before '$text': $expect_out(buffer)"; exit 1 }
  }
}
proc ended {name} {
  catch { expect eof }
  puts "$name ended with [lindex [wait] 3]"
}

spawn -noecho /bin/nano --ignorercfiles /tmp/note
puts [await Exit]
send "first line\rsecond"
await second
send "\x1b\[H"
send "the "
await the
send "\x18"
await "Save modified"
send "y"
await "Write"
send "\r"
ended nano
set file [open /tmp/note]; puts [read $file]

spawn -noecho /usr/bin/dialog --keep-tite --menu "Choose one" 12 40 3 a "the first" b "the second"
puts [await "the second"]
send "\x1bOB\r"
expect eof
puts "chosen [string index [string trimright $expect_out(buffer)] end]"
ended dialog

spawn -noecho /usr/bin/bc -q
send "1+2\x1b\[1~4*\r"
await "\r6\r\n"
send "quit\r"
ended bc

spawn -noecho /bin/less /tmp/note
puts [await END]
send "/second\r"
send "q"
ended less
"""

ROWS = (
    Row("a terminal", "{bin}/session.exp", (), "dialog ended with 0",
        packages="expect nano dialog bc less ncurses-base", writable=True, quick=True,
        prepare=lambda places: script(places, "session.exp", SESSION),
        options=add_programs("/bin/nano", "/usr/bin/dialog", "/usr/bin/bc", "/bin/less")),
)
