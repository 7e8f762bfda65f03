/* SPDX-License-Identifier: MIT */
/* Turns slots into rows: copies what changed, caches what is expensive, trusts no byte.
 * */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/agent/private.h"

void row_drop_thread(struct agent *agent, struct row *row)
{
	if (row->thread)
		thread_drop(&agent->threads, row->thread);
	row->thread = NULL;
}

void row_release(struct row_more *more)
{
	free(more->labels);
	free(more->chan);
}

void row_reset(struct agent *agent, struct row *row)
{
	struct row_more *more = row->more;

	if (row->kind == WIRE_THREAD && agent->nr_threads && !row->dead)
		agent->nr_threads--;
	row_drop_thread(agent, row);
	rest_wake(agent, row_index(agent, row));
	row_release(more);
	memset(more, 0, sizeof(*more));
	more->cpu_percent = -1;
	*row = (struct row){.more = more};
}

static bool slot_makes_sense(const struct wire_slot *slot)
{
	if (slot->kind == WIRE_THREAD)
		return slot->tid > 0 && slot->serial;
	return slot->kind == WIRE_COROUTINE && slot->serial;
}

static struct row_slot row_slot_of(const struct wire_slot *slot)
{
	struct row_slot kept = {
		.since_ns = slot->since_ns,
		.object = slot->object,
		.call_site = slot->call_site,
		.waits = slot->waits,
		.inner_object = slot->inner_object,
		.serial = slot->serial,
		.start_ns = slot->start_ns,
		.state = slot->state,
		.flags = slot->flags,
		.inner_state = slot->inner_state,
		.kind = slot->kind,
		.fd = slot->fd,
		.inner_fd = slot->inner_fd,
		.tid = slot->tid,
	};

	memcpy(kept.what, slot->what, sizeof(kept.what));
	return kept;
}

/* Replaces the row's copy by a new consistent one and resets what depends on it. Returns
 * true if a thread has appeared. */
static bool take_slot(struct agent *agent, struct row *row, const struct wire_slot *slot)
{
	/* A slot that is still written to is not dead. */
	bool same_task = !row->dead && row->more->slot.kind == slot->kind &&
			 row->more->slot.serial == slot->serial &&
			 row->more->slot.tid == slot->tid;

	if (!slot_makes_sense(slot)) {
		if (row->kind != WIRE_FREE)
			row_reset(agent, row);
		return false;
	}
	if (!same_task) {
		row_reset(agent, row);
		row->tid = kernel_outer_tid(&agent->kernel, slot->tid);
		if (slot->kind == WIRE_THREAD)
			agent->nr_threads++;
	}
	/* The kernel's view was about the previous wait. */
	row_drop_thread(agent, row);
	row->site_known = same_task && row->site_known &&
			  row->more->slot.call_site == slot->call_site;
	row->more->slot = row_slot_of(slot);
	row->kind = (uint8_t)slot->kind;
	row->running = slot->state == WIRE_STATE_RUNNING;
	row->kept_generation = 0;
	row->changed = true;
	row->waits_known = false;
	row->blocked_agreed = false;
	row->whole = NULL;
	row->refined = false;
	row->contradicted = 0;
	row->unchanged = false;
	row->torn = false;
	if (slot->flags & WIRE_SLOT_NAMED) {
		memcpy(row->more->name, slot->name, WIRE_NAME_BYTES);
		row->more->name[WIRE_NAME_BYTES] = '\0';
	}
	return !same_task && slot->kind == WIRE_THREAD;
}

static bool row_slot_is_same(const struct agent *agent, uint32_t i)
{
	const struct wire_slot *live = region_slot(&agent->region, i);

	return __atomic_load_n(&live->seq, __ATOMIC_ACQUIRE) == agent->seen[i].seq &&
	       __atomic_load_n(&live->flags, __ATOMIC_RELAXED) == agent->seen[i].flags;
}

bool row_update(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];
	bool same = row_slot_is_same(agent, i);
	struct wire_slot slot;

	if (same && rest_is(agent, i))
		return false;
	rest_wake(agent, i);
	row->changed = false;
	if (same && row->known && !row->torn) {
		row->unchanged = true;
		if (row->kind == WIRE_THREAD && row->running)
			agent->changed[agent->nr_changed++] = i;
		return false;
	}
	if (!region_read_slot(&agent->region, i, &slot)) {
		row->torn = true;
		return false;
	}
	/* Also stored for a free slot, so that the next poll sees no change. */
	bool appeared = take_slot(agent, row, &slot);

	row->known = true;
	agent->seen[i] = (struct row_seen){slot.seq, slot.flags};
	if (row->kind == WIRE_THREAD)
		agent->changed[agent->nr_changed++] = i;
	return appeared;
}

/* Unpacks "key\0text\0" pairs, which may be truncated anywhere. */
static void unpack_labels(const struct wire_labels *wire, struct row_labels *labels)
{
	uint32_t used = wire->used < WIRE_LABEL_BYTES ? wire->used : WIRE_LABEL_BYTES;
	uint32_t at = 0;

	memcpy(labels->text, wire->text, used);
	labels->text[used] = '\0';
	labels->used = used;
	labels->nr = 0;
	while (at < used && labels->nr < SNAPSHOT_LABELS_MAX) {
		uint32_t key = at;
		uint32_t value = key + (uint32_t)strlen(labels->text + key) + 1;

		if (value >= used)
			break;
		at = value + (uint32_t)strlen(labels->text + value) + 1;
		if (labels->text[key] == '\0')
			continue;
		labels->key[labels->nr] = (uint16_t)key;
		labels->value[labels->nr++] = (uint16_t)value;
	}
}

static void describe_labels(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];
	struct wire_labels wire;

	if (!(row->more->slot.flags & WIRE_SLOT_LABELS)) {
		if (row->more->labels)
			row->more->labels->nr = 0;
		return;
	}
	uint32_t seq = region_labels_seq(&agent->region, i);

	if (row->more->labels && row->more->labels->seq == seq)
		return;
	if (!row->more->labels)
		row->more->labels = calloc(1, sizeof(*row->more->labels));
	if (!row->more->labels || !region_read_labels(&agent->region, i, &wire))
		return;
	unpack_labels(&wire, row->more->labels);
	row->more->labels->seq = wire.seq;
}

static void describe_creator(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];
	struct wire_creator creator;

	if (row->created_known || !(row->more->slot.flags & WIRE_SLOT_CREATOR) ||
	    !symbols_time_left(agent->symbols))
		return;
	row->created_known = true;
	if (!region_read_creator(&agent->region, i, &creator) ||
	    creator.created_serial != row->more->slot.serial)
		return;
	row->more->creator_id = (uint64_t)kernel_outer_tid(&agent->kernel, creator.tid);
	memcpy(row->more->creator_name, creator.name, sizeof(row->more->creator_name));
	row->more->creator_name[sizeof(row->more->creator_name) - 1] = '\0';
	struct unwind_start start = {
		.pc = creator.pc,
		.sp = creator.stack_pointer,
		.regs = creator.regs,
		.bytes = creator.stack,
		.nr_bytes = creator.stack_bytes < WIRE_CREATOR_STACK_BYTES
				    ? creator.stack_bytes
				    : WIRE_CREATOR_STACK_BYTES,
		.after_call = true,
	};

	row->more->created_by = symbols_unwind(agent->symbols, &start);
}

void row_describe(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];

	if (row_is_kept(agent, row) && !row->kept_moves &&
	    (!row->kept_owned || row_owner_same(agent, &agent->kept[i])))
		return;
	row_describe_wait(agent, row);
	if (row_is_kept(agent, row))
		return;
	describe_labels(agent, i);
	describe_creator(agent, i);
	if (!row->site_known && agent->symbols) {
		row->more->site = symbols_site(agent->symbols, row->more->slot.call_site);
		row->site_known = row->more->site || !row->more->slot.call_site;
	}
}

static void labels_to_task(const struct row *row, struct snapshot *out, struct task *task)
{
	const struct row_labels *labels = row->more->labels;
	struct label *list;
	char *text;

	if (!labels || !labels->nr)
		return;
	list = arena_alloc(&out->arena, labels->nr * sizeof(*list) + labels->used + 1);
	if (!list)
		return;
	text = (char *)(list + labels->nr);
	memcpy(text, labels->text, labels->used + 1);
	for (uint32_t i = 0; i < labels->nr; i++) {
		list[i].key = text + labels->key[i];
		list[i].text = text + labels->value[i];
	}
	task->labels = list;
	task->nr_labels = (uint32_t)labels->nr;
}

static void counts_to_task(const struct agent *agent, const struct row *row,
			   struct snapshot *out, struct task *task)
{
	uint32_t *counts = arena_alloc(&out->arena, STATE_COUNT * sizeof(*counts));

	if (!counts || !region_read_counts(&agent->region, row_index(agent, row),
					   row->more->slot.serial, counts + 1))
		return;
	task_edit(task, &out->arena)->state_counts = counts;
}

int64_t slot_since_ns(const struct agent *agent, const struct row_slot *slot)
{
	if (slot->since_ns == 0 || slot->since_ns > (uint64_t)agent->now_ns)
		return slot->since_ns ? agent->now_ns : 0;
	return (int64_t)slot->since_ns > agent->start_ns ? (int64_t)slot->since_ns
							 : agent->start_ns;
}

/* Uses the state that the slot publishes, or the kernel's view if that tells more. */
static void state_to_task(const struct agent *agent, struct row *row,
			  struct snapshot *out, struct task *task)
{
	const struct row_slot *slot = &row->more->slot;
	bool running = slot->state == WIRE_STATE_RUNNING;

	if (row->thread && (running || row->contradicted > 1)) {
		kernel_wait_to_task(&row->thread->wait, out, task);
		task->cpu_percent = row->thread->cpu_percent;
		task->since_ns = row->thread->slept_ns;
		task->stack = row->thread->stack ? row->thread->stack : NULL;
		if (!running)
			task->flags |= TASK_STALE;
		return;
	}
	kernel_wait_to_task(&row->more->waits, out, task);
	task->stack = row->more->site;
	/* Contradicted once: it may just be waking up, so it is not stuck until the next
	 * sample. */
	if (row->contradicted && !running)
		task->flags |= TASK_SUSPECT;
	if (slot->since_ns && !running) {
		task->since_ns = slot_since_ns(agent, slot);
		task->flags |= TASK_AGE_EXACT;
	}
}

void row_to_task(struct agent *agent, struct row *row, bool details, struct snapshot *out,
		 struct task *task)
{
	const struct row_slot *slot = &row->more->slot;

	task->kind = slot->kind == WIRE_COROUTINE ? TASK_COROUTINE : TASK_THREAD;
	task->id = slot->kind == WIRE_COROUTINE ? slot->serial : (uint64_t)row->tid;
	task->serial = slot->serial;
	task->tid = row->tid;
	task->start_ns =
		slot->start_ns < (uint64_t)agent->now_ns ? (int64_t)slot->start_ns : 0;
	task->switches = slot->waits;
	task->cpu_percent = row->more->cpu_percent;
	if (!row->changed && slot->kind == WIRE_THREAD &&
	    slot->state != WIRE_STATE_RUNNING && !row->contradicted)
		task->cpu_percent = 0;
	state_to_task(agent, row, out, task);
	if (row->torn)
		task->flags |= TASK_SUSPECT;
	if (row->more->name[0]) {
		const char *name =
			arena_strndup(&out->arena, row->more->name, WIRE_NAME_BYTES);

		task->name = name ? name : "";
	}
	task->created_by = row->more->created_by;
	task->creator_id = row->more->creator_id;
	if (row->more->creator_name[0])
		task_edit(task, &out->arena)->creator_name = arena_strndup(
			&out->arena, row->more->creator_name, WIRE_NAME_BYTES);
	if (slot->flags & WIRE_SLOT_API)
		task_edit(task, &out->arena)->inner = row_inner_text(agent, row, out);
	labels_to_task(row, out, task);
	if (details)
		counts_to_task(agent, row, out, task);
}

bool row_is_kept(const struct agent *agent, const struct row *row)
{
	return row->kept_generation == agent->texts.generation && agent->texts_usable &&
	       !row->changed && !row->torn && !row->thread &&
	       agent->now_ns < row->kept_until_ns;
}

/* What is still being found out, and what is copied from the region in each poll, is not
 * kept. */
static bool may_be_kept(const struct agent *agent, const struct row *row,
			const struct task *task)
{
	const struct row_slot *slot = &row->more->slot;

	return agent->texts_usable && !row->changed && !row->torn && !row->thread &&
	       !(slot->flags & (WIRE_SLOT_LABELS | WIRE_SLOT_API)) &&
	       (row->created_known || !(slot->flags & WIRE_SLOT_CREATOR)) &&
	       row->site_known && row->waits_known && !task->waits.more &&
	       !(task->flags & TASK_SUSPECT) &&
	       slot->since_ns <= (uint64_t)agent->now_ns &&
	       slot->start_ns < (uint64_t)agent->now_ns;
}

static bool keep_text(struct agent *agent, const char **text)
{
	const char *copy = *text && **text
				   ? texts_add(&agent->texts, *text, KERNEL_TEXT_MAX * 2)
				   : *text;

	if (*text && !copy)
		return false;
	*text = copy;
	return true;
}

static bool keep_more(struct agent *agent, struct task *kept)
{
	struct task_more more = *task_more(kept);

	if (!kept->more)
		return true;
	if (more.state_counts)
		more.state_counts = texts_add_bytes(&agent->texts, more.state_counts,
						    STATE_COUNT * sizeof(uint32_t));
	if (!keep_text(agent, &more.creator_name) ||
	    (task_more(kept)->state_counts && !more.state_counts))
		return false;
	kept->more = texts_add_bytes(&agent->texts, &more, sizeof(more));
	return kept->more != NULL;
}

void row_keep(struct agent *agent, uint32_t i, const struct task *task, bool details)
{
	struct row *row = &agent->rows[i];
	struct task *kept = &agent->kept[i];

	if (!may_be_kept(agent, row, task))
		return;
	*kept = *task;
	if (!keep_text(agent, &kept->name) || !keep_text(agent, &kept->waits.text) ||
	    !keep_more(agent, kept))
		return;
	row->kept_details = details;
	row->kept_generation = agent->texts.generation;
	row->kept_until_ns = kernel_wait_valid_until_ns(&row->more->waits, agent->now_ns);
	row->kept_owned = !row->refined && row->more->waits.owner_changes;
	row->kept_moves = !row->refined && (row->more->waits.state == STATE_CHAN_SEND ||
					    row->more->waits.state == STATE_CHAN_RECV);
}
