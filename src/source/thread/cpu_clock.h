/* SPDX-License-Identifier: MIT */
/*
 * The scheduler notes when a thread ran last by a clock that each CPU has of its own: it
 * stands still while an interrupt or the host of a virtual machine has the CPU. How far such a
 * clock lags behind CLOCK_MONOTONIC is learnt here, for CPUs that are idle and for busy ones.
 */
#ifndef SOURCE_THREAD_CPU_CLOCK_H
#define SOURCE_THREAD_CPU_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPU_CLOCKS_MAX 1024

struct cpu_clocks;

struct cpu_clocks *cpu_clocks_new(void); /* NULL: no memory */
void cpu_clocks_free(struct cpu_clocks *clocks);
/* The lag of this CPU is needed. */
void cpu_clocks_want(struct cpu_clocks *clocks, int cpu);
/*
 * Learn what is wanted. patient: it may take a second or two, which only a machine takes
 * whose load cannot be seen; else a few milliseconds, and what is not known by then may be
 * known when it is asked for again.
 */
void cpu_clocks_learn(struct cpu_clocks *clocks, bool patient);
/* CLOCK_MONOTONIC minus the clock of the CPU, to a few milliseconds. False: not known (yet). */
bool cpu_clocks_lag(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns);
/* At most this much; for a CPU whose lag is not known. False: that neither. */
bool cpu_clocks_most(const struct cpu_clocks *clocks, int cpu, int64_t *lag_ns);
/* A thread of that CPU was seen to have run at ran_ns by the CPU's clock, before mono_ns. */
void cpu_clocks_saw(struct cpu_clocks *clocks, int cpu, int64_t ran_ns, int64_t mono_ns);

#endif
