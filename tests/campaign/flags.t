#!/bin/sh
# SPDX-License-Identifier: MIT
# gcc and clang at each level of optimisation, with link-time optimisation, with _FORTIFY_SOURCE=3, and with the
# flags of Debian's hardening: agent and client build without a warning, and the client shows a process. Takes 20
# minutes; GRMON_FLAGS='2 lto' names some of them, by a word in their name.
. "$(dirname "$0")/../e2e/lib.sh"
need cc
plan 16

top=$(cd "$beside/../.." && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL
# Every warning counts, also those of the linker.
build() {
	compiler=$1
	shift
	rm -rf "$work/build"
	make -C "$top" BUILD="$work/build" CC="$compiler" "$@" -j"$(nproc)" all >"$work/log" 2>&1 || { tail -n 20 "$work/log"; return 1; }
	! grep -n 'warning:' "$work/log" && "$work/build/grmon-c" dump $$ | grep -q "t$$" &&
		"$work/build/grmon-c" run -o "$work/out" -- true </dev/null
}
hardened() { dpkg-buildflags --get "$1"; }

for compiler in gcc clang; do
	lto=-flto=auto
	echo 'int x;' | $compiler $lto -c -x c -o "$work/x.o" - 2>/dev/null || lto=-flto
	for flags in O0 O1 O2 O3 "lto:$lto" fortify fortify-lto hardening; do
		point="$compiler $flags"
		if ! command -v $compiler >/dev/null; then
			ok 0 "$point # SKIP $compiler is not installed"
			continue
		fi
		case " ${GRMON_FLAGS:-$flags} " in
		*" ${flags%%:*} "* | *" $flags "*) ;;
		*) ok 0 "$point # SKIP not named in GRMON_FLAGS"; continue ;;
		esac
		case $flags in
		O*) check "$point" build $compiler CFLAGS="-$flags -g" ;;
		lto:*) check "$point" build $compiler CFLAGS="-O2 -g $lto" ;;
		fortify) check "$point" build $compiler CFLAGS='-O2 -g' CPPFLAGS='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' ;;
		fortify-lto) check "$point" build $compiler CFLAGS="-O3 -g $lto" CPPFLAGS='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' ;;
		hardening)
			if command -v dpkg-buildflags >/dev/null; then
				export DEB_BUILD_MAINT_OPTIONS=hardening=+all
				check "$point" build $compiler CFLAGS="$(hardened CFLAGS)" CPPFLAGS="$(hardened CPPFLAGS)" LDFLAGS="$(hardened LDFLAGS)"
			else
				ok 0 "$point # SKIP dpkg-buildflags is not installed"
			fi
			;;
		esac
	done
done
