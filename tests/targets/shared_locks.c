/* SPDX-License-Identifier: MIT */
/* Threads that wait for locks of every kind in memory that they share with another
 * process, "holder", which holds most of them; one is held by its thread "keeper". Prints
 * "ready". */
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct shared {
	pthread_mutex_t robust, plain, inherits, mutex;
	pthread_rwlock_t written, read;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t semaphore;
	atomic_uint held;
} * shared;

static pid_t child;
static pthread_t joined;

/* With the words around them they look like rwlocks: two flags, two futexes, two unused
 * words, the owner, and whether it is shared. */
static union {
	uint32_t words[8];
	struct {
		uint64_t flags;
		sem_t semaphore;
	} at;
} near_own, near_other;

static int wait_private(uint32_t *word)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, *word, NULL, NULL,
			    FUTEX_BITSET_MATCH_ANY);
}

static void *in_join(void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, "join");
	pthread_join(joined, NULL);
	return NULL;
}

#define WAITS(X)                                                                         \
	X(robust, pthread_mutex_lock(&shared->robust))                                   \
	X(plain, pthread_mutex_lock(&shared->plain))                                     \
	X(inherits, pthread_mutex_lock(&shared->inherits))                               \
	X(reader, pthread_rwlock_rdlock(&shared->written))                               \
	X(writer, pthread_rwlock_wrlock(&shared->written))                               \
	X(writer_read, pthread_rwlock_wrlock(&shared->read))                             \
	X(cond, (pthread_mutex_lock(&shared->mutex),                                     \
		 pthread_cond_wait(&shared->cond, &shared->mutex)))                      \
	X(barrier, pthread_barrier_wait(&shared->barrier))                               \
	X(semaphore, sem_wait(&shared->semaphore))                                       \
	X(near_sem, sem_wait(&near_own.at.semaphore))                                    \
	X(near_sem_2, sem_wait(&near_own.at.semaphore))                                  \
	X(near_futex, wait_private(&near_other.words[2]))                                \
	X(child, waitpid(child, NULL, 0))

#define DEFINE(name, call)                                                               \
	static void *in_##name(void *arg)                                                \
	{                                                                                \
		(void)arg;                                                               \
		prctl(PR_SET_NAME, #name);                                               \
		(void)call;                                                              \
		return NULL;                                                             \
	}
WAITS(DEFINE)

#define NAME(name, call) in_##name,
static void *(*const waits[])(void *) = {WAITS(NAME)};

static void init(void)
{
	pthread_mutexattr_t mutex, robust, inherits;
	pthread_condattr_t cond;
	pthread_rwlockattr_t rwlock;
	pthread_barrierattr_t barrier;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	robust = inherits = mutex;
	pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setprotocol(&inherits, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&shared->robust, &robust);
	pthread_mutex_init(&shared->plain, &mutex);
	pthread_mutex_init(&shared->inherits, &inherits);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_rwlockattr_init(&rwlock);
	pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&shared->written, &rwlock);
	pthread_rwlock_init(&shared->read, &rwlock);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->cond, &cond);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &barrier, 9);
	sem_init(&shared->semaphore, 1, 0);
	sem_init(&near_own.at.semaphore, 0, 0);
}

static void *keep(void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, "keeper");
	pthread_mutex_lock(&shared->plain);
	atomic_fetch_add(&shared->held, 1);
	pause();
	return NULL;
}

static void hold(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, 9);
	prctl(PR_SET_NAME, "holder");
	pthread_create(&thread, NULL, keep, NULL);
	pthread_mutex_lock(&shared->robust);
	pthread_mutex_lock(&shared->inherits);
	pthread_rwlock_wrlock(&shared->written);
	pthread_rwlock_rdlock(&shared->read);
	atomic_fetch_add(&shared->held, 1);
	for (;;)
		pause();
}

int main(void)
{
	pthread_t thread;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	init();
	child = fork();
	if (child == 0)
		hold();
	while (atomic_load(&shared->held) < 2)
		usleep(1000);
	near_own.words[6] = (uint32_t)getpid();
	near_other.words[6] = (uint32_t)child;
	near_other.words[7] = 1;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		pthread_create(i == 0 ? &joined : &thread, NULL, waits[i], NULL);
	pthread_create(&thread, NULL, in_join, NULL);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
