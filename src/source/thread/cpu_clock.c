/* SPDX-License-Identifier: MIT */
/*
 * There are three ways to measure the lag of a CPU's clock. The clock of the current CPU
 * is read at once. On an idle CPU, a helper thread bound to it runs within a moment. On a
 * busy CPU a helper would wait for its turn, but the kernel records the CPU time of the
 * running thread at every tick, and that can be observed from another CPU. Must not delay
 * a poll.
 */
#include "source/thread/cpu_clock.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "source/proc/process.h"
#include "source/thread/cpu_watch.h"

#define KEPT_NS         CLOCK_SECOND_NS
#define HELPERS_MAX     64u
#define HELPER_STACK    65536u
#define HELPERS_WAIT_NS (3 * CLOCK_MS_NS)
#define HELPERS_MOST_NS (2 * CLOCK_SECOND_NS)
#define WATCH_NS        (CLOCK_SECOND_NS / 4)
#define PAUSE_NS        200000
/* Read again if the reader was interrupted between the two clocks. */
#define READ_WIDTH_NS   200000
#define READ_MOST_NS    (3 * CLOCK_MS_NS)
#define READ_TRIES      16
#define HELPER_FAILED   (-1)

/* Result of a helper. The helper shares ownership since it may run only after the wait
 * for it has ended. */
struct helper_slot {
	atomic_int_least64_t lag_ns;
	atomic_int_least64_t at_ns; /* 0 until done, or HELPER_FAILED */
};

struct helper_board {
	atomic_uint users;
	struct helper_slot slots[CPU_CLOCKS_MAX];
};

struct helper {
	struct helper_board *board;
	int cpu;
};

struct cpu_lag {
	int64_t lag_ns, at_ns; /* at_ns is 0 if unknown */
	int64_t most_ns;       /* INT64_MAX if unknown */
	bool wanted, asked;    /* asked: a helper was started and has not reported */
};

struct cpu_clocks {
	struct helper_board *board;
	struct cpu_lag cpus[CPU_CLOCKS_MAX];
	size_t nr_helpers; /* started and not collected */
};

static void board_unref(struct helper_board *board)
{
	if (atomic_fetch_sub(&board->users, 1) == 1)
		free(board);
}

struct cpu_clocks *cpu_clocks_new(void)
{
	struct cpu_clocks *clocks = calloc(1, sizeof(*clocks));

	if (!clocks)
		return NULL;
	clocks->board = calloc(1, sizeof(*clocks->board));
	if (!clocks->board) {
		free(clocks);
		return NULL;
	}
	atomic_init(&clocks->board->users, 1);
	for (int cpu = 0; cpu < CPU_CLOCKS_MAX; cpu++)
		clocks->cpus[cpu].most_ns = INT64_MAX;
	return clocks;
}

void cpu_clocks_free(struct cpu_clocks *clocks)
{
	if (!clocks)
		return;
	board_unref(clocks->board);
	free(clocks);
}

static bool is_cpu(int cpu)
{
	return cpu >= 0 && cpu < CPU_CLOCKS_MAX;
}

void cpu_clocks_want(struct cpu_clocks *clocks, int cpu)
{
	if (is_cpu(cpu))
		clocks->cpus[cpu].wanted = true;
}

bool cpu_clocks_lag(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns)
{
	if (!is_cpu(cpu) || !clocks->cpus[cpu].at_ns)
		return false;
	*lag_ns = clocks->cpus[cpu].lag_ns;
	return true;
}

bool cpu_clocks_most(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns)
{
	if (!is_cpu(cpu) || clocks->cpus[cpu].most_ns == INT64_MAX)
		return false;
	*lag_ns = clocks->cpus[cpu].most_ns;
	return true;
}

void cpu_clocks_saw(struct cpu_clocks *clocks, int cpu, int64_t ran_ns, int64_t mono_ns)
{
	if (is_cpu(cpu) && ran_ns > 0 && mono_ns - ran_ns < clocks->cpus[cpu].most_ns)
		clocks->cpus[cpu].most_ns = mono_ns - ran_ns;
}

static void set_lag(struct cpu_lag *cpu, int64_t lag_ns, int64_t at_ns)
{
	cpu->lag_ns = lag_ns;
	cpu->at_ns = at_ns;
	if (lag_ns < cpu->most_ns)
		cpu->most_ns = lag_ns;
}

/*
 * Measures the lag of the current CPU. Reading its own CPU time makes the kernel record
 * the time; the clock readings around it bound the error. Returns the CPU, or -1 if
 * unknown.
 */
static int read_here(int64_t *lag_ns)
{
	int64_t best_ns = READ_MOST_NS;
	int found = -1;

	for (int i = 0; i < READ_TRIES && best_ns > READ_WIDTH_NS; i++) {
		int cpu = sched_getcpu();
		int64_t before_ns = clock_mono_ns();

		(void)clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
		int64_t ran_ns = process_own_exec_start_ns();
		/* If this thread was preempted, the kernel recorded the time again when
		 * it resumed. */
		int64_t after_ns = clock_mono_ns();

		if (ran_ns <= 0)
			return -1;
		if (cpu != sched_getcpu() || after_ns - before_ns >= best_ns)
			continue;
		best_ns = after_ns - before_ns;
		*lag_ns = after_ns - ran_ns;
		found = cpu;
	}
	return found;
}

static void *helper_main(void *arg)
{
	struct helper *helper = arg;
	struct helper_slot *slot = &helper->board->slots[helper->cpu];
	int64_t lag_ns = 0;
	bool found = read_here(&lag_ns) == helper->cpu;

	atomic_store(&slot->lag_ns, lag_ns);
	atomic_store(&slot->at_ns, found ? clock_mono_ns() : HELPER_FAILED);
	board_unref(helper->board);
	free(helper);
	return NULL;
}

static bool helper_start(struct cpu_clocks *clocks, int cpu)
{
	struct helper *helper = malloc(sizeof(*helper));
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t one;
	int rc;

	if (!helper)
		return false;
	*helper = (struct helper){clocks->board, cpu};
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, HELPER_STACK);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	atomic_store(&clocks->board->slots[cpu].at_ns, 0);
	atomic_fetch_add(&clocks->board->users, 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, helper_main, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return true;
	board_unref(clocks->board);
	free(helper);
	return false;
}

/* Collects what the helpers have reported. Returns how many requested CPUs are still
 * unknown. */
static size_t collect_lags(struct cpu_clocks *clocks, size_t *nr_coming)
{
	size_t missing = 0;

	*nr_coming = 0;
	for (int i = 0; i < CPU_CLOCKS_MAX; i++) {
		struct cpu_lag *cpu = &clocks->cpus[i];
		struct helper_slot *slot = &clocks->board->slots[i];
		int64_t at_ns = cpu->asked ? atomic_load(&slot->at_ns) : 0;

		if (at_ns) {
			if (at_ns != HELPER_FAILED)
				set_lag(cpu, atomic_load(&slot->lag_ns), at_ns);
			cpu->asked = false;
			clocks->nr_helpers--;
		}
		if (!cpu->wanted || cpu->at_ns)
			continue;
		missing++;
		*nr_coming += cpu->asked;
	}
	return missing;
}

/* Starts helpers only on CPUs where this thread may run: the others are reserved. */
static void send_helpers(struct cpu_clocks *clocks)
{
	cpu_set_t usual;

	if (sched_getaffinity(0, sizeof(usual), &usual) != 0)
		return;
	for (int i = 0; i < CPU_CLOCKS_MAX; i++) {
		struct cpu_lag *cpu = &clocks->cpus[i];

		if (!cpu->wanted || cpu->at_ns || cpu->asked || !CPU_ISSET(i, &usual) ||
		    clocks->nr_helpers >= HELPERS_MAX)
			continue;
		cpu->asked = helper_start(clocks, i);
		clocks->nr_helpers += cpu->asked;
	}
}

static size_t await_helpers(struct cpu_clocks *clocks, int64_t until_ns)
{
	size_t coming, missing;

	for (;;) {
		missing = collect_lags(clocks, &coming);
		if (coming == 0 || clock_mono_ns() >= until_ns)
			return missing;
		clock_sleep_ns(PAUSE_NS);
	}
}

/* Observes the threads that run on the CPUs that are still unknown. */
static void watch_busy_cpus(struct cpu_clocks *clocks)
{
	struct cpu_watch *watched = calloc(CPU_WATCHES_MAX, sizeof(*watched));
	size_t nr = 0;

	if (!watched)
		return;
	for (int i = 0; i < CPU_CLOCKS_MAX && nr < CPU_WATCHES_MAX; i++)
		if (clocks->cpus[i].wanted && !clocks->cpus[i].at_ns)
			watched[nr++] = (struct cpu_watch){.cpu = i};
	cpu_watch_run(watched, nr, clock_mono_ns() + WATCH_NS);
	for (size_t i = 0; i < nr; i++) {
		struct cpu_lag *cpu = &clocks->cpus[watched[i].cpu];

		if (watched[i].known)
			set_lag(cpu, watched[i].most_ns, clock_mono_ns());
		else if (watched[i].seen && watched[i].most_ns < cpu->most_ns)
			cpu->most_ns = watched[i].most_ns;
	}
	free(watched);
}

void cpu_clocks_learn(struct cpu_clocks *clocks, bool patient)
{
	int64_t now_ns = clock_mono_ns(), lag_ns;
	int here = read_here(&lag_ns);

	/* A lag grows with time, so old results expire. */
	for (int i = 0; i < CPU_CLOCKS_MAX; i++)
		if (now_ns - clocks->cpus[i].at_ns > KEPT_NS)
			clocks->cpus[i].at_ns = 0;
	if (is_cpu(here))
		set_lag(&clocks->cpus[here], lag_ns, now_ns);
	send_helpers(clocks);
	size_t missing = await_helpers(clocks, now_ns + HELPERS_WAIT_NS);

	if (missing > 0 && patient) {
		watch_busy_cpus(clocks);
		send_helpers(clocks);
		await_helpers(clocks, now_ns + HELPERS_MOST_NS);
	}
	for (int i = 0; i < CPU_CLOCKS_MAX; i++)
		clocks->cpus[i].wanted = false;
}
