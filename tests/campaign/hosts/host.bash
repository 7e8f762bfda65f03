# SPDX-License-Identifier: MIT
set -m
seq 1 1000 | sort -r | head -n 1
cat <(echo process) <(echo substitution)
for n in 1 2 3; do (exit $n) & wait $!; echo $?; done
trap 'echo usr1' USR1; kill -USR1 $BASHPID
coproc tr a-z A-Z; echo coproc >&"${COPROC[1]}"; exec {COPROC[1]}>&-; cat <&"${COPROC[0]}"; wait
read -r -t 0.1 < <(sleep 1; echo late) || echo timeout
( ulimit -n 20; echo low | cat; : 19</dev/null && echo 19 )
exec 9<<<here; cat <&9
echo a | { read -r x; echo "$x"; } | cat
( exec 3>&- 4>&- 5>&-; ls /dev/null )
xargs -P 4 -n 1 echo <<<'1 2 3 4' | sort | tr '\n' ' '; echo
timeout 0.1 sleep 10; echo $?
setsid true; echo $?; nohup true; echo $?
find /etc/passwd -exec sh -c 'echo found' \;
env -i /bin/sh -c 'echo bare'
cd / && tar cf - etc/passwd 2>/dev/null | tar tf -
while [ -e "${HOSTS_HOLD:-}" ]; do sleep 0.05; done
