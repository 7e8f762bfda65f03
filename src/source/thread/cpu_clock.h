/* SPDX-License-Identifier: MIT */
/*
 * The scheduler records when a thread last ran by a clock of its CPU, which stops while
 * an interrupt or the host of a virtual machine uses that CPU. This module measures how
 * far each such clock lags behind CLOCK_MONOTONIC, for idle and for busy CPUs.
 */
#ifndef SOURCE_THREAD_CPU_CLOCK_H
#define SOURCE_THREAD_CPU_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPU_CLOCKS_MAX 1024

struct cpu_clocks;

struct cpu_clocks *cpu_clocks_new(void); /* NULL if out of memory */
void cpu_clocks_free(struct cpu_clocks *clocks);
/* Requests the lag of this CPU from the next cpu_clocks_learn(). */
void cpu_clocks_want(struct cpu_clocks *clocks, int cpu);
/*
 * Measures the requested lags. If patient is true, this may take a second or two, but
 * only on a machine whose load cannot be observed. Otherwise it takes a few milliseconds;
 * a lag not known by then may be known when it is requested again.
 */
void cpu_clocks_learn(struct cpu_clocks *clocks, bool patient);
/* Gets CLOCK_MONOTONIC minus the CPU's clock, to a few milliseconds. Returns false if it
 * is not known (yet). */
bool cpu_clocks_lag(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns);
/* Gets an upper bound for a CPU whose lag is unknown. Returns false if that is unknown
 * too. */
bool cpu_clocks_most(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns);
/* Records that a thread ran on that CPU at ran_ns by the CPU's clock, before mono_ns. */
void cpu_clocks_saw(struct cpu_clocks *clocks, int cpu, int64_t ran_ns, int64_t mono_ns);

#endif
