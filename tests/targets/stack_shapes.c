/* SPDX-License-Identifier: MIT */
/*
 * Threads that are blocked where stacks are hard to follow: deep recursion, alloca, large
 * and realigned frames, callbacks of libc, signal handlers, tail calls, code without a
 * name. tests/e2e/native_stacks.t builds it in many ways. Prints "ready N" when all N
 * threads are about to wait; ends with its stdin. Usage: stack_shapes [N]
 */
#include <alloca.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE     __attribute__((noinline))
#define USE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
#define KEEP_FRAME() __asm__ volatile("" : : : "memory")

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static int word;
static volatile long seed = 3;
static int pipes[2];

static void wait_mutex(void)
{
	pthread_mutex_lock(&mutex);
}

static void wait_cond(void)
{
	pthread_mutex_lock(&cond_mutex);
	for (;;)
		pthread_cond_wait(&cond, &cond_mutex);
}

static void wait_read(void)
{
	char byte;

	while (read(pipes[0], &byte, 1) != 1)
		;
}

static void wait_poll(void)
{
	struct pollfd fd = {.fd = pipes[0], .events = POLLIN};

	poll(&fd, 1, -1);
}

static void wait_sleep(void)
{
	struct timespec long_time = {100000, 0};

	nanosleep(&long_time, NULL);
}

static void wait_futex(void)
{
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void wait_rwlock(void)
{
	pthread_rwlock_wrlock(&rwlock);
}

static void wait_events(void)
{
	uint64_t count;
	int fd = eventfd(0, 0);

	while (read(fd, &count, sizeof(count)) < 0)
		;
}

/* A tail call: no frame of this function is left. */
static int wait_semaphore(void)
{
	return sem_wait(&semaphore);
}

NOINLINE static int recurse(int depth, void (*wait)(void))
{
	char local[64];

	memset(local, depth, sizeof(local));
	USE(local);
	if (depth == 0) {
		wait();
		return local[0];
	}
	return recurse(depth - 1, wait) + local[depth % 64];
}

NOINLINE static int other(int depth, void (*wait)(void));
NOINLINE static int one(int depth, void (*wait)(void))
{
	int rc = depth == 0 ? recurse(2, wait) : other(depth - 1, wait);

	KEEP_FRAME();
	return rc + 1;
}
static int other(int depth, void (*wait)(void))
{
	int rc = one(depth / 2, wait);

	KEEP_FRAME();
	return rc + depth;
}

NOINLINE static int with_alloca(int bytes, void (*wait)(void))
{
	char *room = alloca((size_t)bytes);

	memset(room, bytes, (size_t)bytes);
	USE(room);
	int rc = bytes > 100 ? with_alloca(bytes / 2, wait) : recurse(3, wait);

	USE(room);
	return rc + room[bytes - 1];
}

NOINLINE static int large_frame(void (*wait)(void))
{
	char room[40000];

	memset(room, 1, sizeof(room));
	USE(room);
	int rc = recurse(4, wait);

	USE(room);
	return rc + room[1];
}

NOINLINE static int realigned(void (*wait)(void))
{
	char room[256] __attribute__((aligned(128)));

	memset(room, 1, sizeof(room));
	USE(room);
	int rc = recurse(1, wait);

	USE(room);
	return rc + room[3];
}

/* Many values live across the call, so every callee-saved register is used. */
NOINLINE static long many_registers(long a, long b, long c, long d, long e, long f,
				    void (*wait)(void))
{
	long values[] = {a + 1, b + 2, c + 3, d + 4, e + 5, f + 6};
	int rc = realigned(wait);

	return a * b + c * d + e * f + values[rc & 3] + (a ^ f) + (b ^ e) + (c ^ d);
}

static void (*callback_wait)(void);
static int compare(const void *left, const void *right)
{
	callback_wait();
	return memcmp(left, right, sizeof(int));
}

static void in_qsort(void)
{
	int numbers[] = {3, 1, 2};

	callback_wait = wait_poll;
	qsort(numbers, 3, sizeof(int), compare);
	USE(numbers);
}

static void in_once(void)
{
	recurse(2, wait_read);
}

static void handler(int signal)
{
	recurse(signal % 7, wait_sleep);
}

static void on_other_stack(int signal)
{
	recurse(signal % 5, wait_read);
}

NOINLINE static int raises(int signal, int depth)
{
	int rc = depth ? raises(signal, depth - 1) : raise(signal);

	KEEP_FRAME();
	return rc + 1;
}

static void body(int which)
{
	stack_t other_stack = {.ss_sp = malloc(65536), .ss_size = 65536};
	char *fault = NULL;

	switch (which) {
	case 0:
		recurse(40, wait_mutex);
		break;
	case 1:
		one(20, wait_cond);
		break;
	case 2:
		with_alloca(4000, wait_read);
		break;
	case 3:
		large_frame(wait_poll);
		break;
	case 4:
		realigned(wait_sleep);
		break;
	case 5:
		many_registers(seed, seed, seed, seed, seed, seed, wait_futex);
		break;
	case 6:
		in_qsort();
		break;
	case 7:
		pthread_once(&once, in_once);
		break;
	case 8:
		raises(SIGUSR1, 3);
		break;
	case 9:
		sigaltstack(&other_stack, NULL);
		raises(SIGUSR2, 2);
		break;
	case 10:
		recurse(5, wait_rwlock);
		break;
	case 11:
		wait_semaphore();
		break;
	case 12:
		recurse(100, wait_mutex);
		break;
	case 13:
		/* An access that faults has a signal frame right above it. */
		USE(&fault);
		*(volatile char *)fault = 1;
		break;
	case 14:
		recurse(300, wait_poll);
		break;
	default:
		with_alloca(30000, wait_events);
		break;
	}
}

#define SHAPES 16

static void *run(void *arg)
{
	body((int)((long)arg % SHAPES));
	return NULL;
}

int main(int argc, char **argv)
{
	long nr_threads = argc > 1 ? atol(argv[1]) : SHAPES;
	struct sigaction action = {.sa_handler = handler};
	char byte;

	if (pipe(pipes) != 0 || sem_init(&semaphore, 0, 0) != 0)
		return 1;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	action.sa_handler = on_other_stack;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, NULL);
	pthread_mutex_lock(&mutex);
	pthread_rwlock_rdlock(&rwlock);
	for (long i = 0; i < nr_threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, run, (void *)i) != 0)
			return 1;
	}
	printf("ready %ld\n", nr_threads);
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}
