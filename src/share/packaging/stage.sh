#!/bin/sh
# SPDX-License-Identifier: MIT
# stage.sh FILE… FOLDER: copies files and folders from beside this script into FOLDER. In
# the copies of files that end with .in, which lose that ending, @NAME@ and @VERSION@ are
# what include/grmon.h says, and @DATE@ is the date of the source: $SOURCE_DATE_EPOCH, or
# the last change of that header. @DAY@ is the same date for an RPM, and @SHA256@ the sum of
# the archive of this version if that is beside FOLDER, as `make packaging` has it, or SKIP.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../../..
for folder; do :; done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

set_by() { sed -n "s/^#define GRMON_$1 *\"*\\([^\"]*\\)\"*\$/\\1/p" "$top/include/grmon.h"; }
name=$(set_by TOOL)
version=$(set_by VERSION_MAJOR).$(set_by VERSION_MINOR).$(set_by VERSION_PATCH)
seconds=@${SOURCE_DATE_EPOCH:-$(stat -c %Y "$top/include/grmon.h")}
date=$(LC_ALL=C date -u -R -d "$seconds")
day=$(LC_ALL=C date -u '+%a %b %d %Y' -d "$seconds")
archive=$folder/../$name-$version.tar.gz
sum=SKIP
[ ! -f "$archive" ] || sum=$(sha256sum <"$archive" | cut -d" " -f1)

while [ $# -gt 1 ]; do
	cp -R "$here/$1" "$folder/"
	find "$folder/$1" -name '*.in' | while read -r file; do
		sed "s/@NAME@/$name/g; s/@VERSION@/$version/g; s/@DATE@/$date/g; s/@DAY@/$day/g; s/@SHA256@/$sum/g" \
			"$file" >"${file%.in}"
		rm "$file"
	done
	shift
done
