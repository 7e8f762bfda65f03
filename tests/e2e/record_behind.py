# SPDX-License-Identifier: MIT
"""Compares report.json with the recording behind: the report has read every complete sample."""
import json
def is_sample(line):
    try:
        return "seq" in json.loads(line)
    except ValueError:
        return False
looks, whole = json.load(open("report.json"))["looks"], sum(map(is_sample, open("behind")))
print(looks, whole)
assert looks == whole > sum(map(is_sample, open("shorter"))), (looks, whole)
