/* SPDX-License-Identifier: MIT */
/* The runtime's own words for what goroutines wait for, as the target has them. */
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

/* False: the texts were not found; list is empty then. */
bool go_reasons_read(struct go_reasons *reasons, const struct go_module *module,
		     struct memory *mem, struct intern *intern);

#endif
