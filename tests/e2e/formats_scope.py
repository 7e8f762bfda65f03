# SPDX-License-Identifier: MIT
"""Checks a file for speedscope: it is well-formed and has the timeline of a thread.
Usage: formats_scope.py FILE PID [changes]"""
import json, sys
scope = json.load(open(sys.argv[1]))
frames = [f["name"] for f in scope["shared"]["frames"]]
assert scope["$schema"] == "https://www.speedscope.app/file-format-schema.json"
# The fields that the published schema requires; it does not allow null.
assert all(isinstance(f["name"], str) and isinstance(f.get("file", ""), str) and
           isinstance(f.get("line", 0), int) for f in scope["shared"]["frames"])
assert isinstance(scope["exporter"], str) and isinstance(scope["name"], str)
assert 0 <= scope.get("activeProfileIndex", 0) < len(scope["profiles"])
main = None
for profile in scope["profiles"]:
    assert isinstance(profile["name"], str) and {e["type"] for e in profile["events"]} <= {"O", "C"}
    assert all(0 <= e["frame"] < len(frames) for e in profile["events"])
    assert profile["type"] == "evented" and profile["unit"] == "nanoseconds"
    open_frames, at = [], profile["startValue"]
    for event in profile["events"]:
        assert event["at"] >= at and event["at"] <= profile["endValue"], profile["name"]
        at = event["at"]
        if event["type"] == "O":
            open_frames.append(event["frame"])
        else:
            assert open_frames.pop() == event["frame"]
    assert not open_frames
    if profile["name"] == "t" + sys.argv[2] + " redis-server":
        main = [frames[e["frame"]] for e in profile["events"] if e["type"] == "O"]
assert main, [p["name"] for p in scope["profiles"]]
if len(sys.argv) > 3:
    assert "stopped" in main and "poll" in main, main
    assert main.index("poll") < main.index("stopped"), main
    assert "aeMain" in main, main
