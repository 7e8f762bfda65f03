/* SPDX-License-Identifier: MIT */
/* TARGET on the command line: a process, or something else that can be sampled. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "cli/options.h"
#include "session/session.h"

/* What the command line names: one of a process, several processes as one, and something
 * else that can be sampled. */
struct target {
	pid_t pid;           /* of a process, or 0 */
	const char *other;   /* a URL, a file with goroutines or "-", or NULL */
	struct words *words; /* of several processes, or NULL */
};

/* Finds what TARGET or -p names. Returns 0, or an exit code after a message. Call
 * target_release() in both cases. */
int target_find(const struct options *options, struct target *target);
void target_release(struct target *target);
/* Attaches the session, which takes over the words. input_fd is the descriptor for "-".
 * Returns 0 or an error. */
int target_attach(struct target *target, struct session *session, int input_fd,
		  struct err *e);
/* Returns TARGET if it is a URL, a file with goroutines or "-"; NULL if it is a
 * process. */
const char *target_other(const struct options *options);
/* Returns whether TARGET is several words, or one that may mean several processes. */
bool target_is_several(const struct options *options);
/* For "-": returns a new descriptor for stdin, which then becomes the terminal. */
int target_take_stdin(void);
/* From now on, says once on stderr that "-" is still read, if that takes long; `other` is
 * what target_other() has returned. With NULL it does not any more. */
void target_say_waiting(const char *other);
/* Returns true if the text looks like a target that is not a process and cannot be
 * watched; e explains why. */
bool target_foreign(const char *text, struct err *e);

#endif
