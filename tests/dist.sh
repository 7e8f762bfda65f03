#!/bin/sh
# SPDX-License-Identifier: MIT
# dist.sh NAME ARCHIVE: packs the source as NAME/… into a .tar.gz. In a git checkout that
# is the last commit. Elsewhere, as in an unpacked archive, it is every file that
# tests/files.sh names; unchanged files give the same archive as before, byte by byte.
set -eu
name=$1
archive=$2
cd "$(dirname "$0")/.."
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir "$stage/$name"
# In both cases each file keeps its time.
if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
	git archive -o "$stage/files.tar" HEAD
else
	tests/files.sh | tar -cf "$stage/files.tar" -T -
fi
tar -xf "$stage/files.tar" -C "$stage/$name"
(cd "$stage" && find "$name" -type f) | LC_ALL=C sort |
	tar -C "$stage" --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
		-cf "$stage/sorted.tar" -T -
gzip -9n <"$stage/sorted.tar" >"$archive"
echo "$archive"
