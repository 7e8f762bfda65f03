/* SPDX-License-Identifier: MIT */
/* What the files of the agent source share: what is kept about every slot. */
#ifndef SOURCE_AGENT_PRIVATE_H
#define SOURCE_AGENT_PRIVATE_H

#include "source/agent/agent.h"
#include "source/agent/region.h"
#include "source/resource/resource.h"
#include "source/source.h"
#include "source/thread/thread.h"

/* Labels of a slot, unpacked: pairs of offsets into text. */
struct row_labels {
	uint32_t seq;
	uint32_t nr;
	uint16_t key[SNAPSHOT_LABELS_MAX];
	uint16_t value[SNAPSHOT_LABELS_MAX];
	uint32_t used;
	char text[WIRE_LABEL_BYTES + 1];
};

/* What is known of a slot; kept while its sequence number stays the same. */
struct row {
	/* One cache line that every poll looks at. */
	uint32_t kind;    /* of slot */
	bool known;       /* slot is a copy */
	bool torn;        /* changed while it was read: the copy is an older one */
	bool dead;        /* the kernel has no such thread, or a newer slot has its id */
	bool changed;     /* since the poll before */
	bool waits_known; /* `waits` belongs to this copy */
	bool site_known;
	bool created_known;
	bool blocked_agreed;  /* the kernel agreed with this wait */
	bool refined;         /* waits has what the kernel said of this wait */
	uint8_t contradicted; /* looks in a row in which it did not */
	pid_t tid;            /* as we see it */
	uint32_t unchanged;   /* polls in a row */
	uint32_t chan;        /* record that waits was written from, + 1; 0: none */
	int64_t checked_ns;   /* when the kernel was asked last */
	int64_t name_at_ns, name_kept_ns; /* when its name was read, and for how long */
	struct thread *thread; /* the kernel's view is shown instead; or NULL */
	struct row_labels *labels;

	struct wire_slot slot; /* a whole copy; kind WIRE_FREE: no task */
	struct kernel_wait waits;
	const struct stack *site;
	const struct stack *whole; /* as it was unwound in this wait, or NULL */
	uint32_t whole_generation; /* of the symbols */
	const struct stack *created_by;
	uint64_t creator_id;
	char name[WIRE_NAME_BYTES + 1];
	char creator_name[WIRE_NAME_BYTES];
	float cpu_percent;
	int64_t run_ns; /* CPU time used by run_at_ns */
	int64_t run_at_ns;
	struct wire_chan chan_seen;
};

/* An address and who holds the lock there, for one poll. */
struct owner_entry {
	uint64_t address;
	uint64_t poll;
	pid_t owner;
	pid_t owner_pid; /* its process, if that is another one */
};
#define OWNERS_MAX  512u
#define OWNERS_NEAR 16u /* places that an address may have */

struct chan_entry {
	uint64_t address;
	uint32_t record; /* + 1; 0: free */
};

struct agent {
	struct kernel kernel;
	struct region region;
	bool attached;        /* region is one */
	bool at_exit;         /* threads may be gone; their slots are what they were */
	int64_t attach_at_ns; /* when that was tried last */
	char problem[ERR_TEXT_MAX]; /* why it is not attached */
	struct symbols *symbols;
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack_rules *rules;
	struct thread_table threads;
	struct resource_reader resources;
	struct row *rows;
	uint32_t nr_rows;
	size_t cap_rows, cap_changed;
	uint32_t nr_threads; /* live rows that are threads */
	uint64_t polls;
	int64_t start_ns; /* of the process, CLOCK_MONOTONIC */
	int64_t start_real_ns;
	int64_t now_ns;

	/* Threads without a slot. */
	pid_t *others; /* sorted */
	size_t nr_others;
	size_t cap_others;
	int64_t listed_ns;    /* when the threads were listed last */
	int64_t list_cost_ns; /* how long that took */
	int64_t unexplained;  /* threads of the kernel less rows, after the last list */
	pid_t *tids;
	size_t nr_tids;
	size_t cap_tids;

	uint32_t check_cursor;
	uint32_t name_cursor;
	uint32_t *changed; /* rows that changed, or run, in this poll */
	uint32_t nr_changed;
	uint32_t cpu_cursor;

	struct chan_entry *chans; /* hash by address */
	uint32_t cap_chans;
	uint64_t chans_poll; /* that the hash was made in */
	struct owner_entry owners[OWNERS_MAX];
};

/* row.c: from a slot to what is shown. */
void row_reset(struct agent *agent, struct row *row);
/* Show the slot again, not the kernel's view. */
void row_drop_thread(struct agent *agent, struct row *row);
/* Since when the slot's state lasts, within the life of the process whatever the target
 * wrote there; 0: not known. */
int64_t slot_since_ns(const struct agent *agent, const struct wire_slot *slot);
/* Copy the slot if it changed. True: it is that of a thread that was not there before. */
bool row_update(struct agent *agent, uint32_t i);
/* Text of what it waits on, labels, creator, names of addresses. */
void row_describe(struct agent *agent, uint32_t i);
void row_to_task(struct agent *agent, struct row *row, bool details, struct snapshot *out,
		 struct task *task);

/* wait.c: what a published wait is about. */
void row_describe_wait(struct agent *agent, struct row *row);
/* Where the slot says less of its object than the kernel does, the kernel's word. */
void row_refine_wait(struct row *row, const struct kernel_wait *kernel);
const char *row_inner_text(struct agent *agent, const struct row *row,
			   struct snapshot *out);

/* check.c: what the kernel is asked for, within a budget of time. all: of every row,
 * for a picture that no other one follows. */
void agent_list_threads(struct agent *agent);
/* A thread that was among those without a slot has one now. */
void agent_forget_other(struct agent *agent, pid_t tid);
void agent_check_rows(struct agent *agent, bool all);
void agent_read_names(struct agent *agent, bool all);
void agent_read_cpu(struct agent *agent);

#endif
