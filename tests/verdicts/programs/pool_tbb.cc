// SPDX-License-Identifier: MIT
// build: -ltbb
// oneTBB: its workers. Works once per line.
#include <cstdio>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

static volatile int sink;

int main()
{
	tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
	char line[100];
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		tbb::parallel_for(0, 1000, [](int i) { sink = sink + i; });
	for (;;)
		pause();
}
