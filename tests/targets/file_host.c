/* SPDX-License-Identifier: MIT */
// build: -ldl
/* file_host READY FILE…: a thread waits in the function wait_here of each library; a file
 * that is not a library is mapped. Writes to READY when all wait. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *enter(void *arg)
{
	void (*wait_here)(void) = NULL;

	*(void **)&wait_here = arg;
	wait_here();
	return NULL;
}

static void map(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	for (int i = 2; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
		void *function = library ? dlsym(library, "wait_here") : NULL;
		pthread_t thread;

		if (!function)
			map(argv[i]);
		else if (pthread_create(&thread, NULL, enter, function))
			return 1;
	}
	FILE *ready = fopen(argv[1], "w");

	if (!ready || fputs("ready\n", ready) < 0 || fclose(ready) != 0)
		return 1;
	for (;;)
		pause();
}
