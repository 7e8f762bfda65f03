// SPDX-License-Identifier: MIT
// build: -fopenmp
// OpenMP: its team. Works once per line.
#include <stdio.h>
#include <unistd.h>

static volatile int sink;

int main(void)
{
	char line[100];

#pragma omp parallel num_threads(4)
	sink++;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
#pragma omp parallel for num_threads(4)
		for (int i = 0; i < 1000; i++)
			sink += i;
	}
	for (;;)
		pause();
}
