#!/bin/sh
# SPDX-License-Identifier: MIT
# Servers and workers written in Python, as pip installs them: their stacks are those that py-spy finds, and none of
# their threads is stuck while nothing happens.
. "$(dirname "$0")/../e2e/lib.sh"
need python3
plan 13

python3 -m venv "$work/venv" >"$work/pip" 2>&1 &&
	"$work/venv/bin/pip" -q install py-spy pystack uwsgi gunicorn uvicorn fastapi celery ipykernel jupyter-client >>"$work/pip" 2>&1 ||
	skip_all 'pip cannot install them'
bin=$work/venv/bin
cat >"$work/app.py" <<'END'
import fastapi
from celery import Celery

api = fastapi.FastAPI()
tasks = Celery("tasks", broker="filesystem://", broker_transport_options={
    "data_folder_in": "/tmp", "data_folder_out": "/tmp"})


@api.get("/")
def root():
    return {"fine": True}


def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"fine\n"]
END
sed -i "s,\"/tmp\",\"$work\",g" "$work/app.py"
cd "$work" || exit 1
# family PID: the process and those below it.
family() { echo "$1"; for below in $(pgrep -P "$1"); do family "$below"; done; }
# judge NAME: the processes of $last, which rest.
judge() {
	# The words are pids.
	# shellcheck disable=SC2046
	check "$1: the stacks are those that py-spy finds" until_true "$beside/python_programs_compare.py" "$client" "$bin/py-spy" $(family "$last")
	quiet() { for pid in $(family "$last"); do sees "$pid" 'no stuck' --stuck 500ms || return 1; done; }
	check "$1: nothing is stuck" until_true quiet
	for pid in $(family "$last"); do kill "$pid" 2>/dev/null; done
	wait "$last" 2>/dev/null
}
answers() { curl -fs "http://127.0.0.1:$port/" >/dev/null; }

port=$(free_port)
start "$bin/gunicorn" -w 2 --threads 3 -b "127.0.0.1:$port" app:app
until_true answers
judge gunicorn
port=$(free_port)
start "$bin/uvicorn" --port "$port" app:api
until_true answers
judge 'uvicorn with FastAPI'
# py-spy takes no worker of uwsgi, which keeps what the parent knew about its threads.
cat >slow.py <<'END'
import threading
import time

lock = threading.Lock()


def application(environ, start_response):
    with lock:
        time.sleep(3000)
END
port=$(free_port)
start "$bin/uwsgi" --http-socket "127.0.0.1:$port" --master --workers 2 --threads 3 --enable-threads --manage-script-name \
	--mount /slow=slow.py --mount /app=app.py --callable application --die-on-term
until_true listens "$port"
resting() { for pid in $(pgrep -P "$last"); do sees "$pid" "no stuck and has errors.#=0 target.runtime^='CPython'" --stuck 500ms || return 1; done; }
check 'uwsgi: nothing is stuck while its workers rest' until_true resting
for request in 1 2 3 4; do
	start curl -s "http://127.0.0.1:$port/slow"
	[ $request = 1 ] || continue
	uwsgi=$(echo "$started" | awk '{ print $(NF - 1) }')
done
held() {
	for pid in $(pgrep -P "$uwsgi"); do
		sees "$pid" 'row stack.0.function=application state=sleep' &&
			holder=$(ask 'value id stack.0.function=application state=sleep') &&
			ask "row state=mutex has stack.0.function=application waits_on.owner=$holder" && return 0
	done
	return 1
}
check 'uwsgi: a worker waits for the lock that another request holds, in an interpreter of its own' until_true held
for pid in $(family "$uwsgi"); do kill -9 "$pid" 2>/dev/null; done

cat >pool.py <<'END'
import multiprocessing
import time

if __name__ == "__main__":
    pool = multiprocessing.Pool(3)
    pool.map(abs, range(9))
    print("ready", flush=True)
    time.sleep(3000)
END
: >log
start "$bin/python" pool.py
until_true grep -q ready "$work/log"
pystack() {
	"$bin/pystack" remote "$last" >"$work/theirs" && dump "$last" &&
		for line in '_handle_workers' '_handle_tasks' '_handle_results'; do
			grep -q "$line" "$work/theirs" && ask "row stack.*.function\$=$line" || return 1
		done
}
check 'a pool of multiprocessing: pystack finds the same threads' until_true pystack
judge 'a pool of multiprocessing'

start "$bin/celery" -A app:tasks worker --concurrency 2 --pool threads
until_true grep -q 'ready' "$work/log"
judge celery
start "$bin/python" -m ipykernel_launcher -f "$work/kernel.json"
until_true test -s "$work/kernel.json"
judge 'the kernel of Jupyter'
