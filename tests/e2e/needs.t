#!/bin/sh
# SPDX-License-Identifier: MIT
# If something is missing, make says so in one line that names the packages, before it compiles.
. "$(dirname "$0")/lib.sh"
need cc
need pkg-config
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_PATH
tests/needs.sh tests >"$work/log" && [ ! -s "$work/log" ] || skip_all "$(cat "$work/log")"
plan 26

make_here() { make BUILD="$work/build" "$@"; }
# says WORDS COMMAND…: make ends with 2, prints one line that contains WORDS, and builds nothing.
says() {
	words=$1
	shift
	"$@" >"$work/said" 2>&1
	code=$?
	cat "$work/said"
	[ $code -eq 2 ] && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -qF -- "$words" "$work/said" &&
		[ ! -e "$work/build" ]
}
without() {
	all_but "$1"
	says "Missing: $1. On Debian and Ubuntu: sudo apt-get install $2." \
		env PKG_CONFIG_LIBDIR="$work/pc" make -j2 BUILD="$work/build"
}
check 'make names a missing ncursesw in one line' without ncursesw libncurses-dev
check 'make names a missing jansson in one line' without jansson libjansson-dev
check 'make names a missing libproc2 in one line' without libproc2 libproc2-dev
check 'make names a missing libdw in one line' without libdw libdw-dev
check 'make names a missing libmicrohttpd in one line' without libmicrohttpd libmicrohttpd-dev
check 'make names all missing libraries in one line' says 'ncursesw, jansson, libproc2, libdw, libcurl, zlib' \
	env PKG_CONFIG_LIBDIR=/nonexistent make BUILD="$work/build"
check 'if pkg-config finds nothing, make names the packages' says 'libjansson-dev libproc2-dev libdw-dev' \
	make_here PKG_CONFIG=false
check 'make names a missing pkg-config in one line' says 'no-pkg-config. On Debian and Ubuntu: sudo apt-get install pkg-config.' \
	make_here PKG_CONFIG=no-pkg-config
check 'make names a missing compiler in one line' says 'a C compiler (no-cc). On Debian and Ubuntu: sudo apt-get install gcc.' \
	make_here CC=no-cc
mkdir "$work/include"
echo '#error no' >"$work/include/uthash.h"
check 'make names a missing header in one line' says 'Missing: uthash.h. On Debian and Ubuntu: sudo apt-get install uthash-dev.' \
	make_here CPPFLAGS="-I$work/include"
check 'make client names what the client lacks' says 'jansson, ' env PKG_CONFIG_LIBDIR=/nonexistent \
	make -n BUILD="$work/build" client
echo '#error no' >"$work/include/cmocka.h"
rm "$work/include/uthash.h"
check 'make tests names a missing cmocka' says 'sudo apt-get install libcmocka-dev.' \
	make_here -n check-quick CPPFLAGS="-I$work/include"
check 'the agent needs no library' env PKG_CONFIG_LIBDIR=/nonexistent make -n BUILD="$work/build" agent
if command -v musl-gcc >/dev/null; then
	check 'with musl, make says in one line that glibc is missing' says \
		'Missing: glibc. musl-gcc builds for another C library, such as musl' make_here CC=musl-gcc
else
	ok 0 'with musl, make says that glibc is missing # SKIP musl-gcc is not installed'
fi
all_but libcurl
check 'WITH_HTTP=0 needs no libcurl' env PKG_CONFIG_LIBDIR="$work/pc" make -n BUILD="$work/build" WITH_HTTP=0 client
check 'help, clean and dist need nothing' make_here CC=no-cc PKG_CONFIG=no-pkg-config -s help clean dist
rm -rf "$work/build"
check 'make tests names a missing prove' says 'no-prove. On Debian and Ubuntu: sudo apt-get install perl.' \
	make_here -n check-quick PROVE=no-prove

# Folders that make cannot take, and what it must not remove.
mkdir -p "$work/mine" "$work/my folder/include"
for name in BUILD PREFIX LIBDIR DESTDIR; do
	check "make refuses a space in $name" says "$name is '$work/mine too': it must be one folder" \
		make_here -n "$name=$work/mine too" install
done
check 'make clean too' says "it must be one folder" make clean BUILD="$work/mine too"
check 'and removes nothing' [ -d "$work/mine" ]
root=$(cd "$(dirname "$0")/../.." && pwd)
cp "$root/Makefile" "$work/my folder/"
cp "$root/include/grmon.h" "$work/my folder/include/"
check 'make refuses a folder of the source with a space' says "CURDIR is '$work/my folder'" make -C "$work/my folder" --no-print-directory clean
check 'make clean does not remove the source' says "it must not be the folder of the source" make -n clean BUILD=.
check 'make names a procps that it does not know' says "PROCPS is 'libnone': it must be libproc2 or libprocps" \
	make_here PROCPS=libnone
