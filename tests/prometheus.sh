#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the folder that has prometheus and promtool; the exit status is 1 if there is
# none. `fetch` first unpacks Debian's package into a cache, because an installed one
# would start a server.
set -u
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/grmon-c/prometheus
bin=$cache/usr/bin

find_them() {
	if command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1; then
		dirname "$(command -v promtool)"
	elif [ -x "$bin/prometheus" ] && [ -x "$bin/promtool" ]; then
		echo "$bin"
	else
		return 1
	fi
}

# Unpacks into another folder and renames it, so that half a package is never found.
unpack() {
	mkdir -p "$(dirname "$cache")" && fresh=$(mktemp -d "$cache.XXXXXX") || return 1
	trap 'rm -rf "$fresh"' EXIT
	(cd "$fresh" && apt-get download prometheus >log 2>&1 && dpkg -x prometheus_*.deb root) ||
		{ tail -2 "$fresh/log"; return 1; }
	rm -rf "$cache" && mv "$fresh/root" "$cache"
}

case ${1:-} in
fetch)
	find_them >/dev/null && exit 0
	[ -z "${GRMON_NO_INSTALL:-}" ] || exit 0
	echo "fetching: prometheus into $cache"
	unpack || { [ "$(id -u)" -eq 0 ] && apt-get update >/dev/null 2>&1 && unpack; } ||
		echo 'there is no prometheus: its test will be skipped'
	;;
*) find_them ;;
esac
