# SPDX-License-Identifier: MIT
"""Compares proofs of leaks with the runtime's own profile of leaked goroutines, on the programs in
Go's test data. Usage: go_proof_goker.py CLIENT GO GOROOT WORK. Builds the programs, stripped, and
prints a line for each that differs and a total. Exits with 1 if fewer than 98 % are proven, or if a
proven goroutine is not in the profile and continues."""
import json, os, re, shutil, signal, subprocess, sys, time

client, go, goroot, work = [os.path.abspath(a) if "/" in a else a for a in sys.argv[1:5]]
LIMIT = 30
HOLD = '''package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"
)

var holdSignals = make(chan os.Signal, 1)

func init() { signal.Notify(holdSignals, syscall.SIGUSR1) }

func hold(out *os.File, profile *pprof.Profile) {
	time.Sleep(300 * time.Millisecond)
	os.Stderr.WriteString("held\\n")
	<-holdSignals
	profile.WriteTo(out, 2)
	out.WriteString("profile ends\\n")
	<-holdSignals
}
'''


def build(folder, source, out):
    shutil.copytree(source, folder)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    names = []
    for name in os.listdir(folder):
        if not name.endswith(".go"):
            continue
        path = os.path.join(folder, name)
        text = open(path).read()
        names += re.findall(r'register\("(\w+)"', text)
        open(path, "w").write(text.replace("prof.WriteTo(os.Stdout, 2)", "hold(os.Stdout, prof)"))
    open(os.path.join(folder, "hold.go"), "w").write(HOLD)
    minor = re.match(r"go1\.(\d+)", goroot_version())[1]
    open(os.path.join(folder, "go.mod"), "w").write("module kernels\n\ngo 1.%s\n" % minor)
    env = dict(os.environ, GOROOT=goroot, GOFLAGS="", GOTOOLCHAIN="local", GO111MODULE="on",
               GOENV="off", GOCACHE=os.path.join(work, "cache"))
    if minor == "26":  # from 1.27 on the profile does not need it
        env["GOEXPERIMENT"] = "goroutineleakprofile"
    done = subprocess.run([go, "build", "-ldflags", "-s -w", "-o", out], cwd=folder, env=env,
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit("cannot build: " + done.stderr)
    return sorted(names)


def goroot_version():
    return open(os.path.join(goroot, "VERSION")).read().split()[0]


def wait_for(path, text, process):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and process.poll() is None:
        if text in open(path, errors="replace").read():
            return True
        time.sleep(0.02)
    return False


def dump(pid, *more):
    done = subprocess.run([client, "dump", str(pid), "-s", "goruntime", "-f", "json", *more],
                          capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)


def prove(pid):
    return dump(pid, "--prove")


def wait_for_rest(pid):
    """Waits until no goroutine runs: until then most goroutines have not leaked yet."""
    end, before = time.monotonic() + LIMIT, None
    while time.monotonic() < end:
        now = sorted((t["id"], t["state"]) for t in dump(pid)["tasks"])
        if now == before and not any(state in ("running", "runnable", "syscall") for _, state in now):
            return
        before = now
        time.sleep(0.2)


def place(task):
    """The place and the object of a goroutine, which do not change while it is leaked."""
    waits = task["waits_on"] or {}
    return waits.get("address"), [(f["function"], f["line"]) for f in task["stack"]]


def compare(program, name):
    """The goroutines that grmon-c proves, those of the runtime, and the place of each proven one."""
    out, err = os.path.join(work, "out"), os.path.join(work, "err")
    with open(out, "w") as o, open(err, "w") as e:
        process = subprocess.Popen([program, name], stdout=o, stderr=e, stdin=subprocess.DEVNULL)
    try:
        if not wait_for(err, "held", process):
            return None
        wait_for_rest(process.pid)
        dump = prove(process.pid)
        process.send_signal(signal.SIGUSR1)
        if not wait_for(out, "profile ends", process):
            return None
        after = prove(process.pid)
        ours = {t["id"] for t in dump["tasks"] if t["proven"]}
        where = {t["id"]: t["function"] if "function" in t else t["name"] for t in dump["tasks"]}
        places = {t["id"]: place(t) for t in after["tasks"]}
        moved = {t["id"] for t in dump["tasks"] if places.get(t["id"]) != place(t)}
        theirs = {"g" + m for m in re.findall(r"^goroutine (\d+)[^\[]*\[[^\]]*\(leaked\)", open(out).read(), re.M)}
        return ours, theirs, where, dump["proof"], moved
    finally:
        process.kill()
        process.wait()


def main():
    program = os.path.join(work, "program")
    total = found = extra = wrong = programs = 0
    data = os.path.join(goroot, "src/runtime/testdata/testgoroutineleakprofile")
    for number, source in enumerate((data, os.path.join(data, "goker"))):
        folder = os.path.join(work, "source%d" % number)
        for name in build(folder, source, program):
            result = compare(program, name)
            if result is None:
                continue
            ours, theirs, where, proof, moved = result
            programs += 1
            total += len(theirs)
            found += len(ours & theirs)
            extra += len(ours - theirs)
            wrong += len((ours - theirs) & moved)
            if ours != theirs or proof["state"] != "done":
                print("# %s: %d of %d, %d more, %d of them wrong; %s" % (name, len(ours & theirs), len(theirs), len(ours - theirs),
                      len((ours - theirs) & moved),
                      proof["why"] or sorted({where[i] for i in (theirs ^ ours) if i in where})[:4]))
    share = found * 100.0 / total if total else 0
    print("%s: %d programs, %d of %d leaked goroutines proved (%.1f %%), %d that the profile has not, %d of them wrong"
          % (goroot_version(), programs, found, total, share, extra, wrong))
    sys.exit(not (programs >= 60 and share >= 98 and wrong == 0))


main()
