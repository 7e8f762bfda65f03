/* SPDX-License-Identifier: MIT */
/* A program in C that loads its argument, a library, and calls the function host_main of that. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	int (*host_main)(int, char **) = NULL;

	if (library)
		*(void **)&host_main = dlsym(library, "host_main");
	if (!host_main) {
		fprintf(stderr, "%s\n", library ? "no host_main" : dlerror());
		return 1;
	}
	return host_main(argc - 1, argv + 1);
}
