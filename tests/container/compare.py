"""Comparing what a run gave with what it should have: the few things that may differ, and a diff."""

import difflib
import re
from dataclasses import replace


def without_extraction(result):
    """Extracted, the application is told where its files lie; all else must be the same."""
    return replace(result, stdout=re.sub(r"variable SCRATCHPACK_ROOT=[^\n]*\n", "", result.stdout))


def sorted_variables(result):
    """Docker hands variables over in an order that changes from run to run; the chroot does not."""
    lines = result.stdout.splitlines(keepends=True)
    variables = iter(sorted(line for line in lines if line.startswith("variable ")))
    return replace(result, stdout="".join(
        next(variables) if line.startswith("variable ") else line for line in lines))


def without_group(result):
    """For `--user N` alone, Docker takes the group from the image's /etc/passwd, and only the
    plain root file system has one as a file."""
    return replace(result, stdout=re.sub(r"(Gid|Groups):[^\n]*\n", "", result.stdout))


def without_numbers(result):
    """On a host, numbers of processes differ from run to run."""
    return replace(result, stdout=re.sub(r"(pid |Tgid:|PPid:)[^\n]*\n", "", result.stdout))


def unified(expected, actual):
    lines = difflib.unified_diff(expected.text().splitlines(), actual.text().splitlines(),
                                 "expected", "actual", lineterm="", n=1)
    return "\n".join(lines)
