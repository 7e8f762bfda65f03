/* SPDX-License-Identifier: MIT */
/* python_samples PID COUNT INTERVAL_MS: reads the Python threads of a process so often. Prints
 * the number of threads and frames, then milliseconds: the first look, the median of the
 * others, and the longest of them; the number of tasks of asyncio; the processor's
 * milliseconds of the first look and the median of the others; last how many reads the first
 * one and the last one took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/order.h"
#include "source/proc/pages.h"
#include "source/python/asyncio.h"

#define LOOKS_MAX 10000

struct cost {
	double ms, cpu_ms;
	unsigned long long reads;
};

static size_t nr_tasks;

static double cpu_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct cost look(struct python *python)
{
	const struct python_tasks *tasks;
	uint64_t calls = python->reader.mem.calls;
	double began_cpu_ms = cpu_ms();
	int64_t began_ns = clock_mono_ns();

	python->kernel->now_ns = began_ns;
	if (!python_look(python, 1, false)) {
		fprintf(stderr, "cannot be read: %s\n", python->why);
		exit(1);
	}
	for (size_t i = 0; i < python->nr_threads; i++) {
		struct proc_call call;
		struct python_wait wait;

		if (process_thread_call(&python->kernel->process, python->threads[i].tid,
					&call) != 0)
			continue;
		const struct python_blocked blocked = {call.nr == 202 ? STATE_FUTEX
								      : STATE_POLL,
						       call.nr == 202, call.args[0]};

		if (!call.running)
			python_wait_find(python, &python->threads[i], &blocked, &wait);
	}
	tasks = python_tasks_look(python);
	nr_tasks = tasks ? tasks->nr : 0;
	return (struct cost){(double)(clock_mono_ns() - began_ns) / 1e6,
			     cpu_ms() - began_cpu_ms, python->reader.mem.calls - calls};
}

int main(int argc, char **argv)
{
	static double ms[LOOKS_MAX], cpu[LOOKS_MAX];
	struct kernel kernel;
	struct err e = {0};
	int count = argc > 3 ? atoi(argv[2]) : 0;

	if (count < 2 || count > LOOKS_MAX || kernel_open(&kernel, atoi(argv[1]), &e))
		return fprintf(stderr, "python_samples PID COUNT INTERVAL_MS %s\n",
			       e.text),
		       2;
	kernel.pages = pages_new(NULL);
	kernel.own_pages = true;
	struct intern *intern = intern_new(64u << 20);
	struct python *python = python_new(&kernel, intern);
	struct cost first = look(python), last = {0};

	for (int i = 0; i < count; i++) {
		clock_sleep_ns(atoi(argv[3]) * CLOCK_MS_NS);
		last = look(python);
		ms[i] = last.ms;
		cpu[i] = last.cpu_ms;
	}
	qsort(ms, (size_t)count, sizeof(ms[0]), order_double);
	qsort(cpu, (size_t)count, sizeof(cpu[0]), order_double);
	printf("%zu %zu %.3f %.3f %.3f %zu %.3f %.3f %llu %llu\n", python->nr_threads,
	       python->nr_frames, first.ms, ms[count / 2], ms[count - 1], nr_tasks,
	       first.cpu_ms, cpu[count / 2], first.reads, last.reads);
	python_free(python);
	kernel_close(&kernel);
	intern_free(intern);
	return 0;
}
