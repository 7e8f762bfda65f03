#!/bin/sh
# SPDX-License-Identifier: MIT
# needs.sh agent|client|tests: prints one sentence that says what is missing to build it,
# and how to get it; nothing if everything is there. It only checks, with $CC, $CXX,
# $CPPFLAGS and $PKG_CONFIG.
set -u
CC=${CC:-cc}
CXX=${CXX:-c++}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
missing=
packages=

# lacks WHAT PACKAGE
lacks() {
	missing="$missing${missing:+, }$1"
	packages="$packages $2"
}
# found PROGRAM [ARGUMENT…]
found() { command -v "$1" >/dev/null 2>&1; }
# header NAME PACKAGE
header() {
	echo "#include <$1>" | $CC ${CPPFLAGS:-} -E -x c - >/dev/null 2>&1 || lacks "$1" "$2"
}
# library NAME PACKAGE
library() { $PKG_CONFIG --exists "$1" 2>/dev/null || lacks "$1" "$2"; }

needs_agent() {
	if found $CC; then
		header stdio.h libc6-dev
	else
		lacks "a C compiler ($CC)" gcc
	fi
}
needs_client() {
	needs_agent
	if found $PKG_CONFIG; then
		library ncursesw libncurses-dev
		library jansson libjansson-dev
		library libproc2 libproc2-dev
		library libdw libdw-dev
		library libcurl libcurl4-openssl-dev
		library zlib zlib1g-dev
		library libmicrohttpd libmicrohttpd-dev
	else
		lacks "$PKG_CONFIG" pkg-config
	fi
	found $CC || return
	header uthash.h uthash-dev
	header libiberty/demangle.h libiberty-dev
}
needs_tests() {
	needs_client
	found $CXX || lacks "a C++ compiler ($CXX)" g++
	found $CC && header cmocka.h libcmocka-dev
}

"needs_$1"
[ -z "$missing" ] ||
	echo "Missing: $missing. On Debian and Ubuntu: sudo apt-get install$packages"
