/* SPDX-License-Identifier: MIT */
/* small [STATUS]: for another C library, another word size, static, or with rights of its
 * file's owner. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *run(void *argument)
{
	usleep(1000);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *result = NULL;

	if (pthread_create(&thread, NULL, run, argv) == 0)
		pthread_join(thread, &result);
	printf("%d bytes, uid %d, %s\n", (int)sizeof(long), (int)geteuid(),
	       result == argv ? "joined" : "not joined");
	return argc > 1 ? atoi(argv[1]) : 0;
}
