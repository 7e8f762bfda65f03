/* SPDX-License-Identifier: MIT */
/* Reads the runtime's texts for what goroutines wait for, from the target. */
#ifndef SOURCE_GO_WAIT_H
#define SOURCE_GO_WAIT_H

#include "base/intern.h"
#include "source/go/module.h"
#include "source/go/words.h"

#define GO_REASONS_MAX 80u

struct go_reasons {
	struct go_reason list[GO_REASONS_MAX];
	size_t nr;
};

/* Returns false and leaves the list empty if the texts were not found. */
bool go_reasons_read(struct go_reasons *reasons, const struct go_module *module,
		     struct memory *mem, struct intern *intern);

#endif
