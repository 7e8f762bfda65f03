/* SPDX-License-Identifier: MIT */
/* How far the scheduler's clock of each CPU lags behind ours, learnt on idle CPUs, and
 * indirectly on busy ones; and the ages of threads that slept before the client
 * started. */
#include <sched.h>
#include <time.h>

#include "unit.h"

#include "base/fdio.h"
#include "source/proc/process.h"
#include "source/thread/cpu_clock.h"
#include "source/thread/cpu_watch.h"

#include "source_child.h"

#define CLOSE_NS (SECOND / 50)

static cpu_set_t usual;

static int usual_cpu(int nth)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &usual) && nth-- == 0)
			return cpu;
	return -1;
}

static void bind_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* By running there. */
static int64_t lag_at(int cpu)
{
	int64_t least_ns = INT64_MAX;

	bind_to(cpu);
	for (int i = 0; i < 20; i++) {
		struct timespec used;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		int64_t ran_ns = process_own_exec_start_ns();
		int64_t lag_ns = clock_mono_ns() - ran_ns;

		if (lag_ns < least_ns)
			least_ns = lag_ns;
	}
	sched_setaffinity(0, sizeof(usual), &usual);
	return least_ns;
}

/* A clock that stood still for a moment lags more from then on. */
static void assert_lag(int cpu, int64_t lag_ns, int64_t before_ns)
{
	int64_t after_ns = lag_at(cpu);

	if (lag_ns < before_ns - CLOSE_NS || lag_ns > after_ns + CLOSE_NS)
		fail_msg("CPU %d lags %lld ns before, %lld after, not %lld", cpu,
			 (long long)before_ns, (long long)after_ns, (long long)lag_ns);
}

static void spin(void *arg)
{
	bind_to(*(const int *)arg);
	for (volatile unsigned i = 0;; i++)
		;
}

static void spin_until_runs(pid_t pid, int cpu)
{
	char path[48], text[PROC_TEXT_MAX];
	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	struct proc_stat stat = {.cpu = -1};

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (clock_mono_ns() < limit_ns && (stat.cpu != cpu || stat.cpu_ticks < 2)) {
		ssize_t got = fdio_read_small(-1, path, text, sizeof(text));

		assert_true(got > 0 && proc_parse_stat(text, (size_t)got, &stat));
		usleep(1000);
	}
	assert_int_equal(stat.cpu, cpu);
}

#define NEEDS_WORD                                                                       \
	if (process_own_exec_start_ns() == 0)                                            \
	skip()

static void every_cpu_is_learnt(void **state)
{
	NEEDS_WORD;
	struct cpu_clocks *clocks = cpu_clocks_new();
	int64_t before_ns[8], lag_ns;
	int nr = 0;

	(void)state;
	for (; nr < 8 && usual_cpu(nr) >= 0; nr++) {
		before_ns[nr] = lag_at(usual_cpu(nr));
		cpu_clocks_want(clocks, usual_cpu(nr));
		assert_false(cpu_clocks_lag(clocks, usual_cpu(nr), &lag_ns));
	}
	cpu_clocks_learn(clocks, true);
	for (int i = 0; i < nr; i++) {
		assert_true(cpu_clocks_lag(clocks, usual_cpu(i), &lag_ns));
		assert_lag(usual_cpu(i), lag_ns, before_ns[i]);
	}
	cpu_clocks_free(clocks);
}

static void a_busy_cpu_is_learnt_from_elsewhere(void **state)
{
	NEEDS_WORD;
	if (usual_cpu(1) < 0)
		skip();
	int busy = usual_cpu(0);
	pid_t pid = child_start(spin, &busy);
	int64_t before_ns = lag_at(busy), lag_ns;

	(void)state;
	spin_until_runs(pid, busy);
	/* The helper may not run there, so only the threads that run there can tell. */
	bind_to(usual_cpu(1));
	struct cpu_clocks *clocks = cpu_clocks_new();

	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	bool known = false;

	/* On a loaded machine others may run there while it is watched. */
	while (!known && clock_mono_ns() < limit_ns) {
		cpu_clocks_want(clocks, busy);
		cpu_clocks_learn(clocks, true);
		known = cpu_clocks_lag(clocks, busy, &lag_ns);
	}
	sched_setaffinity(0, sizeof(usual), &usual);
	assert_true(known);
	assert_lag(busy, lag_ns, before_ns);
	cpu_clocks_free(clocks);
	child_stop(pid);
}

static void an_idle_cpu_cannot_be_watched(void **state)
{
	struct cpu_watch watch = {.cpu = CPU_CLOCKS_MAX - 1};

	(void)state;
	cpu_watch_run(&watch, 1, clock_mono_ns() + SECOND);
	assert_false(watch.known);
	assert_false(watch.seen);
}

/* What was seen of a CPU bounds its lag, and the least bound counts. */
static void bounds_are_kept(void **state)
{
	struct cpu_clocks *clocks = cpu_clocks_new();
	int64_t lag_ns;

	(void)state;
	assert_false(cpu_clocks_most(clocks, 3, &lag_ns));
	cpu_clocks_saw(clocks, 3, 100 * SECOND, 160 * SECOND);
	cpu_clocks_saw(clocks, 3, 140 * SECOND, 161 * SECOND);
	cpu_clocks_saw(clocks, 3, 120 * SECOND, 162 * SECOND);
	assert_true(cpu_clocks_most(clocks, 3, &lag_ns));
	assert_int_equal(lag_ns, 21 * SECOND);
	assert_false(cpu_clocks_lag(clocks, 3, &lag_ns));
	/* No such CPUs. */
	cpu_clocks_want(clocks, -1);
	cpu_clocks_saw(clocks, CPU_CLOCKS_MAX, 1, 2);
	assert_false(cpu_clocks_lag(clocks, -1, &lag_ns));
	assert_false(cpu_clocks_most(clocks, CPU_CLOCKS_MAX, &lag_ns));
	cpu_clocks_free(clocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cpu_is_learnt),
		cmocka_unit_test(a_busy_cpu_is_learnt_from_elsewhere),
		cmocka_unit_test(an_idle_cpu_cannot_be_watched),
		cmocka_unit_test(bounds_are_kept),
	};

	sched_getaffinity(0, sizeof(usual), &usual);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
