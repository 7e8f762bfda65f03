#!/bin/sh
# SPDX-License-Identifier: MIT
# make where something is missing says so in one line, with the packages, before it compiles.
. "$(dirname "$0")/lib.sh"
need cc
need pkg-config
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_PATH
tests/needs.sh tests >"$work/log" && [ ! -s "$work/log" ] || skip_all "$(cat "$work/log")"
plan 14

make_here() { make BUILD="$work/build" "$@"; }
# says WORDS COMMAND…: make ends with 2 and one line, which has the words, and builds nothing.
says() {
	words=$1
	shift
	"$@" >"$work/said" 2>&1
	code=$?
	cat "$work/said"
	[ $code -eq 2 ] && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -qF -- "$words" "$work/said" &&
		[ ! -e "$work/build" ]
}
# all_but LIBRARY: a folder where pkg-config finds every other one.
all_but() {
	rm -rf "$work/pc"
	mkdir "$work/pc"
	pkg-config --variable pc_path pkg-config | tr ':' '\n' | while read -r folder; do
		for file in "$folder"/*.pc; do
			[ ! -e "$file" ] || ln -sf "$file" "$work/pc/"
		done
	done
	rm "$work/pc/$1.pc"
}
without() {
	all_but "$1"
	says "Missing: $1. On Debian and Ubuntu: sudo apt-get install $2." \
		env PKG_CONFIG_LIBDIR="$work/pc" make -j2 BUILD="$work/build"
}
check 'without ncursesw' without ncursesw libncurses-dev
check 'without jansson' without jansson libjansson-dev
check 'without libproc2' without libproc2 libproc2-dev
check 'without libdw' without libdw libdw-dev
check 'without libmicrohttpd' without libmicrohttpd libmicrohttpd-dev
check 'without any library' says 'ncursesw, jansson, libproc2, libdw, libcurl, zlib' \
	env PKG_CONFIG_LIBDIR=/nonexistent make BUILD="$work/build"
check 'with a pkg-config that finds none' says 'libjansson-dev libproc2-dev libdw-dev' \
	make_here PKG_CONFIG=false
check 'without pkg-config' says 'no-pkg-config. On Debian and Ubuntu: sudo apt-get install pkg-config.' \
	make_here PKG_CONFIG=no-pkg-config
check 'without a compiler' says 'a C compiler (no-cc). On Debian and Ubuntu: sudo apt-get install gcc.' \
	make_here CC=no-cc
mkdir "$work/include"
echo '#error no' >"$work/include/uthash.h"
check 'without a header' says 'Missing: uthash.h. On Debian and Ubuntu: sudo apt-get install uthash-dev.' \
	make_here CPPFLAGS="-I$work/include"
check 'only the client' says 'jansson, ' env PKG_CONFIG_LIBDIR=/nonexistent \
	make -n BUILD="$work/build" client
echo '#error no' >"$work/include/cmocka.h"
rm "$work/include/uthash.h"
check 'the tests without cmocka' says 'sudo apt-get install libcmocka-dev.' \
	make_here -n check-quick CPPFLAGS="-I$work/include"
check 'the agent needs no library' env PKG_CONFIG_LIBDIR=/nonexistent make -n BUILD="$work/build" agent
check 'help, clean and dist need nothing' make_here CC=no-cc PKG_CONFIG=no-pkg-config -s help clean dist
