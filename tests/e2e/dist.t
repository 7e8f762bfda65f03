#!/bin/sh
# SPDX-License-Identifier: MIT
# make dist: the archive has every file of the commit. Unpacked on a machine without git, it builds,
# lists its files, and makes the same archive again.
. "$(dirname "$0")/lib.sh"
need cc
need pkg-config
need gzip
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
plan 9

set -- $(make -s version)
version=$2
check 'make dist makes an archive' make -s dist BUILD="$work/first"
first=$work/first/grmon-c-$version.tar.gz
mkdir "$work/unpacked"
tar -xzf "$first" -C "$work/unpacked"
there=$work/unpacked/grmon-c-$version
(cd "$there" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort) >"$work/have"

# A git that fails, and records its arguments.
mkdir "$work/bin"
printf '#!/bin/sh\necho "$0 $*" >>%s\nexit 127\n' "$work/asked" >"$work/bin/git"
chmod +x "$work/bin/git"
without_git() (
	unset MAKEFLAGS MFLAGS
	cd "$there" && PATH=$work/bin:$PATH "$@"
)

if [ -e .git ]; then
	git ls-tree -r --name-only HEAD | LC_ALL=C sort >"$work/want"
else
	tests/files.sh >"$work/want"
fi
check 'the archive has every file' diff "$work/want" "$work/have"
without_git tests/files.sh >"$work/names" 2>"$work/log"
check 'the unpacked files are found without git' diff "$work/have" "$work/names"
without_git tests/files.sh 'src/*.c' include Makefile >"$work/names"
some() { grep -E '^(src/.*\.c|include/.*|Makefile)$' "$work/have" | diff - "$work/names"; }
check 'a pattern selects files' some
built() {
	without_git make -s -j2 agent BUILD=build CFLAGS=-O0 && [ -f "$there/build/libgrmon.so" ]
}
check 'the agent can be built from the archive' built
check 'the archive has the files that the quick tests need' without_git make -n check-quick BUILD="$work/nothing"
# A target with a library of its own would need more than the quick tests may.
quick() {
	without_git make -n check-quick BUILD="$work/nothing" >"$work/commands" && grep -q targets/lock_cycles "$work/commands" &&
		! grep -n 'tests/targets/wrap_libraries' "$work/commands"
}
check 'the quick tests build nothing that needs other libraries' quick
same() { without_git make -s dist BUILD="$work/second" && cmp "$first" "$work/second/${first##*/}"; }
check 'make dist from the archive makes the same archive' same
ok "$([ ! -e "$work/asked" ]; echo $?)" 'no command runs git' "$(cat "$work/asked" 2>/dev/null)"
