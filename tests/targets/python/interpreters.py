# SPDX-License-Identifier: MIT
"""Several interpreters in one process, from 3.12 on each with a GIL of its own: the threads "one" and "two" each run
one, which the first thread has made, a thread that the second one starts is called "of-two", and nobody runs the
third one."""
import sys
import threading
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters


def make():
    if sys.version_info >= (3, 13):
        return interpreters.create("isolated")
    if sys.version_info >= (3, 9):
        return interpreters.create(isolated=sys.version_info >= (3, 12))
    return interpreters.create()


run = getattr(interpreters, "run_string", None) or interpreters.exec
one, two, three = make(), make(), make()


def call_one():
    run(one, "import time\ndef inside_one():\n    time.sleep(3000)\ninside_one()")


def call_two():
    run(two, """import threading
event = threading.Event()
def of_two():
    event.wait()
def inside_two():
    threading.Thread(target=of_two, name="of-two").start()
    event.wait()
inside_two()""")


def outside():
    print("ready", flush=True)
    time.sleep(3000)


threading.Thread(target=call_one, name="one", daemon=True).start()
threading.Thread(target=call_two, name="two", daemon=True).start()
outside()
