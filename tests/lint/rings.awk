#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Finds rings: files that call each other, and folders that do. Reads the output of `nm
# -A` for the objects of one program; -v root= is the part of their names before "src/".
# Prints "ring NAME…" for each ring, its names sorted, and then a line for each tie in it:
# "tie FROM -> TO: SYMBOL…".

function unit_of(object) {
	sub(/:.*/, "", object)
	object = substr(object, length(root) + 1)
	sub(/\.o$/, ".c", object)
	return object
}

function folder_of(file) {
	sub(/\/[^\/]*$/, "", file)
	return file
}

function tie(from, to, symbol) {
	if (from == to)
		return
	if (!((from, to) in ties))
		next_of[from] = next_of[from] " " to
	if (index(ties[from, to] " ", " " symbol " ") == 0)
		ties[from, to] = ties[from, to] " " symbol
	seen[from] = seen[to] = 1
}

# Tarjan's algorithm: the members of a ring can all be reached from each other.
function visit(node,    list, count, i, other, size, members) {
	number[node] = lowest[node] = ++nr_visited
	stack[++height] = node
	on_stack[node] = 1
	count = split(next_of[node], list, " ")
	sort(list, count)
	for (i = 1; i <= count; i++) {
		other = list[i]
		if (!(other in number)) {
			visit(other)
			if (lowest[other] < lowest[node])
				lowest[node] = lowest[other]
		} else if (on_stack[other] && number[other] < lowest[node]) {
			lowest[node] = number[other]
		}
	}
	if (lowest[node] != number[node])
		return
	do {
		other = stack[height--]
		on_stack[other] = 0
		members[++size] = other
	} while (other != node)
	if (size > 1)
		print_ring(members, size)
}

function sort(list, count,    i, k, kept) {
	for (i = 2; i <= count; i++) {
		kept = list[i]
		for (k = i - 1; k > 0 && list[k] > kept; k--)
			list[k + 1] = list[k]
		list[k + 1] = kept
	}
}

function join(list, count,    i, line) {
	sort(list, count)
	for (i = 1; i <= count; i++)
		line = line " " list[i]
	return line
}

function print_ring(members, size,    i, k, symbols, count) {
	print "ring" join(members, size)
	for (i = 1; i <= size; i++) {
		for (k = 1; k <= size; k++) {
			count = split(ties[members[i], members[k]], symbols, " ")
			if (count > 0)
				print "tie " members[i] " -> " members[k] ":" join(symbols, count)
		}
	}
}

# "OBJECT:ADDRESS TYPE SYMBOL", without ADDRESS if the symbol is another file's.
$(NF - 1) ~ /^[TDBRCVWGSi]$/ { defined_in[$NF] = unit_of($1) }
$(NF - 1) ~ /^[Uwv]$/ { users[$NF] = users[$NF] " " unit_of($1) }

END {
	for (symbol in users) {
		if (!(symbol in defined_in))
			continue
		home = defined_in[symbol]
		count = split(users[symbol], list, " ")
		for (i = 1; i <= count; i++) {
			tie(list[i], home, symbol)
			tie(folder_of(list[i]), folder_of(home), symbol)
		}
	}
	for (node in seen)
		nodes[++nr_nodes] = node
	sort(nodes, nr_nodes)
	for (n = 1; n <= nr_nodes; n++)
		if (!(nodes[n] in number))
			visit(nodes[n])
}
