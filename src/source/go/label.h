/* SPDX-License-Identifier: MIT */
/* Reads the labels that runtime/pprof.Do and SetGoroutineLabels attach to a goroutine. */
#ifndef SOURCE_GO_LABEL_H
#define SOURCE_GO_LABEL_H

#include "core/snapshot.h"
#include "source/proc/memory.h"

struct go_label_set {
	uint64_t address;
	const struct label *labels;
	size_t nr;
};

/* Sets read in this sample; many goroutines share a set. */
struct go_labels {
	struct go_label_set *sets; /* open addressing */
	size_t nr;
	size_t capacity;
	uint64_t seed;
	bool as_list; /* a slice since Go 1.24, a map before */
};

void go_labels_init(struct go_labels *labels, unsigned minor);
void go_labels_release(struct go_labels *labels);
void go_labels_begin(struct go_labels *labels);
/* Returns a list of labels in out's arena, or NULL if there are none or they cannot be
 * read. */
const struct label *go_labels_get(struct go_labels *labels, struct memory *mem,
				  uint64_t address, struct snapshot *out, size_t *nr);

#endif
