# SPDX-License-Identifier: MIT
"""A scratch server of MariaDB, for both tables."""
import os
import subprocess

from harness import is_root


def server(box):
    """Starts a server and returns the command of a client that connects to it."""
    port, data, run = box.port(), box.owned("data"), box.owned("run")
    user = "mysql" if is_root() else None
    os.chmod(box.dir, 0o777)
    box.run("mariadb-install-db", "--no-defaults", f"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db", user=user)
    box.start("mariadbd", "--no-defaults", f"--datadir={data}", f"--port={port}",
              "--bind-address=127.0.0.1", f"--socket={run}/sock", f"--pid-file={run}/pid",
              "--innodb-buffer-pool-size=32M", "--innodb-lock-wait-timeout=3600", user=user)
    box.answers(port)
    return ["mariadb", "--no-defaults", f"--socket={run}/sock", "-u", "root"]


def row_lock(box):
    client = server(box)
    daemon = box.started[0].pid
    box.run(*client, "-e", "create database d; create table d.t(i int primary key, v int) "
            "engine=innodb; insert into d.t values(1, 0)")
    for statement in ("begin; update t set v = 1; select sleep(3600)", "update t set v = 2"):
        box.start(*client, "d", "-e", statement, stdin=subprocess.DEVNULL)
        box.until("its turn", lambda: statement[-12:] in box.run(
            *client, "-e", "show full processlist"))
    return [(daemon, lambda task: any("mysql_update(" in (frame["function"] or "")
                                      for frame in task["stack"]))]
