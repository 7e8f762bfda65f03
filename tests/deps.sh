#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing for the named purposes: build (always), demo, check, bench, counts,
# lint, verdicts, hosts, deb, quick (make check-quick). On Debian and Ubuntu it uses apt-get, with sudo if needed;
# elsewhere it names the packages. Fast and silent if nothing is missing.
# GRMON_NO_INSTALL=1 never installs.
set -eu

# Ubuntu 22.04 and Debian 11 have libprocps instead.
procps=libproc2-dev
! apt-cache show libprocps-dev 2>/dev/null | grep -q . || procps=libprocps-dev
build="gcc make pkg-config libc6-dev libncurses-dev libjansson-dev $procps libdw-dev uthash-dev
	libcurl4-openssl-dev zlib1g-dev libiberty-dev libmicrohttpd-dev"
demo="curl"
check="$demo g++ perl libcmocka-dev tmux redis-server redis-tools memcached nginx-light
	openssh-client openssh-server procps iproute2 libc6-dbg libpth-dev libglib2.0-dev libzmq3-dev libnng-dev elfutils debuginfod postgresql libaprutil1-dev
	python3-prometheus-client musl-tools"
quick="g++ perl libcmocka-dev procps python3 tmux libc6-dbg"
deb="debhelper build-essential procps libcmocka-dev lintian"
lint="clang clang-format clang-tidy cppcheck mandoc binutils shellcheck"
# The programs of tests/verdicts. Those that are not available are named there, and left
# out.
verdicts="mariadb-server ruby puma erlang-base qemu-system-x86 qtbase5-dev libtbb-dev
	libuv1-dev php-fpm apache2 lighttpd rsyslog dbus cron snmpd haproxy varnish beanstalkd mosquitto
	gunicorn uwsgi-core uwsgi-plugin-python3 etcd-server prometheus-node-exporter nats-server
	dnsmasq unbound slapd squid transmission-daemon"

# Programs in which the agent is tested (tests/campaign/hosts.t). Missing ones are left
# out.
hosts="chromium firefox-esr bubblewrap strace gdb valgrind clang gcc-multilib
	qemu-user busybox-static sudo iputils-ping php-cli php-fpm ruby erlang-base git
	rsync man-db file dpkg-dev tcpdump apache2 vsftpd chrony dnsmasq mariadb-server firejail runc crun
	fakeroot faketime eatmydata proot ltrace heaptrack parallel libjemalloc2 libtcmalloc-minimal4
	libgoogle-perftools4"

# A toolchain that is already installed is enough.
command -v go >/dev/null 2>&1 || check="$check golang-go"
command -v rustc >/dev/null 2>&1 || check="$check rustc"
command -v javac >/dev/null 2>&1 || check="$check default-jdk-headless"
command -v node >/dev/null 2>&1 || check="$check nodejs"
command -v python3 >/dev/null 2>&1 || check="$check python3"
command -v cargo >/dev/null 2>&1 || verdicts="$verdicts cargo"
# The browser that draws reports. Other distributions do not have it as a package of this
# name.
hosts="$hosts libpython$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo 3)-testsuite"
! grep -qs '^ID=debian' /etc/os-release || check="$check firefox-esr"

# The runtime of the sanitizers and fuzzers for this distribution's clang.
clang_runtime() {
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/^ *Depends: clang-\([0-9]*\)$/\1/p')
	echo "libclang-rt-${version:-14}-dev"
}

# available PACKAGE…: prints the packages that this distribution has.
available() {
	command -v apt-cache >/dev/null 2>&1 || { echo "$@"; return; }
	for package in "$@"; do
		if apt-cache show "$package" >/dev/null 2>&1; then
			echo "$package"
		else
			echo "not available here: $package" >&2
		fi
	done
}

wanted=$build
peers=
for purpose in "$@"; do
	case $purpose in
	demo) wanted="$wanted $demo" ;;
	check) wanted="$wanted $check" ;;
	bench) wanted="$wanted $check htop gdb valgrind"; peers=yes ;;
	counts) wanted="$wanted valgrind" ;;
	deb) wanted="$wanted $deb" ;;
	quick) wanted="$wanted $quick" ;;
	lint) wanted="$wanted $check $lint $(clang_runtime)" ;;
	verdicts) wanted="$wanted $check $(available $verdicts)" ;;
	hosts) wanted="$wanted $check $(available $hosts $(clang_runtime))" ;;
	*) echo "deps.sh: unknown purpose $purpose" >&2; exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null 2>&1; then
	[ -n "${GRMON_DEPS_QUIET:-}" ] || {
		echo "This is not Debian or Ubuntu: nothing is installed. What is needed, by its Debian names:"
		echo "$wanted" | tr -s ' \t\n' ' ' | fold -s -w 76 | sed 's/^/  /'
	} >&2
	exit 0
fi

missing=
for package in $wanted; do
	dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
		missing="$missing $package"
done
fetch() {
	case " $wanted " in *python3-prometheus-client*) "$(dirname "$0")/prometheus.sh" fetch ;; esac
	[ -z "$peers" ] || "$(dirname "$0")/bench/peers.sh" fetch
}
[ -n "$missing" ] || { fetch; exit 0; }

if [ -n "${GRMON_NO_INSTALL:-}" ]; then
	echo "missing packages:$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "These packages are missing, and neither root nor sudo is here to install them:" >&2
		echo " $missing" >&2
		exit 1
	}
	as_root=sudo
fi
echo "installing:$missing"
install() {
	# The servers are needed as programs, not as services: policy-rc.d forbids
	# starting them.
	$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -y --no-install-recommends $missing >"$log" 2>&1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install; then
	$as_root apt-get update >"$log" 2>&1 || true
	install || { cat "$log" >&2; exit 1; }
fi
fetch
