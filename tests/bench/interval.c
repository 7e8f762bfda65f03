/* SPDX-License-Identifier: MIT */
/* For benchmarks that are shell scripts: reads numbers, prints their median, the interval of
 * the median, and whether that is on one side of the goal: yes, NO, open, or - without a
 * goal. Usage: interval GOAL <NUMBERS. bench.h says how. */
#include "bench.h"

#define VALUES_MAX 100000

int main(int argc, char **argv)
{
	static const char *const words[] = {"-", "yes", "NO", "open"};
	static double values[VALUES_MAX];
	struct bench_interval interval;
	size_t count = 0;

	if (argc < 2)
		return 0;
	while (count < VALUES_MAX && scanf("%lf", &values[count]) == 1)
		count++;
	if (count == 0)
		return 1;
	interval = bench_interval(values, count);
	int digits = bench_digits(interval.median);

	printf("%.*f %.*f %.*f %s\n", digits, interval.median, digits, interval.low,
	       digits, interval.high, words[bench_judge(interval, argv[1])]);
	return 0;
}
