<?php
// SPDX-License-Identifier: MIT
echo shell_exec('echo child');
exec('exit 3', $out, $code);
echo "$code\n";
$server = stream_socket_server('tcp://127.0.0.1:0');
$client = stream_socket_client('tcp://' . stream_socket_get_name($server, false));
$peer = stream_socket_accept($server);
fwrite($peer, "socket\n");
echo fgets($client);
$process = proc_open(['cat'], [['pipe', 'r'], ['pipe', 'w']], $pipes);
fwrite($pipes[0], "through cat\n");
fclose($pipes[0]);
echo stream_get_contents($pipes[1]), proc_close($process), "\n";
$r = [$client]; $w = $e = null;
echo stream_select($r, $w, $e, 0, 10000), "\n";
usleep(1000);
$f = tmpfile(); var_dump(flock($f, LOCK_EX)); fwrite($f, 'x'); var_dump(fsync($f));
if (function_exists('pcntl_fork')) {
	$pid = pcntl_fork();
	if ($pid == 0) exit(6);
	pcntl_waitpid($pid, $status);
	echo pcntl_wexitstatus($status), "\n";
}
while (getenv('HOSTS_HOLD') && file_exists(getenv('HOSTS_HOLD'))) { usleep(10000); clearstatcache(); }
