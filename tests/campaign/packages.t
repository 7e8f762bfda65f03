#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages: built twice, also with another umask, they are the same, and lintian finds nothing. On a clean system of this release
# they install, do what the README says, pass their own test, and leave no trace. Takes 15 minutes; needs root, a
# mirror, and the packages that tests/deps.sh deb names.
. "$(dirname "$0")/../e2e/lib.sh"
need dpkg-buildpackage
need dh
plan 10

top=$(cd "$beside/../.." && pwd)
set -- $(make -s -C "$top" version)
archive=$1-$2.tar.gz
debs() { (cd "$work/$1" && sha256sum ./*.deb ./*.dsc ./*.tar.xz); }
build() {
	DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" "$top/src/share/packaging/deb.sh" "$work/$archive" "$work/$1" &&
		[ "$(find "$work/$1" -maxdepth 1 -name "*.deb" ! -name "*dbgsym*" | wc -l)" -eq 3 ]
}
make -s -C "$top" BUILD="$work/dist" dist >/dev/null && mv "$work/dist/$archive" "$work/"
check 'three packages are built' build first
umask 077
check 'and once more in another folder, with another umask' build second/folder
umask 022
debs first >"$work/sums"
debs second/folder >"$work/sums_again"
check 'both builds are the same byte by byte' diff "$work/sums" "$work/sums_again"
rm -rf "$work/second"
clean() {
	out=$(lintian --allow-root --pedantic --fail-on none "$work"/first/*.changes 2>&1) && [ -z "$out" ] || { echo "$out"; return 1; }
}
if command -v lintian >/dev/null; then
	check 'lintian finds nothing' clean
else
	ok 0 'lintian finds nothing # SKIP lintian is not installed'
fi

system=$work/system
inside() { "$beside/system.sh" in "$system" "$@"; }
if ! why=$("$beside/system.sh" make "$system" "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"); then
	for point in 'they install' 'the lines of the README run' 'they leave no file' 'they leave no setting' \
		'they install again' 'the installed client passes the quick tests'; do
		ok 0 "$point # SKIP no clean system: $why"
	done
	exit
fi
# What apt itself leaves behind in any case is not a trace.
files() {
	find "$system" -xdev \( -path "$system/proc" -o -path "$system/sys" -o -path "$system/dev" -o -path "$system/var/lib/apt" \
		-o -path "$system/var/cache" -o -path "$system/var/log" -o -path "$system/var/lib/dpkg" -o -path "$system/root" \) \
		-prune -o -print | sed "s,^$system,," | LC_ALL=C sort
}
settings() { (cd "$system/etc" && find . -type f ! -name ld.so.cache ! -name '*-' -exec sha256sum {} +) | LC_ALL=C sort; }
inside apt-get -q update >"$work/apt" 2>&1
files >"$work/files"
settings >"$work/settings"
mkdir "$system/root/debs"
cp "$work"/first/*.deb "$system/root/debs/"
rm -f "$system"/root/debs/*dbgsym*
install() { inside sh -c 'apt-get -qy --no-install-recommends install /root/debs/*.deb' >"$work/apt" 2>&1 || { tail -5 "$work/apt"; return 1; }; }
check 'they install on a clean system' install
sed -n '/^## Use/,/^## /s/^grmon-c/&/p' "$top/README.md" >"$system/root/lines"
cp "$beside/readme_lines.sh" "$system/root/"
lines() { [ "$(grep -c . "$system/root/lines")" -ge 12 ] && inside sh /root/readme_lines.sh /root/lines; }
check 'the lines of the README run there' lines
inside sh -c 'apt-get -qy purge grmon-c libgrmon0 libgrmon-dev && apt-get -qy --purge autoremove' >"$work/apt" 2>&1 || cat "$work/apt"
left() { files | diff "$work/files" -; }
check 'removed and purged, they leave no file' left
same() { settings | diff "$work/settings" -; }
check 'and no setting' same
depends=$(sed -n 's/^Depends: @, //p' "$top/src/share/packaging/debian/tests/control" | tr -d ',')
again() { install && inside sh -c "apt-get -qy --no-install-recommends install $depends" >"$work/apt" 2>&1 || { tail -5 "$work/apt"; return 1; }; }
check 'they install again, with what their test needs' again
mkdir "$system/root/source"
tar -xf "$work"/first/*.tar.xz -C "$system/root/source" --strip-components=1
quick() { inside sh -c 'cd /root/source && debian/tests/installed' >"$work/quick" 2>&1 || { grep -a 'not ok' "$work/quick"; tail -30 "$work/quick"; return 1; }; }
check 'the installed client passes the quick tests' quick
