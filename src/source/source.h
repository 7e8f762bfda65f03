/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source has one file for each way to watch a target, behind the vtable
 * below, and decides which target is meant (resolve.c, words.c) and which source fits it
 * (table.c). What those files share is in the folders inside. It must not know who asks:
 * no command, no output, no screen.
 *
 * A source is one way to watch a target. It must not disturb the target: no stop, no
 * signal, no write. Every byte that it reads may be hostile. A source is used by one
 * thread.
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

/* The target that the user named, resolved. */
struct source_target {
	pid_t pid;             /* 0 if it is not a process */
	const char *text;      /* as the user wrote it */
	struct intern *intern; /* the session's tables; they outlive the source */
	struct stack_table *stacks;
	bool threads; /* --threads */
	bool runtime; /* --runtime */
	bool ptrace;  /* --ptrace */
	/* number of processes that are watched together with it, or NULL if there are none:
	 * what is expensive and rarely changes is then read less often */
	const size_t *beside;
	bool at_exit; /* it is held in its exit; the last state of its threads is valid */
	/* reads its memory, for one thread; NULL if not available yet */
	struct pages *pages;
	bool mute; /* its memory and files do not respond, and must not be read */
	/* the user's, or NULL; they outlive the source */
	const struct stack_rules *rules;

	/* For a target that is not a process: a URL, a file or "-". */
	const char *user;   /* --user, or NULL */
	const char *header; /* --header, or NULL */
	int input_fd;       /* the descriptor for "-" */
	bool follow;        /* show what "-" has brought while it is open */
	unsigned dump;      /* --dump: the number of a dump in the text, from 1; 0: any */
	const int *cancel;  /* cancels long operations when not 0; atomic; may be NULL */
};

/* The task whose whole stack is requested, see core/feed.h; id 0 if none. */
struct source_focus {
	enum task_kind kind;
	uint64_t id;
	uint64_t serial;
	pid_t pid; /* its process if the target is several, otherwise 0 */
	bool all;  /* whole stacks of all tasks: dump */
	/* The tasks for which task->holds is filled in; the caller's. A source gets only
	 * those of its own process. */
	const struct holds_wish *holds;
	size_t nr_holds;
};

struct source_ops {
	const char *name;    /* what --source accepts */
	const char *summary; /* for --help and the man page */
	size_t ctx_size;     /* zeroed bytes that the caller provides */

	/* Returns how well the source fits the target, from 0 to 100. If it returns 0,
	 * the source cannot watch the target, and e tells why and what to do. Must not
	 * disturb the target. */
	int (*probe)(const struct source_target *t, struct err *e);
	int (*open)(void *ctx, const struct source_target *t, struct err *e);
	/* Fills an empty snapshot: target, resources, tasks, notes. Returns ERR_GONE if
	 * the target has ended. */
	int (*sample)(void *ctx, const struct source_focus *focus, struct snapshot *out,
		      struct err *e);
	void (*close)(void *ctx); /* safe after a failed open */
	/* Starts or stops proving which tasks nothing alive can wake: those of the last
	 * sample if it has just been taken, otherwise of the next. snapshot->proving shows
	 * the progress. NULL if not supported. */
	void (*prove)(void *ctx, bool start);
	/* Returns true while a proof runs, and how much of it is done. Unlike a sample, this
	 * costs nothing. NULL if prove is. */
	bool (*proving)(void *ctx, unsigned *percent);
	/* Moves to another dump in a text with several, with the next sample. NULL if not
	 * supported. */
	void (*move)(void *ctx, int dumps);
};

/* NULL-terminated, best first: if two fit a process, the earlier one probes higher. */
extern const struct source_ops *const source_table[];
extern const struct source_ops source_agent;
extern const struct source_ops source_native;
extern const struct source_ops source_goruntime;
extern const struct source_ops source_pprof;
extern const struct source_ops source_replay;

/* Returns the source called name or, with "auto" or NULL, the one that probes best.
 * Returns NULL if there is none; e then tells why the best candidate cannot be used. */
const struct source_ops *source_choose(const char *name, const struct source_target *t,
				       struct err *e);
/* The size of a process's address space in pages, or -1. It changes when the process
 * executes another program, and when it loads or reserves something. */
int64_t source_mapped_pages(pid_t pid);

/* Call once, before any thread is created. */
void source_prepare(void);

#endif
