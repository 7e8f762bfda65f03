/* SPDX-License-Identifier: MIT */
/* Threads whose slots are incomplete or wrong: one waits inside libc, one left a wait by
 * siglongjmp() and runs, one ends by a raw system call, and one is not the agent's.
 * Prints their ids by name; "x" on its input ends the third. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int pipe_fds[2];
static int exit_fds[2];
static atomic_int jumper_tid;
static atomic_int leaver_tid;
static sigjmp_buf away;
static atomic_int jumped;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(away, 1);
}

static void *leave_by_jump(void *arg)
{
	char byte;

	atomic_store(&jumper_tid, (int)syscall(SYS_gettid));
	if (sigsetjmp(away, 1) == 0) {
		while (read(pipe_fds[0], &byte, 1) < 0)
			;
	}
	atomic_store(&jumped, 1);
	for (volatile unsigned i = 0;; i++)
		;
	return arg;
}

static void *leave_by_exit(void *arg)
{
	char byte;

	atomic_store(&leaver_tid, (int)syscall(SYS_gettid));
	while (read(exit_fds[0], &byte, 1) != 1)
		;
#if defined(__x86_64__)
	/* Without any destructor, and without libc. */
	__asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0) : "rcx", "r11", "memory");
#endif
	return arg;
}

static int blocked_in_read(int tid)
{
	char path[64];
	char line[64] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return atoi(line) == SYS_read && line[0] != 'r';
}

int main(void)
{
	struct sigaction action = {.sa_handler = jump};
	pthread_t jumper, leaver;
	char line[64];

	sigaction(SIGUSR1, &action, NULL);
	if (pipe(pipe_fds) != 0 || pipe(exit_fds) != 0 ||
	    pthread_create(&jumper, NULL, leave_by_jump, NULL) != 0 ||
	    pthread_create(&leaver, NULL, leave_by_exit, NULL) != 0)
		return 1;
	while (!atomic_load(&jumper_tid) || !atomic_load(&leaver_tid) ||
	       !blocked_in_read(atomic_load(&jumper_tid)) ||
	       !blocked_in_read(atomic_load(&leaver_tid)))
		usleep(1000);
	while (!atomic_load(&jumped)) {
		pthread_kill(jumper, SIGUSR1);
		usleep(1000);
	}
	printf("%d %d\n", atomic_load(&jumper_tid), atomic_load(&leaver_tid));
	fflush(stdout);
	/* The read happens inside libc: the agent does not see it. */
	while (fgets(line, sizeof(line), stdin))
		if (line[0] == 'x' && write(exit_fds[1], "x", 1) != 1)
			return 1;
	_exit(0);
}
