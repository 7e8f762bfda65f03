/* SPDX-License-Identifier: MIT */
/*
 * dead_pages FILE [THREADS [words]]: THREADS threads (1) whose stack pointers are in
 * pages of FILE that were never read, each in another page, and some that wait as usual:
 * "holder" sleeps with a mutex that "waiter" wants. With "words", its arguments are in
 * such a page, too. Prints "ready" when all are there. Ends with its standard input.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_BYTES (256u << 10) /* more than the kernel reads ahead */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begun;
static int never;

/* futex(&never, FUTEX_WAIT, 0) with the stack pointer there. */
static void sleep_on(char *stack)
{
#if defined(__x86_64__)
	long result = SYS_futex;
	register long timeout __asm__("r10") = 0;

	__asm__ volatile("movq %%rsp, %%rbx\n\t"
			 "movq %[stack], %%rsp\n\t"
			 "syscall\n\t"
			 "movq %%rbx, %%rsp"
			 : "+a"(result)
			 : [stack] "r"(stack), "D"(&never), "S"(0l), "d"(0l), "r"(timeout)
			 : "rbx", "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long nr __asm__("x8") = SYS_futex;
	register long word __asm__("x0") = (long)&never;
	register long op __asm__("x1") = 0;
	register long value __asm__("x2") = 0;
	register long timeout __asm__("x3") = 0;

	__asm__ volatile("mov x19, sp\n\t"
			 "mov sp, %[stack]\n\t"
			 "svc #0\n\t"
			 "mov sp, x19"
			 : "+r"(word)
			 : [stack] "r"(stack), "r"(nr), "r"(op), "r"(value), "r"(timeout)
			 : "x19", "memory");
#else
	(void)stack;
#endif
}

static void *lost_thread(void *stack)
{
	prctl(PR_SET_NAME, "lost");
	pthread_barrier_wait(&begun);
	for (;;)
		sleep_on(stack);
	return NULL;
}

static void *holder_thread(void *arg)
{
	struct timespec hour = {3600, 0};

	prctl(PR_SET_NAME, "holder");
	pthread_mutex_lock(&mutex);
	pthread_barrier_wait(&begun);
	nanosleep(&hour, NULL);
	return arg;
}

static void *waiter_thread(void *arg)
{
	prctl(PR_SET_NAME, "waiter");
	pthread_barrier_wait(&begun);
	pthread_mutex_lock(&mutex);
	return arg;
}

static __attribute__((noinline)) int run(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	pthread_t thread;
	struct stat st;
	char *map, byte;

	if (fd < 0 || fstat(fd, &st) != 0)
		return 2;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return 2;
	pthread_barrier_init(&begun, NULL, count + 3);
	/* From the end on, because the beginning may have been read. */
	for (unsigned i = 0; i < count; i++)
		pthread_create(&thread, NULL, lost_thread,
			       map + ((size_t)st.st_size & ~4095ul) -
				       (size_t)(i + 1) * STEP_BYTES);
	pthread_create(&thread, NULL, holder_thread, NULL);
	pthread_create(&thread, NULL, waiter_thread, NULL);
	pthread_barrier_wait(&begun);
	if (argc > 3) {
		long page = sysconf(_SC_PAGESIZE);
		char *words = (char *)((uintptr_t)argv[0] & ~((uintptr_t)page - 1));

		/* Nothing that is still needed is there: see main(). */
		if (mmap(words, (size_t)page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, fd,
			 (off_t)(((size_t)st.st_size & ~4095ul) -
				 (size_t)(count + 2) * STEP_BYTES)) == MAP_FAILED)
			return 2;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	exit(0);
}

/* The frames of what runs are more than a page below the arguments. */
int main(int argc, char **argv)
{
	volatile char room[16384];

	room[0] = 0;
	return run(argc, argv) + room[0];
}
