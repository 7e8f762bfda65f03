/* SPDX-License-Identifier: MIT */
/*
 * How one process, or another single target, is read: the source in use and its data. It
 * opens the best source, switches when a better one appears or the current one fails, and
 * knows when the process has ended. It completes no snapshot and does not know how many
 * targets are watched. Whatever reads the target here may block; see guard.h.
 */
#ifndef SESSION_ACCESS_H
#define SESSION_ACCESS_H

#include <stdbool.h>

#include "source/source.h"

/* Abandoned workers of one target whose call has not returned. */
#define ACCESS_LOST_MAX 4u

struct access {
	const char *source; /* as session_options.source */
	bool partial;       /* as session_options.partial */
	struct source_target target;
	char text[24];                /* target.text of a process: its pid */
	const struct source_ops *ops; /* NULL if none is open */
	void *ctx;
	int pidfd; /* readable once the process has ended; -1 if unknown */
	int64_t next_probe_ns;
	int64_t probe_every_ns;
	int64_t probed_pages; /* source_mapped_pages() at the last search */
	unsigned spared;      /* searches that were left out since then */
	/* Workers that were abandoned while they read this target; guard.c. */
	struct worker *lost[ACCESS_LOST_MAX];
	size_t nr_lost;    /* those that have not returned */
	unsigned total;    /* all that were abandoned for this target */
	pid_t guarded_pid; /* the process that they belong to */
};

/* Names the process, which must be watched by access_open() next. Returns 0, or
 * ERR_NOTFOUND if there is no such process. */
int access_name(struct access *access, pid_t pid, struct err *e);
/* Opens the best source. ERR_PERM if the process may not be read, and partial is false. */
int access_open(struct access *access, struct err *e);
/* Opens this source for a target that is not a process. */
int access_open_source(struct access *access, const struct source_ops *ops,
		       struct err *e);
/* Closes the source in use. */
void access_close(struct access *access);
/* Forgets the target. Its source must be closed or lost. */
void access_forget(struct access *access);
/* Returns whether the best source is wanted. */
bool access_is_auto(const struct access *access);
/* Switches to a better source if one has appeared, or opens one. To be called before
 * access_sample(). ERR_GONE if the process has ended. */
int access_renew(struct access *access, struct err *e);
/* Takes a snapshot that is not complete yet. After an error, tries another source.
 * *snapshot is NULL if it fails; ERR_GONE if the target has ended. */
int access_sample(struct access *access, const struct source_focus *focus,
		  struct snapshot **snapshot, struct err *e);
/* Returns true if the kernel reports that the process has ended. Never blocks. */
bool access_ended(const struct access *access);
/* See session_proving(). Never blocks. */
bool access_proving(const struct access *access, unsigned *percent);

#endif
