#!/bin/sh
# SPDX-License-Identifier: MIT
# Python where its files are not those that its paths name here: replaced or removed while it runs, and in another root,
# mount and pid namespace. It is read all the same, by root and by the user who runs it.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan 4
chmod 755 "$work"
python=$(tail -n 1 "$work/pythons")
python=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
cat >"$work/rest.py" <<'END'
import threading
import time


def second():
    time.sleep(3000)


def first():
    print("ready", flush=True)
    threading.Event().wait()


threading.Thread(target=second, name="second", daemon=True).start()
first()
END
read_as_python() {
	sees "$1" "has errors.#=0 target.runtime^='CPython $minor' and row name=MainThread has state=cond stack.2.function=first and row name=second has state=sleep stack.0.function=second"
}
ready() { until_true grep -q '^ready' "$work/log"; }

# An upgrade renames a new file over the old one.
cp "$python" "$work/python$minor"
: >"$work/log"
start env PYTHONHOME="$prefix" "$work/python$minor" "$work/rest.py"
target=$last
ready
cp /bin/sleep "$work/new"
mv "$work/new" "$work/python$minor"
check 'the file was replaced by another program' until_true read_as_python "$target"
rm "$work/python$minor"
check 'the file is gone' until_true read_as_python "$target"
kill -9 "$target"

# boxed COMMAND…: in namespaces of its own, with a root in which the files have other paths. Prints nothing; the pid of
# the Python on the host is in $target.
boxed() {
	rm -rf "$work/root"
	mkdir -p "$work/root/py" "$work/root/usr" "$work/root/lib" "$work/root/lib64" "$work/root/in" "$work/root/proc"
	chmod -R 777 "$work/root"
	: >"$work/log"
	# shellcheck disable=SC2016
	start "$@" sh -c '
		mount --rbind "$2" "$1/py" && mount --rbind /usr "$1/usr" && mount --rbind /lib "$1/lib" &&
			mount --rbind /lib64 "$1/lib64" && cp "$3" "$1/in/rest.py" || exit
		exec chroot "$1" /usr/bin/env LD_LIBRARY_PATH=/py/lib PYTHONHOME=/py "/py/bin/python$4" /in/rest.py' \
		sh "$work/root" "$prefix" "$work/rest.py" "$minor"
	ready || return 1
	target=$(pgrep -P "$last" | head -n 1)
	target=${target:-$last}
}
if [ "$(id -u)" -eq 0 ] && unshare --mount --pid --fork true 2>/dev/null; then
	boxed unshare --mount --pid --fork --propagation private
	check 'in another root, mount and pid namespace' until_true read_as_python "$target"
	kill -9 "$target"
else
	ok 0 'in another root, mount and pid namespace # SKIP only root can make them'
fi

# As an ordinary user, who has a namespace of users of their own for it.
user='env'
[ "$(id -u)" -ne 0 ] || user='setpriv --reuid 65534 --regid 65534 --clear-groups'
cp "$client" "$work/client"
chmod 755 "$work/client"
chmod 777 "$work"
# The words are a command.
# shellcheck disable=SC2086
if $user unshare -Urmp --fork "$python" -c '' 2>/dev/null && $user "$work/client" --version >/dev/null 2>&1; then
	boxed $user unshare -Urmp --fork
	as_user() {
		$user env HOME="$work" XDG_RUNTIME_DIR= XDG_CONFIG_HOME= "$work/client" dump "$target" -f json >"$work/dump.json" 2>"$work/err" &&
			ask "has errors.#=0 target.runtime^='CPython $minor' and row name=MainThread has stack.2.function=first and row name=second has stack.0.function=second"
	}
	check 'in such namespaces, by an ordinary user' until_true as_user
	kill -9 "$target"
else
	ok 0 'in such namespaces, by an ordinary user # SKIP this user may not make them'
fi
