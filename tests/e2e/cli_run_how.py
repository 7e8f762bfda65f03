# SPDX-License-Identifier: MIT
"""Runs a command from a process that ignores SIGPIPE, as Python does.
Usage: cli_run_how.py signal|pipe COMMAND…
signal: the command must end by SIGTERM.
pipe: the command prints the line SigIgn of /proc/PID/status, in which SIGPIPE must not be ignored."""
import subprocess
import sys

done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
if sys.argv[1] == "signal":
    sys.exit(done.returncode != -15)
sys.exit(int(done.stdout.split()[1], 16) >> 12 & 1)
