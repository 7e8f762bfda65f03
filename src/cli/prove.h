/* SPDX-License-Identifier: MIT */
/* --prove: a proof of leaks after the last look, waited for. */
#ifndef CLI_PROVE_H
#define CLI_PROVE_H

#include "session/look.h"

#define PROVE_NO_LIMIT INT64_MAX

/* Replaces *snapshot by a look that has the result; after limit_ns of waiting there is none. On errors *snapshot stays as it is, or
 * is the last look that was taken. */
int prove_and_wait(struct look *look, int64_t limit_ns, struct snapshot **snapshot,
		   struct err *e);

#endif
