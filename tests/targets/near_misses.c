/* SPDX-License-Identifier: MIT */
/*
 * Looks like deadlocks without being one, under load, as long as its standard input is
 * open: ordered locks that all threads compete for; pairs that take two mutexes in
 * opposite order and stop waiting after a time or try again; ping-pong through pipes and
 * a local socket with another process; file locks of two processes; joins, children and
 * an rwlock. Prints "ready" once all are running and, when it ends, "rounds NAME COUNT"
 * for each; no count may be 0.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCKS 4

static pthread_mutex_t ordered[LOCKS] = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t timed[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t tried[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t inherited[2];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int pipes[2][2], sockets[2];
static const char *files[2];
static volatile long sink;

static void work(unsigned *seed)
{
	for (int i = rand_r(seed) % 2000; i > 0; i--)
		sink += i;
}

static void in_order(int self, unsigned *seed)
{
	int first = rand_r(seed) % (LOCKS - 1);
	int second = first + 1 + rand_r(seed) % (LOCKS - 1 - first);

	(void)self;
	pthread_mutex_lock(&ordered[first]);
	work(seed);
	pthread_mutex_lock(&ordered[second]);
	work(seed);
	pthread_mutex_unlock(&ordered[second]);
	pthread_mutex_unlock(&ordered[first]);
}

static void later(struct timespec *at, long ns)
{
	clock_gettime(CLOCK_REALTIME, at);
	at->tv_nsec += ns;
	at->tv_sec += at->tv_nsec / 1000000000;
	at->tv_nsec %= 1000000000;
}

/* A real circle, for a short time. */
static void gives_up(int self, unsigned *seed)
{
	struct timespec at;

	pthread_mutex_lock(&timed[self]);
	usleep(2000);
	later(&at, 100000000 + rand_r(seed) % 50000000);
	if (pthread_mutex_timedlock(&timed[!self], &at) == 0)
		pthread_mutex_unlock(&timed[!self]);
	pthread_mutex_unlock(&timed[self]);
	usleep((unsigned)rand_r(seed) % 3000);
}

static void tries(int self, unsigned *seed)
{
	pthread_mutex_lock(&tried[self]);
	work(seed);
	if (pthread_mutex_trylock(&tried[!self]) == 0)
		pthread_mutex_unlock(&tried[!self]);
	pthread_mutex_unlock(&tried[self]);
}

static void inherits(int self, unsigned *seed)
{
	(void)self;
	pthread_mutex_lock(&inherited[0]);
	work(seed);
	pthread_mutex_lock(&inherited[1]);
	work(seed);
	pthread_mutex_unlock(&inherited[1]);
	pthread_mutex_unlock(&inherited[0]);
}

static void shares(int self, unsigned *seed)
{
	if (self == 0)
		pthread_rwlock_wrlock(&rwlock);
	else
		pthread_rwlock_rdlock(&rwlock);
	work(seed);
	pthread_rwlock_unlock(&rwlock);
}

/* The other process sends each byte back. */
static void asks(int self, unsigned *seed)
{
	int out = self == 0 ? pipes[0][1] : sockets[0];
	int in = self == 0 ? pipes[1][0] : sockets[0];
	char byte = 1;

	work(seed);
	if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
		_exit(1);
}

static void answers(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
		;
	_exit(0);
}

static void locks_files(int self, unsigned *seed)
{
	int fds[2];

	(void)self;
	for (int i = 0; i < 2; i++) {
		fds[i] = open(files[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fds[i] < 0 || flock(fds[i], LOCK_EX) != 0)
			_exit(1);
		work(seed);
	}
	close(fds[1]);
	close(fds[0]);
}

static void *brief(void *seed)
{
	unsigned own = (unsigned)(uintptr_t)seed;

	in_order(0, &own);
	return NULL;
}

static void joins(int self, unsigned *seed)
{
	pthread_t thread;

	if (self == 0) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
	} else if (pthread_create(&thread, NULL, brief, (void *)(uintptr_t)*seed) == 0) {
		pthread_join(thread, NULL);
	}
	usleep(1000);
}

static struct job {
	const char *name;
	void (*round)(int self, unsigned *seed);
	int threads;
	unsigned long rounds;
} jobs[] = {
	{"ordered", in_order, 6, 0},   {"timed", gives_up, 2, 0}, {"tried", tries, 2, 0},
	{"inherited", inherits, 3, 0}, {"rwlock", shares, 4, 0},  {"asks", asks, 2, 0},
	{"files", locks_files, 2, 0},  {"joins", joins, 2, 0},
};
#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

struct start {
	struct job *job;
	int self;
};

static void *runs(void *arg)
{
	struct start start = *(struct start *)arg;
	unsigned seed = (unsigned)start.self + 1;

	prctl(PR_SET_NAME, start.job->name);
	for (;;) {
		start.job->round(start.self, &seed);
		__atomic_add_fetch(&start.job->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start_helper(int in, int out, const char *locks)
{
	unsigned seed = 99;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (locks)
		locks_files(0, &seed);
	answers(in, out);
}

int main(int argc, char **argv)
{
	static struct start starts[64];
	pthread_mutexattr_t inherit;
	size_t used = 0;
	pthread_t thread;
	char byte;

	if (argc < 3 || pipe(pipes[0]) || pipe(pipes[1]) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return 2;
	files[0] = argv[1];
	files[1] = argv[2];
	start_helper(pipes[0][0], pipes[1][1], NULL);
	start_helper(sockets[1], sockets[1], NULL);
	start_helper(-1, -1, files[0]);
	pthread_mutexattr_init(&inherit);
	pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inherited[0], &inherit);
	pthread_mutex_init(&inherited[1], &inherit);
	for (size_t i = 0; i < JOBS; i++)
		for (int self = 0; self < jobs[i].threads; self++) {
			starts[used] = (struct start){&jobs[i], self};
			if (pthread_create(&thread, NULL, runs, &starts[used++]) != 0)
				return 1;
		}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (size_t i = 0; i < JOBS; i++)
		printf("rounds %s %lu\n", jobs[i].name,
		       __atomic_load_n(&jobs[i].rounds, __ATOMIC_RELAXED));
	fflush(stdout);
	_exit(0);
}
