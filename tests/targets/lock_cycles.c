/* SPDX-License-Identifier: MIT */
/*
 * Deadlocked threads and processes; the first argument names the kind: abba, self, three,
 * recursive, checking, robust, inherit, rwlock, join, wide N, and across two processes
 * pipe, socket, flock A B, shared, child. Prints "member TID" for each member of the
 * cycle and "ready" when everything has been started; ends with its standard input, and
 * its children with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RING_MAX 3

static pthread_mutex_t ring[RING_MAX];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t all_hold;
static int ring_size;
static pthread_t joined;
static pid_t child;

static void member(void)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "member %d\n", (int)gettid());

	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(1);
}

/* Holds one mutex and waits for the next thread's. */
static void *in_ring(void *number)
{
	int i = (int)(intptr_t)number;

	prctl(PR_SET_NAME, "ring");
	pthread_mutex_lock(&ring[i]);
	member();
	pthread_barrier_wait(&all_hold);
	pthread_mutex_lock(&ring[(i + 1) % ring_size]);
	return NULL;
}

static void start_ring(int size, int type, int robust, int protocol)
{
	pthread_mutexattr_t attributes;
	pthread_t thread;

	ring_size = size;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setrobust(&attributes, robust);
	pthread_mutexattr_setprotocol(&attributes, protocol);
	pthread_barrier_init(&all_hold, NULL, (unsigned)size + 1);
	for (int i = 0; i < size; i++)
		pthread_mutex_init(&ring[i], &attributes);
	for (intptr_t i = 0; i < size; i++)
		pthread_create(&thread, NULL, in_ring, (void *)i);
	pthread_barrier_wait(&all_hold);
}

static void *waits_behind(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "behind");
	pthread_mutex_lock(&ring[0]);
	return NULL;
}

/* Many threads behind a cycle of two. */
static void start_wide(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	start_ring(2, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, waits_behind, NULL) != 0)
			_exit(1);
}

static void *locks_twice(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "self");
	pthread_mutex_init(&ring[0], NULL);
	pthread_mutex_lock(&ring[0]);
	member();
	pthread_mutex_lock(&ring[0]);
	return NULL;
}

static void *joins_holder(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "joiner");
	pthread_mutex_lock(&ring[0]);
	member();
	pthread_barrier_wait(&all_hold);
	pthread_join(joined, NULL);
	return NULL;
}

static void *wants_mutex(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "joined");
	member();
	pthread_barrier_wait(&all_hold);
	pthread_mutex_lock(&ring[0]);
	return NULL;
}

static void start_join(void)
{
	pthread_t thread;

	pthread_mutex_init(&ring[0], NULL);
	pthread_barrier_init(&all_hold, NULL, 2);
	pthread_create(&joined, NULL, wants_mutex, NULL);
	pthread_create(&thread, NULL, joins_holder, NULL);
}

static void *holds_rwlock(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "writer");
	pthread_rwlock_wrlock(&rwlock);
	member();
	pthread_barrier_wait(&all_hold);
	pthread_mutex_lock(&ring[0]);
	return NULL;
}

static void *wants_rwlock(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "reader");
	pthread_mutex_lock(&ring[0]);
	member();
	pthread_barrier_wait(&all_hold);
	pthread_rwlock_rdlock(&rwlock);
	return NULL;
}

static void start_rwlock(void)
{
	pthread_t thread;

	pthread_mutex_init(&ring[0], NULL);
	pthread_barrier_init(&all_hold, NULL, 2);
	pthread_create(&thread, NULL, holds_rwlock, NULL);
	pthread_create(&thread, NULL, wants_rwlock, NULL);
}

/* Two processes that read from each other; each has closed the ends that it does not
 * use. */
static void run_pipes(bool sockets)
{
	int to_child[2], to_parent[2];
	char byte;

	if (sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, to_child) : pipe(to_child))
		_exit(1);
	if (!sockets && pipe(to_parent))
		_exit(1);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		member();
		close(to_child[1]);
		if (!sockets)
			close(to_parent[0]);
		_exit(read(to_child[0], &byte, 1) > 0);
	}
	member();
	close(to_child[0]);
	if (!sockets)
		close(to_parent[1]);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6 ||
	    read(sockets ? to_child[1] : to_parent[0], &byte, 1) > 0)
		_exit(1);
}

static void lock_file(const char *path, bool posix, bool wait_for_it)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		_exit(1);
	if (wait_for_it)
		member();
	if (posix ? fcntl(fd, F_SETLKW, &lock) : flock(fd, LOCK_EX))
		_exit(1);
}

/* Each holds a lock and wants the other's. POSIX locks are on two files, because the
 * kernel checks those for deadlocks, which it does not do for flock(), and so finds only
 * one of the two. */
static void run_file_locks(const char *a, const char *b)
{
	int both[2], go[2];
	char byte = 0;

	if (pipe2(both, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		_exit(1);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		lock_file(b, false, false);
		if (write(both[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		lock_file(a, true, true);
		_exit(1);
	}
	lock_file(a, true, false);
	if (read(both[0], &byte, 1) != 1 || write(go[1], &byte, 1) != 1 ||
	    write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(1);
	lock_file(b, false, true);
	_exit(1);
}

/* Two processes, each of which holds a mutex in shared memory. */
static void run_shared(void)
{
	struct {
		pthread_mutex_t locks[2];
		pthread_barrier_t both;
	} *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;
	pthread_barrierattr_t of_barrier;
	int own;

	if (shared == MAP_FAILED)
		_exit(1);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrierattr_init(&of_barrier);
	pthread_barrierattr_setpshared(&of_barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->both, &of_barrier, 2);
	for (int i = 0; i < 2; i++)
		pthread_mutex_init(&shared->locks[i], &attributes);
	child = fork();
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	own = child == 0;
	pthread_mutex_lock(&shared->locks[own]);
	member();
	pthread_barrier_wait(&shared->both);
	if (child != 0 && write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(1);
	pthread_mutex_lock(&shared->locks[!own]);
	_exit(1);
}

/* The parent waits for a child whose output it does not read. */
static void run_child(void)
{
	static char much[1 << 20];
	int output[2];

	if (pipe(output))
		_exit(1);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		member();
		close(output[0]);
		_exit(write(output[1], much, sizeof(much)) > 0);
	}
	member();
	close(output[1]);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(1);
	waitpid(child, NULL, 0);
	_exit(1);
}

static const struct {
	const char *name;
	int size, type, robust, protocol;
} rings[] = {
	{"abba", 2, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE},
	{"three", 3, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE},
	{"recursive", 2, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED,
	 PTHREAD_PRIO_NONE},
	{"checking", 2, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED,
	 PTHREAD_PRIO_NONE},
	{"robust", 2, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE},
	{"inherit", 2, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT},
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	pthread_t thread;
	char byte;

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (strcmp(name, rings[i].name) == 0)
			start_ring(rings[i].size, rings[i].type, rings[i].robust,
				   rings[i].protocol);
	if (strcmp(name, "self") == 0)
		pthread_create(&thread, NULL, locks_twice, NULL);
	else if (strcmp(name, "join") == 0)
		start_join();
	else if (strcmp(name, "rwlock") == 0)
		start_rwlock();
	else if (strcmp(name, "wide") == 0 && argc > 2)
		start_wide(atoi(argv[2]));
	else if (strcmp(name, "pipe") == 0 || strcmp(name, "socket") == 0)
		run_pipes(strcmp(name, "socket") == 0);
	else if (strcmp(name, "flock") == 0 && argc > 3)
		run_file_locks(argv[2], argv[3]);
	else if (strcmp(name, "shared") == 0)
		run_shared();
	else if (strcmp(name, "child") == 0)
		run_child();
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
