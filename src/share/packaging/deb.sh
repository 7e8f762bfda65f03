#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh ARCHIVE FOLDER: builds the Debian packages of a source archive of `make dist` in
# FOLDER, which is emptied first, and prints their names. The same archive gives the same
# packages byte by byte. Tests run if DEB_BUILD_OPTIONS says nothing; `make deb` says
# nocheck.
set -eu
umask 022
archive=$1
folder=$2
source=$folder/$(basename "$archive" .tar.gz)

rm -rf "$folder"
mkdir -p "$folder"
tar -xzf "$archive" -C "$folder"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source/include/grmon.h")}
export SOURCE_DATE_EPOCH
"$source/src/share/packaging/stage.sh" debian "$source"
# What make was told is not for the build of the packages.
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS LDFLAGS CPPFLAGS CC BUILD PREFIX LIBDIR DESTDIR
(cd "$source" && dpkg-buildpackage -us -uc) >"$folder/log" 2>&1 || {
	tail -n 40 "$folder/log" >&2
	echo "the packages do not build; all of it is in $folder/log" >&2
	exit 1
}
ls "$folder"/*.deb
