#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out an HTML report in chromium and prints what is wrong with it, one line each.

Usage: report_layout.py BROWSER REPORT WIDTH [dark]. Checked are: nothing is wider than the
window; no paragraph is squeezed into a column of single words; no text is smaller than 14
pixels; each text has a contrast of at least 4.5. The report allows no scripts, so a copy
without that rule, and with a script, is laid out."""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile

SCRIPT = r"""
const wrong = [], body = document.body, wide = document.documentElement;
const name = e => `${e.tagName.toLowerCase()} "${e.textContent.trim().slice(0, 40)}"`;
const hidden = e => !e.getClientRects().length || getComputedStyle(e).clipPath !== 'none';
const parse = text => (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
if (wide.scrollWidth > innerWidth) wrong.push(`the page is ${wide.scrollWidth} wide`);
for (const e of body.querySelectorAll('*')) {
  if (e.closest('head, script, thead') || hidden(e)) continue;
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  if (!e.closest('.code, .scroll, svg svg') && (box.right > innerWidth + 1 || box.left < -1))
    wrong.push(`${name(e)} goes from ${box.left} to ${box.right}`);
  if (!own) continue;
  const size = parseFloat(style.fontSize);
  if (size < 14) wrong.push(`${name(e)} has a font of ${size} pixels`);
  if (/^(P|LI|DD|H\d|FIGCAPTION)$/.test(e.tagName) && e.textContent.trim().length > 20 &&
      box.width < 20 * size / 2)
    wrong.push(`${name(e)} is only ${box.width} pixels wide`);
  const ink = light(parse(e.closest('svg') ? style.fill : style.color));
  const page = light(behind(e));
  const contrast = (Math.max(ink, page) + .05) / (Math.min(ink, page) + .05);
  if (contrast < 4.5) wrong.push(`${name(e)} has a contrast of ${contrast.toFixed(2)}`);
}
const seen = {width: innerWidth, dark: matchMedia('(prefers-color-scheme: dark)').matches,
              cards: document.querySelectorAll('article').length, wrong: wrong.slice(0, 20)};
parent.postMessage(btoa(unescape(encodeURIComponent(JSON.stringify(seen)))), '*');
"""
# A window cannot be as narrow as a phone, but a frame can.
FRAME = """<!DOCTYPE html><style>:root { color-scheme: light dark }</style>
<script>onmessage = e => document.body.textContent = 'seen:' + e.data;</script>
<body><iframe src="report.html" width="%d" height="900" style="border: 0"></iframe>"""

browser, report, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
dark = "dark" in sys.argv[4:]
page = open(report, encoding="utf-8").read()
page = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page, count=1)
page = page.replace("</body>", "<script>" + SCRIPT + "</script></body>")
with tempfile.TemporaryDirectory() as folder:
    for name, text in ("report.html", page), ("frame.html", FRAME % width):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    shown = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + folder + "/profile", "--window-size=%d,900" % (width + 100),
         "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1),
         "--virtual-time-budget=20000", "--dump-dom", "file://" + folder + "/frame.html"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=100, check=False)
found = re.search(rb"seen:([\w+/=]{9,})", shown.stdout)
if not found:
    sys.exit("the browser has not laid the page out: " + repr(shown.stdout[:200]))
seen = json.loads(base64.b64decode(found.group(1)))
for line in seen["wrong"]:
    print(line)
if seen["width"] != width or seen["dark"] != dark:
    print("laid out %d pixels wide%s" % (seen["width"], ", dark" if seen["dark"] else ""))
print("%d cards at %d pixels%s" % (seen["cards"], seen["width"], ", dark" if seen["dark"] else ""),
      file=sys.stderr)
sys.exit(1 if seen["wrong"] or seen["width"] != width or seen["dark"] != dark else 0)
