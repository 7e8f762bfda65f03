/* SPDX-License-Identifier: MIT */
/*
 * hung KIND [SECONDS]: a program one of whose threads never goes on. What hangs has a name
 * that begins with "hung"; every other thread is at rest. A KIND that has a history does its
 * work for SECONDS first, with many short waits at the very place where it then hangs, and
 * until the file HUNG_UNTIL exists if the environment names one. Prints "ready" before it
 * begins.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define SHORT_NS (20 * 1000000l) /* a usual wait */

static double history_s = 5;
static struct timespec began;
static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int replies, word;
static int fds[2] = {-1, -1};
static pthread_t ring[3];
static volatile int sink;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void rest_ns(long ns)
{
	struct timespec time = {ns / 1000000000, ns % 1000000000};

	nanosleep(&time, NULL);
}

static void rest_for_ever(void)
{
	for (;;)
		pause();
}

static bool history_is_over(void)
{
	const char *until = getenv("HUNG_UNTIL");
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began.tv_sec) +
			       (double)(now.tv_nsec - began.tv_nsec) / 1e9 >
		       history_s &&
	       (!until || access(until, F_OK) == 0);
}

static pthread_t start(void *(*function)(void *), const char *name)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, function, NULL);

	if (rc != 0) {
		errno = rc;
		die("pthread_create");
	}
	pthread_setname_np(thread, name);
	return thread;
}

/* What is never given back. */
static void *hold_mutex(void *arg)
{
	pthread_mutex_lock(&lock_a);
	sem_post(&sem);
	rest_for_ever();
	return arg;
}
static void *hold_rwlock(void *arg)
{
	pthread_rwlock_wrlock(&rwlock);
	sem_post(&sem);
	rest_for_ever();
	return arg;
}
static void *take_mutex(void *arg)
{
	pthread_mutex_lock(&lock_a);
	return arg;
}
static void *take_read(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	return arg;
}
static void *take_write(void *arg)
{
	pthread_rwlock_wrlock(&rwlock);
	return arg;
}
static void behind(void *(*holder)(void *), void *(*taker)(void *))
{
	start(holder, "holder");
	while (sem_wait(&sem) != 0)
		;
	start(taker, "hung");
}
static void hung_mutex(void)
{
	behind(hold_mutex, take_mutex);
}
static void hung_rwlock_read(void)
{
	behind(hold_rwlock, take_read);
}
static void hung_rwlock_write(void)
{
	behind(hold_rwlock, take_write);
}

static void *take_a_b(void *arg)
{
	pthread_mutex_lock(&lock_a);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&lock_b);
	return arg;
}
static void *take_b_a(void *arg)
{
	pthread_mutex_lock(&lock_b);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&lock_a);
	return arg;
}
static void hung_abba(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	start(take_a_b, "hung-ab");
	start(take_b_a, "hung-ba");
}

static void *take_twice(void *arg)
{
	pthread_mutex_lock(&lock_a);
	pthread_mutex_lock(&lock_a);
	return arg;
}
static void hung_self(void)
{
	start(take_twice, "hung");
}

/* Of three: glibc refuses to let two join each other. */
static void *join_next(void *arg)
{
	pthread_t *mine = arg;

	pthread_barrier_wait(&barrier);
	pthread_join(ring[((mine - ring) + 1) % 3], NULL);
	return arg;
}
static void hung_join_cycle(void)
{
	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 3; i++) {
		void *mine = &ring[i];

		pthread_create(&ring[i], NULL, join_next, mine);
		pthread_setname_np(ring[i], "hung-join");
	}
	pthread_barrier_wait(&barrier);
}

/* Locks of files, held by another process. */
static const char *path(const char *name)
{
	static char text[2][300];
	static int which;
	const char *folder = getenv("HUNG_DIR");

	which = !which;
	snprintf(text[which], sizeof(text[which]), "%s/%s", folder ? folder : "/tmp",
		 name);
	return text[which];
}
static void *take_flock(void *arg)
{
	int fd = open(path("flock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	flock(fd, LOCK_EX);
	return arg;
}
static void hung_flock(void)
{
	int fd = open(path("flock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		die("flock");
	start(take_flock, "hung");
}
static void *take_fcntl(void *arg)
{
	struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	fcntl(fds[0], F_SETLKW, &want);
	return arg;
}
static void hung_fcntl(void)
{
	struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int done[2];
	char byte;

	fds[0] = open(path("fcntl"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fds[0] < 0 || pipe(done) < 0)
		die("fcntl");
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "holder");
		fcntl(fds[0], F_SETLKW, &want);
		(void)!write(done[1], "", 1);
		rest_for_ever();
	}
	(void)!read(done[0], &byte, 1);
	start(take_fcntl, "hung");
}

/* No process reads what is written. */
static void *write_on(void *arg)
{
	static char bytes[4096];

	while (write(fds[1], bytes, sizeof(bytes)) > 0)
		;
	return arg;
}
static void hung_pipe(void)
{
	if (pipe(fds) < 0)
		die("pipe");
	start(write_on, "hung");
}
static int listen_on(struct sockaddr_in *address, int backlog)
{
	socklen_t bytes = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &bytes) < 0)
		die("listen");
	return fd;
}
static void connect_both(void)
{
	struct sockaddr_in address;
	int listener = listen_on(&address, 1);

	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fds[1], (struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect");
	fds[0] = accept(listener, NULL, NULL);
	close(listener);
}
static void hung_tcp_full(void)
{
	connect_both();
	start(write_on, "hung");
}

static struct sockaddr_in full_address;
static void *connect_full(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* The kernel gives up after minutes. */
	connect(fd, (struct sockaddr *)&full_address, sizeof(full_address));
	return arg;
}
static void hung_connect(void)
{
	listen_on(&full_address, 0);
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		connect(fd, (struct sockaddr *)&full_address, sizeof(full_address));
	}
	rest_ns(200 * 1000000l);
	start(connect_full, "hung");
}
/* A local socket whose queue of connections is full. */
static void *connect_local(void *arg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path("sock"));
	connect(fd, (struct sockaddr *)&address, sizeof(address));
	return arg;
}
static void hung_connect_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path("sock"));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 0) < 0)
		die("listen");
	connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
		(struct sockaddr *)&address, sizeof(address));
	start(connect_local, "hung");
}
static void *send_messages(void *arg)
{
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 8};
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof(name), "/hung-%d", (int)getpid());
	queue = mq_open(name, O_WRONLY | O_CREAT, 0600, &attributes);
	mq_unlink(name);
	while (queue != (mqd_t)-1 && mq_send(queue, "message", 8, 0) == 0)
		;
	return arg;
}
static void hung_mq_send(void)
{
	start(send_messages, "hung");
}

/* A named pipe that no process opens for writing. */
static void *open_fifo(void *arg)
{
	fds[0] = open(path("fifo"), O_RDONLY | O_CLOEXEC);
	return arg;
}
static void hung_fifo(void)
{
	if (mkfifo(path("fifo"), 0600) < 0)
		die("mkfifo");
	start(open_fifo, "hung");
}

/*
 * Those with a history: a worker that takes requests, and asks for something inside of each.
 * A helper answers after a short while; at the end of the history it answers no longer.
 */
static void *answer(void *arg)
{
	void (*give)(void) = *(void (**)(void))arg;

	while (!history_is_over()) {
		rest_ns(SHORT_NS);
		give();
	}
	rest_for_ever();
	return arg;
}

static void (*wait_for_answer)(void);
static void (*give_answer)(void);

NOINLINE static void ask_backend(int request)
{
	sink += request;
	wait_for_answer();
	sink -= request;
}
NOINLINE static void run_query(int request)
{
	for (int i = 0; i < 2; i++)
		ask_backend(request + i);
	sink++;
}
NOINLINE static void handle_request(int request)
{
	for (int i = 0; i < 2000; i++)
		sink += i;
	run_query(request);
	sink++;
}
NOINLINE static void *serve_requests(void *arg)
{
	for (int request = 0;; request++)
		handle_request(request);
	return arg;
}
static void serve(void (*wait)(void), void (*give)(void))
{
	pthread_t helper;

	wait_for_answer = wait;
	give_answer = give;
	start(serve_requests, "hung");
	pthread_create(&helper, NULL, answer, &give_answer);
	pthread_setname_np(helper, "helper");
}

static void wait_cond(void)
{
	pthread_mutex_lock(&lock_a);
	while (replies == 0)
		pthread_cond_wait(&cond, &lock_a);
	replies--;
	pthread_mutex_unlock(&lock_a);
}
static void give_cond(void)
{
	pthread_mutex_lock(&lock_a);
	replies = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&lock_a);
}
static void hung_lost_wakeup(void)
{
	serve(wait_cond, give_cond);
}

static void wait_sem(void)
{
	while (sem_wait(&sem) != 0)
		;
}
static void give_sem(void)
{
	sem_post(&sem);
}
static void hung_lost_post(void)
{
	serve(wait_sem, give_sem);
}

static void wait_word(void)
{
	while (__atomic_exchange_n(&word, 0, __ATOMIC_ACQUIRE) == 0)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}
static void give_word(void)
{
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static void hung_futex(void)
{
	serve(wait_word, give_word);
}

static void wait_reply(void)
{
	char byte;

	(void)!write(fds[1], "?", 1);
	(void)!read(fds[1], &byte, 1);
}
static void give_reply(void)
{
	char byte;

	(void)!recv(fds[0], &byte, 1, MSG_DONTWAIT);
	(void)!write(fds[0], "!", 1);
}
static void hung_no_reply(void)
{
	connect_both();
	serve(wait_reply, give_reply);
}
static void wait_pipe(void)
{
	char byte;

	(void)!read(fds[0], &byte, 1);
}
static void give_pipe(void)
{
	(void)!write(fds[1], "!", 1);
}
static void hung_pipe_read(void)
{
	if (pipe(fds) < 0)
		die("pipe");
	serve(wait_pipe, give_pipe);
}
static void wait_barrier(void)
{
	pthread_barrier_wait(&barrier);
}
static void hung_barrier(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	serve(wait_barrier, wait_barrier);
}

static const struct kind {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{"mutex", hung_mutex},
	{"rwlock-read", hung_rwlock_read},
	{"rwlock-write", hung_rwlock_write},
	{"abba", hung_abba},
	{"self", hung_self},
	{"join-cycle", hung_join_cycle},
	{"flock", hung_flock},
	{"fcntl", hung_fcntl},
	{"pipe", hung_pipe},
	{"tcp-full", hung_tcp_full},
	{"connect", hung_connect},
	{"connect-unix", hung_connect_unix},
	{"mq-send", hung_mq_send},
	{"fifo", hung_fifo},
	{"lost-wakeup", hung_lost_wakeup},
	{"lost-post", hung_lost_post},
	{"futex", hung_futex},
	{"no-reply", hung_no_reply},
	{"pipe-read", hung_pipe_read},
	{"barrier", hung_barrier},
};

int main(int argc, char **argv)
{
	if (argc > 2)
		history_s = atof(argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &began);
	sem_init(&sem, 0, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		puts("ready");
		fflush(stdout);
		kinds[i].run();
		rest_for_ever();
	}
	fprintf(stderr, "usage: hung KIND [SECONDS]\n");
	return 2;
}
