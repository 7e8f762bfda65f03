# SPDX-License-Identifier: MIT
# For hosts.t: servers; each answers requests and is then ended.
# shellcheck shell=sh disable=SC2034,SC2154

# serve NAME COMMAND…: starts a host in the background; its output is in $there/NAME.log, its pid in
# $server. answers COMMAND…: waits until the command succeeds.
serve() {
	log=$there/$1.log
	shift
	# exec gives the host the pid in $server, so that a signal to it ends the host.
	(become='exec' && host "$@") >"$log" 2>&1 &
	server=$!
}
answers() { until_true "$@" || { echo 'no answer'; tail -n 5 "$log"; }; }
page() { curl -fsS --max-time 20 "$@"; }
# Waits until all processes of the host have been sampled.
wait_for_samples() { [ ! -e "${HOSTS_HOLD:-}" ] || until_true test ! -e "$HOSTS_HOLD"; }
# Lines of a log that report a crash.
complaints() { grep -iE 'sigsys|sigsegv|signal 11|core dump|crash|panic|assert|bad system call' "$@"; }

# Before a login, sshd's child has no rights, and a filter that kills it for most system calls.
ssh_host() {
	port=$(free_port)
	keys=$there
	chmod 700 "$keys"
	ssh-keygen -q -t ed25519 -N '' -f "$keys/host" && ssh-keygen -q -t ed25519 -N '' -f "$keys/user" &&
		ssh-keygen -q -t ed25519 -N '' -f "$keys/wrong"
	cp "$keys/user.pub" "$keys/authorized"
	mkdir -p /run/sshd 2>/dev/null
	cat >"$keys/config" <<-END
		ListenAddress 127.0.0.1
		Port $port
		HostKey $keys/host
		AuthorizedKeysFile $keys/authorized
		PidFile none
		StrictModes no
		PasswordAuthentication no
		UsePAM no
		Subsystem sftp $1
		LogLevel ERROR
	END
	serve sshd "$(command -v sshd)" -D -e -f "$keys/config"
	answers sh -c "ssh-keyscan -p $port 127.0.0.1 2>/dev/null | grep -q ssh-"
	set -- -F none -o Port="$port" -o StrictHostKeyChecking=no -o BatchMode=yes \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes
	user=$(id -un)
	for n in 1 2 3 4 5; do
		timeout 60 ssh "$@" -i "$keys/user" "$user@127.0.0.1" "echo login $n; exit $n"
		echo "exit $?"
	done
	timeout 60 ssh "$@" -i "$keys/user" -tt "$user@127.0.0.1" 'test -t 0 && echo terminal'
	echo 'through standard input' | timeout 60 ssh "$@" -i "$keys/user" "$user@127.0.0.1" cat
	timeout 60 ssh "$@" -i "$keys/user" "$user@127.0.0.1" 'head -c 3000000 /dev/zero' | cksum
	echo "get $keys/config $keys/copy" >"$keys/batch"
	timeout 60 sftp -q "$@" -i "$keys/user" -b "$keys/batch" "$user@127.0.0.1" >/dev/null
	cmp "$keys/config" "$keys/copy" && echo copied
	timeout 60 scp -q "$@" -i "$keys/user" "$user@127.0.0.1:$keys/config" "$keys/copy2" &&
		cmp "$keys/config" "$keys/copy2" && echo 'copied by scp'
	timeout 60 ssh "$@" -i "$keys/wrong" "$user@127.0.0.1" true >/dev/null 2>&1
	echo "wrong key $?"
	timeout 60 ssh "$@" -i /dev/null nobody@127.0.0.1 true >/dev/null 2>&1
	echo "no key $?"
	until_gone "$server"
	grep -iE 'fatal|signal|kill|error' "$log" | grep -v 'Permission denied'
}

redis_host() {
	port=$(free_port)
	serve redis redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$there" --appendonly yes \
		--io-threads 2 --io-threads-do-reads yes --daemonize no
	answers redis-cli -p "$port" ping
	host redis-benchmark -q -p "$port" -n 2000 -c 20 --threads 2 -t set,get,incr,lpush,lrange_100,mset |
		tr '\r' '\n' | sed -n 's/:.* requests per second.*//p'
	redis-cli -p "$port" eval 'return redis.call("INCRBY", KEYS[1], 0)' 1 counter:__rand_int__
	redis-cli -p "$port" bgrewriteaof
	until_true sh -c "redis-cli -p $port info persistence | grep -q aof_rewrite_in_progress:0"
	redis-cli -p "$port" info persistence | grep -oE 'aof_last_bgrewrite_status:[a-z]*'
	redis-cli -p "$port" shutdown
	wait "$server"
	echo "server $?"
	complaints "$log"
}

postgres_host() {
	as=$ordinary
	if [ "$(id -u)" -eq 0 ]; then
		id postgres >/dev/null 2>&1 || { echo 'no user'; return; }
		as='setpriv --reuid=postgres --regid=postgres --clear-groups'
		chown postgres "$there"
	fi
	port=$(free_port)
	$as env HOME="$there" LC_ALL=C initdb -D "$there/db" -A trust -U bench -N >"$there/initdb" 2>&1
	echo "initdb $?"
	serve postgres $as postgres -D "$there/db" -p "$port" -k "$there" -h 127.0.0.1 \
		-c shared_buffers=16MB -c max_parallel_workers=2
	bench() { host $as "$@" -h 127.0.0.1 -p "$port" -U bench postgres; }
	answers $as psql -h 127.0.0.1 -p "$port" -U bench -c 'select 1' postgres
	bench pgbench -i -q -s 1 >/dev/null 2>&1
	echo "pgbench -i $?"
	bench pgbench -n -c 4 -j 2 -t 50 | grep -E '^number of (transactions|failed)|^transaction type'
	bench pgbench -n -S -c 4 -j 2 -t 50 | grep -E '^number of (transactions|failed)'
	bench psql -Atc 'set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*), sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts'
	kill -INT "$(head -n 1 "$there/db/postmaster.pid")"
	wait "$server"
	echo "server $?"
	grep -E 'PANIC|FATAL|terminated by signal' "$log" | grep -v 'starting up'
}

mariadb_host() {
	as=$ordinary
	if [ "$(id -u)" -eq 0 ]; then
		as='setpriv --reuid=mysql --regid=mysql --clear-groups'
		chown mysql "$there"
	fi
	$as mariadb-install-db --no-defaults --datadir="$there/db" --auth-root-authentication-method=normal \
		>"$there/install" 2>&1
	echo "install $?"
	serve mariadb $as mariadbd --no-defaults --datadir="$there/db" --socket="$there/s" --skip-networking \
		--skip-grant-tables --pid-file="$there/pid" --innodb-buffer-pool-size=16M
	answers mariadb-admin --no-defaults -S "$there/s" ping
	sql() { host mariadb --no-defaults -S "$there/s" -u root -N -B -e "$1" mysql; }
	sql 'create database d; create table d.t (a int primary key auto_increment, b int) engine=innodb'
	for n in 1 2 3 4; do
		sql "insert into d.t (b) select $n from seq_1_to_500; select sleep(0.1)" &
		eval "client_$n=$!"
	done
	wait "$client_1" "$client_2" "$client_3" "$client_4"
	sql 'select count(*), sum(b) from d.t; select a from d.t order by a limit 3'
	mariadb-admin --no-defaults -S "$there/s" -u root shutdown
	wait "$server"
	echo "server $?"
	complaints "$log"
}

# apache_host MPM: one process per request, several threads, or one event loop; and a CGI program.
apache_host() {
	modules=/usr/lib/apache2/modules
	port=$(free_port)
	mkdir "$there/cgi" "$there/htdocs"
	echo 'a page' >"$there/htdocs/page"
	printf '#!/bin/sh\nprintf "Content-type: text/plain\\n\\nfrom a child\\n"\n' >"$there/cgi/x"
	chmod 755 "$there/cgi/x"
	cgi=cgid
	[ "$1" != prefork ] || cgi=cgi
	cat >"$there/conf" <<-END
		ServerRoot $there
		ServerName localhost
		Listen 127.0.0.1:$port
		PidFile $there/pid
		ErrorLog $there/error
		DocumentRoot $there/htdocs
		LoadModule mpm_$1_module $modules/mod_mpm_$1.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		LoadModule alias_module $modules/mod_alias.so
		LoadModule ${cgi}_module $modules/mod_$cgi.so
		ScriptAlias /cgi/ $there/cgi/
	END
	[ "$1" = prefork ] || echo "ScriptSock $there/socket" >>"$there/conf"
	[ "$(id -u)" -ne 0 ] || printf 'User www-data\nGroup www-data\n' >>"$there/conf"
	serve apache apache2 -f "$there/conf" -DFOREGROUND
	answers page "http://127.0.0.1:$port/page"
	for n in 1 2 3; do page "http://127.0.0.1:$port/cgi/x" "http://127.0.0.1:$port/page"; done
	# A graceful restart: new processes start, and the old ones end.
	kill -USR1 "$(cat "$there/pid")"
	until_true sh -c "[ \$(grep -c 'resuming normal' $there/error) = 2 ]"
	answers page "http://127.0.0.1:$port/page"
	page "http://127.0.0.1:$port/cgi/x"
	wait_for_samples
	kill "$(cat "$there/pid")"
	wait "$server"
	echo "server $?"
	complaints "$there/error"
}

nginx_host() {
	port=$(free_port)
	mkdir "$there/logs"
	echo 'a page' >"$there/page"
	head -c 3000000 /dev/zero >"$there/large"
	cat >"$there/conf" <<-END
		daemon off;
		pid $there/pid;
		worker_processes 2;
		error_log $there/error;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $there/body;
			proxy_temp_path $there/proxy;
			fastcgi_temp_path $there/fastcgi;
			uwsgi_temp_path $there/uwsgi;
			scgi_temp_path $there/scgi;
			server {
				listen 127.0.0.1:$port;
				root $there;
				aio threads;
				location /proxy/ { proxy_pass http://127.0.0.1:$port/; }
			}
		}
	END
	serve nginx nginx -c "$there/conf"
	answers page "http://127.0.0.1:$port/page"
	page "http://127.0.0.1:$port/proxy/page"
	page "http://127.0.0.1:$port/large" | cksum
	kill -HUP "$(cat "$there/pid")"
	answers page "http://127.0.0.1:$port/proxy/page"
	wait_for_samples
	kill -QUIT "$(cat "$there/pid")"
	wait "$server"
	echo "server $?"
	complaints "$there/error"
}

# vsftpd_host YES|NO: with its filter or without. When a file is sent, a recent libc makes system calls
# that the filter does not know, so with the filter there are only logins.
vsftpd_host() {
	port=$(free_port)
	mkdir "$there/ftp" "$there/empty"
	echo 'by ftp' >"$there/ftp/file"
	chmod 555 "$there/ftp"
	cat >"$there/conf" <<-END
		listen=YES
		background=NO
		listen_address=127.0.0.1
		listen_port=$port
		anonymous_enable=YES
		anon_root=$there/ftp
		secure_chroot_dir=$there/empty
		seccomp_sandbox=$1
		xferlog_enable=NO
	END
	serve vsftpd vsftpd "$there/conf"
	cat >"$there/client.py" <<-'END'
		import ftplib, sys
		for turn in range(3):
		    try:
		        ftp = ftplib.FTP()
		        ftp.connect("127.0.0.1", int(sys.argv[1]), 30)
		        print(ftp.login(), ftp.pwd())
		        if sys.argv[2] == "YES":
		            ftp.close()
		            continue
		        lines = []
		        print(ftp.retrbinary("RETR file", lines.append), lines, ftp.nlst(), ftp.quit())
		    except ftplib.all_errors as error:
		        print(type(error).__name__, error)
	END
	answers python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).recv(3)"
	python3 "$there/client.py" "$port" "$1"
	until_gone "$server"
	complaints "$log"
}

# chrony_host LEVEL: under its filter of this level, with requests of its own client.
chrony_host() {
	user=''
	[ "$(id -u)" -ne 0 ] || user='-u nobody'
	port=$(free_port)
	printf 'port 0\ncmdport %s\nbindcmdaddress 127.0.0.1\nbindcmdaddress /\nlocal stratum 10\npidfile %s/pid\n' \
		"$port" "$there" >"$there/chrony.conf"
	serve chrony chronyd -d -x -F "$1" $user -f "$there/chrony.conf"
	ask() { timeout 20 chronyc -h 127.0.0.1 -p "$port" -c "$@"; }
	answers grep -q 'Loaded seccomp' "$log"
	ask tracking | cut -d , -f 2,3
	ask activity
	wait_for_samples
	until_gone "$server"
	sed 's/^[^ ]* //' "$log"
}

ntpd_host() {
	printf 'restrict 127.0.0.1\n' >"$there/ntp.conf"
	serve ntpd ntpd -n -x -u nobody -c "$there/ntp.conf"
	answers grep -qE 'Listening on routing|sandbox|droproot' "$log"
	until_gone "$server"
	grep -oE 'sandbox.*|Listening on routing' "$log" | sed 's/#[0-9]*//'
	complaints "$log"
}

# ntpd drops its rights, runs as its own user, and counts packets.
tcpdump_host() {
	serve tcpdump tcpdump -n -i lo -c 4 -w "$there/capture" icmp
	answers grep -q listening "$log"
	host ping -c 4 -i 0.2 127.0.0.1 | grep -oE '[0-9]+ received'
	wait "$server"
	echo "server $?"
	host tcpdump -n -r "$there/capture" 2>/dev/null | grep -c 'ICMP echo'
}

# Queries over UDP and TCP, answered from a file.
dnsmasq_host() {
	port=$(free_port)
	serve dnsmasq dnsmasq -k -C /dev/null -R -h -p "$port" --listen-address=127.0.0.1 \
		--bind-interfaces -A /host.test/192.0.2.7 --pid-file= -u "$(id -un)"
	answers python3 "$data/dns.py" "$port" host.test
	python3 "$data/dns.py" "$port" host.test
	wait_for_samples
	until_gone "$server"
	complaints "$log"
}

php_fpm_host() {
	printf '[global]\ndaemonize=no\npid=%s/pid\nerror_log=%s/error\n[w]\nlisten=%s/sock\npm=static\npm.max_children=2\n' \
		"$there" "$there" "$there" >"$there/conf"
	[ "$(id -u)" -ne 0 ] || printf 'user=www-data\ngroup=www-data\n' >>"$there/conf"
	serve php-fpm "$1" -F -y "$there/conf"
	answers grep -q ready "$there/error"
	wait_for_samples
	kill -QUIT "$(cat "$there/pid")"
	wait "$server"
	echo "server $?"
	grep -oE 'NOTICE: (fpm is running|ready|exiting|Finishing).*' "$there/error" | sed 's/, pid.*//' | sort -u
}
