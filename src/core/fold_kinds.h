/* SPDX-License-Identifier: MIT */
/* Which tasks of a snapshot are alike; for fold.c alone. */
#ifndef CORE_FOLD_KINDS_H
#define CORE_FOLD_KINDS_H

#include "core/fold.h"

/* What folding needs of a task, side by side in memory. */
struct fold_task {
	float cpu_percent;
	int64_t since_ns;
	uint64_t switches;
};

struct fold_kind {
	uint64_t key;
	uint32_t parent; /* while kinds are linked; then its own index */
	uint32_t fold;   /* index in folds->list while rows are folded */
};

/* Fills folds->tasks, folds->task_kinds and folds->kinds. Returns false if there is no memory. */
bool fold_kinds_find(struct folds *folds, const struct snapshot *snapshot, bool changes);

#endif
