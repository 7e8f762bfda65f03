/* SPDX-License-Identifier: MIT */
/* Profiles that are damaged, or whose lengths, numbers and names are false. */
#include <stdlib.h>
#include <string.h>

#include "source/pprof/pprof.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pprof_out out = {intern_new(1 << 20), stack_table_new(4096),
				snapshot_new(), 0};
	struct pprof_found found;
	struct err e = {0};
	uint64_t total = 0;
	int rc;

	if (!out.intern || !out.stacks || !out.snapshot)
		abort();
	rc = pprof_proto_read(&out, bytes, size, &found, &e);
	if (rc != 0 && (e.code != rc || !e.text[0]))
		abort();
	for (size_t i = 0; i < out.snapshot->nr_tasks; i++) {
		const struct task *task = &out.snapshot->tasks[i];

		if (task->nr_labels == 0 || task->nr_labels > SNAPSHOT_LABELS_MAX)
			abort();
		total += strtoull(task->labels[0].text, NULL, 10);
	}
	if (total != found.goroutines)
		abort();
	snapshot_unref(out.snapshot);
	stack_table_free(out.stacks);
	intern_free(out.intern);
	return 0;
}
