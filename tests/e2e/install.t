#!/bin/sh
# SPDX-License-Identifier: MIT
# make install into a folder: every file is installed, a program builds against the shared and the
# static library by pkg-config, and uninstall removes everything.
. "$(dirname "$0")/lib.sh"
need pkg-config
need cc
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
plan 11

root=$(cd "$(dirname "$0")/../.." && pwd)
to=$work/root
copy_build "$work/build"
make_here() { make -s -C "$root" BUILD="$work/build" DESTDIR="$to" PREFIX=/usr "$@"; }

check 'make install succeeds' make_here install
all_there() {
	for file in bin/grmon-c lib/libgrmon.so lib/libgrmon.so.0 lib/libgrmon.a include/grmon.h \
		include/grmon_chan.h lib/pkgconfig/libgrmon.pc share/man/man1/grmon-c.1 \
		share/man/man3/libgrmon.3 share/man/man5/grmon-stream.5 share/man/man5/grmon-wire.5 \
		share/man/man7/grmon-c-guide.7 share/bash-completion/completions/grmon-c \
		share/zsh/site-functions/_grmon-c share/fish/vendor_completions.d/grmon-c.fish \
		share/grmon-c/grmon-c.rules.yml share/grmon-c/grmon-c-dashboard.json \
		share/grmon-c/prometheus.yml lib/systemd/system/grmon-c-export.service; do
		[ -e "$to/usr/$file" ] || { echo "$file is missing"; return 1; }
	done
}
check 'every file is installed' all_there
unit=$to/usr/lib/systemd/system/grmon-c-export.service
if command -v systemd-analyze >/dev/null 2>&1; then
	# systemd-analyze requires a program that exists: the installed one.
	sed "s,=/usr/bin/,=$to/usr/bin/,; /^Documentation/d" "$unit" >"$work/grmon-c-export.service"
	check 'systemd accepts the unit' systemd-analyze verify "$work/grmon-c-export.service"
	check 'systemd rates the unit as hardened' systemd-analyze security --offline=true --threshold=35 \
		"$work/grmon-c-export.service"
else
	ok 0 'systemd accepts the unit # SKIP there is no systemd-analyze'
	ok 0 'systemd rates the unit as hardened # SKIP there is no systemd-analyze'
fi
check 'the installed client prints its version' "$to/usr/bin/grmon-c" --version

cat >"$work/program.c" <<'C'
#include <grmon.h>
#include <grmon_chan.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	struct grmon_chan *never = grmon_chan_new(sizeof(int), 0);
	grmon_label("kind", "installed");
	grmon_chan_name(never, "never");
	puts(grmon_status());
	fflush(stdout);
	return grmon_chan_recv(never, NULL);
}
C
flags() {
	PKG_CONFIG_PATH="$to/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$to" \
		pkg-config "$@" libgrmon
}
check 'a program links the shared library by pkg-config' sh -c \
	"cc -o $work/shared $work/program.c $(flags --cflags --libs | tr '\n' ' ')"
check 'a program links the static library' sh -c \
	"cc -o $work/static $work/program.c $(flags --cflags) $to/usr/lib/libgrmon.a -ldl -pthread"
client=$to/usr/bin/grmon-c
for kind in shared static; do
	start env LD_LIBRARY_PATH="$to/usr/lib" "$work/$kind"
	check "the installed client sees the $kind program's channel" until_true sees "$last" \
		"count state=chan-recv waits_on.text*=never labels='{\"kind\": \"installed\"}' = 1"
done
check 'run finds the installed agent' sh -c \
	"$client run -- sh -c 'grep -q $to/usr/lib/libgrmon /proc/self/maps' </dev/null"
left() {
	make_here uninstall && [ -z "$(find "$to" ! -type d)" ] || { find "$to" ! -type d; return 1; }
}
check 'uninstall removes everything' left
