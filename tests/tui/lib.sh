# SPDX-License-Identifier: MIT
# Functions for the tests of the view: a tmux server with one shell, keys, and polling of the screen.
# Sourced by tests/tui/*.t with BUILD set.
# shellcheck shell=sh disable=SC2034

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
server=grmon-tui-$$
export LC_ALL=C.UTF-8
unset NO_COLOR GRMON_SOCKET_DIR GRMON_DISABLE TMUX
# tmux starts its commands with this shell, instead of the user's, which may be missing.
export SHELL=/bin/sh

finish() {
	status=$?
	trap - EXIT INT TERM
	# shellcheck disable=SC2086
	started=$(still_ours $started)
	tmux -L "$server" kill-server 2>/dev/null
	for pid in $started; do
		kill -CONT "$pid" 2>/dev/null
		kill -9 "$pid" 2>/dev/null
	done
	rm -rf "$work"
	[ "$failures" -eq 0 ] || status=1
	exit $status
}
trap finish EXIT INT TERM
need tmux

ok() { # STATUS NAME
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
		screen 2>/dev/null | sed 's/^/# |/'
	fi
}

screen() { tmux -L "$server" capture-pane -p -t view; }
colored() { tmux -L "$server" capture-pane -p -e -t view; }
state() { tmux -L "$server" display-message -p -t view "#{$1}"; }
press() { tmux -L "$server" send-keys -t view "$@"; }
typed() { tmux -L "$server" send-keys -t view -l -- "$1"; }
resize() { tmux -L "$server" resize-window -t view -x "$1" -y "$2"; }

sees() { screen | grep -qE -- "$1"; }
sees_not() { ! sees "$1"; }
wait_for() { until_true sees "$1"; }
wait_gone() { until_true sees_not "$1"; }
# expect PATTERN NAME: reports one test point: the screen shows the pattern within the time limit.
expect() { wait_for "$1"; ok $? "$2"; }
expect_gone() { wait_gone "$1"; ok $? "$2"; }

# open_shell WIDTH HEIGHT: starts a shell in a terminal. Its prompt shows that a command has ended.
open_shell() {
	tmux -L "$server" -f /dev/null new-session -d -s view -x "$1" -y "$2" \
		"PS1='back> ' ENV= exec sh"
	tmux -L "$server" set-option -g focus-events off >/dev/null
	# tmux 3.2 may ignore both numbers.
	[ "$(state window_width)" = "$1" ] || resize "$1" "$2"
	wait_for '^back>' || give_up 'no shell in tmux'
}
# The view without its preview, for tests of what the whole screen has room for.
no_preview() {
	mkdir -p "$XDG_CONFIG_HOME/grmon-c"
	echo '{"preview": false}' >"$XDG_CONFIG_HOME/grmon-c/config.json"
}
# Types a command into that shell.
run_in_shell() {
	typed "$1"
	press Enter
}
# view ARG...: starts the client with these arguments and waits until it has drawn.
view() {
	run_in_shell "clear; $client $*; echo status=\$?"
	wait_for 'ID +(.* )?STATE'
}
# Prints the pid of the client that runs in the shell.
view_pid() {
	pgrep -P "$(state pane_pid)" -x grmon-c
}

# The line that the cursor is on, and whether it contains TEXT.
cursor_line() { colored | grep -nE "$(printf '\033')\[([0-9;]*;)?7m"; }
cursor_is_at() { cursor_line | sed "s/$(printf '\033')\[[0-9;]*m//g" | grep -qF -- "$1"; }
# Where the cursor is: its line, and the task there, since a list may scroll under it.
cursor_place() { cursor_line | sed "s/$(printf '\033')\[[0-9;]*m//g" | grep -oE '^[0-9]+:|\b[tgc][0-9]+\b' | head -n 4; }
cursor_has_left() { [ "$(cursor_place)" != "$1" ]; }
# step KEY COMMAND…: presses KEY until the command succeeds; each press waits until the
# one before has moved the cursor.
step() {
	step_key=$1
	steps=0
	shift
	until "$@"; do
		steps=$((steps + 1))
		[ $steps -lt 60 ] || return 1
		step_place=$(cursor_place)
		press "$step_key"
		until_true cursor_has_left "$step_place"
	done
}
# page_to PATTERN: pages down in a text that does not change.
page_to() {
	until sees "$1"; do
		page=$(screen)
		press PageDown
		until_true page_has_changed || return 1
	done
}
page_has_changed() { [ "$(screen)" != "$page" ]; }

# mouse BUTTON X Y: a press (0 left, 65 wheel) and a release as a terminal reports them, from 1.
mouse() {
	place="\\$(printf %o $((32 + $2)))\\$(printf %o $((32 + $3)))"
	typed "$(printf "\\033[M\\$(printf %o $((32 + $1)))$place")"
	[ "$1" -ne 0 ] || typed "$(printf "\\033[M\\043$place")"
}

is_ready() { grep -q ready "$work/ready"; }
# start_target [VAR=VALUE...]: starts tests/targets/tui_tasks; its pid is in $target.
start_target() {
	: >"$work/ready"
	[ -p "$work/hold" ] || mkfifo "$work/hold"
	env "$@" "$BUILD/tests/targets/tui_tasks" <"$work/hold" >"$work/ready" 2>/dev/null &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true is_ready || give_up 'the target does not start'
}
