#!/bin/sh
# SPDX-License-Identifier: MIT
# No two files call each other, and no two folders, not even by way of others: what is in such
# a ring cannot be understood, tested or moved alone. Looks at the objects in $BUILD. Prints
# each ring, and which symbols tie it.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}

# Rings from before this was checked. Break them; add none.
known() {
	cat <<-'EOF'
	src/agent/creator.c src/agent/memfd.c src/agent/region.c src/agent/server.c src/agent/slot.c src/agent/thread.c
	EOF
}

# What is left in the build of a file that is gone does not count.
objects() {
	find "$1/src" -name '*.o' | while read -r object; do
		source=${object#"$1"/}
		[ ! -f "${source%.o}.c" ] || echo "$object"
	done
}

# The client, and the agent, which is another program.
for program in "$BUILD" "$BUILD/pic"; do
	objects "$program" | xargs nm -A | tests/lint/rings.awk -v root="$program/"
done | {
	known | sed 's/^/known /'
	cat
} | awk '
	$1 == "known" { $1 = ""; sub(/^ /, ""); known[$0] = 1; next }
	$1 == "ring" { $1 = ""; sub(/^ /, ""); wanted = !($0 in known); delete known[$0] }
	wanted && /^tie / { sub(/^tie /, "  "); print; next }
	wanted { print "a ring: " $0 }
	END {
		for (ring in known)
			print "no longer a ring, to be removed from tests/lint/rings.sh: " ring
	}
'
