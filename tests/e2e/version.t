#!/bin/sh
# SPDX-License-Identifier: MIT
# The name and the version are set in include/grmon.h. Everything else that has them follows.
. "$(dirname "$0")/lib.sh"
need cc
need readelf
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
unset MAKEFLAGS MFLAGS MAKELEVEL
plan 11

root=$(cd "$(dirname "$0")/../.." && pwd)
set -- $(make -s -C "$root" version)
tool=$1 version=$2
cat >"$work/program.c" <<'C'
#include <grmon.h>
#include <stdio.h>
int main(void)
{
	printf("%s %s\n", GRMON_TOOL, GRMON_VERSION);
	return 0;
}
C
says() { cc -I "$root/include" -o "$work/program" "$work/program.c" && [ "$("$work/program")" = "$tool $version" ]; }
check 'make version prints what the header says to a program' says
check 'the client prints it' [ "$("$client" --version)" = "$tool $version" ]
soname() { readelf -d "$agent" | grep -q "SONAME.*\\[libgrmon\\.so\\.${version%%.*}\\]"; }
check 'the name of the library ends with its first number' soname
check 'the lint part passes' "$root/tests/lint/run.sh" version

# A copy of the source, with another version in the header.
copy=$work/copy
mkdir "$copy"
(cd "$root" && tests/files.sh Makefile include man src/share tests README.md CHANGELOG.md | tar -cf - -T -) |
	tar -xf - -C "$copy"
sed -i 's/^\(#define GRMON_VERSION_MAJOR *\).*/\17/; s/^\(#define GRMON_VERSION_MINOR *\).*/\18/
	s/^\(#define GRMON_VERSION_PATCH *\).*/\19/; s/^\(#define GRMON_TOOL *\).*/\1"other"/' "$copy/include/grmon.h"
here() { make -s -C "$copy" BUILD="$work/build" "$@"; }
check 'another version in the header is the version of make' [ "$(here version)" = 'other 7.8.9' ]
pc() { here "$work/build/libgrmon.pc" >/dev/null && grep -qx 'Version: 7.8.9' "$work/build/libgrmon.pc"; }
check 'and of pkg-config' pc
page() { here "$work/build/man/libgrmon.3" && grep -qx '\.Os other 7\.8\.9' "$work/build/man/libgrmon.3"; }
check 'and of the manual pages' page
archive() { here -n dist | grep -q '/other-7\.8\.9\.tar\.gz$'; }
check 'and of the source archive' archive
lint() { ! "$copy/tests/lint/run.sh" version >"$work/lint" && grep -q 'CHANGELOG.md does not begin' "$work/lint"; }
check 'a changelog of another version is found' lint
check 'and files that have another name are listed' grep -q 'there is no man/other.1, and the tool is called other' "$work/lint"
deb() { ! here deb >"$work/deb" 2>&1 && grep -q 'no files of libgrmon7' "$work/deb"; }
check 'a library of another number is not packed under the old one' deb
