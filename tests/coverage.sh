#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines covered by the tests that ran in a build with COVERAGE=1, as gcov counts them: per
# folder of src, then the files below LEAST percent (60). Processes that are killed write
# no counts, so a little more was run than it says. Usage: tests/coverage.sh BUILD
set -eu
build=${1:?a build folder}
command -v gcov >/dev/null 2>&1 || { echo 'gcov is needed; it comes with gcc' >&2; exit 2; }
find "$build" -name '*.gcda' | grep -q . || { echo "no test has run in $build" >&2; exit 1; }

# The agent's files are compiled more than once: the object that covers most counts.
find "$build" -name '*.gcda' -exec gcov --no-output {} + 2>/dev/null |
	awk -v least="${LEAST:-60}" -F"'" '
	/^File / { file = $2; next }
	/^Lines executed:/ && file ~ /^src\/.*\.c$/ {
		split($0, part, /[:%]| of /)
		covered = part[2] * part[4] / 100
		if (covered >= best[file] + 0) { best[file] = covered; all[file] = part[4] }
	}
	{ file = "" }
	END {
		for (file in best) {
			folder = file
			sub(/\/[^\/]*$/, "", folder)
			done[folder] += best[file]
			lines[folder] += all[file]
			done["all"] += best[file]
			lines["all"] += all[file]
		}
		for (folder in done)
			printf "%s %-14s %6d of %6d lines  %5.1f %%\n", folder == "all" ? 2 : 1, folder,
				done[folder] + 0.5, lines[folder], 100 * done[folder] / lines[folder]
		for (file in best)
			if (100 * best[file] < least * all[file])
				printf "3 below %d %%: %s %.0f %% of %d\n", least, file,
					100 * best[file] / all[file], all[file]
	}' | sort | cut -d' ' -f2-
