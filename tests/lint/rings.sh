#!/bin/sh
# SPDX-License-Identifier: MIT
# No two files, and no two folders, call each other, not even through others: a part of
# such a ring cannot be understood, tested or moved alone. Reads the objects in $BUILD.
# Prints each ring and the symbols that tie it.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}

# Objects whose source file no longer exists do not count.
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
