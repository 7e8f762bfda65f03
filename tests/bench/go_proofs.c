/* SPDX-License-Identifier: MIT */
/*
 * Proves leaks of a Go process as the client does; bench_proof.sh starts the process and
 * this program. Usage: go_proofs PID PROOFS. Prints one line: the median ms of a proof,
 * how many goroutines were judged and proven, passes, MB of heap that were followed, the
 * highest memory in MB above that of a sample, the median ms of the processor, and the highest
 * memory in MB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "source/source.h"

#define PROOFS_MAX 100

static long memory_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

/* The processor's time of this process, in ns. */
static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int look(void *ctx, struct proving *proving, struct err *e)
{
	struct snapshot *snapshot = snapshot_new();
	int rc = source_goruntime.sample(ctx, NULL, snapshot, e);

	*proving = snapshot->proving;
	if (rc == 0 && proving->state == PROVING_FAILED)
		rc = err_set(e, ERR_UNSUPPORTED, "%s", proving->why ? proving->why : "");
	snapshot_unref(snapshot);
	return rc;
}

/* *cpu: the processor's time for it, without the samples. */
static int prove(void *ctx, struct proving *proving, int64_t *cpu, struct err *e)
{
	struct timespec pause = {0, 10000000};
	unsigned percent;
	int rc;

	*cpu = 0;
	do {
		int64_t begin = cpu_ns();

		if (proving->state != PROVING_RUNNING)
			source_goruntime.prove(ctx, true);
		while (source_goruntime.proving(ctx, &percent))
			nanosleep(&pause, NULL);
		*cpu += cpu_ns() - begin;
		rc = look(ctx, proving, e);
	} while (rc == 0 && proving->state == PROVING_RUNNING);
	return rc;
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int run(void *ctx, struct source_target *target, int proofs, struct err *e)
{
	struct proving proving = {0};
	double times[PROOFS_MAX], cpus[PROOFS_MAX];
	long before;

	if (source_goruntime.open(ctx, target, e) || look(ctx, &proving, e))
		return -1;
	before = memory_mb();
	for (int i = 0; i < proofs; i++) {
		int64_t cpu;

		if (prove(ctx, &proving, &cpu, e))
			return -1;
		times[i] = (double)proving.took_ns / 1e6;
		cpus[i] = (double)cpu / 1e6;
	}
	qsort(times, (size_t)proofs, sizeof(times[0]), compare);
	qsort(cpus, (size_t)proofs, sizeof(cpus[0]), compare);
	printf("%.0f %u %u %u %llu %ld %.0f %ld\n", times[proofs / 2], proving.judged,
	       proving.proven, proving.passes,
	       (unsigned long long)proving.heap_bytes >> 20, memory_mb() - before,
	       cpus[proofs / 2], memory_mb());
	return 0;
}

int main(int argc, char **argv)
{
	struct source_target target = {0};
	struct err e = {0};
	int proofs, rc;
	void *ctx;

	if (argc < 3)
		return 0;
	proofs = atoi(argv[2]);
	if (proofs < 1 || proofs > PROOFS_MAX)
		return 2;
	target.pid = atoi(argv[1]);
	target.intern = intern_new(32u << 20);
	target.stacks = stack_table_new(16384);
	ctx = calloc(1, source_goruntime.ctx_size);
	rc = run(ctx, &target, proofs, &e);
	if (rc)
		fprintf(stderr, "go_proofs: %s\n", e.text);
	source_goruntime.close(ctx);
	stack_table_free(target.stacks);
	intern_free(target.intern);
	free(ctx);
	return rc ? 1 : 0;
}
