# SPDX-License-Identifier: MIT
"""Checks a recording of 8,800 descriptors: they are counted, though not in the first sample.
Usage: resources_many.py RECORDING"""
import json, sys
lines = open(sys.argv[1]).read().split("\n")[:-1]
kinds = [look["resources"].get("fds_by_kind") for look in map(json.loads, lines) if "resources" in look]
assert kinds[0] is None, "the first look has all kinds"
assert sum(kinds[-1].values()) == 8800, kinds[-1]
