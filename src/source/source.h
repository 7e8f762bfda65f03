/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source has one file for each way to look at a target, behind the vtable
 * below, and decides which target is meant. What those files share is in the folders
 * inside. It does not know who asks: no command, no output, no screen.
 *
 * A source is one way to look at a target. It must not disturb the target: no stop, no
 * signal, no write. Every byte that it reads is hostile. One thread uses a source.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"
#include "core/stack_rule.h"
#include "source/proc/pages.h"

/* What the user named, resolved. */
struct source_target {
	pid_t pid;             /* 0: not a process */
	const char *text;      /* as the user wrote it */
	struct intern *intern; /* the session's tables; outlive the source */
	struct stack_table *stacks;
	bool threads; /* --threads */
	bool runtime; /* --runtime */
	bool ptrace;  /* --ptrace */
	bool at_exit; /* it is held in its exit: what its threads published counts */
	struct pages *pages; /* reads its memory, for one thread; NULL: nobody does yet */
	bool mute; /* its memory and files do not answer: neither is to be read */
	const struct stack_rules *rules; /* the user's, or NULL; outlive the source */

	/* Of a target that is no process: a URL, a file or "-". */
	const char *user;   /* --user, or NULL */
	const char *header; /* --header, or NULL */
	int input_fd;       /* what "-" means */
	unsigned dump;      /* --dump: which one of a text with several, from 1; 0: any */
	const int *cancel;  /* not 0: give up what takes long; atomic; may be NULL */
};

/* The task whose whole stack is wanted, see core/feed.h; id 0: none. */
struct source_focus {
	enum task_kind kind;
	uint64_t id;
	uint64_t serial;
	bool all; /* whole stacks of all tasks: dump */
};

struct source_ops {
	const char *name;    /* what --source accepts */
	const char *summary; /* for --help and the man page */
	size_t ctx_size;     /* zeroed bytes that the caller provides */

	/* 0..100, how well it fits the target; 0 = cannot. Must not disturb the target. When
	 * it cannot, e says why and what to do. */
	int (*probe)(const struct source_target *t, struct err *e);
	int (*open)(void *ctx, const struct source_target *t, struct err *e);
	/* Fill an empty snapshot: target, resources, tasks, notes. ERR_GONE: the target ended. */
	int (*sample)(void *ctx, const struct source_focus *focus, struct snapshot *out,
		      struct err *e);
	void (*close)(void *ctx); /* safe after a failed open */
	/* Prove which tasks nothing alive can wake, beginning with the next look; or stop it.
	 * snapshot->proving says how it goes. NULL: cannot. */
	void (*prove)(void *ctx, bool start);
	/* To another dump of a text with several, beginning with the next look. NULL: cannot. */
	void (*move)(void *ctx, int dumps);
};

/* NULL-terminated, best first: where two fit a process, the earlier one probes higher. */
extern const struct source_ops *const source_table[];
extern const struct source_ops source_agent;
extern const struct source_ops source_native;
extern const struct source_ops source_goruntime;
extern const struct source_ops source_pprof;
extern const struct source_ops source_replay;

/* The source called name, or with "auto" or NULL the one that probes best. NULL: none, and
 * e says why for the best candidate. */
const struct source_ops *source_choose(const char *name, const struct source_target *t,
				       struct err *e);

/* Once, before there are threads. */
void source_prepare(void);

#endif
