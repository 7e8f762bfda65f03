#!/bin/sh
# SPDX-License-Identifier: MIT
# The time from starting the client to the first full table of 200 threads of a program
# with debug information: `dump` until it has printed every thread with its stack, the
# view until it first shows the functions of all rows on a terminal of 200x50. Needs
# python3.
set -u
BUILD=${BUILD:-$PWD/build}
command -v python3 >/dev/null 2>&1 || { echo 'no python3: skipped'; exit 0; }
exec python3 "$(dirname "$0")/attach.py" "$BUILD"
