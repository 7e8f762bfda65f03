# SPDX-License-Identifier: MIT
use strict; use warnings; use Config; use IO::Socket::INET; use IPC::Open3;
$| = 1;
pipe(my $r, my $w);
for my $n (1 .. 5) {
	my $pid = fork;
	if (!$pid) { print $w "$n\n"; exit $n; }
	waitpid $pid, 0;
	print "child ", $? >> 8, "\n";
}
close $w; print "sum ", eval { my $s = 0; $s += $_ while <$r>; $s }, "\n";
print `echo backticks; exit 2`, $? >> 8, "\n";
my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
if (!fork) { my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->sockport); print $c "socket\n"; exit 0; }
my $c = $s->accept; print scalar <$c>; wait;
{ local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; eval { select undef, undef, undef, 30 }; print $@; }
if ($Config{useithreads}) { require threads; print join(' ', map { $_->join } map { my $n = $_; threads->create(sub { $n * $n }) } 1 .. 4), "\n"; }
print join(' ', sort grep { /^LD_/ && 0 } keys %ENV), "end\n";
select undef, undef, undef, 0.01 while $ENV{HOSTS_HOLD} && -e $ENV{HOSTS_HOLD};
