#!/bin/sh
# SPDX-License-Identifier: MIT
# Other systems, each a clean one by debootstrap: the archive of `make dist` builds there without a warning, and
# passes `make check-quick`; its packages build, and what they install works. There is no git. Ubuntu 22.04 has
# libprocps instead of libproc2. Takes 10 minutes for each; GRMON_SYSTEMS='trixie noble' names others than all of them. Needs root and their mirrors.
. "$(dirname "$0")/../e2e/lib.sh"
need debootstrap
systems=${GRMON_SYSTEMS:-bookworm trixie jammy noble}
set -- $systems
plan $((5 * $#))

top=$(cd "$beside/../.." && pwd)
set -- $(make -s -C "$top" version)
archive=$1-$2
make -s -C "$top" BUILD="$work/dist" dist >/dev/null
[ -n "${GRMON_DEBS:-}" ] || mkdir "$work/debs"
export GRMON_DEBS="${GRMON_DEBS:-$work/debs}"

inside() { "$beside/system.sh" in "$work/$suite" sh -c "cd /root/$archive && $*" >"$work/log" 2>&1 || { grep -a 'not ok\|warning:\|error:' "$work/log"; tail -n 20 "$work/log"; return 1; }; }
library() {
	[ "$suite" = jammy ] && procps=libprocps || procps=libproc2
	inside "readelf -d build/grmon-c | grep 'NEEDED.*$procps' && readelf -d build/grmon-c >log"
}
for suite in $systems; do
	if ! why=$("$beside/system.sh" make "$work/$suite" "$suite"); then
		for point in 'has what the build needs' 'builds without a warning' 'is linked with its procps' 'passes check-quick' \
			'has packages that work'; do
			ok 0 "$suite $point # SKIP $why"
		done
		rm -rf "${work:?}/$suite"
		continue
	fi
	tar -xzf "$work/dist/$archive.tar.gz" -C "$work/$suite/root"
	check "$suite has what the build needs" inside apt-get -q update '&&' apt-get -qy install make '&&' tests/deps.sh quick
	check "$suite builds without a warning" inside make -j"$(nproc)" WERROR=1 all
	check "$suite is linked with its procps" library
	check "$suite passes check-quick" inside make -j"$(nproc)" check-quick
	check "$suite has packages that work" inside make deb '&&' apt-get -qy install ./build/deb/*.deb '&&' \
		cd / '&&' grmon-c --version '&&' 'grmon-c dump $$ | grep -q t$$' '&&' \
		grmon-c run -o /dev/null -- sleep 0.1 '</dev/null'
	rm -rf "${work:?}/$suite"
done
