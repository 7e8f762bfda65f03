/* SPDX-License-Identifier: MIT */
/* Waits of several kinds for a container: a listening socket, a connection to it, a mutex
 * that the main thread holds, a named pipe. Writes "ready" to the file that is its
 * argument. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT 7070

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_int started;
static int listening;

static struct sockaddr_in here(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static void *accept_forever(void *unused)
{
	prctl(PR_SET_NAME, "accepter");
	atomic_fetch_add(&started, 1);
	for (;;)
		if (accept(listening, NULL, NULL) < 0)
			return unused;
}

static void *read_forever(void *unused)
{
	struct sockaddr_in address = here();
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	prctl(PR_SET_NAME, "reader");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return unused;
	atomic_fetch_add(&started, 1);
	while (read(fd, &byte, 1) < 0)
		;
	return unused;
}

__attribute__((noinline)) static void wait_for_the_lock(void)
{
	pthread_mutex_lock(&held);
	__asm__ volatile("");
}

static void *lock(void *unused)
{
	prctl(PR_SET_NAME, "locker");
	atomic_fetch_add(&started, 1);
	wait_for_the_lock();
	return unused;
}

static void *open_pipe(void *unused)
{
	char byte;
	int fd;

	prctl(PR_SET_NAME, "filer");
	unlink("/tmp/fifo");
	if (mkfifo("/tmp/fifo", 0600) != 0 || (fd = open("/tmp/fifo", O_RDWR)) < 0)
		return unused;
	atomic_fetch_add(&started, 1);
	while (read(fd, &byte, 1) < 0)
		;
	return unused;
}

int main(int argc, char **argv)
{
	void *(*const bodies[])(void *) = {accept_forever, read_forever, lock, open_pipe};
	struct sockaddr_in address = here();
	pthread_t thread;
	FILE *ready;

	if (argc < 2)
		return 2;
	listening = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listening, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listening, 4) != 0)
		return 1;
	pthread_mutex_lock(&held);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, bodies[i], NULL);
	while (atomic_load(&started) < 4)
		usleep(1000);
	usleep(20000);
	ready = fopen(argv[1], "w");
	if (!ready || fputs("ready\n", ready) < 0 || fclose(ready) != 0)
		return 1;
	for (;;)
		pause();
}
