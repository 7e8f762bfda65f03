#!/bin/sh
# SPDX-License-Identifier: MIT
# Every static check by its name: `tests/lint/run.sh [CHECK…]`. Prints one line per check
# and what it found; exits with 1 if any found something.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
checks="layers rings format shape comments words version exports tables man shell workflows analyse"
[ $# -eq 0 ] || checks=$*
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

c_files() { tests/files.sh "$@"; }

# The folders that each folder may include; see .github/CONTRIBUTING.md.
check_layers() { tests/lint/layers.awk $(c_files 'src/*.c' 'src/*.h' 'include/*.h'); }

# Files that call each other in a ring.
check_rings() {
	make -s client agent BUILD="$BUILD" >/dev/null || { echo 'it does not build'; return; }
	tests/lint/rings.sh
}

check_format() {
	clang-format --dry-run -Werror $(c_files '*.c' '*.h') 2>&1 | grep -E 'error|warning' |
		head -20
}

# Files and functions that are too long, unfinished marks, missing licence lines.
check_shape() {
	awk '/^{/ { from = FNR }
		/^}/ && from && FNR - from >= 60 { print FILENAME ":" from ": a function of " FNR - from + 1 " lines, at most 60" }
		/^}/ { from = 0 }' $(c_files 'src/*.c' 'src/*.h')
	c_files 'src/*.c' 'src/*.h' 'include/*.h' 'tests/*.c' | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 700 ] || echo "$file: $lines lines, at most 700"
		head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
			echo "$file: no SPDX-License-Identifier line"
	done
	grep -nIiE '\b(TODO|FIXME|XXX)\b' $(c_files src include tests man Makefile README.md) |
		grep -v '^tests/lint/' | head
	grep -nE '[^_a-z](exit|abort)\(' $(c_files 'src/*.c') |
		grep -vE '^src/(cli|examples)/|_exit|:[0-9]+:[ \t]*(/?\*|.*/\*.*exit\()' | head
}

# Comments that name a file that does not exist; folders whose duty no header says, or
# several do.
check_comments() {
	c_files . >"$out.list"
	tests/lint/comments.awk -v list="$out.list" $(c_files '*.c' '*.h' '*.def' '*.cc')
	c_files 'src/*.[ch]' | sed 's,/[^/]*$,,' | sort -u | while read -r folder; do
		set -- $(grep -l "^ \* The folder $folder " "$folder"/*.[ch])
		[ $# -eq 1 ] || echo "$folder: $# of its files begin with \"The folder $folder\""
	done
	rm -f "$out.list"
}

# Phrases that read as translated, in comments, strings and pages.
check_words() {
	tests/lint/words.awk $(c_files src include man README.md CHANGELOG.md .github tests Makefile |
		grep -vE '^tests/(data/|lint/words\.awk)')
}

# The version is written in include/grmon.h alone, and CHANGELOG.md begins with it. Files have the tool's name.
check_version() {
	set -- $(make -s version)
	grep -nwF -- "$2" $(c_files | grep -vE '^(tests/(data|verdicts)/|CHANGELOG\.md$)') |
		sed 's/$/: take the version from include\/grmon.h/'
	[ "$(sed -n '/^## /{s/^## \([^, ]*\).*/\1/p;q;}' CHANGELOG.md)" = "$2" ] ||
		echo "CHANGELOG.md does not begin with version $2"
	for file in man/$1.1 man/$1-guide.7 man/completions/$1.bash man/completions/_$1 man/completions/$1.fish \
		src/share/$1.rules.yml src/share/$1-dashboard.json src/share/$1-export.service src/share/packaging/$1.spec.in \
		src/share/packaging/debian/$1.install; do
		[ -e "$file" ] || echo "there is no $file, and the tool is called $1"
	done
	grep -q "^\.Nm $1\$" man/$1.1 2>/dev/null || echo "man/$1.1 does not explain $1"
	[ "$(head -1 README.md)" = "# $1" ] || echo "README.md is not about $1"
}

# The agent's dynamic symbols: its API, and the functions that it interposes on purpose.
check_exports() {
	make -s agent BUILD="$BUILD" >/dev/null || { echo 'the agent does not build'; return; }
	nm -D --defined-only "$BUILD"/libgrmon.so | awk '{print $3}' | sort >"$out.have"
	sort tests/lint/exports.txt >"$out.want"
	comm -23 "$out.have" "$out.want" | sed 's/^/exported, but not in tests\/lint\/exports.txt: /'
	comm -13 "$out.have" "$out.want" | sed 's/^/in tests\/lint\/exports.txt, but not exported: /'
	# Every function in the headers is exported under a version of the library, and
	# nothing else is.
	sed -n '/^GRMON_API/,/;/p' include/*.h | grep -oE '\bgrmon_[a-z_]+\(' | tr -d '(' | sort -u >"$out.want"
	sed -n 's/^\(grmon_[a-z_]*\)@@LIBGRMON_.*/\1/p' "$out.have" >"$out.versioned"
	comm -23 "$out.want" "$out.versioned" | sed 's/^/in a header, but not exported under a version: /'
	comm -13 "$out.want" "$out.versioned" | sed 's/^/exported, but in no header: /'
	grep '^grmon_' "$out.have" | grep -v '@@' | sed 's/^/exported without a version: /'
	rm -f "$out.have" "$out.want" "$out.versioned"
	readelf -d "$BUILD"/libgrmon.so | awk '/NEEDED/ && !/libc\.so|ld-linux/ {print "the agent needs more than libc: " $0}'
}

# --help, the man page and the completions name the same options and subcommands.
check_tables() {
	make -s client BUILD="$BUILD" >/dev/null || { echo 'the client does not build'; return; }
	tests/lint/tables.sh "$BUILD/grmon-c"
}

check_man() {
	for page in man/*.[1357]; do
		mandoc -Tlint -Wwarning "$page" 2>&1 | head -20
		# A quote at the beginning of an argument is not printed, as in JSON: use
		# \(dq or a display.
		grep -nHE '^\.(Ql|Dl|Li|Cm|Ar|Pa|It Cm) (.* )?"' "$page"
	done
	# A newcomer reads the README; everything else belongs in a manual page.
	[ "$(wc -c <README.md)" -le 10240 ] || echo 'README.md has more than 10 KB'
}

check_shell() {
	shellcheck -S warning -e SC2046,SC2086,SC2154,SC1091,SC3045 $(tests/files.sh '*.sh' \
		'*.t' .ci/run man/completions/grmon-c.bash) 2>&1 | head -60
}

# Each job of the workflow runs the commands of .ci/run.
check_workflows() {
	jobs=$(grep -c ' runs-on:' .github/workflows/ci.yml)
	sed -n "s/^part '[^']*' //p" .ci/run | sed 's/ -j[^ ]*//' | sort >"$out.want"
	sed -n 's/^ *- \(make .*\)/\1/p' .github/workflows/ci.yml | sed 's/ -j[^ ]*//' | sort |
		uniq -c | sed -n "s/^ *$jobs //p" | diff "$out.want" - |
		sed -n 's/^</not in each job of the workflow:/p; s/^>/not in .ci\/run:/p'
	rm -f "$out.want"
}

check_analyse() {
	flags="-std=c11 -D_GNU_SOURCE -DGRMON_LIBDIR=__FILE__ -Iinclude -Isrc $(pkg-config --cflags ncursesw jansson libdw)"
	# The other file of the two needs another library.
	other=src/source/process_scan_procps.c
	! pkg-config --exists libprocps || other=src/source/process_scan_proc2.c
	cppcheck --quiet --error-exitcode=0 --inline-suppr --std=c11 -Iinclude -Isrc \
		--enable=warning,portability,performance -j "$(nproc)" \
		--suppressions-list=tests/lint/cppcheck.txt \
		--template='{file}:{line}: {severity}: {message} [{id}]' \
		$(c_files 'src/*.c') 2>&1 | head -60
	c_files 'src/*.c' | grep -vxF "$other" | grep -v '^src/examples/' |
		xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$@" -- '"$flags"' 2>/dev/null' tidy |
		grep -E '(warning|error):' | sed "s,^$PWD/,," | sort -u | head -60
}

for check in $checks; do
	"check_$check" >"$out" 2>&1
	if [ -s "$out" ]; then
		failed=1
		echo "not ok - $check"
		sed 's/^/  /' "$out"
	else
		echo "ok - $check"
	fi
done
exit $failed
