# SPDX-License-Identifier: MIT
"""Sends a signal to `check` after its first samples: it must end with status 4 and say so.
Usage: check_ends_interrupt.py SIGNAL CLIENT ARGUMENT…"""
import signal, subprocess, sys, time
name, client = sys.argv[1:3]
check = subprocess.Popen([client, "check", "-i", "0.1", *sys.argv[3:]], stderr=subprocess.PIPE, text=True)
time.sleep(1.5)
check.send_signal(getattr(signal, name))
said = check.communicate(timeout=30)[1]
print(check.returncode, said)
sys.exit(0 if check.returncode == 4 and "neither passed nor failed" in said else 1)
