/* SPDX-License-Identifier: MIT */
/* Interface between the files of the agent source, and what is kept about every slot. */
#ifndef SOURCE_AGENT_PRIVATE_H
#define SOURCE_AGENT_PRIVATE_H

#include "base/clock.h"
#include "core/texts.h"
#include "source/agent/agent.h"
#include "source/agent/region.h"
#include "source/resource/resource.h"
#include "source/source.h"
#include "source/thread/thread.h"

/* Unpacked labels of a slot: pairs of offsets into text. */
struct row_labels {
	uint32_t seq;
	uint32_t nr;
	uint16_t key[SNAPSHOT_LABELS_MAX];
	uint16_t value[SNAPSHOT_LABELS_MAX];
	uint32_t used;
	char text[WIRE_LABEL_BYTES + 1];
};

/* The record of the channel that a row waits for, as it was when the wait was described. */
struct row_chan {
	uint32_t record; /* its index plus 1; 0 if none */
	struct wire_chan seen;
};

/* What is kept of a slot: all but its name and its counters. */
struct row_slot {
	uint64_t since_ns, object, call_site, waits;
	uint64_t inner_object;
	uint64_t serial, start_ns;
	uint32_t state, flags, inner_state, kind;
	int32_t fd, inner_fd, tid;
	char what[WIRE_WHAT_BYTES];
};

/* What few polls need of a slot. */
struct row_more {
	/* a consistent copy; kind is WIRE_FREE if there is no task */
	struct row_slot slot;
	struct kernel_wait waits;
	const struct stack *site;
	const struct stack *created_by;
	uint64_t creator_id;
	struct row_labels *labels;
	int64_t name_kept_ns; /* how long its name was kept, after it was last read */
	char name[WIRE_NAME_BYTES + 1];
	char creator_name[WIRE_NAME_BYTES];
	float cpu_percent;
	int64_t run_ns; /* CPU time used up to run_at_ns */
	int64_t run_at_ns;
	struct row_chan *chan; /* of waits; NULL until one has a channel record */
};

_Static_assert(sizeof(struct row_more) <= 512, "there may be ten thousand threads");

/* What is known about a slot; valid while its sequence number stays the same. Every poll
 * reads all rows, so that they are small and next to each other. */
struct row {
	pid_t tid; /* in our pid namespace */
	uint8_t kind;
	/* number of consecutive samples in which the kernel disagreed */
	uint8_t contradicted;
	bool running;
	bool known;       /* more->slot is a copy */
	bool torn;        /* the slot changed while it was read; the copy is older */
	bool dead;        /* the kernel has no such thread, or a newer slot has its id */
	bool changed;     /* since the last poll */
	bool unchanged;   /* in the last poll */
	bool waits_known; /* more->waits belongs to this copy */
	bool site_known;
	bool created_known;
	bool blocked_agreed; /* the kernel confirmed this wait */
	bool refined;        /* more->waits has the kernel's description of this wait */
	bool kept_details; /* the task that is kept has its whole stack and its counts */
	bool kept_moves;   /* … but the channel of its wait may change */
	bool kept_owned;   /* … but the owner of its lock may change */
	/* its task in agent->kept is what is shown, if this is the texts' generation … */
	uint32_t kept_generation;
	uint32_t whole_generation; /* symbols_generation() of `whole` */
	int64_t kept_until_ns;     /* … and as long as that says the right time */
	int64_t checked_ns;        /* when the kernel was last asked */
	int64_t name_due_ns;       /* when its name is read again */
	struct thread *thread;     /* if not NULL, the kernel's view is shown instead */
	/* its stack in this wait, if it was unwound; or NULL */
	const struct stack *whole;
	struct row_more *more; /* never NULL */
};

/* What the slot of a row was when the row was taken from it. */
struct row_seen {
	uint32_t seq, flags;
};

/* Rows next to each other. */
#define REST_ROWS 64u
struct row_block {
	/* a bit for each row that is kept and needs no look; of these, those that wait for a
	 * lock, whose holder may change */
	uint64_t resting, owned;
	int64_t until_ns; /* when the first of them needs a look */
};

/* The owner of the lock at an address, valid for one poll. */
struct owner_entry {
	uint64_t address;
	uint64_t poll;
	pid_t owner;
	pid_t owner_pid; /* its process, if that is a different one */
};
#define OWNERS_MAX  512u
#define OWNERS_NEAR 16u /* number of entries where an address may be stored */

struct chan_entry {
	uint64_t address;
	uint32_t record; /* plus 1; 0 if free */
};

struct agent {
	struct kernel kernel;
	struct region region;
	bool attached;        /* region is valid */
	bool at_exit;         /* threads may be gone; their slots show their last state */
	int64_t attach_at_ns; /* time of the last attempt to attach */
	char problem[ERR_TEXT_MAX]; /* why it is not attached */
	struct symbols *symbols;
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack_rules *rules;
	struct thread_table threads;
	struct resource_reader resources;
	struct row *rows;
	struct row_more *more; /* parallel to rows, which point to it */
	struct row_seen *seen; /* parallel to rows */
	struct task *kept;     /* parallel to rows: see row_keep() */
	struct row_block *blocks;
	struct texts_keeper texts;
	bool texts_usable; /* in this poll */
	uint32_t nr_rows;
	size_t cap_rows, cap_more, cap_seen, cap_kept, cap_blocks, cap_changed;
	uint32_t nr_threads; /* number of live rows that are threads */
	uint64_t polls;
	/* a whole stack is read again after this many samples; a power of two */
	uint32_t whole_again;
	int64_t start_ns; /* start of the process, CLOCK_MONOTONIC */
	int64_t start_real_ns;
	int64_t now_ns;

	/* Threads without a slot. */
	pid_t *others; /* sorted */
	size_t nr_others;
	size_t cap_others;
	int64_t listed_ns;    /* when the threads were last listed */
	int64_t list_cost_ns; /* how long that took */
	int64_t unexplained;  /* the kernel's threads minus rows, after the last list */
	pid_t *tids;
	size_t nr_tids;
	size_t cap_tids;

	uint32_t focus_row; /* of the task that was last looked at in detail */
	uint32_t check_cursor;
	uint32_t name_cursor;
	uint32_t *changed; /* rows that changed in this poll or are running */
	uint32_t nr_changed;
	uint32_t cpu_cursor;

	struct chan_entry *chans; /* hash by address */
	uint32_t cap_chans;
	uint64_t chans_poll; /* the poll in which the hash was built */
	struct owner_entry owners[OWNERS_MAX];
};

#define CHECK_REPEAT_NS (60 * CLOCK_SECOND_NS)

static inline bool rest_is(const struct agent *agent, uint32_t i)
{
	return agent->blocks[i / REST_ROWS].resting >> (i % REST_ROWS) & 1;
}

/* Call this whenever anything about a row changes. */
static inline void rest_wake(struct agent *agent, uint32_t i)
{
	agent->blocks[i / REST_ROWS].resting &= ~(1ull << (i % REST_ROWS));
}

static inline uint32_t row_index(const struct agent *agent, const struct row *row)
{
	return (uint32_t)(row - agent->rows);
}

/* row.c: turns slots into rows. */
/* Frees what it points to, but not itself. */
void row_release(struct row_more *more);
void row_reset(struct agent *agent, struct row *row);
/* Shows the slot again instead of the kernel's view. */
void row_drop_thread(struct agent *agent, struct row *row);
/* Returns when the slot's state began, limited to the life of the process
 * because the target is not trusted; 0 if unknown. */
int64_t slot_since_ns(const struct agent *agent, const struct row_slot *slot);
/* Copies the slot if it changed. Returns true if it belongs to a new thread. */
bool row_update(struct agent *agent, uint32_t i);
/* Updates the texts of what it waits for, labels, creator and names of addresses. */
void row_describe(struct agent *agent, uint32_t i);
void row_to_task(struct agent *agent, struct row *row, bool details, struct snapshot *out,
		 struct task *task);
/* Whether the task that row_keep() has kept is what row_to_task() would make. */
bool row_is_kept(const struct agent *agent, const struct row *row);
/* Keeps the task of a row that did not change, so that the next poll only copies it. */
void row_keep(struct agent *agent, uint32_t i, const struct task *task, bool details);

/* rest.c: which rows need no look. */
/* A look begins: those whose time has come rest no more. */
void rest_begin(struct agent *agent);
/* Those of which more is asked, or whose lock has another holder, rest no more. */
void rest_choose(struct agent *agent, const struct source_focus *focus);
/* The number of rows from this one on that rest. */
uint32_t rest_run(const struct agent *agent, uint32_t i);
/* The task of the row was added. */
void rest_settle(struct agent *agent, uint32_t i);

/* wait.c: describes what a published wait is for. */
void row_describe_wait(struct agent *agent, struct row *row);
/* Whether the lock that a kept task waits for still has the owner that it says. */
bool row_owner_same(struct agent *agent, const struct task *kept);
/* Uses the kernel's description if it has more details than the slot. */
void row_refine_wait(struct row *row, const struct kernel_wait *kernel);
const char *row_inner_text(struct agent *agent, const struct row *row,
			   struct snapshot *out);

/* check.c: asks the kernel, within a time budget. If `all` is set, about every row: for a
 * single snapshot that no other one follows. */
void agent_list_threads(struct agent *agent);
/* Removes a thread from those without a slot, because it has one now. */
void agent_remove_other(struct agent *agent, pid_t tid);
void agent_check_rows(struct agent *agent, bool all);
void agent_read_names(struct agent *agent, bool all);
void agent_read_cpu(struct agent *agent);

#endif
