#!/usr/bin/python3
"""Bundles real programs of the distribution and compares what they do with their native runs.

  tests/container/real.py [--all] [--only TEXT] [--list]

Needs build/scratchpack, root, apt and a Docker that answers. Each row of the tables runs as plain
root file system and as one file, in the default and in the hardened container, in one environment.
By default a third of the rows runs, with --all every one, with --only those whose name holds TEXT.
Installs the packages that the rows name. The last line is `N passed, N failed`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import engine
import real_interpreters
import real_languages
import real_libraries
import real_made
import real_media
import real_network
import real_secrets
import real_servers
import real_terminal
import real_tools
from report import Report

ROWS = (real_languages.ROWS + real_interpreters.ROWS + real_libraries.ROWS + real_media.ROWS
        + real_tools.ROWS + real_terminal.ROWS + real_secrets.ROWS + real_network.ROWS
        + real_made.ROWS + real_servers.ROWS)
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def main():
    options = arguments()
    rows = [row for row in ROWS if (options.only in row.name if options.only
                                    else options.all or row.quick)]
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    install({package for row in rows for package in row.packages.split()})
    # Outside /tmp, which the runs cover with an empty tmpfs.
    folder = tempfile.mkdtemp(prefix="scratchpack-real.", dir="/var/tmp")
    os.chmod(folder, 0o755)
    report = Report()
    try:
        engine.in_parallel([lambda row=row: row.trial(row, ROOT + "/build/scratchpack", folder)
                            .run(report) for row in rows])
    finally:
        shutil.rmtree(folder)
    report.finish()
    return 1 if report.failed else 0


def install(packages):
    subprocess.run(["bash", "-c", 'root=$1; shift; . "$root/tests/lib/setup.sh"; '
                    'install_packages "$@"', "real.py", ROOT, *sorted(packages)], check=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
