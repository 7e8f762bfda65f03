/* SPDX-License-Identifier: MIT */
/*
 * Opens a known number of descriptors of every kind, sockets in known states, timers,
 * watches and children, prints "ready" and keeps them until its standard input ends. With
 * "fill LIMIT OPEN MS": under RLIMIT_NOFILE LIMIT it opens OPEN descriptors at once, then
 * one every MS milliseconds up to the limit.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int check(int rc)
{
	if (rc < 0) {
		perror("resources");
		exit(1);
	}
	return rc;
}

/* Leaves one listening socket; the pairs are established, or half closed. */
static void open_tcp(int established, int half_closed)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listening = check(socket(AF_INET, SOCK_STREAM, 0));

	check(bind(listening, (struct sockaddr *)&address, sizeof(address)));
	check(listen(listening, 8));
	check(getsockname(listening, (struct sockaddr *)&address, &length));
	for (int i = 0; i < established + half_closed; i++) {
		int near = check(socket(AF_INET, SOCK_STREAM, 0));

		check(connect(near, (struct sockaddr *)&address, sizeof(address)));
		check(accept(listening, NULL, NULL));
		if (i >= established)
			check(shutdown(near, SHUT_WR));
	}
}

static void watch(int count)
{
	static const char *const places[] = {"/",    "/tmp", "/proc",
					     "/dev", "/etc", "/usr"};
	int fd = check(inotify_init1(0));

	for (int i = 0; i < count; i++)
		check(inotify_add_watch(fd, places[i], IN_DELETE_SELF));
}

static void open_timers(int count)
{
	for (int i = 0; i < count; i++) {
		struct sigevent event = {.sigev_notify = SIGEV_NONE};
		timer_t timer;

		check(timer_create(CLOCK_MONOTONIC, &event, &timer));
	}
}

static void open_all(void)
{
	sigset_t signals;
	int pair[2];

	sigemptyset(&signals);
	open_tcp(3, 2);
	for (int i = 0; i < 4; i++) {
		check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		check(pipe(pair));
	}
	for (int i = 0; i < 2; i++)
		check(socket(AF_INET, SOCK_DGRAM, 0));
	check(socket(AF_NETLINK, SOCK_RAW, 0));
	for (int i = 0; i < 7; i++)
		check(open("/proc/self/stat", O_RDONLY));
	for (int i = 0; i < 3; i++)
		check(open("/dev/zero", O_RDONLY));
	for (int i = 0; i < 2; i++)
		check(memfd_create("resources", 0));
	for (int i = 0; i < 5; i++)
		check(eventfd(0, 0));
	for (int i = 0; i < 3; i++)
		check(epoll_create1(0));
	for (int i = 0; i < 6; i++)
		check(timerfd_create(CLOCK_MONOTONIC, 0));
	check(signalfd(-1, &signals, 0));
	watch(6);
	watch(5);
	open_timers(9);
	for (int i = 0; i < 2; i++) {
		pid_t child = check(fork());

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		check((int)syscall(SYS_pidfd_open, child, 0));
	}
}

static void fill(int limit, int open_now, int every_ms)
{
	struct rlimit most = {(rlim_t)limit, (rlim_t)limit};
	struct pollfd input = {.fd = 0, .events = POLLIN};
	int fd = check(open("/dev/zero", O_RDONLY));

	check(setrlimit(RLIMIT_NOFILE, &most));
	while (fd < open_now - 1)
		fd = check(dup(0));
	puts("ready");
	fflush(stdout);
	while (poll(&input, 1, every_ms) == 0)
		if (dup(fd) < 0)
			every_ms = -1;
}

int main(int argc, char **argv)
{
	char byte;

	check(close_range(3, ~0u, 0)); /* what was inherited */
	if (argc == 5 && strcmp(argv[1], "fill") == 0) {
		fill(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	open_all();
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		continue;
	return 0;
}
