#!/usr/bin/env python3
"""What zsh makes of a line when the tab key is pressed: zsh_offers.py FUNCTIONS LINE

FUNCTIONS is a folder of completion functions. Prints the screen as zsh wrote it.
"""
import os
import pty
import select
import sys
import time

functions, line = sys.argv[1:]
PROMPT = b"READY>"


def read_until(master: int, wanted: bytes, seconds: float) -> bytes:
    """What comes from the terminal until `wanted` is in it, or the time is over."""
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 4096)
            except OSError:
                break
    return seen


child, master = pty.fork()
if child == 0:
    os.environ.update(TERM="dumb", HOME="/nonexistent", FPATH_ADDED=functions)
    os.execvp("zsh", ["zsh", "-f", "-i"])
setup = f"fpath=({functions} $fpath); autoload -Uz compinit; compinit -D -u; PS1='REA''DY>'\n"
os.write(master, setup.encode())
read_until(master, PROMPT, 20)
os.write(master, line.encode() + b"\t")
print(read_until(master, b"\0", 2).decode(errors="replace"))
os.write(master, b"\x03exit\n")
os.close(master)
os.waitpid(child, 0)
