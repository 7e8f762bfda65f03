# SPDX-License-Identifier: MIT
# The outcome of each test in a file of regrtest's --junit-xml: one line each, sorted.
import sys
import xml.etree.ElementTree as tree

lines = set()
for case in tree.parse(sys.argv[1]).iter("testcase"):
    marks = {child.tag for child in case}
    outcome = "failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"
    lines.add(f"{outcome} {case.get('name')}")
print("\n".join(sorted(lines)))
