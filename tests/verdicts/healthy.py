# SPDX-License-Identifier: MIT
"""Healthy programs, however long they rest: none of their rows may be red. A row is its name, the
command that prints its version, and a function that starts it in a Box and defines its load."""
import glob
import os
import subprocess
import sys

import build
import mariadb
import postgres
from harness import HERE, PROGRAMS, Absent, find, is_root

CLIENT = os.path.join(HERE, "client.py")
CONNECTIONS = 20
HEALTHY = []


def healthy(name, *version):
    def add(begin):
        HEALTHY.append((name, list(version), begin))
        return begin
    return add


def asks_http(box, port, path="/", connections=CONNECTIONS):
    box.answers(port)
    box.load(sys.executable, CLIENT, "http", "127.0.0.1", port, path, connections)


def asks_lines(box, port, text, connections=CONNECTIONS):
    box.answers(port)
    box.load(sys.executable, CLIENT, "lines", "127.0.0.1", port, connections, text)


def of_user(name):
    return ["-u", name] if is_root() else []


@healthy("memcached", "memcached", "-V")
def memcached(box):
    port = box.port()
    box.start("memcached", "-l", "127.0.0.1", "-p", port, "-t", 4, *of_user("nobody"))
    asks_lines(box, port, r"get a\r\n")


@healthy("redis, io threads", "redis-server", "--version")
def redis(box):
    port = box.port()
    box.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--io-threads", 3,
              "--save", "", "--dir", box.dir)
    asks_lines(box, port, r"PING\r\n")
    box.tool("redis-benchmark", "-p", port, "-n", 100000000, "-c", 4, "-q")


NGINX = """{user}
worker_processes 2; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
{main}
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2;
  fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  server {{ listen 127.0.0.1:{port}; {server} }}
}}
"""


def nginx_with(box, server, main=""):
    port = box.port()
    box.write("index.html", "fine\n" * 2000)
    box.write("nginx.conf", NGINX.format(
        user="user nobody nogroup;" if is_root() else "", dir=box.dir, port=port,
        main=main, server=server))
    box.start("nginx", "-c", box.path("nginx.conf"))
    asks_http(box, port, "/index.html")


@healthy("nginx", "nginx", "-v")
def nginx(box):
    nginx_with(box, f"root {box.dir};")


@healthy("nginx, thread pool", "nginx", "-v")
def nginx_threads(box):
    nginx_with(box, f"root {box.dir}; aio threads; sendfile on;")


@healthy("postgres", postgres.version, "--version")
def idle_postgres(box):
    port = postgres.cluster(box)
    words = ["-h", "127.0.0.1", "-p", port, "-U", "postgres"]
    box.run(postgres.binary("pgbench"), *words, "-i", "-q", "postgres")
    # Sessions that stay open, as in a pool.
    for _ in range(2):
        box.start(*map(str, [postgres.binary("psql"), *words]), stdin=subprocess.PIPE)
    box.tool(postgres.binary("pgbench"), *words, "-c", 4, "-T", 600, "-R", 200, "postgres")


@healthy("mariadb", "mariadbd", "--version")
def idle_mariadb(box):
    client = mariadb.server(box)
    # One session stays open; the others are short.
    box.start(*client, stdin=subprocess.PIPE)
    box.tool("mariadb-slap", *client[1:], "--auto-generate-sql", "--concurrency=4",
             "--iterations=1000")


@healthy("node", "node", "--version")
def node(box):
    port = box.port()
    box.start("node", os.path.join(PROGRAMS, "server.js"), port)
    asks_http(box, port)


def python_server(kind):
    def begin(box):
        port = box.port()
        box.start("python3", os.path.join(PROGRAMS, "server.py"), kind, port)
        asks_http(box, port)
    return begin


for shape, words in (("executor", "ThreadPoolExecutor"), ("processes", "multiprocessing.Pool"),
                     ("asyncio", "asyncio"), ("threads", "thread per connection"),
                     ("queue", "queues")):
    healthy(f"Python, {words}", "python3", "-V")(python_server(shape))


@healthy("gunicorn, threads", "gunicorn", "--version")
def gunicorn(box):
    port = box.port()
    box.start("gunicorn", "-w", 2, "--threads", 3, "--keep-alive", 60, "-b", f"127.0.0.1:{port}",
              "--chdir", PROGRAMS, "--worker-tmp-dir", box.dir, "app")
    asks_http(box, port)


@healthy("uwsgi, threads", "uwsgi", "--version")
def uwsgi(box):
    port = box.port()
    box.start("uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{port}", "--threads", 3,
              "--workers", 2, "--master", "--die-on-term", "--wsgi-file", os.path.join(PROGRAMS, "app.py"))
    asks_http(box, port)


def java_server(java):
    def begin(box):
        port = box.port()
        box.start(java() if callable(java) else java, "-Xmx128m", "-cp",
                  build.java("Server.java"), "Server", port)
        asks_http(box, port)
    return begin


def other_java():
    """A second version, if there is one."""
    here = os.path.realpath(find("java"))
    for path in sorted(glob.glob("/usr/lib/jvm/*/bin/java"), reverse=True):
        if os.path.realpath(path) != here:
            return path
    raise Absent("no second Java is installed")


healthy("Java, pools", "java", "-version")(java_server("java"))
healthy("Java, another version", other_java, "-version")(java_server(other_java))


@healthy("ruby, queues", "ruby", "--version")
def ruby(box):
    port = box.port()
    box.start("ruby", os.path.join(PROGRAMS, "server.rb"), port)
    asks_http(box, port)


@healthy("puma", "puma", "--version")
def puma(box):
    port = box.port()
    box.start("puma", "-t", "4:4", "-b", f"tcp://127.0.0.1:{port}", "-e", "production",
              os.path.join(PROGRAMS, "config.ru"))
    asks_http(box, port)


@healthy("erlang")
def erlang(box):
    port = box.port()
    box.run("erlc", "-o", box.dir, os.path.join(PROGRAMS, "server.erl"))
    box.start("erl", "-noinput", "-pa", box.dir, "-s", "server", "start", port)
    asks_lines(box, port, r"hello\n")


@healthy("qemu, idle machine", "qemu-system-x86_64", "--version")
def qemu(box):
    port = box.port()
    box.start("qemu-system-x86_64", "-machine", "none", "-display", "none", "-accel", "tcg",
              "-monitor", f"tcp:127.0.0.1:{port},server,nowait")
    box.answers(port)
    box.load(sys.executable, CLIENT, "lines", "127.0.0.1", port, 1, r"info status\n")


def go_server(kind, connections=CONNECTIONS):
    def begin(box):
        port = box.port()
        box.start(build.go("goserver"), kind, port)
        asks_http(box, port, "/", connections)
    return begin


healthy("Go, 200 keep-alive and a client pool", "go", "version")(go_server("http", 200))
for shape, words in (("h2", "HTTP/2 server and client"), ("rpc", "rpc server and clients"),
                     ("workers", "workers on one channel"), ("pipeline", "stages of a pipeline"),
                     ("pubsub", "subscribers on a cond")):
    healthy(f"Go, {words}", "go", "version")(go_server(shape))


def rust_server(kind):
    def begin(box):
        port = box.port()
        box.start(build.cargo("rsserver"), kind, port)
        asks_http(box, port)
    return begin


healthy("tokio", "rustc", "-V")(rust_server("tokio"))
healthy("rayon", "rustc", "-V")(rust_server("rayon"))


def pool(program, compiler):
    """A program that works once for each line of its input, and stays when the input ends."""
    def begin(box):
        process = box.start(compiler(program), stdin=subprocess.PIPE)
        box.says(process, "ready")
        box.feeds(process)
    return begin


healthy("GLib, pools", "pkg-config", "--modversion", "glib-2.0")(pool("pool_glib.c", build.c))
healthy("Qt 5, pool", "pkg-config", "--modversion", "Qt5Core")(pool("pool_qt.cc", build.cxx))
healthy("oneTBB", "pkg-config", "--modversion", "tbb")(pool("pool_tbb.cc", build.cxx))
healthy("OpenMP", "gcc", "-dumpfullversion")(pool("pool_openmp.c", build.c))
healthy("libuv", "pkg-config", "--modversion", "libuv")(pool("pool_uv.c", build.c))
healthy("C, threads of its own", "gcc", "-dumpfullversion")(pool("pool_threads.c", build.c))


@healthy("libmicrohttpd, thread pool")
def microhttpd(box):
    process = box.start(os.path.join(build.BUILD, "examples", "leaky-server"), "--port", 0,
                        "--fixed")
    box.says(process, "http://")
    url = next(word for word in box.said(process).split() if word.startswith("http://"))
    host, path = url[len("http://"):].split("/", 1)
    asks_http(box, int(host.split(":")[1]), "/" + path + "?user=7")


@healthy("php-fpm", "php-fpm8.2", "-v")
def php_fpm(box):
    name = next((os.path.basename(path) for path in glob.glob("/usr/sbin/php-fpm*")), "php-fpm")
    box.write("fpm.conf", f"""[global]
error_log = {box.dir}/fpm.log
[www]
listen = {box.dir}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 3
""" + ("user = nobody\ngroup = nogroup\n" if is_root() else ""))
    box.write("index.html", "<?php echo 'fine';\n")
    box.start(name, "-n", "-F", "-y", box.path("fpm.conf"))
    box.until("its socket", lambda: os.path.exists(box.path("fpm.sock")))
    nginx_with(box, f"""location / {{ fastcgi_pass unix:{box.dir}/fpm.sock;
fastcgi_param SCRIPT_FILENAME {box.dir}/index.html; fastcgi_param REQUEST_METHOD GET; }}""")


@healthy("apache2, worker", "apache2", "-v")
def apache(box, more=""):
    modules = "/usr/lib/apache2/modules"
    port = box.port()
    box.write("index.html", "fine\n")
    box.write("apache.conf", f"""ServerRoot {box.dir}
ServerName localhost
PidFile {box.dir}/pid
Listen 127.0.0.1:{port}
LoadModule mpm_worker_module {modules}/mod_mpm_worker.so
LoadModule authz_core_module {modules}/mod_authz_core.so
ErrorLog {box.dir}/error.log
{more}
DocumentRoot {box.dir}
StartServers 2
ThreadsPerChild 5
MaxRequestWorkers 40
ServerLimit 8
KeepAliveTimeout 60
MaxKeepAliveRequests 0
DefaultRuntimeDir {box.dir}
Mutex file:{box.dir} default
""" + ("User nobody\nGroup nogroup\n" if is_root() else ""))
    os.chmod(box.dir, 0o777)
    box.start("apache2", "-f", box.path("apache.conf"), "-DFOREGROUND")
    asks_http(box, port, "/index.html")


@healthy("apache2, turns at two ports", "apache2", "-v")
def apache_turns(box):
    apache(box, f"Listen 127.0.0.1:{box.port()}")


@healthy("lighttpd", "lighttpd", "-v")
def lighttpd(box):
    port = box.port()
    box.write("index.html", "fine\n")
    box.write("lighttpd.conf", f'server.document-root = "{box.dir}"\nserver.port = {port}\n'
              'server.bind = "127.0.0.1"\n')
    box.start("lighttpd", "-D", "-f", box.path("lighttpd.conf"))
    asks_http(box, port, "/index.html")


@healthy("haproxy", "haproxy", "-v")
def haproxy(box):
    port = box.port()
    box.write("haproxy.cfg", f"""global
  nbthread 3
defaults
  mode http
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend web
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string fine
""")
    box.start("haproxy", "-db", "-f", box.path("haproxy.cfg"))
    asks_http(box, port)


@healthy("varnish", "varnishd", "-V")
def varnish(box):
    port, behind = box.port(), box.port()
    box.write("index.html", "fine\n")
    box.start("python3", "-m", "http.server", behind, "--bind", "127.0.0.1")
    box.owned("v")
    os.chmod(box.dir, 0o777)
    box.start("varnishd", "-F", "-n", box.path("v"), "-a", f"127.0.0.1:{port}",
              "-b", f"127.0.0.1:{behind}", "-s", "malloc,10M", *(["-j", "none"] if is_root() else []))
    asks_http(box, port, "/index.html")


@healthy("rsyslogd", "rsyslogd", "-v")
def rsyslogd(box):
    port = box.port()
    box.write("rsyslog.conf", f"""module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="{port}")
*.* {box.dir}/out
""")
    box.start("rsyslogd", "-n", "-i", box.path("pid"), "-f", box.path("rsyslog.conf"))
    box.answers(port)
    box.tool("sh", "-c", f"while sleep 0.05; do logger -n 127.0.0.1 -P {port} -T hello; done")


@healthy("dbus-daemon", "dbus-daemon", "--version")
def dbus(box):
    box.start("dbus-daemon", "--session", "--nofork", f"--address=unix:path={box.dir}/bus")
    box.until("its socket", lambda: os.path.exists(box.path("bus")))
    box.tool("sh", "-c", f"while sleep 0.1; do dbus-send --bus=unix:path={box.dir}/bus "
             "--dest=org.freedesktop.DBus --print-reply / org.freedesktop.DBus.ListNames; done")


@healthy("cron")
def cron(box):
    if not is_root():
        raise Absent("cron needs root")
    raise_if_running("cron")
    box.start("cron", "-f")


def raise_if_running(name):
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(path) as file:
                if file.read().strip() == name:
                    raise Absent(f"{name} runs here already, and two cannot")
        except OSError:
            pass


@healthy("sshd", "ssh", "-V")
def sshd(box):
    port = box.port()
    box.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", box.path("key"))
    box.write("sshd_config", f"Port {port}\nListenAddress 127.0.0.1\nHostKey {box.dir}/key\n"
              f"PidFile {box.dir}/pid\nUsePAM no\n")
    if is_root():
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    box.start("sshd", "-D", "-e", "-f", box.path("sshd_config"))
    box.answers(port)
    box.tool("sh", "-c", f"while sleep 0.2; do ssh-keyscan -T 5 -p {port} 127.0.0.1; done")


@healthy("snmpd", "snmpd", "--version")
def snmpd(box):
    port = box.port()
    box.write("snmpd.conf", f"agentAddress udp:127.0.0.1:{port}\nrocommunity public\n")
    box.start("snmpd", "-f", "-Lo", "-C", "-c", box.path("snmpd.conf"), "-p", box.path("pid"),
              env={"SNMP_PERSISTENT_DIR": box.dir})


@healthy("beanstalkd", "beanstalkd", "-v")
def beanstalkd(box):
    port = box.port()
    box.start("beanstalkd", "-l", "127.0.0.1", "-p", port)
    asks_lines(box, port, r"list-tube-used\r\n")


@healthy("mosquitto", "mosquitto", "-h")
def mosquitto(box):
    port = box.port()
    box.write("mosquitto.conf", f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    box.start("mosquitto", "-c", box.path("mosquitto.conf"))
    box.answers(port)


@healthy("etcd", "etcd", "--version")
def etcd(box):
    port, peer = box.port(), box.port()
    box.start("etcd", "--data-dir", box.path("data"), "--listen-client-urls",
              f"http://127.0.0.1:{port}", "--advertise-client-urls", f"http://127.0.0.1:{port}",
              "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls",
              f"http://127.0.0.1:{peer}", "--initial-cluster", f"default=http://127.0.0.1:{peer}")
    asks_http(box, port, "/version")


@healthy("node exporter", "prometheus-node-exporter", "--version")
def node_exporter(box):
    port = box.port()
    box.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}")
    asks_http(box, port, "/")


@healthy("nats", "nats-server", "--version")
def nats(box):
    port = box.port()
    box.start("nats-server", "-a", "127.0.0.1", "-p", port)
    asks_lines(box, port, r"PING\r\n")


@healthy("dnsmasq", "dnsmasq", "--version")
def dnsmasq(box):
    port = box.port()
    box.start("dnsmasq", "-k", "-p", port, "-C", "/dev/null", "--listen-address=127.0.0.1",
              "--bind-interfaces", "-x", box.path("pid"), *of_user("nobody"))
    box.answers(port)


@healthy("unbound, threads", "unbound", "-V")
def unbound(box):
    port = box.port()
    box.write("unbound.conf", f"""server:
  interface: 127.0.0.1@{port}
  num-threads: 3
  do-daemonize: no
  chroot: ""
  directory: "{box.dir}"
  pidfile: "{box.dir}/pid"
  username: ""
  use-syslog: no
remote-control:
  control-enable: no
""")
    box.start("unbound", "-d", "-c", box.path("unbound.conf"))
    box.answers(port)


@healthy("slapd", "slapd", "-VV")
def slapd(box):
    port = box.port()
    box.owned("db")
    box.write("slapd.conf", f"""include /etc/ldap/schema/core.schema
pidfile {box.dir}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example"
rootdn "cn=admin,dc=example"
directory {box.dir}/db
""")
    box.start("slapd", "-d", 0, "-f", box.path("slapd.conf"), "-h", f"ldap://127.0.0.1:{port}")
    box.answers(port)


@healthy("squid", "squid", "-v")
def squid(box):
    port = box.port()
    os.chmod(box.dir, 0o777)
    box.write("squid.conf", f"""http_port 127.0.0.1:{port}
http_access allow all
pid_filename {box.dir}/squid.pid
cache_log {box.dir}/cache.log
access_log none
coredump_dir {box.dir}
""")
    box.start("squid", "-N", "-f", box.path("squid.conf"))
    asks_http(box, port, "/none")


@healthy("transmission", "transmission-daemon", "-V")
def transmission(box):
    port, peers = box.port(), box.port()
    box.start("transmission-daemon", "-f", "-g", box.dir, "-w", box.dir, "-p", port, "-r",
              "127.0.0.1", "-P", peers, "--no-portmap", "--no-dht")
    asks_http(box, port, "/transmission/rpc")


@healthy("PHP, its own server", "php", "--version")
def php_server(box):
    port = box.port()
    box.write("index.php", "<?php echo 'fine';\n")
    box.start("php", "-S", f"127.0.0.1:{port}", "-t", box.dir)
    asks_http(box, port, connections=1)


@healthy("gearmand", "gearmand", "--version")
def gearmand(box):
    port = box.port()
    box.start("gearmand", "-p", port, "-L", "127.0.0.1", "-l", box.path("log"),
              *(["-u", "root"] if is_root() else []))
    asks_lines(box, port, r"version\n")


@healthy("tinyproxy", "tinyproxy", "-v")
def tinyproxy(box):
    port = box.port()
    box.write("tinyproxy.conf", f"Port {port}\nListen 127.0.0.1\nMaxClients 100\nTimeout 600\n")
    box.start("tinyproxy", "-d", "-c", box.path("tinyproxy.conf"))
    box.answers(port)
