#!/bin/sh
# SPDX-License-Identifier: MIT
# No two files call each other, and no two folders, not even by way of others: what is in such
# a ring cannot be understood, tested or moved alone. Looks at the objects in $BUILD. Prints
# each ring, and which symbols tie it.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}

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
done | awk '
	/^ring / { sub(/^ring /, "a ring: "); print; next }
	/^tie / { sub(/^tie /, "  "); print }
'
