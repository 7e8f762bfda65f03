#!/bin/sh
# SPDX-License-Identifier: MIT
# needs.sh agent|client|tests: prints one sentence that says what is missing to build it,
# and how to get it; nothing if everything is there. It only checks, with $CC, $CXX,
# $CPPFLAGS, $PKG_CONFIG, $PROCPS and $PROVE. WITH_HTTP=0 and WITH_EXPORT=0 need less.
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

# The agent replaces functions of glibc, by their versions.
glibc() {
	echo '#include <features.h>' | $CC ${CPPFLAGS:-} -E -dM -x c - 2>/dev/null | grep -q '__GLIBC__ ' && return
	echo "Missing: glibc. $CC builds for another C library, such as musl, whose functions libgrmon cannot replace; a" \
		'grmon-c that was built with glibc reads programs of musl'
	exit
}
# The development package of procps: older systems have libprocps.
procps_package() {
	if apt-cache show libprocps-dev 2>/dev/null | grep -q .; then echo libprocps-dev; else echo libproc2-dev; fi
}

needs_agent() {
	if found $CC; then
		header stdio.h libc6-dev
		[ -n "$missing" ] || glibc
	else
		lacks "a C compiler ($CC)" gcc
	fi
}
needs_client() {
	needs_agent
	if found $PKG_CONFIG; then
		library ncursesw libncurses-dev
		library jansson libjansson-dev
		if [ "${PROCPS:-libproc2}" = libprocps ]; then
			library libprocps libprocps-dev
		else
			library libproc2 $(procps_package)
		fi
		library libdw libdw-dev
		[ "${WITH_HTTP:-1}" = 0 ] || library libcurl libcurl4-openssl-dev
		library zlib zlib1g-dev
		[ "${WITH_EXPORT:-1}" = 0 ] || library libmicrohttpd libmicrohttpd-dev
	else
		lacks "$PKG_CONFIG" pkg-config
	fi
	found $CC || return
	header uthash.h uthash-dev
	# Some systems have it in no folder of its own.
	echo '#include <demangle.h>' | $CC ${CPPFLAGS:-} -E -x c - >/dev/null 2>&1 ||
		header libiberty/demangle.h libiberty-dev
}
needs_tests() {
	needs_client
	found $CXX || lacks "a C++ compiler ($CXX)" g++
	found ${PROVE:-prove} || lacks "${PROVE:-prove}" perl
	found $CC && header cmocka.h libcmocka-dev
}

"needs_$1"
[ -z "$missing" ] ||
	echo "Missing: $missing. On Debian and Ubuntu: sudo apt-get install$packages"
