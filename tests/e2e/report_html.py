#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that an HTML report is well formed and complete, and prints what it has.

Usage: report_html.py REPORT. Exits with 1, and says why, if an element is not closed, a plot is
no XML or has no title, an id is there twice, a link leads nowhere, or anything is loaded."""
import html.parser
import re
import sys
import xml.etree.ElementTree

VOID = {"meta", "br", "link", "img", "hr", "input"}
SVG = "{http://www.w3.org/2000/svg}"


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.wrong = [], [], [], []
        self.seen = {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if "href" in attrs:
            self.links.append(attrs["href"])
        for name in attrs:
            if name in ("src", "srcset", "action", "style") or name.startswith("on"):
                self.wrong.append("<%s> has %s" % (tag, name))
        if tag in ("script", "iframe", "object", "embed", "base", "form", "link", "img"):
            self.wrong.append("there is a <%s>" % tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s> at line %d closes another element" % (tag, self.getpos()[0]))


bytes_of = open(sys.argv[1], "rb").read()
text = bytes_of.decode("utf-8")
page = Page()
page.feed(text)
page.close()
wrong = page.wrong + ["<%s> is not closed" % tag for tag in page.open]
wrong += ["the id %s is there twice" % one for one in set(page.ids) if page.ids.count(one) > 1]
wrong += ["the link %s leads nowhere" % link for link in page.links
          if not link.startswith("#") or link[1:] not in page.ids]
plots = re.findall(r"(?s)<figure class=\"plot[^>]*>\s*(<svg.*?</svg>)\s*(?:<figcaption|</figure)", text)
for plot in plots:
    try:
        root = xml.etree.ElementTree.fromstring(plot)
    except xml.etree.ElementTree.ParseError as error:
        wrong.append("a plot is no XML: %s" % error)
        continue
    labels = root.findall(".//" + SVG + "text")
    if root.get("role") != "img" or not (root.findtext(SVG + "title") or "").strip():
        wrong.append("a plot has no title")
    if len(labels) < 3:
        wrong.append("a plot has no scales")
if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", bytes_of):
    wrong.append("there are control characters")
if not text.startswith("<!DOCTYPE html>") or '<html lang="en">' not in text:
    wrong.append("it does not say that it is an English HTML page")
if page.seen.get("th", 0) != len(re.findall(r'<th scope="col">', text)):
    wrong.append("a title of a table has no scope")
for line in wrong:
    print(line)
print("%d cards, %d plots, %d rows" % (page.seen.get("article", 0), len(plots),
                                        page.seen.get("tr", 0)), file=sys.stderr)
sys.exit(1 if wrong else 0)
