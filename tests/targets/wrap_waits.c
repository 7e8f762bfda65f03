/* SPDX-License-Identifier: MIT */
/*
 * Enters every kind of wait, each in a thread of its own, for ever. Each thread first
 * prints what a monitor should see: `wait NAME TID STATE OBJECT FD`; "ready" follows when
 * all have been started. Ends with its stdin.
 */
#include <aio.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "grmon.h"

static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t spoken;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t held_pi;
static mtx_t held_mtx;
static pthread_rwlock_t held_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t empty;
static struct timespec real_later, mono_later;
static char scratch[1 << 20];
static volatile int sleeper_tid;
static pthread_t sleeper;
static int empty_pipe[2], full_pipe[2], sockets[2], full_sockets[2], listener,
	locked_file;
static int msg_empty, msg_full, sem_set;
static mqd_t mq_empty, mq_full;
static pid_t child;
static char command[64];
static char work[128];

/* Prints what the calling thread is about to do. */
static void expect(const char *name, int state, const void *object, int fd)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "wait %s %d %d %#lx %d\n", name, gettid(),
			 state, (unsigned long)object, fd);

	pthread_mutex_lock(&print_lock);
	if (fwrite(line, 1, (size_t)n, stdout) == 0 || fflush(stdout))
		_exit(1);
	spoken++;
	pthread_mutex_unlock(&print_lock);
}

static void setup_fail(const char *what)
{
	perror(what);
	_exit(1);
}
#define MUST(call)                                                                       \
	do {                                                                             \
		if ((call) == -1)                                                        \
			setup_fail(#call);                                               \
	} while (0)

/* NAME(expected state, object, fd, what blocks) becomes one thread. */
#define ID(n) ((void *)(uintptr_t)(unsigned)(n))
#define WAITS                                                                            \
	W(mutex_lock, MUTEX, &held, -1, pthread_mutex_lock(&held))                       \
	W(mutex_timedlock, MUTEX, &held, -1,                                             \
	  pthread_mutex_timedlock(&held, &real_later))                                   \
	W(mutex_clocklock, MUTEX, &held, -1,                                             \
	  pthread_mutex_clocklock(&held, CLOCK_MONOTONIC, &mono_later))                  \
	W(mutex_pi, MUTEX, &held_pi, -1, pthread_mutex_lock(&held_pi))                   \
	W(mtx_lock, MUTEX, &held_mtx, -1, mtx_lock(&held_mtx))                           \
	W(mtx_timedlock, MUTEX, &held_mtx, -1, mtx_timedlock(&held_mtx, &real_later))    \
	W(rdlock, RWLOCK_READ, &held_rwlock, -1, pthread_rwlock_rdlock(&held_rwlock))    \
	W(timedrdlock, RWLOCK_READ, &held_rwlock, -1,                                    \
	  pthread_rwlock_timedrdlock(&held_rwlock, &real_later))                         \
	W(clockrdlock, RWLOCK_READ, &held_rwlock, -1,                                    \
	  pthread_rwlock_clockrdlock(&held_rwlock, CLOCK_MONOTONIC, &mono_later))        \
	W(wrlock, RWLOCK_WRITE, &held_rwlock, -1, pthread_rwlock_wrlock(&held_rwlock))   \
	W(timedwrlock, RWLOCK_WRITE, &held_rwlock, -1,                                   \
	  pthread_rwlock_timedwrlock(&held_rwlock, &real_later))                         \
	W(clockwrlock, RWLOCK_WRITE, &held_rwlock, -1,                                   \
	  pthread_rwlock_clockwrlock(&held_rwlock, CLOCK_MONOTONIC, &mono_later))        \
	W(cond_wait, COND, &cond, -1, pthread_cond_wait(&cond, &own))                    \
	W(cond_timedwait, COND, &cond, -1,                                               \
	  pthread_cond_timedwait(&cond, &own, &real_later))                              \
	W(cond_clockwait, COND, &cond, -1,                                               \
	  pthread_cond_clockwait(&cond, &own, CLOCK_MONOTONIC, &mono_later))             \
	W(cnd_wait, COND, &cnd, -1, cnd_wait(&cnd, &mtx))                                \
	W(cnd_timedwait, COND, &cnd, -1, cnd_timedwait(&cnd, &mtx, &real_later))         \
	W(sem_wait, SEMAPHORE, &empty, -1, sem_wait(&empty))                             \
	W(sem_timedwait, SEMAPHORE, &empty, -1, sem_timedwait(&empty, &real_later))      \
	W(sem_clockwait, SEMAPHORE, &empty, -1,                                          \
	  sem_clockwait(&empty, CLOCK_MONOTONIC, &mono_later))                           \
	W(barrier, BARRIER, &barrier, -1, pthread_barrier_wait(&barrier))                \
	W(join, JOIN, sleeper, sleeper_tid, pthread_join(sleeper, NULL))                 \
	W(timedjoin, JOIN, sleepers[0].thread, sleepers[0].tid,                          \
	  pthread_timedjoin_np(sleepers[0].thread, NULL, &real_later))                   \
	W(clockjoin, JOIN, sleepers[1].thread, sleepers[1].tid,                          \
	  pthread_clockjoin_np(sleepers[1].thread, NULL, CLOCK_MONOTONIC, &mono_later))  \
	W(thrd_join, JOIN, sleepers[2].thread, sleepers[2].tid,                          \
	  thrd_join(sleepers[2].thread, NULL))                                           \
	W(syscall_futex, FUTEX, &word, -1,                                               \
	  syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL))                                \
	W(syscall_bitset, FUTEX, &word, -1,                                              \
	  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL,     \
		  NULL, FUTEX_BITSET_MATCH_ANY))                                         \
	W(syscall_lock_pi, FUTEX, &held_word, -1,                                        \
	  syscall(SYS_futex, &held_word, FUTEX_LOCK_PI, 0, NULL))                        \
	W(syscall_read, IO_READ, 0, empty_pipe[0],                                       \
	  syscall(SYS_read, empty_pipe[0], b, 1L))                                       \
	W(syscall_poll, POLL, &ready, -1, syscall(SYS_poll, &ready, 1L, -1L))            \
	W(syscall_nanosleep, SLEEP, 0, -1, syscall(SYS_nanosleep, &mono_later, NULL))    \
	W(read, IO_READ, 0, empty_pipe[0], read(empty_pipe[0], b, 1))                    \
	W(read_alias, IO_READ, 0, empty_pipe[0], __read(empty_pipe[0], b, 1))            \
	W(read_chk, IO_READ, 0, empty_pipe[0], __read_chk(empty_pipe[0], b, 1, 8))       \
	W(readv, IO_READ, 0, empty_pipe[0], readv(empty_pipe[0], &vector, 1))            \
	W(preadv2, IO_READ, 0, empty_pipe[0], preadv2(empty_pipe[0], &vector, 1, -1, 0)) \
	W(recv, IO_READ, 0, sockets[0], recv(sockets[0], b, 1, 0))                       \
	W(recv_chk, IO_READ, 0, sockets[0], __recv_chk(sockets[0], b, 1, 8, 0))          \
	W(recvfrom, IO_READ, 0, sockets[0], recvfrom(sockets[0], b, 1, 0, NULL, NULL))   \
	W(recvfrom_chk, IO_READ, 0, sockets[0],                                          \
	  __recvfrom_chk(sockets[0], b, 1, 8, 0, NULL, NULL))                            \
	W(recvmsg, IO_READ, 0, sockets[0], recvmsg(sockets[0], &message.msg_hdr, 0))     \
	W(recvmmsg, IO_READ, 0, sockets[0], recvmmsg(sockets[0], &message, 1, 0, NULL))  \
	W(eventfd_read, IO_READ, 0, event, eventfd_read(event, &value))                  \
	W(splice, IO_READ, 0, empty_pipe[0],                                             \
	  splice(empty_pipe[0], NULL, full_pipe[1], NULL, 1, 0))                         \
	W(tee, IO_READ, 0, empty_pipe[0], tee(empty_pipe[0], full_pipe[1], 1, 0))        \
	W(write, IO_WRITE, 0, full_pipe[1], write(full_pipe[1], scratch, 1 << 20))       \
	W(write_alias, IO_WRITE, 0, full_pipe[1],                                        \
	  __write(full_pipe[1], scratch, 1 << 20))                                       \
	W(writev, IO_WRITE, 0, full_pipe[1], writev(full_pipe[1], &large, 1))            \
	W(pwritev2, IO_WRITE, 0, full_pipe[1], pwritev2(full_pipe[1], &large, 1, -1, 0)) \
	W(send, IO_WRITE, 0, full_sockets[0],                                            \
	  send(full_sockets[0], scratch, 1 << 20, 0))                                    \
	W(sendto, IO_WRITE, 0, full_sockets[0],                                          \
	  sendto(full_sockets[0], scratch, 1 << 20, 0, NULL, 0))                         \
	W(sendmsg, IO_WRITE, 0, full_sockets[0],                                         \
	  sendmsg(full_sockets[0], &large_message.msg_hdr, 0))                           \
	W(sendmmsg, IO_WRITE, 0, full_sockets[0],                                        \
	  sendmmsg(full_sockets[0], &large_message, 1, 0))                               \
	W(sendfile, IO_WRITE, 0, full_sockets[0],                                        \
	  sendfile(full_sockets[0], locked_file, &zero, 1 << 20))                        \
	W(eventfd_write, IO_WRITE, 0, full_event, eventfd_write(full_event, 9))          \
	W(accept, ACCEPT, 0, listener, accept(listener, NULL, NULL))                     \
	W(accept4, ACCEPT, 0, listener, accept4(listener, NULL, NULL, SOCK_CLOEXEC))     \
	W(connect, CONNECT, 0, connecting,                                               \
	  connect(connecting, (struct sockaddr *)&busy_address, sizeof(busy_address)))   \
	W(poll, POLL, &ready, -1, poll(&ready, 1, -1))                                   \
	W(poll_chk, POLL, &ready, -1, __poll_chk(&ready, 1, -1, sizeof(ready)))          \
	W(ppoll, POLL, &ready, -1, ppoll(&ready, 1, NULL, NULL))                         \
	W(ppoll_chk, POLL, &ready, -1,                                                   \
	  __ppoll_chk(&ready, 1, NULL, NULL, sizeof(ready)))                             \
	W(select, POLL, 0, -1, select(empty_pipe[0] + 1, &set, NULL, NULL, NULL))        \
	W(pselect, POLL, 0, -1,                                                          \
	  pselect(empty_pipe[0] + 1, &set, NULL, NULL, NULL, NULL))                      \
	W(select_sleep, SLEEP, 0, -1, select(0, NULL, NULL, NULL, &hours))               \
	W(pselect_sleep, SLEEP, 0, -1, pselect(0, NULL, NULL, NULL, &mono_later, NULL))  \
	W(epoll_wait, POLL, 0, epoll, epoll_wait(epoll, &happened, 1, -1))               \
	W(epoll_pwait, POLL, 0, epoll, epoll_pwait(epoll, &happened, 1, -1, NULL))       \
	W(epoll_pwait2, POLL, 0, epoll, epoll_pwait2(epoll, &happened, 1, NULL, NULL))   \
	W(aio_suspend, POLL, requests, -1, aio_suspend(requests, 1, NULL))               \
	W(flock, FLOCK, 0, other_file, flock(other_file, LOCK_EX))                       \
	W(fcntl_setlkw, FLOCK, 0, other_file, fcntl(other_file, F_SETLKW, &range))       \
	W(fcntl_ofd, FLOCK, 0, other_file, fcntl(other_file, F_OFD_SETLKW, &range))      \
	W(lockf, FLOCK, 0, other_file, lockf(other_file, F_LOCK, 1))                     \
	W(sleep, SLEEP, 0, -1, sleep(1000))                                              \
	W(usleep, SLEEP, 0, -1, usleep(1000000000))                                      \
	W(nanosleep, SLEEP, 0, -1, nanosleep(&mono_later, NULL))                         \
	W(nanosleep_alias, SLEEP, 0, -1, __nanosleep(&mono_later, NULL))                 \
	W(clock_nanosleep, SLEEP, 0, -1,                                                 \
	  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &mono_later, NULL))            \
	W(thrd_sleep, SLEEP, 0, -1, thrd_sleep(&mono_later, NULL))                       \
	W(wait, WAIT_CHILD, 0, -1, wait(NULL))                                           \
	W(waitpid, WAIT_CHILD, 0, child, waitpid(child, NULL, 0))                        \
	W(wait3, WAIT_CHILD, 0, -1, wait3(NULL, 0, NULL))                                \
	W(wait4, WAIT_CHILD, 0, child, wait4(child, NULL, 0, NULL))                      \
	W(waitid, WAIT_CHILD, 0, child, waitid(P_PID, (id_t)child, NULL, WEXITED))       \
	W(pclose, WAIT_CHILD, 0, -1, pclose(popen(command, "r")))                        \
	W(pause, SIGNAL_WAIT, 0, -1, pause())                                            \
	W(sigwait, SIGNAL_WAIT, 0, -1, sigwait(&signals, &number))                       \
	W(sigwaitinfo, SIGNAL_WAIT, 0, -1, sigwaitinfo(&signals, NULL))                  \
	W(sigtimedwait, SIGNAL_WAIT, 0, -1, sigtimedwait(&signals, NULL, &mono_later))   \
	W(sigsuspend, SIGNAL_WAIT, 0, -1, sigsuspend(&signals))                          \
	W(msgrcv, CHAN_RECV, ID(msg_empty), -1, msgrcv(msg_empty, b, 8, 0, 0))           \
	W(msgsnd, CHAN_SEND, ID(msg_full), -1, msgsnd(msg_full, one_long, 8192, 0))      \
	W(semop, SEMAPHORE, ID(sem_set), -1, semop(sem_set, &step, 1))                   \
	W(semtimedop, SEMAPHORE, ID(sem_set), -1,                                        \
	  semtimedop(sem_set, &step, 1, &mono_later))                                    \
	W(mq_receive, CHAN_RECV, 0, mq_empty, mq_receive(mq_empty, b, 8, NULL))          \
	W(mq_timedreceive, CHAN_RECV, 0, mq_empty,                                       \
	  mq_timedreceive(mq_empty, b, 8, NULL, &real_later))                            \
	W(mq_send, CHAN_SEND, 0, mq_full, mq_send(mq_full, b, 8, 0))                     \
	W(mq_timedsend, CHAN_SEND, 0, mq_full,                                           \
	  mq_timedsend(mq_full, b, 8, 0, &real_later))

/* Names that headers hide or that only fortified programs call. */
ssize_t __read(int fd, void *to, size_t n);
ssize_t __write(int fd, const void *from, size_t n);
int __nanosleep(const struct timespec *time, struct timespec *rest);
ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags,
		       struct sockaddr *from, socklen_t *bytes);
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *limit,
		const sigset_t *mask, size_t room);

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static cnd_t cnd;
static pthread_barrier_t barrier;
static int word, held_word;
static struct pollfd ready;
static struct timeval hours = {100000, 0};
static int event, full_event, epoll;
static struct sockaddr_un busy_address;
static const struct aiocb *requests[1];
static struct sleeper {
	pthread_t thread;
	int tid;
} sleepers[3];

/* What a wait needs for itself. */
#define LOCALS                                                                           \
	char b[64] = {1};                                                                \
	pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;                                 \
	mtx_t mtx;                                                                       \
	struct iovec vector = {b, 1}, large = {scratch, sizeof(scratch)};                \
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}};     \
	struct mmsghdr large_message = {                                                 \
		.msg_hdr = {.msg_iov = &large, .msg_iovlen = 1}};                        \
	struct epoll_event happened;                                                     \
	struct flock range = {.l_type = F_WRLCK, .l_len = 1};                            \
	struct sembuf step = {0, -1, 0};                                                 \
	static long one_long[2048] = {1};                                                \
	eventfd_t value;                                                                 \
	sigset_t signals;                                                                \
	fd_set set;                                                                      \
	off_t zero = 0;                                                                  \
	int number, other_file = open(work, O_RDWR | O_CLOEXEC);                         \
	int connecting = socket(AF_UNIX, SOCK_STREAM, 0);                                \
	mtx_init(&mtx, mtx_plain);                                                       \
	mtx_lock(&mtx);                                                                  \
	pthread_mutex_lock(&own);                                                        \
	sigemptyset(&signals);                                                           \
	sigaddset(&signals, SIGUSR2);                                                    \
	FD_ZERO(&set);                                                                   \
	FD_SET(empty_pipe[0], &set);

#define W(name, state, object, fd, call)                                                 \
	static void *wait_##name(void *unused)                                           \
	{                                                                                \
		LOCALS(void)                                                             \
		b, (void)large_message, (void)message, (void)happened, (void)range,      \
			(void)step, (void)one_long, (void)value, (void)number,           \
			(void)zero;                                                      \
		(void)other_file, (void)connecting;                                      \
		expect(#name, GRMON_##state, (void *)(object), fd);                      \
		for (;;)                                                                 \
			(void)!(call);                                                   \
		return unused;                                                           \
	}
WAITS
#undef W

static const struct {
	const char *name;
	void *(*run)(void *);
} waits[] = {
#define W(name, ...) {#name, wait_##name},
	WAITS
#undef W
};

static void *sleep_for_ever(void *tid)
{
	__atomic_store_n((int *)tid, gettid(), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static pthread_t start_sleeper(int *tid)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_for_ever, tid) != 0)
		setup_fail("pthread_create");
	while (__atomic_load_n(tid, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	return thread;
}

static void setup_locks(void)
{
	pthread_mutexattr_t attributes;

	clock_gettime(CLOCK_REALTIME, &real_later);
	clock_gettime(CLOCK_MONOTONIC, &mono_later);
	real_later.tv_sec += 100000;
	mono_later.tv_sec += 100000;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&held_pi, &attributes);
	pthread_mutex_lock(&held);
	pthread_mutex_lock(&held_pi);
	mtx_init(&held_mtx, mtx_timed);
	mtx_lock(&held_mtx);
	pthread_rwlock_wrlock(&held_rwlock);
	sem_init(&empty, 0, 0);
	cnd_init(&cnd);
	pthread_barrier_init(&barrier, NULL, 1000);
	held_word = gettid();
	sleeper = start_sleeper((int *)&sleeper_tid);
	for (size_t i = 0; i < 3; i++)
		sleepers[i].thread = start_sleeper(&sleepers[i].tid);
}

static void setup_files(void)
{
	static struct aiocb request;
	const char *folder = getenv("TEST_FOLDER");

	/* The test removes its folder, also if this program is killed. */
	snprintf(work, sizeof(work), "%s/wrap_waits.XXXXXX", folder ? folder : "/tmp");
	MUST(locked_file = mkstemp(work));
	MUST(ftruncate(locked_file, 1 << 20));
	MUST(flock(locked_file, LOCK_EX));
	/* Another process holds it, because the threads of one share their record
	 * locks. */
	child = fork();
	if (child == 0) {
		struct flock range = {.l_type = F_WRLCK, .l_len = 1};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fcntl(locked_file, F_SETLK, &range);
		MUST(write(full_pipe[1], "", 1));
		for (;;)
			pause();
	}
	MUST(read(full_pipe[0], scratch, 1));
	fcntl(full_pipe[1], F_SETFL, O_NONBLOCK);
	while (write(full_pipe[1], scratch, 4096) > 0)
		continue;
	fcntl(full_pipe[1], F_SETFL, 0);
	while (send(full_sockets[0], scratch, 4096, MSG_DONTWAIT) > 0)
		continue;
	MUST(event = eventfd(0, 0));
	MUST(full_event = eventfd(0, 0));
	MUST(eventfd_write(full_event, UINT64_MAX - 1));
	MUST(epoll = epoll_create1(0));
	ready = (struct pollfd){.fd = empty_pipe[0], .events = POLLIN};
	request = (struct aiocb){
		.aio_fildes = empty_pipe[0], .aio_buf = scratch, .aio_nbytes = 1};
	MUST(aio_read(&request));
	requests[0] = &request;
}

static void setup_sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int other;

	MUST(listener = socket(AF_UNIX, SOCK_STREAM, 0));
	/* Bound to a name that the kernel chooses. */
	MUST(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)));
	MUST(listen(listener, 8));
	/* A second socket with a full backlog, so that connect() waits. */
	MUST(other = socket(AF_UNIX, SOCK_STREAM, 0));
	busy_address.sun_family = AF_UNIX;
	snprintf(busy_address.sun_path, sizeof(busy_address.sun_path), "%cwrap_waits-%d",
		 0, getpid());
	memcpy(busy_address.sun_path + 1, "wrap_waits", 10);
	snprintf(busy_address.sun_path + 11, 20, "%d", getpid());
	MUST(bind(other, (struct sockaddr *)&busy_address, sizeof(busy_address)));
	MUST(listen(other, 0));
	for (int fd = 0; fd >= 0;) {
		MUST(fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
		if (connect(fd, (struct sockaddr *)&busy_address, sizeof(busy_address)) !=
		    0)
			break;
	}
}

static void setup_queues(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
	static long one_long[2048] = {1};
	char name[64];

	MUST(msg_empty = msgget(IPC_PRIVATE, 0600));
	MUST(msg_full = msgget(IPC_PRIVATE, 0600));
	while (msgsnd(msg_full, one_long, 8192, IPC_NOWAIT) == 0)
		continue;
	MUST(sem_set = semget(IPC_PRIVATE, 1, 0600));
	snprintf(name, sizeof(name), "/wrap_waits-%d", getpid());
	MUST(mq_empty = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes));
	mq_unlink(name);
	MUST(mq_full = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes));
	mq_unlink(name);
	MUST(mq_send(mq_full, "12345678", 8, 0));
}

/* System V objects outlive a process. Also a signal handler. */
static _Noreturn void leave(int number)
{
	(void)number;
	msgctl(msg_empty, IPC_RMID, NULL);
	msgctl(msg_full, IPC_RMID, NULL);
	semctl(sem_set, 0, IPC_RMID);
	unlink(work);
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_attr_t small;
	size_t started = 0;
	pthread_t thread;
	sigset_t signals;
	char end;

	/* Only waits named on the command line, or all of them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	MUST(pipe(empty_pipe));
	MUST(pipe(full_pipe));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, full_sockets));
	/* Ends with this process, which holds the other end. */
	snprintf(command, sizeof(command), "exec cat <&%d %d>&- >/dev/null",
		 empty_pipe[0], empty_pipe[1]);
	setup_locks();
	setup_files();
	setup_sockets();
	setup_queues();
	signal(SIGTERM, leave);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 * 1024);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		bool wanted = argc == 1;

		for (int a = 1; a < argc; a++)
			wanted |= strcmp(argv[a], waits[i].name) == 0;
		if (wanted && pthread_create(&thread, &small, waits[i].run, NULL) != 0)
			setup_fail("pthread_create");
		started += wanted;
	}
	expect("main_read", GRMON_IO_READ, NULL, 0);
	for (size_t n = 0; n < started + 1; usleep(1000)) {
		pthread_mutex_lock(&print_lock);
		n = spoken;
		pthread_mutex_unlock(&print_lock);
	}
	puts("ready");
	fflush(stdout);
	(void)!read(0, &end, 1);
	leave(0);
}
