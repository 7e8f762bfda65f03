/* SPDX-License-Identifier: MIT */
/* Two threads that compute while the first waits in short sleeps, for profilers. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long steps;

static void *spin(void *argument)
{
	for (int i = 0; i < 100000000; i++)
		steps++;
	return argument;
}

int main(void)
{
	pthread_t threads[2];
	int ends[2];
	char byte;

	if (pipe(ends) != 0)
		return 1;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, spin, NULL);
	for (int i = 0; i < 100; i++) {
		struct timespec left = {0, 1000000};

		while (nanosleep(&left, &left) != 0)
			;
		if (write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) != 1)
			return 1;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	puts("done");
	return 0;
}
