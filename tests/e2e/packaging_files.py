#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""packaging_files.py debian|rpm PACKAGING ROOT: says which files below ROOT, as `make install` has put them
there with PREFIX=/usr, no package or several packages have, by the lists in PACKAGING; and which lines of
these lists stand for no file."""
import fnmatch
import glob
import os
import re
import sys

MACROS = {"bindir": "usr/bin", "libdir": "usr/lib", "includedir": "usr/include", "datadir": "usr/share",
          "mandir": "usr/share/man", "prefix": "usr", "unitdir": "usr/lib/systemd/system"}


def debian(packaging):
    """Where Debian has a file elsewhere than the default of make install, the default is meant."""
    for name in glob.glob(packaging + "/debian/*.install"):
        for line in open(name):
            yield os.path.basename(name)[:-8], line.strip().replace("usr/lib/*/", "usr/lib/")
    # The unit goes where dh_installsystemd has them.
    for unit, package in re.findall(r"\tmv debian/tmp/(\S+) debian/([a-z-]+)\.", open(packaging + "/debian/rules").read()):
        yield package, unit


def rpm(packaging):
    package = None
    for line in open(packaging + "/grmon-c.spec"):
        line = line.strip()
        if line.startswith(("%files", "%changelog")):
            package = line.startswith("%files") and line
        elif package and line and not re.match("%(license|doc)", line):
            yield package, re.sub(r"%\{_(\w+)\}", lambda m: MACROS[m[1]], line)


def covers(pattern, path):
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, pattern + "/*")


def main():
    kind, packaging, root = sys.argv[1:]
    lists = list({"debian": debian, "rpm": rpm}[kind](packaging))
    files = [os.path.relpath(os.path.join(folder, name), root)
             for folder, _, names in os.walk(root) for name in names]
    bad = [f"{path}: in {[package for package, pattern in lists if covers(pattern, path)]}" for path in files
           if len({package for package, pattern in lists if covers(pattern, path)}) != 1]
    bad += [f"{pattern} of {package} matches no file" for package, pattern in lists
            if not any(covers(pattern, path) for path in files)]
    print("\n".join(bad) or f"{len(files)} files")
    return len(bad) > 0 or len(files) < 20


sys.exit(main())
