/* SPDX-License-Identifier: MIT */
/* Threads in waits that only the kernel knows: several futexes, a page that userfaultfd
 * does not serve, a vfork child and another child, sockets without an address, a ring,
 * turns of a second. Prints "ready"; its children end with it. Prints "no NAME" before
 * for what this kernel does not allow. */
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void none(const char *name)
{
	printf("no %s\n", name);
	fflush(stdout);
}

static void *in_futexes(void *arg)
{
#ifdef SYS_futex_waitv
	static uint32_t words[2] = {5, 6};
	struct futex_waitv waits[2] = {{5, (uintptr_t)&words[0], FUTEX_32, 0},
				       {6, (uintptr_t)&words[1], FUTEX_32, 0}};
	struct timespec at;

	prctl(PR_SET_NAME, "futexes");
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += 3000;
	syscall(SYS_futex_waitv, waits, 2, 0, &at, CLOCK_MONOTONIC);
#endif
	none("futexes");
	pause();
	return arg;
}

static void *in_fault(void *arg)
{
	int fd = (int)syscall(SYS_userfaultfd, 0);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	prctl(PR_SET_NAME, "fault");
	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &range) != 0)
		none("fault");
	else
		*(volatile char *)page = 1;
	pause();
	return arg;
}

__attribute__((noinline)) static void forks_in_place(void)
{
	if (vfork() == 0)
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static void *in_vfork(void *arg)
{
	prctl(PR_SET_NAME, "vforks");
	forks_in_place();
	return arg;
}

static void *in_netlink(void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char bytes[64];

	prctl(PR_SET_NAME, "netlink");
	recv(fd, bytes, sizeof(bytes), 0);
	none("netlink");
	return arg;
}

static void *in_packet(void *arg)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	char bytes[64];

	prctl(PR_SET_NAME, "packet");
	if (fd < 0)
		none("packet");
	else
		recv(fd, bytes, sizeof(bytes), 0);
	pause();
	return arg;
}

/* Two operations of a ring that never end: poll and read of a pipe. */
static void *in_ring(void *arg)
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 8, &params), ends[2];
	struct io_uring_sqe *entries;
	char *ring, bytes[8];
	uint32_t *order;

	prctl(PR_SET_NAME, "ring");
	if (fd < 0 || pipe(ends) != 0) {
		none("ring");
		pause();
	}
	ring = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(*order),
		    PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, IORING_OFF_SQES);
	order = (uint32_t *)(void *)(ring + params.sq_off.array);
	entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD, .fd = ends[0]};
	entries[0].poll32_events = 1;
	entries[1] = (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = ends[0]};
	entries[1].addr = (uintptr_t)bytes;
	entries[1].len = sizeof(bytes);
	order[0] = 0;
	order[1] = 1;
	__atomic_store_n((uint32_t *)(void *)(ring + params.sq_off.tail), 2,
			 __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, fd, 2, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	none("ring");
	pause();
	return arg;
}

/* Each turn has its own end, at the same address. */
static void *in_turns(void *arg)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct timespec end;

	prctl(PR_SET_NAME, "turns");
	pthread_mutex_lock(&mutex);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_sec++;
		pthread_cond_timedwait(&never, &mutex, &end);
	}
	return arg;
}

int main(void)
{
	static void *(*const waits[])(void *) = {
		in_futexes, in_fault, in_netlink, in_packet, in_ring, in_vfork, in_turns};
	pthread_t thread;

	/* Another child, which vfork's caller does not wait for. */
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, 9);
		pause();
	}
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		pthread_create(&thread, NULL, waits[i], NULL);
	usleep(50000);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
