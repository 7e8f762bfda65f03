#!/bin/sh
# SPDX-License-Identifier: MIT
# make WITH_HTTP=0 WITH_EXPORT=0 builds without libcurl and libmicrohttpd; what is missing then is
# said in one sentence, and nothing offers it. Where there is no libproc2, libprocps is taken.
. "$(dirname "$0")/lib.sh"
need cc
need pkg-config
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
[ -z "${GRMON_CLIENT:-}" ] || skip_all 'only of a client that was built here'
unset MAKEFLAGS MFLAGS MAKELEVEL
tests/needs.sh client >"$work/log" && [ ! -s "$work/log" ] || skip_all "$(cat "$work/log")"
plan 21

top=$(cd "$(dirname "$0")/../.." && pwd)
# A build that begins with the objects of this one. Those that depend on the choice are made again.
few=$work/few
copy_build "$few"
# pkg-config finds neither library.
all_but libcurl libmicrohttpd
make_few() {
	env PKG_CONFIG_LIBDIR="$work/pc" make -s -C "$top" BUILD="$few" WITH_HTTP=0 WITH_EXPORT=0 CFLAGS=-O0 "$@"
}
check 'the client builds without libcurl and libmicrohttpd' make_few -j2 client
small=$few/grmon-c
linked() { ! readelf -d "$small" | grep -E 'NEEDED.*lib(curl|microhttpd)'; }
check 'it is not linked with them' linked
# fails CODE WORDS ARGUMENT…: the client ends with CODE and one line that has the words.
fails() {
	expected=$1 words=$2
	shift 2
	"$small" "$@" >"$work/said" 2>&1
	code=$?
	cat "$work/said"
	[ $code -eq "$expected" ] && [ "$(wc -l <"$work/said")" -eq 1 ] && grep -qF -- "$words" "$work/said"
}
check 'a URL is refused' fails 3 'built without libcurl, which the URL http://127.0.0.1:1 needs' dump http://127.0.0.1:1
check 'so it is for the view, which without a terminal advises nothing else' \
	fails 3 'built without libcurl, which the URL http://127.0.0.1:1 needs' http://127.0.0.1:1
check 'and for a host and port' fails 3 'built without libcurl, which the URL' 127.0.0.1:1
check '--user is refused' fails 2 'built without libcurl, which --user needs' dump --user a:b 127.0.0.1:1
check 'export is refused' fails 2 "built without libmicrohttpd, which 'grmon-c export' needs" export $$
check 'export --help says the same' fails 2 'built without libmicrohttpd' export --help
check 'help export says the same' fails 2 'built without libmicrohttpd' help export
check '--listen is refused' fails 2 'built without libmicrohttpd, which --listen needs' dump --listen 0 $$
version() {
	"$small" --version >"$work/version" && [ "$(wc -l <"$work/version")" -eq 3 ] &&
		grep -q 'without libcurl' "$work/version" && grep -q 'without libmicrohttpd' "$work/version"
}
check '--version says what is left out' version
helps() {
	"$small" --help >"$work/help" && "$small" help sources >>"$work/help" &&
		! grep -nE -- '^  grmon-c export|--(listen|skip-zero|top-groups|user|header)' "$work/help" &&
		[ "$(grep -c 'without libcurl' "$work/help")" -eq 2 ] && grep -q 'without libmicrohttpd' "$work/help"
}
check '--help and help sources leave it out and say so' helps
printf 'goroutine 7 [chan receive, 3 minutes]:\nmain.work()\n\t/w.go:3 +0x1\n' >"$work/goroutines"
reads() { "$small" dump "$work/goroutines" | grep -q chan-recv; }
check 'goroutines in a file are read all the same' reads
watches() { "$small" dump $$ | grep -q "t$$"; }
check 'and a process' watches

offers() {
	make_few "$few/man/completions/grmon-c.bash" "$few/man/completions/_grmon-c" "$few/man/completions/grmon-c.fish" &&
		out=$(tests/lint/tables.sh "$small" "$few/man/completions") && [ -z "$out" ] || { echo "$out"; return 1; }
}
check 'completions offer what there is' offers
reads_them() {
	for shell in 'bash -n:grmon-c.bash' 'zsh -n:_grmon-c' 'fish -n:grmon-c.fish'; do
		! command -v "${shell%% *}" >/dev/null || ${shell%%:*} "$few/man/completions/${shell#*:}" || return 1
	done
	# The last case of bash's list, and that of zsh, are still cases.
	grep -q '^		run) options=' "$few/man/completions/grmon-c.bash" && grep -q '^	help)$' "$few/man/completions/_grmon-c"
}
check 'the shells can read them' reads_them
again() { make -n -C "$top" BUILD="$few" client | grep -q 'src/cli/export\.o'; }
check 'the next make without the options builds what was left out' again
# Other folders for the install than for the build: what has them in it is made again.
other() {
	make_few PREFIX="$work/opt" LIBDIR="$work/opt/lib64" DESTDIR="$work/root" install &&
		grep -qx "libdir=$work/opt/lib64" "$work/root$work/opt/lib64/pkgconfig/libgrmon.pc" &&
		grep -qF "$work/opt/lib64/libgrmon.so" "$work/root$work/opt/bin/grmon-c"
}
check 'folders that install is given alone are in what is installed' other
same() { ! make_few -n PREFIX="$work/opt" LIBDIR="$work/opt/lib64" client | grep -q program; }
check 'the same folders compile nothing again' same

# A libprocps that only pkg-config sees.
rm -f "$work/pc/libproc2.pc" "$work/pc/libprocps.pc"
printf 'Name: libprocps\nDescription: x\nVersion: 3.3.17\nLibs: -lprocps\n' >"$work/pc/libprocps.pc"
chosen() {
	case " $(env PKG_CONFIG_LIBDIR="$work/pc" make -s -C "$top" BUILD="$work/none" WITH_HTTP=0 WITH_EXPORT=0 client-libs) " in
	*" -lproc2 "*) return 1 ;;
	*" -lprocps "*) ;;
	*) return 1 ;;
	esac
}
check 'libprocps is taken if there is no libproc2' chosen
lists() {
	make -s -C "$top" BUILD="$few" WITH_HTTP=0 WITH_EXPORT=0 PROCPS=libprocps CFLAGS=-O0 client &&
		readelf -d "$small" | grep -q 'NEEDED.*libprocps' || return 1
	"$small" ls >"$work/ls" && grep -qE "^ *$$ .* $(id -un) " "$work/ls" && awk -v pid=$$ '$1 == pid' "$work/ls"
}
if pkg-config --exists libprocps; then
	check 'a client with libprocps lists processes' lists
else
	ok 0 'a client with libprocps lists processes # SKIP libprocps is not installed'
fi
