/* SPDX-License-Identifier: MIT */
/* --holds: what tasks hold is asked for with a sample of its own. */
#ifndef CLI_HOLDS_H
#define CLI_HOLDS_H

#include "cli/options.h"
#include "session/session.h"

/* Returns false, after a message, if --holds is given and the format has no place for what
 * tasks hold. */
bool holds_fit_format(const struct options *options);
/* Replaces the snapshot by another one, in which the tasks that the filter leaves have
 * their holds. Returns an exit code, after a message if it is not CLI_FINE. */
int holds_take(const struct options *options, struct session *session,
	       struct snapshot **snapshot);
/* Replaces the last snapshot of a report by another one, in which the tasks of leaks, and
 * those that are stuck, have their holds. A message says why if that is not possible. */
void holds_take_leaks(struct session *session, struct snapshot **snapshot);

#endif
