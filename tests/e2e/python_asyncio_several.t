#!/bin/sh
# SPDX-License-Identifier: MIT
# Tasks of asyncio that wait for several others, by every interpreter that is installed: a gather or a task group
# with one member that can never end is in a deadlock; a wait for any is not, as long as one member can end.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $(($(wc -l <"$work/pythons") + 3))

truth() { dump "$target" && "$(dirname "$0")/python_asyncio_several.py" "$work/dump.json"; }
replays() {
	record_some 3 "$work/tape" "$target" -i 0.2 && "$client" dump "$work/tape" -f json >"$work/dump.json" &&
		"$(dirname "$0")/python_asyncio_several.py" "$work/dump.json"
}

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	begin_python "$python" asyncio_several.py
	check "$version: members of each wait, who awaits them, and the deadlocks that nothing can end" until_true truth
	end_target
done <"$work/pythons"

# What a hostile program may have: a gather that is a member of itself, many times.
: >"$work/log"
start python3 -c "import asyncio
async def main():
    ring = asyncio.gather(asyncio.sleep(3600))
    ring._children = [ring] * 60000
    asyncio.get_running_loop().call_later(0.2, print, 'ready', None)
    await ring
import builtins, functools
print = functools.partial(builtins.print, flush=True)
asyncio.run(main())"
target=$last
until_true grep -q ready "$work/log" || give_up 'the gather of itself does not start'
ends() { timeout 30 "$client" dump "$target" -f json >"$work/dump.json" && ask 'row name=Task-1 has state=waitgroup waits_on.text^="gather of "'; }
check 'a gather that is a member of itself is read in a bounded time' until_true ends
end_target

begin_python python3 asyncio_several.py
check 'a recording has the same' replays
text() { "$client" dump "$target" --stacks | grep -q '^    awaited by c[0-9]* dead-gather$'; }
check 'a dump as text says who awaits a task' until_true text
end_target
