#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Finds phrases that no English speaker would write, in comments and strings, and in the text of
# pages. Prints FILE:LINE and the phrase. A phrase may begin at the end of the line before.

BEGIN {
	# In lower case. A letter may neither precede nor follow.
	phrases = "(is no (number|process|file|recording|name|program|error|task))" \
		"|(are no (errors|files))|(so many)|(nobody is)|(anew)|(at the choice of)|(beside and)" \
		"|(came to stay)|(dear with)|(something else than)|(cannot be had)|(is not to be had)" \
		"|(whoever)|(is told that)|(are told that)"
}

function search(text,    rest, at, before, found, joined, shift_by) {
	gsub(/[ \t]+/, " ", text)
	sub(/^ ?\*? ?/, "", text)
	joined = tail " " text
	shift_by = length(tail) + 1
	rest = tolower(joined)
	at = 0
	while (match(rest, "(^|[^a-z])(" phrases ")([^a-z]|$)")) {
		found = substr(joined, at + RSTART, RLENGTH)
		before = substr(tolower(joined), 1, at + RSTART)
		at += RSTART + RLENGTH - 2
		rest = substr(rest, RSTART + RLENGTH - 1)
		if (at < shift_by || found ~ /is no/ && before ~ /there ?$/)
			continue
		gsub(/^[^A-Za-z]+|[^A-Za-z]+$/, "", found)
		if (!((FILENAME, FNR, found) in printed))
			print FILENAME ":" FNR ": " found
		printed[FILENAME, FNR, found] = 1
	}
	tail = text
}

# Comments and strings of C; // of Go and Rust too.
function search_c(line,    at, text) {
	gsub(/'(\\.|[^\\'])'/, "' '", line)
	text = ""
	while (line != "") {
		if (inside) {
			at = index(line, "*/")
			text = text " " (at ? substr(line, 1, at - 1) : line)
			line = at ? substr(line, at + 2) : ""
			inside = !at
		} else if (match(line, /"(\\.|[^"\\])*"|\/\*|\/\/.*/)) {
			at = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
			if (at == "/*")
				inside = 1
			else
				text = text " " substr(at, at ~ /^"/ ? 2 : 3, at ~ /^"/ ? RLENGTH - 2 : RLENGTH)
		} else {
			line = ""
		}
	}
	search(text)
}

# Comments and quoted words of shell, awk, make and Python.
function search_script(line,    text) {
	if (match(line, /(^|[ \t])#/))
		text = substr(line, RSTART + RLENGTH)
	if (text == "" || line !~ /^[ \t]*#/)
		while (match(line, /'[^']*'|"(\\.|[^"\\])*"/)) {
			text = text " " substr(line, RSTART + 1, RLENGTH - 2)
			line = substr(line, RSTART + RLENGTH)
		}
	search(text)
}

FNR == 1 { inside = 0; tail = "" }
/^$/ { tail = ""; next }
FILENAME ~ /\.(c|h|def|cc|go|rs|java|js)$/ { search_c($0); next }
FILENAME ~ /\.(t|sh|awk|py)$|Makefile$|run(-test)?$/ { search_script($0); next }
{ search($0) }
