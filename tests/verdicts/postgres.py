# SPDX-License-Identifier: MIT
"""A scratch cluster of postgres, for both tables."""
import glob
import os
import shutil

from harness import Absent, is_root

USER = "postgres"


def binary(name):
    """The path of a program of postgres, which Debian installs outside PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    found = found[-1] if found else shutil.which(name)
    if not found:
        raise Absent(f"{name} of postgres is not installed")
    return found


def version():
    return binary("postgres")


def cluster(box):
    """Starts a cluster and returns its port."""
    port, data = box.port(), box.path("data")
    user = USER if is_root() else None
    box.owned("run")
    os.chmod(box.dir, 0o777)
    box.run(binary("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", user=user)
    box.start(binary("postgres"), "-D", data, "-p", port, "-k", box.path("run"),
              "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", user=user)
    box.until("the server", lambda: "accepting" in box.run(
        binary("pg_isready"), "-h", "127.0.0.1", "-p", port, may_fail=True))
    return port


def psql(box, port, *statements):
    words = [binary("psql"), "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-Atq"]
    for statement in statements:
        words += ["-c", statement]
    return words


def blocked(box, holder, waiter):
    """The backend that waits for a lock of another one; all of its tasks hang."""
    port = cluster(box)
    box.run(*psql(box, port, "create table t(i int primary key, v int)",
                  "insert into t values(1, 0)"))
    box.start(*psql(box, port, *holder, "select pg_sleep(3600)"))
    box.until("the lock", lambda: "PgSleep" in box.run(
        *psql(box, port, "select wait_event from pg_stat_activity")))
    box.start(*psql(box, port, waiter))
    ask = "select pid from pg_stat_activity where wait_event_type='Lock'"
    found = []

    def is_there():
        found[:] = box.run(*psql(box, port, ask)).split()
        return found
    box.until("the waiter", is_there)
    return [(int(found[0]), lambda task: True)]


def row_lock(box):
    return blocked(box, ["begin", "update t set v = 1"], "update t set v = 2")


def advisory_lock(box):
    return blocked(box, ["select pg_advisory_lock(7)"], "select pg_advisory_lock(7)")
