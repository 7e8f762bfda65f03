/* SPDX-License-Identifier: MIT */
/* A field of a task is written if it differs from the previous sample or, for a new task,
 * from an empty one. Each stack is written once and referred to by its number until the
 * next key sample. */
#include "out/stream_fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/verdict.h"
#include "out/escape.h"
#include "out/json_field.h"

struct stream_slot {
	const struct stack *stack; /* NULL marks a free slot */
	uint32_t number;
};

void stream_fields_release(struct stream_fields *fields)
{
	buf_release(&fields->defined);
	buf_release(&fields->field);
	buf_release(&fields->field_before);
	free(fields->stacks);
}

void stream_fields_begin_key(struct stream_fields *fields)
{
	fields->nr_stacks = 0;
	if (fields->stacks)
		memset(fields->stacks, 0, fields->nr_slots * sizeof(*fields->stacks));
}

static int grow_stacks(struct stream_fields *fields)
{
	size_t count = fields->nr_slots ? fields->nr_slots * 2 : 256;
	struct stream_slot *slots = calloc(count, sizeof(struct stream_slot));

	if (!slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < fields->nr_slots; i++) {
		const struct stream_slot *slot = &fields->stacks[i];
		size_t at;

		if (!slot->stack)
			continue;
		at = slot->stack->hash & (count - 1);
		while (slots[at].stack)
			at = (at + 1) & (count - 1);
		slots[at] = *slot;
	}
	free(fields->stacks);
	fields->stacks = slots;
	fields->nr_slots = count;
	return 0;
}

/* Returns the number of a stack, or -1 if it is NULL or memory ran out. A new stack is
 * defined in this sample. */
static int64_t stack_number(struct stream_fields *fields, const struct stack *stack)
{
	size_t at, mask;

	if (!stack)
		return -1;
	if (fields->nr_stacks * 2 >= fields->nr_slots && grow_stacks(fields) != 0)
		return -1;
	mask = fields->nr_slots - 1;
	for (at = stack->hash & mask; fields->stacks[at].stack; at = (at + 1) & mask)
		if (fields->stacks[at].stack == stack)
			return fields->stacks[at].number;
	fields->stacks[at] = (struct stream_slot){stack, (uint32_t)fields->nr_stacks++};
	buf_printf(&fields->defined,
		   "%s\"%" PRIu32 "\": ", fields->defined.length > 0 ? ", " : "",
		   fields->stacks[at].number);
	if (stack->truncated)
		buf_puts(&fields->defined, "{\"truncated\": true, \"frames\": ");
	json_put_frames(&fields->defined, stack);
	if (stack->truncated)
		buf_puts(&fields->defined, "}");
	return fields->stacks[at].number;
}

/* Bits of a task's flags, and words of its wait. */
static const struct {
	const char *name;
	unsigned bit;
	size_t wait; /* offset of a bool in struct waits_on, if bit is 0 */
} flag_table[] = {
	{"age_exact", TASK_AGE_EXACT, 0},
	{"idle", TASK_IDLE, 0},
	{"stuck", TASK_STUCK, 0},
	{"suspect", TASK_SUSPECT, 0},
	{"long", TASK_LONG, 0},
	{"stale", TASK_STALE, 0},
	{"deadlock", TASK_DEADLOCK, 0},
	{"unreachable", TASK_UNREACHABLE, 0},
	{"limited", 0, offsetof(struct waits_on, limited)},
	{"vague", 0, offsetof(struct waits_on, vague)},
	{"accepted", 0, offsetof(struct waits_on, accepted)},
};

/* In the order in which they are written. */
enum field {
	FIELD_PID,
	FIELD_TID,
	FIELD_NAME,
	FIELD_STATE,
	FIELD_RAW,
	FIELD_SINCE,
	FIELD_START,
	FIELD_WAITS,
	FIELD_STACK,
	FIELD_CREATED_BY,
	FIELD_LABELS,
	FIELD_CPU,
	FIELD_SWITCHES,
	FIELD_INNER,
	FIELD_CREATOR_NAME,
	FIELD_FD,
	FIELD_PARENT,
	FIELD_ACTORS,
	FIELD_WAIT_DETAIL,
	FIELD_EVIDENCE,
	FIELD_ANCESTORS,
	FIELD_AWAITED_BY,
	FIELD_FLAGS, /* the first of one value per row of flag_table */
	NR_FIELDS = FIELD_FLAGS + ARRAY_COUNT(flag_table)
};

static void put_actors(struct buf *out, const struct wait_actors *actors)
{
	json_put_key(out, ", ", "actors");
	if (!actors) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"how\": ");
	escape_json(out, actors->how);
	json_put_bool(out, "complete", actors->complete);
	if (actors->tid > 0)
		json_put_count(out, ", ", "tid", actors->tid);
	buf_puts(out, ", \"pids\": [");
	for (size_t i = 0; i < actors->nr_pids; i++)
		buf_printf(out, i > 0 ? ", %d" : "%d", (int)actors->pids[i]);
	buf_puts(out, "]}");
}

static void put_evidence(struct buf *out, const struct evidence *evidence)
{
	json_put_key(out, ", ", "why");
	if (evidence->why == WHY_NOTHING) {
		buf_puts(out, "null");
		return;
	}
	buf_printf(out, "[\"%s\", %" PRIu32 ", %" PRId64 "]",
		   verdict_why_name(evidence->why), evidence->number, evidence->most_ns);
}

/* Writes the ids, and the numbers of the stacks. */
static void put_ancestors(struct stream_fields *fields, struct buf *out,
			  const struct task *task)
{
	char id[TASK_ID_MAX];

	json_put_key(out, ", ", "ancestors");
	buf_puts(out, "[");
	for (size_t i = 0; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++) {
		buf_puts(out, i ? ", {" : "{");
		json_put_key(out, "", "id");
		escape_json(out, task_format_ancestor(task, i, id));
		json_put_count(
			out, ", ", "stack",
			stack_number(fields, task_more(task)->ancestry->stacks[i]));
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void put_flag(struct buf *out, size_t at, const struct task *task)
{
	const char *waits = (const char *)&task->waits;
	bool value = flag_table[at].bit ? task->flags & flag_table[at].bit
					: *(const bool *)(waits + flag_table[at].wait);

	json_put_bool(out, flag_table[at].name, value);
}

/* Writes what the task waits for. */
static void put_wait(struct buf *out, unsigned field, const struct task *task)
{
	switch (field) {
	case FIELD_WAITS:
		json_put_waits(out, ", ", task);
		break;
	case FIELD_FD:
		json_put_count(out, ", ", "fd", task->waits.fd);
		break;
	case FIELD_ACTORS:
		put_actors(out, wait_more(task)->actors);
		break;
	case FIELD_WAIT_DETAIL:
		json_put_text(out, "wait_detail", wait_more(task)->detail);
		break;
	case FIELD_EVIDENCE:
		put_evidence(out, &task->evidence);
		break;
	}
}

/* Writes to what the task belongs, and what created it. */
static void put_kin(struct buf *out, unsigned field, const struct task *task)
{
	char id[TASK_ID_MAX];

	switch (field) {
	case FIELD_PID:
		json_put_count(out, ", ", "pid", task->pid > 0 ? task->pid : -1);
		break;
	case FIELD_TID:
		json_put_count(out, ", ", "tid", task->tid > 0 ? task->tid : -1);
		break;
	case FIELD_CREATOR_NAME:
		json_put_text(out, "creator_name", task_more(task)->creator_name);
		break;
	case FIELD_PARENT:
		json_put_text(out, "parent", task_format_parent(task, id));
		break;
	case FIELD_AWAITED_BY:
		json_put_awaiting(out, ", ", task);
		break;
	}
}

static void put_field(struct stream_fields *fields, struct buf *out, unsigned field,
		      const struct task *task)
{
	buf_clear(out);
	if (field >= FIELD_FLAGS) {
		put_flag(out, field - FIELD_FLAGS, task);
		return;
	}
	switch (field) {
	case FIELD_NAME:
		json_put_text(out, "name", task->name);
		break;
	case FIELD_STATE:
		json_put_text(out, "state", state_info(task->state)->name);
		break;
	case FIELD_RAW:
		json_put_text(out, "raw", task->raw);
		break;
	case FIELD_SINCE:
		json_put_count(out, ", ", "since_ns", task->since_ns);
		break;
	case FIELD_START:
		json_put_count(out, ", ", "start_ns", task->start_ns);
		break;
	case FIELD_STACK:
		json_put_count(out, ", ", "stack", stack_number(fields, task->stack));
		break;
	case FIELD_CREATED_BY:
		json_put_count(out, ", ", "created_by",
			       stack_number(fields, task->created_by));
		break;
	case FIELD_LABELS:
		json_put_labels(out, ", ", task);
		break;
	case FIELD_CPU:
		json_put_percent(out, "cpu_percent", task->cpu_percent);
		break;
	case FIELD_SWITCHES:
		json_put_count(out, ", ", "switches", (int64_t)task->switches);
		break;
	case FIELD_INNER:
		json_put_text(out, "inner", task_more(task)->inner);
		break;
	case FIELD_ANCESTORS:
		put_ancestors(fields, out, task);
		break;
	default:
		put_wait(out, field, task);
		put_kin(out, field, task);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_actors(const struct wait_actors *a, const struct wait_actors *b)
{
	if (!a || !b || a->nr_pids != b->nr_pids || a->complete != b->complete ||
	    a->tid != b->tid)
		return a == b;
	return memcmp(a->pids, b->pids, a->nr_pids * sizeof(a->pids[0])) == 0 &&
	       same_text(a->how, b->how);
}

static bool same_several(const struct wait_several *a, const struct wait_several *b)
{
	if (!a || !b || a->nr != b->nr || a->any != b->any || a->open != b->open)
		return a == b;
	return memcmp(a->cids, b->cids, a->nr * sizeof(a->cids[0])) == 0;
}

static bool same_awaiting(const struct task_more *a, const struct task_more *b)
{
	return a->nr_awaiting == b->nr_awaiting &&
	       (a->nr_awaiting == 0 ||
		memcmp(a->awaiting_cids, b->awaiting_cids,
		       a->nr_awaiting * sizeof(a->awaiting_cids[0])) == 0);
}

/* Most tasks have neither the one nor the other. */
static bool same_wait_more(const struct task *task, const struct task *other)
{
	const struct wait_more *a = wait_more(task), *b = wait_more(other);

	return a == b ||
	       (a->owner_goid == b->owner_goid && a->owner_cid == b->owner_cid &&
		a->owner_pid == b->owner_pid && same_text(a->detail, b->detail) &&
		same_actors(a->actors, b->actors) &&
		same_several(a->several, b->several));
}

static bool same_task_more(const struct task *a, const struct task *b)
{
	return a->more == b->more ||
	       (same_awaiting(task_more(a), task_more(b)) && task_same_ancestors(a, b));
}

bool stream_same_task(const struct task *a, const struct task *b)
{
	const unsigned derived = TASK_NEW | TASK_LEAK | TASK_GONE | TASK_MOVED;

	if (a->state != b->state || (a->flags & ~derived) != (b->flags & ~derived) ||
	    a->tid != b->tid || a->since_ns != b->since_ns ||
	    a->start_ns != b->start_ns || a->stack != b->stack ||
	    a->created_by != b->created_by || a->switches != b->switches ||
	    (int)(a->cpu_percent * 10) != (int)(b->cpu_percent * 10) ||
	    a->nr_labels != b->nr_labels)
		return false;
	for (size_t i = 0; i < a->nr_labels; i++)
		if (!same_text(a->labels[i].key, b->labels[i].key) ||
		    !same_text(a->labels[i].text, b->labels[i].text))
			return false;
	return a->evidence.why == b->evidence.why &&
	       a->evidence.number == b->evidence.number &&
	       a->evidence.most_ns == b->evidence.most_ns &&
	       a->waits.address == b->waits.address && a->waits.fd == b->waits.fd &&
	       a->waits.owner_tid == b->waits.owner_tid &&
	       a->waits.limited == b->waits.limited && a->waits.vague == b->waits.vague &&
	       a->waits.accepted == b->waits.accepted && same_wait_more(a, b) &&
	       a->creator_id == b->creator_id && same_task_more(a, b) &&
	       same_text(a->waits.kind, b->waits.kind) &&
	       same_text(a->waits.text, b->waits.text) && same_text(a->raw, b->raw) &&
	       same_text(a->name, b->name);
}

void stream_put_fields(struct stream_fields *fields, struct buf *out,
		       const struct task *task, const struct task *before, bool holds)
{
	static const struct task empty = {.name = "", .cpu_percent = -1, .waits.fd = -1};
	char id[TASK_ID_MAX];

	buf_puts(out, "{\"id\": ");
	escape_json(out, task_format_id(task, id));
	/* Readers have no numbers above INT64_MAX. */
	if (task->serial > 0)
		buf_printf(out, ", \"serial\": %" PRId64, (int64_t)task->serial);
	if (!before)
		buf_puts(out, ", \"new\": true");
	for (unsigned field = 0; field < NR_FIELDS; field++) {
		put_field(fields, &fields->field_before, field, before ? before : &empty);
		put_field(fields, &fields->field, field, task);
		if (fields->field.length != fields->field_before.length ||
		    memcmp(fields->field.bytes, fields->field_before.bytes,
			   fields->field.length) != 0)
			buf_append(out, fields->field.bytes, fields->field.length);
	}
	if (holds)
		json_put_holds(out, ", ", "", task_more(task)->holds);
	buf_puts(out, "}");
}
