# SPDX-License-Identifier: MIT
"""Builds what the verdicts are tried on, once and only when needed. One compiler at a time:
it is the programs that are to run side by side."""
import glob
import os
import shutil
import subprocess
import threading

from harness import BUILD, OUT, PROGRAMS, Absent, find

lock = threading.Lock()
failed = {}


def is_newer(output, sources):
    try:
        return all(os.path.getmtime(source) <= os.path.getmtime(output) for source in sources)
    except OSError:
        return False


def made(output, sources, words, cwd=None, env=None, timeout=540):
    with lock:
        if output in failed:
            raise Absent(failed[output])
        if is_newer(output, sources):
            return output
        os.makedirs(os.path.dirname(output), exist_ok=True)
        try:
            done = subprocess.run(words, cwd=cwd, env=dict(os.environ, **(env or {})),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace",
                                  timeout=timeout)
            why = done.stdout.strip()[-300:] if done.returncode else None
        except subprocess.TimeoutExpired:
            why = f"not built in {timeout} s"
        if why is not None:
            failed[output] = f"does not build: {why}"
            raise Absent(failed[output])
        return output


def flags(source):
    """What a line "// build: FLAGS" of the source asks for, as the Makefile reads it."""
    found = []
    with open(source) as file:
        for line in file:
            if line.startswith("// build: "):
                found += subprocess.run(["sh", "-c", "echo " + line[10:]], text=True,
                                        stdout=subprocess.PIPE).stdout.split()
    return found


def compiled(compiler, name, output, *options):
    source = os.path.join(PROGRAMS, name)
    output = os.path.join(OUT, output)
    more = flags(source)
    return made(output, [source], [find(compiler), *options, "-O2", "-g", "-o", output, source,
                                   *more, "-pthread"])


def c(name):
    return compiled(os.environ.get("CC", "gcc"), name, "case-" + name.replace(".", "-"),
                    "-D_GNU_SOURCE")


def cxx(name):
    return compiled("g++", name, "case-" + name.replace(".", "-"), "-std=c++20")


def rust(name):
    source = os.path.join(PROGRAMS, name)
    output = os.path.join(OUT, "case-" + name.replace(".", "-"))
    return made(output, [source], [find("rustc"), "-O", "-g", "-o", output, source])


def cargo(name):
    """A crate; cargo fetches what it depends on. Built in a copy: cargo writes beside it."""
    folder, copy = os.path.join(PROGRAMS, name), os.path.join(OUT, name)
    output = os.path.join(copy, "target", "release", name)
    sources = [os.path.join(folder, "Cargo.toml")] + glob.glob(folder + "/src/*.rs")
    if not is_newer(output, sources):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    return made(output, sources, [find("cargo"), "build", "-q", "--release"], cwd=copy)


def go(name):
    folder = os.path.join(PROGRAMS, name)
    output = os.path.join(OUT, "case-" + name)
    return made(output, glob.glob(folder + "/*.go") + [folder + "/go.mod"],
                [find("go"), "build", "-o", output, "."], cwd=folder)


def java(name):
    """The folder with the classes, for every Java from 11 on."""
    source = os.path.join(PROGRAMS, name)
    output = os.path.join(OUT, name[:-5] + ".classes")
    made(os.path.join(output, name[:-5] + ".class"), [source],
         [find("javac"), "--release", "11", "-d", output, source])
    return output
