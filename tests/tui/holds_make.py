# SPDX-License-Identifier: MIT
"""Writes a dump in which goroutines hold things, some of them hostile: holds_make.py COUNT FILE."""
import json
import sys

count = int(sys.argv[1])


def held(kind, text, way="", steps=1, others=0, reads=None, name=None, frame=None, address=None):
    return {"kind": kind, "reads": reads, "text": text, "name": name, "way": way, "steps": steps,
            "frame": frame, "others": others, "inferred": False, "address": address}


def holds(i):
    return {"compared": 64, "objects": 140, "cut": False, "took_ns": 1234567, "why": None, "list": [
        held("text", "HTTP/1.1", "resp → Proto", 2, 64),
        held("value", "{Timeout:30s}", "job → client", 2, 64, name="*http.Client", address="0xc000999000"),
        held("function", "net/http.(*Transport).dialConn.func1", "conn → done", 2, 3),
        held("function", "main.(*job).updateImages.func1", "trace → GotConn", 3, 3),
        held("channel", "chan cap 1, len 0", "conn → closech", 1, address=f"0xc0{i:08x}"),
        held("text", f"/v2/image-{i}/manifests/latest", "conn → req → URL.Path", 3, reads="path"),
        held("text", "registry.example:443", "conn → cacheKey.addr", 1, 3, reads="host"),
        held("connection", f"tcp 10.0.0.2:{40000 + i} -> 10.0.0.3:443, fd {i}", "conn → conn", 2),
        held("text", "Authorization\x1b]0;evil\x07\r\n\u202eBearer", "req → Header", 3, reads="header"),
        held("local", "5", name="retries", steps=0, frame=1),
        held("local", '{name: "images", every: 47m0s} ' + "long " * 50 + "end of it", name="j", steps=0, frame=1)]}


stack = [{"function": "net/http.(*persistConn).readLoop", "file": "transport.go", "line": 2450, "address": "0x1"},
         {"function": "main.(*job).run", "file": "jobs.go", "line": 3, "address": "0x2"}]
tasks = [{"id": f"g{i + 17}", "kind": "goroutine", "name": "net/http.(*persistConn).readLoop",
          "state": "select", "age_ns": 10 ** 10 - i, "stack": stack, "holds": holds(i)}
         for i in range(count)]
tasks.append({"id": "g1", "kind": "goroutine", "name": "main.main", "state": "sleep", "age_ns": 10 ** 9,
              "stack": [{"function": "main.main", "file": "main.go", "line": 9, "address": "0x3"}]})
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"grmon": 1, "time": "2026-11-30T06:03:43.602Z", "clock_ns": 23051403713042,
               "target": {"pid": 4711, "name": "updater", "sources": ["goruntime"], "runtime": "go1.26.8"},
               "resources": {}, "tasks": tasks, "cycles": [], "errors": []}, file)
