/* SPDX-License-Identifier: MIT */
/* What POSIX lets a program see of itself. Prints one line for each; the same with an agent
 * and without. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

extern char **environ;

static void *nothing(void *argument)
{
	return argument;
}

static void keys(void)
{
	pthread_key_t key;
	int count = 0;

	while (pthread_key_create(&key, NULL) == 0)
		count++;
	printf("keys %d\n", count);
	while (count-- > 0)
		pthread_key_delete(key - (pthread_key_t)count);
}

static void descriptors(const char *when)
{
	int first = dup(0), open_low = 0;

	for (int fd = 0; fd < 1024; fd++)
		open_low += fcntl(fd, F_GETFD) >= 0;
	printf("descriptors %s: next %d, %d below 1024\n", when, first, open_low);
	close(first);
}

/* Every descriptor down to the limit can be used, and a thread still starts. */
static void low_limit(void)
{
	struct rlimit before, low = {16, 16};
	pthread_t thread;
	int fds[16], count = 0;

	getrlimit(RLIMIT_NOFILE, &before);
	low.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &low);
	while (count < 16 && (fds[count] = dup(0)) >= 0)
		count++;
	int rc = pthread_create(&thread, NULL, nothing, NULL);

	if (rc == 0)
		pthread_join(thread, NULL);
	printf("limit of 16: %d more, errno %d, thread %d\n", count, errno, rc);
	while (count-- > 0)
		close(fds[count]);
	setrlimit(RLIMIT_NOFILE, &before);
}

static void closed(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		syscall(SYS_close_range, 3, ~0u, 0);
		int fd = open("/dev/null", O_RDONLY);

		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
		_exit(fd == 3 && fcntl(fd, F_GETFD) >= 0 && close(fd) == 0 ? 0 : 1);
	}
	int status;

	waitpid(pid, &status, 0);
	printf("all closed: %#x\n", status);
}

/* A thread with the smallest stack has as much of it as before, within a page or two. */
static void *tiny(void *argument)
{
	volatile char room[4096];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 1;
	usleep(1000);
	return argument;
}

static void small_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	printf("smallest stack %d",
	       pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN));
	int rc = pthread_create(&thread, &attributes, tiny, NULL);

	printf(" %d", rc);
	printf(" %d\n", rc == 0 ? pthread_join(thread, NULL) : -1);
}

static sem_t never;
static int cleaned;

static void count_cleanup(void *unused)
{
	(void)unused;
	cleaned++;
}

static void *wait_forever(void *how)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	int ends[2];
	char byte;

	pthread_cleanup_push(count_cleanup, NULL);
	switch ((int)(intptr_t)how) {
	case 0:
		sem_wait(&never);
		break;
	case 1:
		if (pipe(ends) == 0 && read(ends[0], &byte, 1)) {
		}
		break;
	case 2:
		pthread_mutex_lock(&lock);
		pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &lock);
		pthread_cond_wait(&cond, &lock);
		pthread_cleanup_pop(1);
		break;
	case 3:
		pause();
		break;
	case 4:
		sleep(1000);
		break;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel(void)
{
	for (intptr_t how = 0; how < 5; how++) {
		pthread_t thread;
		void *result = NULL;

		pthread_create(&thread, NULL, wait_forever, (void *)how);
		usleep(20000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("cancelled %d %d\n", result == PTHREAD_CANCELED, cleaned);
	}
}

static void *exits(void *argument)
{
	pthread_exit(argument);
}

static int exits_c11(void *argument)
{
	(void)argument;
	thrd_exit(7);
}

static void exit_values(void)
{
	pthread_t posix;
	thrd_t c11;
	void *result;
	int number = 0;

	pthread_create(&posix, NULL, exits, &never);
	pthread_join(posix, &result);
	thrd_create(&c11, exits_c11, NULL);
	thrd_join(c11, &number);
	printf("exit values %d %d\n", result == &never, number);
}

static void *fork_here(void *argument)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, nothing, NULL) != 0)
			_exit(1);
		pthread_join(thread, NULL);
		for (int i = 0; i < 10; i++)
			usleep(100);
		_exit(5);
	}
	waitpid(pid, &status, 0);
	*(int *)argument = WEXITSTATUS(status);
	return NULL;
}

static void forks(void)
{
	pthread_t threads[4];
	int statuses[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, fork_here, &statuses[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("forks in threads %d %d %d %d\n", statuses[0], statuses[1], statuses[2],
	       statuses[3]);
}

static void vforks(void)
{
	char *words[] = {"sh", "-c", "exit 3", NULL};
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		execvp("sh", words);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("vfork %d", WEXITSTATUS(status));
	printf(" spawn %d", posix_spawnp(&pid, "sh", NULL, NULL, words, environ));
	waitpid(pid, &status, 0);
	printf(" %d\n", WEXITSTATUS(status));
	errno = 0;
	execv("/nowhere", words);
	printf("no such program: %d\n", errno);
}

/* main_leaves HOW: the main thread ends before the process does. */
static void *last(void *argument)
{
	usleep(50000);
	puts("the last thread is done");
	return argument;
}

static void at_exit(void)
{
	puts("atexit");
}

static void main_leaves(int how)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		atexit(at_exit);
		pthread_create(&thread, NULL, last, NULL);
		if (how == 1)
			pthread_cancel(pthread_self());
		if (how == 2)
			pthread_detach(thread);
	pause_or_exit:
		if (how == 1)
			pause();
		if (how == 3) {
			exit(9);
		}
		pthread_exit(NULL);
		goto pause_or_exit;
	}
	waitpid(pid, &status, 0);
	printf("main left (%d): %#x\n", how, status);
}

static volatile sig_atomic_t caught;

static void handler(int signal)
{
	char byte = (char)signal;

	caught += read(-1, &byte, 1) < 0;
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = handler};
	struct itimerspec every = {{0, 200000}, {0, 200000}};
	timer_t timer;
	int interrupted = 0;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	sigaction(SIGALRM, &action, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &every, NULL);
	for (int i = 0; i < 200; i++)
		interrupted += usleep(2000) != 0 && errno == EINTR;
	timer_delete(timer);
	printf("signals %d %d\n", caught > 10, interrupted > 10);
}

/* What runs with little of everything: whatever fails says so. */
static void short_of(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int status = -1, ends[2];

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	int rc = pthread_create(&thread, &attributes, nothing, NULL);

	printf("thread %d", rc);
	if (rc == 0)
		pthread_join(thread, NULL);
	printf(" pipe %d", pipe(ends) == 0 ? 0 : errno);
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 10; i++)
			usleep(100);
		_exit(6);
	}
	printf(" fork %d", pid < 0 ? errno : 0);
	if (pid > 0)
		waitpid(pid, &status, 0);
	printf(" child %#x\n", status);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *hold = getenv("HOSTS_HOLD");

	if (argc > 1 && strcmp(argv[1], "short") == 0) {
		short_of();
		return 0;
	}
	if (argc > 1) {
		main_leaves(atoi(argv[1]));
		return 0;
	}
	sem_init(&never, 0, 0);
	descriptors("at the start");
	keys();
	low_limit();
	closed();
	small_stack();
	exit_values();
	cancel();
	forks();
	vforks();
	signals();
	for (int how = 0; how < 4; how++)
		main_leaves(how);
	descriptors("at the end");
	fflush(stdout);
	while (hold && access(hold, F_OK) == 0)
		usleep(10000);
	pthread_exit(NULL);
}
