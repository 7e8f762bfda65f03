# SPDX-License-Identifier: MIT
"""Requests each URL in turn until it is killed. Usage: requests_forever.py PAUSE_SECONDS URL…"""
import sys
import time
import urllib.request

while True:
    for url in sys.argv[2:]:
        urllib.request.urlopen(url + "?user=7", timeout=10).read()
    time.sleep(float(sys.argv[1]))
