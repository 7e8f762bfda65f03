/* SPDX-License-Identifier: MIT */
/* --prove: runs a proof of leaks after the last sample and waits for it. */
#ifndef CLI_PROVE_H
#define CLI_PROVE_H

#include "session/session.h"

#define PROVE_NO_LIMIT INT64_MAX

/* Replaces *snapshot by a sample that has the result. After limit_ns the proof is
 * cancelled. On errors *snapshot is unchanged or the last sample taken. */
int prove_and_wait(struct session *session, int64_t limit_ns, struct snapshot **snapshot,
		   struct err *e);

#endif
