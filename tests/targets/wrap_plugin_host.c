/* SPDX-License-Identifier: MIT */
// build: -ldl
/* Opens wrap_plugin with RTLD_LOCAL, twice with a dlclose() between, and runs it. */
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);

	if (n <= 0)
		return 1;
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, "wrap_plugin");
	for (int round = 0;; round++) {
		void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		int (*run)(void) = NULL, (*check)(void) = NULL;

		if (plugin) {
			run = (int (*)(void))dlsym(plugin, "run_libraries");
			check = (int (*)(void))dlsym(plugin, "plugin_check");
		}
		if (!run || !check) {
			printf("%s\n", dlerror());
			return 1;
		}
		if (check() != 0) {
			puts("the plugin's own chan_send() was not called as it should "
			     "be");
			return 1;
		}
		if (round == 1)
			return run();
		dlclose(plugin);
	}
}
