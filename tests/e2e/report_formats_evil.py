# SPDX-License-Identifier: MIT
"""Writes evil.grmon: the recording plain.grmon with names that are HTML, Markdown and control
characters."""
import json
evil = "</title></style></pre><style>*{background:#0f0}</style><script>document.body.style.background='#0f0'</script>"
evil += "\n\x1b[2J```\n# [x](javascript:1) \"quoted\" \u202egnp.exe"
name = open("plain.grmon").read()
guilty = json.dumps(json.load(open("plain.json"))["leaks"][0]["function"])
open("evil.grmon", "w").write(name.replace(guilty, json.dumps(evil)).replace('"name": "python3"', '"name": ' + json.dumps(evil)))
