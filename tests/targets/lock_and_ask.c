/* SPDX-License-Identifier: MIT */
/*
 * A thread that holds a mutex while a server does not answer it, and three that wait for
 * the mutex. lock_and_ask PORT FILE [poll] sends the contents of FILE to 127.0.0.1:PORT
 * and reads the answers; with "poll" it polls before each read, as client libraries do.
 * Prints "asker TID" and "ready"; ends with its standard input.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t pool = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t taken;
static int server;
static bool polls;

static void *asks(void *unused)
{
	struct pollfd event = {.events = POLLIN};
	char answer[4096];

	(void)unused;
	prctl(PR_SET_NAME, "asker");
	pthread_mutex_lock(&pool);
	printf("asker %d\n", (int)gettid());
	pthread_barrier_wait(&taken);
	event.fd = server;
	do {
		if (polls && poll(&event, 1, -1) < 0)
			break;
	} while (read(server, answer, sizeof(answer)) > 0);
	pthread_mutex_unlock(&pool);
	return NULL;
}

static void *behind(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "behind");
	pthread_mutex_lock(&pool);
	pthread_mutex_unlock(&pool);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char question[4096], byte;
	pthread_t thread;
	int file;
	ssize_t bytes;

	if (argc < 3 || (file = open(argv[2], O_RDONLY | O_CLOEXEC)) < 0)
		return 2;
	polls = argc > 3 && strcmp(argv[3], "poll") == 0;
	bytes = read(file, question, sizeof(question));
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bytes <= 0 ||
	    connect(server, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    write(server, question, (size_t)bytes) != bytes)
		return 1;
	pthread_barrier_init(&taken, NULL, 2);
	pthread_create(&thread, NULL, asks, NULL);
	pthread_barrier_wait(&taken);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, behind, NULL);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
