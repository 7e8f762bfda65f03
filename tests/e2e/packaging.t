#!/bin/sh
# SPDX-License-Identifier: MIT
# What packages are made from: names and versions are those of the header, each installed file is in one package,
# and the symbols of the Debian package are the functions that the library exports.
. "$(dirname "$0")/lib.sh"
need python3
need pkg-config
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
unset MAKEFLAGS MFLAGS MAKELEVEL
plan 11

root=$(cd "$(dirname "$0")/../.." && pwd)
set -- $(make -s -C "$root" version)
tool=$1 version=$2
staged=$work/packaging
packaging=$root/src/share/packaging
stages() {
	"$packaging/stage.sh" debian grmon-c.spec.in PKGBUILD.in default.nix.in Dockerfile.in "$staged" &&
		! grep -rn '@[A-Z]*@' "$staged" && [ -z "$(find "$staged" -name '*.in')" ]
}
check 'the files of all packages are made' stages
same_version() {
	grep -q "^$tool ($version) " "$staged/debian/changelog" && grep -qx "Name: *$tool" "$staged/grmon-c.spec" &&
		grep -qx "Version: *$version" "$staged/grmon-c.spec" && grep -q "^ADD $tool-$version.tar.gz" "$staged/Dockerfile" &&
		grep -q "version = \"$version\"" "$staged/default.nix" && grep -qx "pkgver=$version" "$staged/PKGBUILD"
}
check 'each has the name and the version of the header' same_version
dated() {
	(umask 077 && SOURCE_DATE_EPOCH=1700000000 "$packaging/stage.sh" debian grmon-c.spec.in "$work/dated") &&
		tail -1 "$work/dated/debian/changelog" | grep -q 'Tue, 14 Nov 2023 22:13:20 +0000$' &&
		grep -q '^\* Tue Nov 14 2023 ' "$work/dated/grmon-c.spec"
}
check 'the changelogs have the date of the source' dated
private() { [ -z "$(find "$work/dated" ! -perm -044)" ]; }
check 'a private umask is not that of the files' private
check 'its library is named by the first number of the version' [ -e "$staged/debian/libgrmon${version%%.*}.symbols" ]
symbols() {
	sed -n 's/^ \(grmon_[a-z_]*\)@LIBGRMON_.*/\1/p' "$staged"/debian/libgrmon*.symbols | sort >"$work/symbols"
	sed -n 's/^\(grmon_[a-z_]*\)@@LIBGRMON_.*/\1/p' "$root/tests/lint/exports.txt" | sort | diff "$work/symbols" -
}
check 'its symbols are those that the library exports' symbols
copy_build "$work/build"
make -s -C "$root" BUILD="$work/build" DESTDIR="$work/root" PREFIX=/usr install >"$work/log" 2>&1
check 'each installed file is in one Debian package' "$beside/packaging_files.py" debian "$staged" "$work/root"
check 'and in one RPM' "$beside/packaging_files.py" rpm "$staged" "$work/root"
runs() {
	for line in pid=container:NAME pid=host cap-add=SYS_PTRACE 'security-opt apparmor=unconfined'; do
		grep -q -- "^#.*docker run.*--$line" "$staged/Dockerfile" && grep -q -- "--$line" "$root/man/grmon-c-guide.7" || { echo "$line"; return 1; }
	done
}
check 'the guide has the run lines of the Dockerfile' runs
# makepkg refuses to be root.
arch() {
	chmod 711 "$work" && mkdir "$work/arch" && cp "$staged/PKGBUILD" "$work/arch/" || return 1
	as=
	[ "$(id -u)" -ne 0 ] || { chown -R nobody "$work/arch" && as='setpriv --reuid=nobody --clear-groups'; } || return 1
	(cd "$work/arch" && $as makepkg --printsrcinfo) >"$work/srcinfo" && grep -qx "pkgbase = $tool" "$work/srcinfo" &&
		grep -q "source = $tool-$version.tar.gz" "$work/srcinfo"
}
tools() {
	(cd "$staged" && bash -n PKGBUILD && bash -c '. ./PKGBUILD && [ "$pkgname-$pkgver" = "$1" ]' x "$tool-$version") || return 1
	! command -v makepkg >/dev/null || arch || return 1
	! command -v rpmspec >/dev/null || rpmspec -P "$staged/grmon-c.spec" >"$work/spec" || return 1
	! command -v nix-instantiate >/dev/null || nix-instantiate --parse "$staged/default.nix" >"$work/nix" || return 1
	! command -v dpkg-parsechangelog >/dev/null ||
		[ "$(dpkg-parsechangelog -l "$staged/debian/changelog" -S Version)" = "$version" ]
}
if command -v bash >/dev/null; then
	check 'the tools that are here can read them' tools
else
	ok 0 'the tools can read them # SKIP bash is not installed'
fi
archive() {
	make -s -C "$root" BUILD="$work/build" packaging >"$work/log" && [ -s "$work/build/packaging/$tool-$version.tar.gz" ] &&
		(cd "$work/build/packaging" && sed -n "s/^sha256sums=(\(.*\))/\1  $tool-$version.tar.gz/p" PKGBUILD | sha256sum -c --quiet)
}
check 'make packaging puts the archive beside them, and its sum into PKGBUILD' archive
