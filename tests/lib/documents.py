#!/usr/bin/env python3
"""Compares what --help, the man pages and README say: documents.py TOOL MAN_FOLDER README

Every command and option of --help is in its man page and the other way round; every option is in
README, and README's command lines use no option that their command does not have. README's links
lead to headings and files that are there.
"""
import pathlib
import re
import subprocess
import sys

tool, man_folder, readme = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
LONG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
wrong: list[str] = []


def help_of(*command: str) -> str:
    return subprocess.run([tool, *command, "--help"], check=True, text=True, capture_output=True).stdout


def page(name: str) -> str:
    """A man page without its markup."""
    text = (man_folder / f"{name}.1").read_text()
    return re.sub(r"\\f.|\\/|\\,", "", text).replace("\\-", "-").replace("\\&", "")


def command_lines(text: str) -> list[tuple[str, str]]:
    """The calls of the tool in a text: (command, its words before ` -- `)."""
    joined = re.sub(r"\\\n\s*", " ", text)
    calls = re.findall(r"\bscratchpack ([a-z]+)((?: [^\n`|&#]*)?)", joined)
    return [(command, re.split(r" -- |'", words)[0]) for command, words in calls]


def anchor(heading: str) -> str:
    """As renderers of Markdown name a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


commands = re.findall(r"(?m)^  scratchpack ([a-z]+) .*  \S", help_of())
options = {command: set(LONG.findall(help_of(command))) for command in commands}
prose = readme.read_text()

for command, known in options.items():
    written = set(LONG.findall(page(f"scratchpack-{command}")))
    for option in known ^ written:
        wrong.append(f"{command} {option}: {'not in the man page' if option in known else 'only in the man page'}")
    for option in known - set(LONG.findall(prose)) - {"--help"}:
        wrong.append(f"{command} {option}: not in README")
    if f"scratchpack {command}" not in prose:
        wrong.append(f"{command}: not in README")
    if f"scratchpack {command}" not in page("scratchpack"):
        wrong.append(f"{command}: not in the man page of the tool")
for command, words in command_lines(prose):
    if command in options:
        for option in set(LONG.findall(words)) - options[command]:
            wrong.append(f"README: scratchpack {command} has no {option}")

headings = {anchor(text) for text in re.findall(r"(?m)^#+ (.+)$", prose)}
for target in re.findall(r"\]\(([^)\s]+)\)", prose):
    place, _, name = target.partition("#")
    if not place and name not in headings:
        wrong.append(f"README: there is no heading for #{name}")
    if place and "//" not in place and not (readme.parent / place).exists():
        wrong.append(f"README: there is no {place}")

print("\n".join(wrong) or f"{len(commands)} commands, {sum(map(len, options.values()))} options")
sys.exit(bool(wrong))
