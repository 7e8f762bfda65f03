#!/bin/sh
# SPDX-License-Identifier: MIT
# Another host over ssh: a real sshd of this user, a real ssh, and the view. A recording that is made
# there is followed here. When the connection is cut, the last sample stays.
. "$(dirname "$0")/lib.sh"
need ssh
need ssh-keygen
sshd=$(command -v sshd || command -v /usr/sbin/sshd) || skip_all "sshd is not installed"
cd "$work" || exit 1

# sshd does not listen on a port: ssh starts it as its proxy command.
ssh-keygen -q -t ed25519 -N '' -f host_key && ssh-keygen -q -t ed25519 -N '' -f key || skip_all "ssh-keygen fails"
cp key.pub authorized
chmod 600 authorized
cat >sshd.conf <<CONF
HostKey $work/host_key
AuthorizedKeysFile $work/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
CONF
echo "host $(cat host_key.pub)" >known
cat >ssh.conf <<CONF
Host host
	ProxyCommand $sshd -i -f $work/sshd.conf
	IdentityFile $work/key
	IdentitiesOnly yes
	UserKnownHostsFile $work/known
	GlobalKnownHostsFile none
	BatchMode yes
	User $(id -un)
CONF
# As root sshd requires this folder, which its service creates. It is kept, because another run may
# need it.
[ "$(id -u)" -ne 0 ] || [ -d /run/sshd ] || mkdir -m 755 /run/sshd
connects() { [ "$(timeout 20 ssh -F ssh.conf host echo there 2>ssh.log)" = there ]; }
connects
status=$?
[ $status -eq 0 ] || skip_all "no login by ssh here: $(tail -n 1 ssh.log)"
plan 10

start_target LD_PRELOAD="$agent"
open_shell 110 24
# watch COMMAND…: runs it on the other host and follows its output here.
watch() { run_in_shell "clear; ssh -F $work/ssh.conf host $* | $client -; echo status=\$?"; }
remote() { pgrep -f "^ssh -F $work/ssh.conf host $client record"; }
watch "$client record $target -i 0.1 -o -"
expect 'waiter-1 .*start tui_t' "tasks of another host have stacks and creators"
count() { screen | sed -n 's,.*REPLAY [0-9:]*Z \([0-9]*\)/.*,\1,p'; }
first=$(count)
grows() { [ "$(count)" -gt $((first + 5)) ] 2>/dev/null; }
until_true grows
ok $? "samples follow each other"
kill -USR1 "$target"
expect_gone 'leaver' "a task that ends there disappears here"
kill "$(remote)"
expect 'REPLAY [0-9:]*Z ([0-9]+)/\1 ENDED' "a cut connection is reported"
expect 'the input has ended: this is its last snapshot' "a sentence says that the input has ended"
expect 'waiter-1 .*start tui_t' "the last sample stays"
press '['
expect_gone 'ENDED' "earlier samples can still be shown"
press q
wait_for '^status=0'

dumped() { ssh -F ssh.conf host "$client record $target -i 0.1 --for 0.5 -o -" | "$client" dump -f json - >dump.json && grep -q '"name": "waiter-1"' dump.json; }
dumped
ok $? "a dump of a recording on the other host is shown"
watch "$client record no-such-program -o -"
expect 'no process is called .no-such-program' "an error of the other host is shown"
expect '^status=3' "that error ends the view with the same status"
