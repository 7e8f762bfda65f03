# SPDX-License-Identifier: MIT
"""Reads the file killed: each recorder has cut at most its last line, and no sample is missing.
Usage: record_killed.py RECORDERS"""
import json, sys
good = bad = headers = 0
cut = False
expected = None
for line in open("killed", "rb"):
    try:
        sample = json.loads(line)
    except ValueError:
        # A line that was cut is a recorder's last one: a header follows.
        assert not cut
        cut = True
        bad += line != b"\n"
        continue
    good += 1
    if "stream" in sample:
        headers += 1
        cut, expected = False, 0
        continue
    # No sample before it is missing.
    assert not cut and sample["seq"] == expected and sample["key"] == (expected == 0), sample["seq"]
    expected += 1
print(good, bad, headers)
assert headers == int(sys.argv[1]) and bad <= headers and good >= 2 * headers
