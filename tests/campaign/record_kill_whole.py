# SPDX-License-Identifier: MIT
"""Reads a recording of killed recorders: at most one line is cut for each, no sample is missing,
and the last complete sample is from just before the kill. Prints the number of samples.
Usage: record_kill_whole.py FILE; the moments of the kills are in the file moments."""
import json, statistics, sys
moments = [int(line) for line in open("moments")]
samples = cut = headers = expected = last = 0
broken = begins = False
late = []
def over():
    # The last complete sample is from just before the kill: no sample was held in a buffer.
    while moments and moments[0] < last:
        moments.pop(0)
    if last and moments:
        late.append(moments[0] - last)
for line in open(sys.argv[1], "rb"):
    try:
        sample = json.loads(line)
    except ValueError:
        assert not broken, "two lines in a row"
        broken = True
        cut += line != b"\n"
        continue
    if "stream" in sample:
        over()
        headers += 1
        broken, begins = False, True
        continue
    # The numbers continue in the recorder's next file.
    if begins:
        assert sample["key"] and sample["seq"] in (0, expected), sample["seq"]
        expected = sample["seq"]
    assert not broken and sample["seq"] == expected, (samples, sample["seq"])
    begins = False
    samples += 1
    expected += 1
    last = sample["real_ns"]
over()
print(f"# {headers} headers, {samples} samples, {cut} lines cut, the last complete one "
      f"{statistics.median(late) / 1e6:.1f} ms old at the kill, at most {max(late) / 1e6:.0f} ms", file=open("said", "w"))
assert cut <= headers and samples > headers and statistics.median(late) < 100e6
print(samples)
