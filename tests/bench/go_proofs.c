/* SPDX-License-Identifier: MIT */
/*
 * Proves leaks of a Go process as the client does; bench_proof.sh starts the process and
 * this program. Usage: go_proofs PID PROOFS. Prints one line: the median ms of a proof,
 * how many goroutines were judged and proven, passes, MB of heap that were followed, and
 * the highest memory in MB above that of a sample.
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

static int prove(void *ctx, struct proving *proving, struct err *e)
{
	struct timespec pause = {0, 10000000};
	unsigned percent;
	int rc;

	source_goruntime.prove(ctx, true);
	do {
		while (source_goruntime.proving(ctx, &percent))
			nanosleep(&pause, NULL);
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
	double times[PROOFS_MAX];
	long before;

	if (source_goruntime.open(ctx, target, e) || look(ctx, &proving, e))
		return -1;
	before = memory_mb();
	for (int i = 0; i < proofs; i++) {
		if (prove(ctx, &proving, e))
			return -1;
		times[i] = (double)proving.took_ns / 1e6;
	}
	qsort(times, (size_t)proofs, sizeof(times[0]), compare);
	printf("%.0f %u %u %u %llu %ld\n", times[proofs / 2], proving.judged,
	       proving.proven, proving.passes,
	       (unsigned long long)proving.heap_bytes >> 20, memory_mb() - before);
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
