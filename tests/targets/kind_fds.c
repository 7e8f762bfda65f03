/* SPDX-License-Identifier: MIT */
/* Waits whose object only the kernel knows, one thread each. Prints "wait NAME TID FD"
 * and "ready"; ends with its stdin. It also has a thread that sleeps in a loop, and a
 * function that a rule of the user names. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct wait {
	const char *name;
	void *(*body)(void *arg);
	int fd;
	pid_t tid;
};

static pid_t child;

static void say(struct wait *wait)
{
	__atomic_store_n(&wait->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void *in_read(void *arg)
{
	struct wait *wait = arg;
	char bytes[4096];

	say(wait);
	while (read(wait->fd, bytes, sizeof(bytes)) != 0)
		;
	return NULL;
}

static void *in_poll(void *arg)
{
	struct wait *wait = arg;
	struct pollfd fds[2] = {{.fd = wait->fd, .events = POLLIN}, {.fd = -1}};

	say(wait);
	while (poll(fds, 1, -1) >= 0)
		;
	return NULL;
}

static void *in_epoll(void *arg)
{
	struct wait *wait = arg;
	struct epoll_event event;

	say(wait);
	while (epoll_wait(wait->fd, &event, 1, -1) != 0)
		;
	return NULL;
}

static void *in_loop(void *arg)
{
	struct timespec pause = {0, 300000000};

	say(arg);
	for (;;)
		nanosleep(&pause, NULL);
	return NULL;
}

static void *in_until(void *arg)
{
	struct timespec end;

	say(arg);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 3600;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) != 0)
		;
	return NULL;
}

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;

/* Named by a rule of the test. */
__attribute__((noinline)) static void kind_queue_take(void)
{
	pthread_mutex_lock(&queue_lock);
	for (;;)
		pthread_cond_wait(&queue_filled, &queue_lock);
}

static void *in_queue(void *arg)
{
	say(arg);
	kind_queue_take();
	return NULL;
}

static struct wait waits[] = {
	{"epoll", in_epoll, -1, 0},   {"timerfd", in_read, -1, 0},
	{"eventfd", in_read, -1, 0},  {"inotify", in_read, -1, 0},
	{"signalfd", in_read, -1, 0}, {"pidfd", in_poll, -1, 0},
	{"loop", in_loop, -1, 0},     {"until", in_until, -1, 0},
	{"queue", in_queue, -1, 0},
};

static void open_all(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct itimerspec timer = {.it_interval = {2, 0}, .it_value = {7200, 0}};
	sigset_t set;
	int ends[2];

	waits[0].fd = epoll_create1(EPOLL_CLOEXEC);
	if (pipe(ends) != 0)
		exit(1);
	event.data.fd = ends[0];
	epoll_ctl(waits[0].fd, EPOLL_CTL_ADD, ends[0], &event);
	waits[1].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timerfd_settime(waits[1].fd, 0, &timer, NULL);
	waits[2].fd = eventfd(0, EFD_CLOEXEC);
	waits[3].fd = inotify_init1(IN_CLOEXEC);
	inotify_add_watch(waits[3].fd, "/", IN_DELETE_SELF);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	waits[4].fd = signalfd(-1, &set, SFD_CLOEXEC);
	child = fork();
	if (child == 0) {
		close(ends[1]);
		/* Ends when the other end of the pipe is closed. */
		_exit(read(ends[0], &event, 1) < 0);
	}
	waits[5].fd = (int)syscall(SYS_pidfd_open, child, 0);
	printf("end %d child %d\n", ends[0], (int)child);
}

int main(void)
{
	char byte;

	open_all();
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, waits[i].body, &waits[i]) != 0)
			return 1;
		while (!__atomic_load_n(&waits[i].tid, __ATOMIC_ACQUIRE))
			usleep(1000);
		printf("wait %s %d %d\n", waits[i].name, (int)waits[i].tid, waits[i].fd);
	}
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	kill(child, SIGKILL);
	return 0;
}
