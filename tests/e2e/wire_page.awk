#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# A C file that compiles only where the tables of grmon-wire(5) agree with src/wire/wire.h.
# Usage: wire_page.awk src/core/state.def man/grmon-wire.5
BEGIN {
	print "#include <grmon.h>"
	print "#include \"wire/wire.h\""
}

function claim(condition, what) {
	printf "_Static_assert(%s, \"%s\");\n", condition, what
}
# The fields of a struct follow each other without a gap, up to its end.
function finish() {
	if (struct != "")
		claim(next_offset " == sizeof(struct " struct ")", struct " ends here")
	struct = ""
}

# STATE(4, MUTEX, LOCK, "mutex", 0, "…")
FNR == NR {
	if (match($0, /^STATE\([0-9]+, [A-Z_]+/)) {
		split($0, part, /[(,"] */)
		name_of[part[2]] = part[6]
	}
	next
}

/^\.S[hs] / { finish() }
/struct wire_[a-z]+ , [0-9]+ bytes/ {
	match($0, /wire_[a-z]+/)
	struct = substr($0, RSTART, RLENGTH)
	next_offset = 0
	claim("sizeof(struct " struct ") == " $(NF - 1), struct)
	structs++
}

# .It OFFSET Ta BYTES Ta TYPE Ta NAME Ta
/^\.It [0-9]+ Ta [0-9]+ Ta [a-z0-9_]+(\[[0-9]+\])? Ta [a-z_]+ Ta$/ {
	field = "((struct " struct " *)0)->" $8
	claim("offsetof(struct " struct ", " $8 ") == " $2 " && " $2 " == " next_offset, $8)
	claim("sizeof(" field ") == " $4, $8)
	claim("__builtin_types_compatible_p(__typeof__(" field "), " $6 ")", $8 " is " $6)
	next_offset = $2 + $4
	fields++
	next
}
# What the magic is, below its row.
/^0x[0-9a-f]+:/ {
	claim("WIRE_MAGIC == " substr($1, 1, length($1) - 1), "WIRE_MAGIC")
	next
}
# .It Dv CONSTANT Ta NUMBER Ta …
/^\.It Dv [A-Z_]+ Ta [0-9]+ Ta/ {
	claim($3 " == " $5, $3)
	next
}
# .It NUMBER Ta STATE Ta Dv CONSTANT Ta
/^\.It [0-9]+ Ta [a-z-]+ Ta Dv [A-Z_]+ Ta$/ {
	claim($7 " == " $2, $7)
	claim((name_of[$2] == $4) + 0, "the name of state " $2 " is " name_of[$2])
	states++
	next
}
/^\.It.* Ta / && !/^\.It Sy / { claim(0, "not understood: " $0) }

END {
	finish()
	claim((structs == 6) + 0, "6 structs")
	claim((states == 25) + 0, "25 states")
}
