# SPDX-License-Identifier: MIT
"""Prints a table of verdicts. Usage: leak_table.py LEAKING… -- HEALTHY…; each is the NAME of a report
NAME.json. The exit status is 1 if a verdict is wrong."""
import json
import sys

cut = sys.argv.index("--")
leaking, healthy = sys.argv[1:cut], sys.argv[cut + 1:]
right = said = 0
print("# recorded program   expected  verdict")
for name in leaking + healthy:
    leaks = [l for l in json.load(open(name + ".json"))["leaks"] if l["verdict"] in ("leak", "proof")]
    said += bool(leaks)
    right += bool(leaks) and name in leaking
    words = ", ".join(f'{l["verdict"]}: {l["function"]}' for l in leaks) or "none"
    print(f'# {name:18} {"leak" if name in leaking else "none":9} {words}')
print(f"# precision {right / max(said, 1):.2f} ({right} of {said}), "
      f"recall {right / len(leaking):.2f} ({right} of {len(leaking)})")
sys.exit(right != said or right != len(leaking))
