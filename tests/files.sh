#!/bin/sh
# SPDX-License-Identifier: MIT
# files.sh [PATTERN…]: prints the source files that match, sorted; without a pattern all
# of them. In a git checkout these are the files that git does not ignore, new ones too.
# Elsewhere, as in an unpacked archive, those that .gitignore does not name. A * matches
# slashes too.
set -u
cd "$(dirname "$0")/.." || exit 2
[ $# -gt 0 ] || set -- .

all_files() {
	if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard
	else
		# Build products, and what .gitignore names.
		find . -path './build*' -type d -prune -o -path ./dist -prune -o -path ./.git -prune -o \
			-type f ! -name '*.o' ! -name '*.swp' ! -path ./compile_commands.json -print |
			sed 's,^\./,,'
	fi
}

all_files | LC_ALL=C sort | while read -r file; do
	for pattern in "$@"; do
		# shellcheck disable=SC2254
		case $file in
		$pattern | "$pattern"/*) ;;
		*) [ "$pattern" = . ] || continue ;;
		esac
		[ ! -f "$file" ] || echo "$file"
		break
	done
done
