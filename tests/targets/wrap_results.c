/* SPDX-License-Identifier: MIT */
/*
 * Prints results and errno of blocking functions in cases that fail, time out, are
 * interrupted or cancelled: the output is the same with and without the agent. No
 * addresses, no times.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* errno has a known value before the call, so that a function that changes it is
 * noticed. */
#define R(call)                                                                          \
	do {                                                                             \
		errno = 4321;                                                            \
		long result_ = (long)(call);                                             \
		printf("%s = %ld errno %d\n", #call, result_, errno);                    \
	} while (0)

static char b[64];
static struct timespec soon_real, soon_mono, past, bad = {0, 1000000000};
static struct timespec short_time = {0, 1000000};

static void make_soon(void)
{
	clock_gettime(CLOCK_REALTIME, &soon_real);
	clock_gettime(CLOCK_MONOTONIC, &soon_mono);
}

static void bad_files(void)
{
	struct iovec vector = {b, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	struct sockaddr address = {.sa_family = AF_INET};
	struct epoll_event event;
	struct flock range = {.l_type = F_WRLCK};
	void *volatile nowhere = (void *)8, *volatile nothing = NULL;
	int fd = open("/dev/null", O_RDWR);

	R(read(-1, b, 1));
	R(read(fd, b, 1));
	R(read(open("/dev/zero", O_RDONLY), nowhere, 1));
	R(pread(-1, b, 1, 0));
	R(readv(-1, &vector, 1));
	R(readv(fd, nowhere, 1));
	R(preadv2(fd, &vector, 1, -1, 0x4000));
	R(write(-1, b, 1));
	R(write(fd, b, 1));
	R(writev(-1, &vector, 1));
	R(pwrite(fd, b, 1, -1));
	R(recv(-1, b, 1, 0));
	R(recv(fd, b, 1, 0));
	R(recvfrom(-1, b, 1, 0, NULL, NULL));
	R(recvmsg(fd, &message, 0));
	R(recvmsg(fd, nowhere, 0));
	R(recvmmsg(-1, NULL, 1, 0, NULL));
	R(send(fd, b, 1, 0));
	R(sendto(-1, b, 1, 0, NULL, 0));
	R(sendmsg(-1, &message, 0));
	R(accept(fd, NULL, NULL));
	R(accept4(-1, NULL, NULL, 0));
	R(connect(fd, &address, sizeof(address)));
	R(poll(nothing, 1, 0));
	R(poll(nowhere, 1, 1));
	R(poll(NULL, 0, 1));
	R(ppoll(NULL, 0, &short_time, NULL));
	R(ppoll(NULL, 0, &bad, NULL));
	R(select(-1, NULL, NULL, NULL, NULL));
	R(select(0, NULL, NULL, NULL, &(struct timeval){0, 1000}));
	R(select(0, NULL, NULL, NULL, &(struct timeval){0, 0}));
	R(pselect(0, NULL, NULL, NULL, &short_time, NULL));
	R(epoll_wait(fd, &event, 1, 0));
	R(epoll_wait(-1, &event, 1, 1));
	R(epoll_pwait(fd, &event, 1, 1, NULL));
	R(epoll_pwait2(-1, &event, 1, &short_time, NULL));
	R(epoll_pwait2(epoll_create1(0), &event, 1, nowhere, NULL));
	R(flock(-1, LOCK_EX));
	R(flock(fd, 77));
	R(fcntl(-1, F_SETLKW, &range));
	R(fcntl(fd, F_SETLKW, nowhere));
	R(fcntl(fd, F_GETFD));
	R(fcntl(fd, F_SETFD, FD_CLOEXEC));
	R(fcntl(fd, F_GETFD));
	R(fcntl(fd, 9999, 1));
	R(lockf(-1, F_LOCK, 1));
	R(lockf(fd, 99, 1));
	R(fsync(-1));
	R(fsync(fd));
	R(fdatasync(-1));
	R(msync(nowhere, 1, MS_SYNC));
	R(sync_file_range(-1, 0, 0, 0));
	R(splice(-1, NULL, fd, NULL, 1, 0));
	R(tee(fd, fd, 1, 0));
	R(copy_file_range(fd, NULL, fd, NULL, 1, 0));
	R(tcdrain(fd));
}

static void locks(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, checking, recursive, inherit;
	pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	mtx_t mtx;
	sem_t sem;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checking, &attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inherit, &attributes);
	R(pthread_mutex_lock(&plain));
	make_soon();
	R(pthread_mutex_timedlock(&plain, &soon_real));
	R(pthread_mutex_timedlock(&plain, &past));
	R(pthread_mutex_timedlock(&plain, &bad));
	R(pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, &soon_mono));
	R(pthread_mutex_clocklock(&plain, 77, &soon_mono));
	R(pthread_mutex_unlock(&plain));
	R(pthread_mutex_timedlock(&plain, &bad));
	R(pthread_mutex_unlock(&plain));
	R(pthread_mutex_clocklock(&plain, 77, &soon_mono));
	R(pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, &past));
	R(pthread_mutex_lock(&checking));
	R(pthread_mutex_lock(&checking));
	R(pthread_mutex_timedlock(&checking, &past));
	R(pthread_mutex_lock(&recursive));
	R(pthread_mutex_lock(&recursive));
	R(pthread_mutex_unlock(&recursive));
	R(pthread_mutex_unlock(&recursive));
	R(pthread_mutex_unlock(&recursive));
	R(pthread_mutex_lock(&inherit));
	R(pthread_mutex_lock(&inherit));
	R(pthread_mutex_timedlock(&inherit, &past));
	mtx_init(&mtx, mtx_timed);
	R(mtx_lock(&mtx));
	R(mtx_timedlock(&mtx, &past));
	R(pthread_rwlock_timedrdlock(&rwlock, &bad));
	R(pthread_rwlock_timedwrlock(&rwlock, &past));
	R(pthread_rwlock_rdlock(&rwlock));
	R(pthread_rwlock_wrlock(&rwlock));
	R(pthread_rwlock_timedrdlock(&rwlock, &past));
	R(pthread_rwlock_timedwrlock(&rwlock, &past));
	R(pthread_rwlock_clockrdlock(&rwlock, 77, &past));
	R(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &past));
	R(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &bad));
	sem_init(&sem, 0, 2);
	R(sem_wait(&sem));
	R(sem_timedwait(&sem, &bad));
	R(sem_clockwait(&sem, 77, &past));
	R(sem_timedwait(&sem, &past));
	R(sem_timedwait(&sem, &past));
	R(sem_clockwait(&sem, CLOCK_MONOTONIC, &past));
	R(pthread_cond_timedwait(&cond, &plain, &past));
	R(pthread_cond_timedwait(&cond, &plain, &bad));
	R(pthread_cond_clockwait(&cond, &plain, 77, &past));
	R(pthread_cond_clockwait(&cond, &plain, CLOCK_MONOTONIC, &past));
}

/* What the lock itself consists of: two hold it in the same way if all bytes are equal. The
 * owner is a tid, of which only is said whether it is the caller's. */
static void print_mutex(const char *when, const pthread_mutex_t *lock)
{
#ifdef __GLIBC__
	pthread_mutex_t copy = *lock;
	pid_t tid = (pid_t)syscall(SYS_gettid);

	printf("%s: owner %s", when,
	       copy.__data.__owner == tid ? "is the caller" : "is not the caller");
	copy.__data.__owner = 0;
	for (size_t i = 0; i < sizeof(copy.__size); i++)
		printf("%s%02x", i % 4 ? "" : " ", (unsigned char)copy.__size[i]);
	printf("\n");
#else
	printf("%s\n", when);
#endif
}

static void mutex_kinds(void)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
				    PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP,
				    -1};
	pthread_mutexattr_t attributes;
	pthread_mutex_t lock;

	for (size_t i = 0; i < 2 * sizeof(types) / sizeof(types[0]); i++) {
		int type = types[i / 2];

		pthread_mutexattr_init(&attributes);
		if (type >= 0)
			pthread_mutexattr_settype(&attributes, type);
		pthread_mutexattr_setpshared(&attributes, (int)(i % 2));
		pthread_mutex_init(&lock, &attributes);
		R(pthread_mutex_lock(&lock));
		print_mutex("locked", &lock);
		R(pthread_mutex_trylock(&lock) == EBUSY);
		R(pthread_mutex_unlock(&lock));
		print_mutex("unlocked", &lock);
		R(pthread_mutex_timedlock(&lock, &past) == EBUSY);
		print_mutex("locked in time", &lock);
	}
}

static void mutex_of_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		mutex_kinds();
		_exit(0);
	}
	R(waitpid(child, NULL, 0) == child);
}

static pthread_mutex_t robust;

static void *take_and_die(void *unused)
{
	pthread_mutex_lock(&robust);
	return unused;
}

static void *hold(void *unused)
{
	pause();
	return unused;
}

static void threads(void)
{
	pthread_mutexattr_t attributes;
	pthread_t thread;
	void *result;

	for (int protocol = 0; protocol < 2; protocol++) {
		pthread_mutexattr_init(&attributes);
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
		pthread_mutexattr_setprotocol(&attributes, protocol ? PTHREAD_PRIO_INHERIT
								    : PTHREAD_PRIO_NONE);
		pthread_mutex_init(&robust, &attributes);
		pthread_create(&thread, NULL, take_and_die, NULL);
		R(pthread_join(thread, &result));
		R(pthread_mutex_lock(&robust));
		R(pthread_mutex_unlock(&robust));
		R(pthread_mutex_lock(&robust));
		R(pthread_mutex_timedlock(&robust, &past));
	}
	R(pthread_join(pthread_self(), NULL));
	pthread_create(&thread, NULL, hold, NULL);
	mutex_kinds();
	R(pthread_timedjoin_np(thread, NULL, &past));
	R(pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &past));
	R(pthread_clockjoin_np(thread, NULL, 77, &past));
	pthread_cancel(thread);
	R(pthread_join(thread, &result));
	R(result == PTHREAD_CANCELED);
}

static void times_and_children(void)
{
	struct timespec rest = {0, 0};
	siginfo_t info;
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	R(nanosleep(&bad, &rest));
	R(nanosleep(&short_time, &rest));
	R(clock_nanosleep(77, 0, &short_time, NULL));
	R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	R(thrd_sleep(&bad, NULL));
	R(usleep(10));
	R(sleep(0));
	R(wait(NULL));
	R(waitpid(-1, NULL, WNOHANG));
	R(waitpid(1, NULL, 0));
	R(waitpid(-1, NULL, 0x7777777));
	R(waitid(P_ALL, 0, &info, WEXITED));
	R(waitid(P_ALL, 0, &info, 0));
	R(wait3(NULL, 0, NULL));
	R(wait4(-1, NULL, 0, NULL));
	R(system("exit 3"));
	R(pclose(popen("exit 4", "r")));
	if (fork() == 0)
		_exit(5);
	R(wait(&status) > 0);
	R(WEXITSTATUS(status));
	R(sigtimedwait(&set, NULL, &short_time));
	R(sigtimedwait(&set, NULL, &bad));
}

static void queues_and_names(void)
{
	struct sembuf step = {0, -1, IPC_NOWAIT};
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;
	int set = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);

	R(msgrcv(-1, b, 1, 0, 0));
	R(msgrcv(queue, b, 1, 0, IPC_NOWAIT));
	R(msgsnd(-1, b, 1, 0));
	R(msgsnd(queue, "\0\0\0\0\0\0\0\0", 1, 0));
	R(semop(-1, &step, 1));
	R(semop(set, &step, 1));
	R(semtimedop(set, &(struct sembuf){0, -1, 0}, 1, &short_time));
	R(mq_receive(-1, b, 1, NULL));
	R(mq_send(-1, b, 1, 0));
	R(mq_timedreceive(-1, b, 1, NULL, &past));
	R(getaddrinfo("no number", NULL, &hints, &found));
	R(getaddrinfo(NULL, NULL, NULL, &found));
	msgctl(queue, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
}

static void system_calls(void)
{
	int word = 1, fds[2];

	R(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL));
	R(syscall(SYS_futex, &word, FUTEX_WAIT, 1, &short_time));
	R(syscall(SYS_futex, &word, FUTEX_WAKE, 1));
	R(syscall(SYS_futex, 8L, FUTEX_WAIT, 0, NULL));
	R(syscall(SYS_futex, &word, 99, 0));
#ifdef SYS_futex_waitv
	R(syscall(SYS_futex_waitv, NULL, 0L, 0L, NULL, 0L));
#endif
	R(syscall(SYS_getppid) == getppid());
	R(syscall(9999));
	R(syscall(-1));
	R(syscall(SYS_read, -1L, b, 1L));
	/* Six arguments, none of which is 0. */
	R((void *)syscall(SYS_mmap, 0x10000000L, 4096L, (long)(PROT_READ | PROT_WRITE),
			  (long)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), -1L,
			  4096L) == (void *)0x10000000);
	R(pipe(fds));
	R(write(fds[1], "abc", 3));
	R(syscall(SYS_splice, fds[0], NULL, open("/dev/null", O_WRONLY), NULL, 3L, 2L));
}

static void interrupted(int unused)
{
	(void)unused;
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = interrupted};
	struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct pollfd none;
	sigset_t empty;
	sem_t sem;
	int fds[2];

	sigemptyset(&empty);
	sem_init(&sem, 0, 0);
	sigaction(SIGALRM, &action, NULL);
	R(pipe(fds));
	none = (struct pollfd){.fd = fds[0], .events = POLLIN};
	setitimer(ITIMER_REAL, &often, NULL);
	R(read(fds[0], b, 1));
	R(poll(&none, 1, -1));
	R(ppoll(&none, 1, NULL, &empty));
	R(select(0, NULL, NULL, NULL, NULL));
	R(epoll_wait(epoll_create1(0), &(struct epoll_event){0}, 1, -1));
	R(sem_wait(&sem));
	R(pause());
	R(sigsuspend(&empty));
	R(nanosleep(&(struct timespec){1000, 0}, NULL));
	R(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){1000, 0}, NULL));
	R(syscall(SYS_futex, &(int){0}, FUTEX_WAIT, 0, NULL));
	R(sleep(1000) > 990);
	setitimer(ITIMER_REAL, &never, NULL);
}

static int cancel_pipe[2];
static pthread_mutex_t cancel_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cancel_cond = PTHREAD_COND_INITIALIZER;
static sem_t cancel_sem;

static void cleaned(void *what)
{
	printf("cleaned up after %s\n", (const char *)what);
}

static void *cancelled(void *which)
{
	pthread_cleanup_push(cleaned, which);
	switch (*(const char *)which) {
	case 'r':
		(void)!read(cancel_pipe[0], b, 1);
		break;
	case 'c':
		pthread_mutex_lock(&cancel_lock);
		pthread_cond_wait(&cancel_cond, &cancel_lock);
		break;
	case 's':
		sem_wait(&cancel_sem);
		break;
	case 'S':
		/* A cancellation point, although it does not have to wait. */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		(void)!read(cancel_pipe[0], b, 1);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		sem_post(&cancel_sem);
		sem_wait(&cancel_sem);
		break;
	case 'p':
		poll(NULL, 0, -1);
		break;
	case 'n':
		sleep(1000);
		break;
	case 'f':
		fcntl(cancel_pipe[0], F_GETFD);
		pause();
		break;
	default:
		break;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancellation(void)
{
	static const char *const names[] = {"read",
					    "cond_wait",
					    "sem_wait",
					    "poll",
					    "nanosleep",
					    "fcntl",
					    "Sem_wait with a token"};
	pthread_t thread;
	void *result;

	sem_init(&cancel_sem, 0, 0);
	R(pipe(cancel_pipe));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pthread_create(&thread, NULL, cancelled, (void *)(uintptr_t)names[i]);
		usleep(5000);
		pthread_cancel(thread);
		if (names[i][0] == 'S')
			R(write(cancel_pipe[1], b, 1));
		pthread_join(thread, &result);
		R(result == PTHREAD_CANCELED);
		if (names[i][0] == 'c')
			R(pthread_mutex_trylock(&cancel_lock));
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	bad_files();
	locks();
	mutex_kinds();
	mutex_of_child();
	threads();
	mutex_of_child();
	times_and_children();
	queues_and_names();
	system_calls();
	signals();
	cancellation();
	return 0;
}
