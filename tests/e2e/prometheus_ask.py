# SPDX-License-Identifier: MIT
"""Asks a Prometheus server that scrapes grmon-c. Its address is in the environment as API.
Usage: prometheus_ask.py QUESTION ARGUMENT…; the exit status is 0 if the answer is yes.

  scrapes N              the server scrapes grmon-c, which serves N targets that are up
  equals PID DUMP        the numbers of the process PID are those of its dump, a file
  fires TARGET ALERT…    all of these alerts fire for TARGET; ALERT/STATE names a state as well
  quiet TARGET           no alert fires for TARGET
  oldest-grows TARGET    the oldest wait in chan-send grew by more than a second in 5 seconds
  created TARGET N       N tasks of TARGET have been created and have not ended
  panels FILE            every panel of the dashboard has numbers
  panels-but-go FILE     every panel that is not only of Go programs has"""
import json
import os
import sys
import urllib.parse
import urllib.request

API = f"http://{os.environ['API']}/api/v1/"


def get(path, **words):
    with urllib.request.urlopen(f"{API}{path}?{urllib.parse.urlencode(words)}", timeout=10) as answer:
        return json.load(answer)["data"]


def series(expression):
    found = [(r["metric"], float(r["value"][1])) for r in get("query", query=expression)["result"]]
    print(expression, found)
    return found


def number(expression):
    found = series(expression)
    return found[0][1] if found else None


def by(label, expression):
    return {metric.get(label): value for metric, value in series(expression)}


def firing(target):
    found = {(a["labels"]["alertname"], a["labels"].get("state", "")) for a in get("alerts")["alerts"]
             if a["state"] == "firing" and a["labels"].get("target") == target}
    print("firing:", found)
    return found


def scrapes(count):
    return number('up{job="grmon-c"}') == 1 and len(series("grmon_up == 1")) == int(count)


def equals(pid, path):
    with open(path, encoding="utf-8") as file:
        dump = json.load(file)
    own = f'{{pid="{pid}"}}'
    return (by("state", f"sum by (state) (grmon_tasks{own}) > 0") == dump["counts"]["by_state"]
            and by("class", f"sum by (class) (grmon_tasks{own}) > 0") == dump["counts"]["by_class"]
            and number(f"sum(grmon_stuck_tasks{own})") == dump["counts"]["stuck"]
            and number(f"grmon_process_resident_memory_bytes{own}") == dump["resources"]["rss_bytes"]
            and number(f"grmon_process_open_fds{own}") == dump["resources"]["fds"]
            and bool(by("target", f"grmon_tasks{own}"))
            and bool(series("grmon_build_info")[0][0]["version"]))


def fires(target, *alerts):
    return {(*alert.split("/"), "")[:2] for alert in alerts} <= firing(target)


def quiet(target):
    return firing(target) == set()


def oldest_grows(target):
    oldest = f'grmon_oldest_blocked_seconds{{target="{target}",state="chan-send"}}'
    return max((value for _, value in series(f"delta({oldest}[5s])")), default=0) > 1


def created(target, count):
    return number(f'grmon_tasks_created_total{{target="{target}"}} - grmon_tasks_ended_total') == int(count)


def panels(path, but_go=False):
    def has_numbers(target):
        expression = target["expr"].replace("$__rate_interval", "5s")
        for word in ("$instance", "$target", "$pid"):
            expression = expression.replace(word, ".*")
        return bool(series(expression))

    with open(path, encoding="utf-8") as file:
        board = json.load(file)["panels"]
    # One line of a panel may be empty, because no task here is long.
    empty = [p["title"] for p in board if not any(map(has_numbers, p["targets"]))
             and not (but_go and all("grmon_go_" in t["expr"] for t in p["targets"]))]
    print("without numbers:", empty)
    return empty == []


QUESTIONS = {"scrapes": scrapes, "equals": equals, "fires": fires, "quiet": quiet,
             "oldest-grows": oldest_grows, "created": created, "panels": panels,
             "panels-but-go": lambda path: panels(path, True)}
sys.exit(not QUESTIONS[sys.argv[1]](*sys.argv[2:]))
