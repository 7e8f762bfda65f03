#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Comments that name a C file that does not exist. A name alone is a file of the same
# folder, or a public header; any other is written as "folder/file.h". `group_*.c` stands
# for several. Reads the list of all files first (-v list=FILE), then the files.

function folder_of(path) {
	return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : ""
}

BEGIN {
	while ((getline path < list) > 0)
		files[path] = 1
}

function glob(name) {
	gsub(/\./, "\\.", name)
	gsub(/\*/, "[^/]*", name)
	return name "$"
}

function is_there(name,    path, wanted) {
	if (name !~ /\*/ && (("include/" name) in files || (folder "/" name) in files))
		return 1
	if (name !~ /\//)
		wanted = "^" folder "/" glob(name)
	else
		wanted = "(^|/)" glob(name)
	for (path in files)
		if (path ~ wanted)
			return 1
	return 0
}

# Leaves out <term.h>, which is the system's, and "main.c:31", which a target says.
function look(text,    name, before, after) {
	while (match(text, /[A-Za-z0-9_*\/.-]*[A-Za-z0-9_*]\.(c|h|def)[^A-Za-z0-9_]/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
		after = substr(text, RSTART + RLENGTH - 1, 1)
		text = substr(text, RSTART + RLENGTH - 1)
		if (before ~ /[<"]/ || after ~ /[">:]/)
			continue
		if (!((folder, name) in known))
			known[folder, name] = is_there(name)
		if (!known[folder, name])
			print FILENAME ":" FNR ": no such file: " name
	}
}

FNR == 1 { inside = 0; folder = folder_of(FILENAME) }
{
	line = $0 " "
	while (line != "") {
		if (!inside) {
			if ((at = index(line, "/*")) == 0) {
				if ((at = index(line, "// ")) > 0)
					look(substr(line, at + 3))
				break
			}
			line = substr(line, at + 2)
			inside = 1
		}
		if ((at = index(line, "*/")) == 0) {
			look(line)
			break
		}
		look(substr(line, 1, at - 1) " ")
		line = substr(line, at + 2)
		inside = 0
	}
}
