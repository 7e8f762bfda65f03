# SPDX-License-Identifier: MIT
"""Reads OpenMetrics on the standard input with the strict parser of prometheus_client: it has
these names with these labels, and no others."""
import sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
families = {f.name: f for f in text_fd_to_metric_families(sys.stdin)}
print(sorted(families))
target = {"target", "pid"}
wanted = {
    "grmon_tasks": target | {"state", "class"}, "grmon_tasks_created": target,
    "grmon_tasks_ended": target, "grmon_stuck_tasks": target | {"state"},
    "grmon_long_tasks": target | {"state"},
    "grmon_oldest_blocked_seconds": target | {"state"}, "grmon_leaking_groups": target,
    "grmon_deadlocks": target, "grmon_memory_silent": target, "grmon_process_resident_memory_bytes": target,
    "grmon_process_open_fds": target, "grmon_scrape_seconds": target,
    "grmon_build": {"version"}, "grmon_up": target, "grmon_targets": {"match"},
    "grmon_go_timers": set(),
    "grmon_group_tasks": target | {"function", "created_by", "state"}}
served = {f.name: {name for s in f.samples for name in s.labels} for f in families.values()}
assert served == wanted, (served, wanted)
assert {f.type for f in families.values() if f.name in ("grmon_tasks_created", "grmon_tasks_ended")} == {"counter"}
assert families["grmon_oldest_blocked_seconds"].unit == "seconds"
assert families["grmon_process_resident_memory_bytes"].unit == "bytes"
assert families["grmon_build"].type == "info"
assert {s.name for s in families["grmon_tasks_created"].samples} >= {"grmon_tasks_created_total"}
