#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the folder of dlv and py-spy, beside which the bench measures. `fetch` first gets what neither it nor
# PATH has: from the Go module proxy and from PyPI, into a cache. Without a network it says so in one line.
set -u
bin=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/grmon-c/peers/bin

has() { [ -x "$bin/$1" ] || command -v "$1" >/dev/null 2>&1; }
fetch_dlv() {
	command -v go >/dev/null 2>&1 &&
		GOBIN=$bin GOFLAGS='' GOTOOLCHAIN=local go install github.com/go-delve/delve/cmd/dlv@v1.27.2
}
fetch_py_spy() {
	python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "${bin%/bin}/python" py-spy &&
		ln -sf ../python/bin/py-spy "$bin/py-spy"
}

[ "${1:-}" != fetch ] || [ -n "${GRMON_NO_INSTALL:-}" ] || for peer in dlv py-spy; do
	has $peer && continue
	mkdir -p "$bin"
	echo "fetching: $peer into $bin"
	"fetch_$(echo $peer | tr - _)" >"$bin/log" 2>&1 && has $peer || echo "there is no $peer: the bench leaves its rows out"
done
[ "${1:-}" = fetch ] || echo "$bin"
