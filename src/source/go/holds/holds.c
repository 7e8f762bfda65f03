/* SPDX-License-Identifier: MIT */
/* See holds.h. Goroutines are walked in chunks, which share the copies of what they
 * reach. */
#include "source/go/holds/holds.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "source/go/holds/rank.h"
#include "source/go/holds/recognise.h"
#include "source/go/holds/variables.h"
#include "source/go/holds/walk.h"

/* Time for opening the debug information that is said. */
#define OPENED_SAID_NS (300 * CLOCK_MS_NS)
#define CHUNK          64u
#define LOOK_NS        (2 * CLOCK_SECOND_NS) /* for all goroutines of one look */
#define OUT_BYTES      (96u << 20)           /* in the snapshot, for one look */
#define IDS_MAX        (1u << 20)

struct wish {
	uint64_t id;
	const struct go_entry *entry; /* NULL if it is not there */
	struct task *task;            /* likewise */
	struct holds *holds;
};

void go_holds_init(struct go_holds *holds, struct memory *mem, const struct go_elf *elf,
		   struct go_module *module, struct go_sampler *sampler,
		   struct go_queues *queues)
{
	memset(holds, 0, sizeof(*holds));
	holds->mem = mem;
	holds->elf = elf;
	holds->module = module;
	holds->sampler = sampler;
	holds->queues = queues;
	holds->recognisers = go_recognisers;
	holds->frame_recognisers = go_frame_recognisers;
	go_crowd_init(&holds->crowd);
	go_constants_init(&holds->constants, mem, elf, module);
}

void go_holds_release(struct go_holds *holds)
{
	go_holds_forget(holds);
	go_spans_release(&holds->spans);
	go_crowd_release(&holds->crowd);
	go_locals_free(holds->locals);
	go_plans_free(holds->plans);
	go_types_free(holds->types);
	holds->locals = NULL;
	holds->plans = NULL;
	holds->types = NULL;
	go_constants_release(&holds->constants);
}

void go_holds_forget(struct go_holds *holds)
{
	if (holds->ready)
		go_frames_release(&holds->frames);
	holds->ready = false;
}

/* Walks a chunk of goroutines as far as their texts. */
static bool walk_chunk(struct go_look *look, const struct go_entry *const *entries,
		       size_t nr)
{
	look->reaches = calloc(nr, sizeof(*look->reaches));
	look->nr_reaches = look->reaches ? nr : 0;
	look->nr_leads = 0;
	for (size_t i = 0; i < look->nr_reaches; i++) {
		look->reaches[i].look = look;
		look->reaches[i].entry = entries[i];
		look->reaches[i].index = (uint32_t)i;
	}
	if (!look->reaches)
		return false;
	go_roots_read(look);
	go_reach_walk(look);
	go_look_read_texts(look);
	for (size_t i = 0; i < look->nr_reaches; i++)
		go_rank_texts(&look->reaches[i]);
	return true;
}

static void end_chunk(struct go_look *look)
{
	for (size_t i = 0; i < look->nr_reaches; i++)
		go_reach_release(&look->reaches[i]);
	free(look->reaches);
	look->reaches = NULL;
	look->nr_reaches = 0;
	go_look_end_chunk(look);
}

/* Walks those members of the crowd that are new or have run. */
static void walk_crowd(struct go_look *look, const struct go_sampler *sampler)
{
	struct go_crowd *crowd = &look->holds->crowd;
	const struct go_entry *entries[GO_CROWD_MAX];
	size_t members[GO_CROWD_MAX], nr = 0;

	go_crowd_choose(crowd, sampler);
	for (size_t i = 0; i < crowd->nr; i++) {
		if (crowd->members[i].hash)
			continue;
		entries[nr] = &sampler->entries[crowd->members[i].at];
		members[nr++] = i;
	}
	if (nr > 0 && walk_chunk(look, entries, nr)) {
		for (size_t i = 0; i < nr; i++) {
			struct go_reach *reach = &look->reaches[i];
			uint64_t *keys = arena_alloc(&look->chunk, (reach->nr_found + 1) *
									   sizeof(*keys));

			for (size_t k = 0; keys && k < reach->nr_found; k++)
				keys[k] = reach->found[k].key;
			if (keys && !reach->why)
				go_crowd_set(crowd, members[i],
					     go_sampler_hash(sampler, entries[i]), keys,
					     reach->nr_found);
		}
		end_chunk(look);
	}
	go_crowd_finish(crowd);
}

/* What it waits for is known already, also where nothing on its stack leads to it. */
static void add_wait(struct go_reach *reach, const struct task *task)
{
	if (task->waits.kind && state_info(task->state)->class == CLASS_LOCK)
		go_reach_add(reach, HELD_LOCK, NULL, task->waits.address, "waits for it",
			     task->waits.kind, task->waits.text);
}

static void read_chunk(struct go_look *look, struct wish *const *wishes, size_t nr,
		       struct snapshot *out)
{
	const struct go_entry *entries[CHUNK];

	for (size_t i = 0; i < nr; i++)
		entries[i] = wishes[i]->entry;
	if (!walk_chunk(look, entries, nr))
		return;
	for (size_t i = 0; i < nr; i++) {
		go_variables_tell(&look->reaches[i]);
		add_wait(&look->reaches[i], wishes[i]->task);
		go_rank_sort(&look->reaches[i]);
	}
	go_look_reread_pieces(look);
	go_roots_check(look);
	for (size_t i = 0; i < nr; i++)
		wishes[i]->holds = go_rank_publish(&look->reaches[i], out);
	end_chunk(look);
}

static const struct holds *without(struct snapshot *out, const char *why)
{
	struct holds *holds = arena_alloc(&out->arena, sizeof(*holds));

	if (holds)
		holds->why = arena_strndup(&out->arena, why, ERR_TEXT_MAX);
	return holds;
}

/* Returns how many were left out because of a limit. */
static size_t read_all(struct go_look *look, struct wish *wishes, size_t nr_wishes,
		       struct snapshot *out)
{
	size_t before = out->arena.used_bytes, left = 0, nr = 0;
	int64_t deadline_ns = clock_mono_ns() + LOOK_NS;
	struct wish *chunk[CHUNK];

	for (size_t i = 0; i <= nr_wishes; i++) {
		if (nr == CHUNK || (i == nr_wishes && nr > 0)) {
			if (clock_mono_ns() < deadline_ns &&
			    out->arena.used_bytes - before < OUT_BYTES)
				read_chunk(look, chunk, nr, out);
			else
				left += nr;
			nr = 0;
		}
		if (i < nr_wishes && wishes[i].entry && wishes[i].task)
			chunk[nr++] = &wishes[i];
	}
	return left;
}

/* Sorted by id. */
static struct wish *list_wishes(const struct go_sampler *sampler,
				const struct snapshot *out,
				const struct holds_wish *asked, size_t *nr_asked)
{
	size_t most = *nr_asked < IDS_MAX ? *nr_asked : IDS_MAX, nr = 0, kept = 0;
	struct wish *wishes = calloc(most + 1, sizeof(*wishes));

	if (!wishes)
		return NULL;
	for (size_t i = 0; i < most; i++)
		if (asked[i].kind == TASK_GOROUTINE)
			wishes[nr++].id = asked[i].id;
	qsort(wishes, nr, sizeof(*wishes), order_u64);
	for (size_t i = 0; i < nr; i++)
		if (kept == 0 || wishes[kept - 1].id != wishes[i].id)
			wishes[kept++] = wishes[i];
	for (size_t i = 0; i < sampler->nr_entries; i++) {
		const struct go_entry *entry = &sampler->entries[i];
		size_t at = ORDER_COUNT_BELOW(wishes, kept, id, entry->goid);

		if (entry->live && at < kept && wishes[at].id == entry->goid)
			wishes[at].entry = entry;
	}
	for (size_t i = 0; i < out->nr_tasks; i++) {
		struct task *task = &out->tasks[i];
		size_t at = ORDER_COUNT_BELOW(wishes, kept, id, task->id);

		if (task->kind == TASK_GOROUTINE && at < kept &&
		    wishes[at].id == task->id)
			wishes[at].task = task;
	}
	*nr_asked = kept;
	return wishes;
}

/* The time of a look is shared by those that it read. */
static void set_time(struct wish *wishes, size_t nr, int64_t begin_ns)
{
	size_t read = 0;

	for (size_t i = 0; i < nr; i++)
		read += wishes[i].holds != NULL;
	for (size_t i = 0; i < nr; i++)
		if (wishes[i].holds)
			wishes[i].holds->took_ns =
				(clock_mono_ns() - begin_ns) / (int64_t)read;
}

static void hand_out(const struct wish *wishes, size_t nr, const struct holds *otherwise,
		     struct snapshot *out)
{
	for (size_t i = 0; i < nr; i++)
		if (wishes[i].task)
			task_edit(wishes[i].task, &out->arena)->holds =
				wishes[i].holds ? wishes[i].holds : otherwise;
}

/* The debug information is opened when somebody first asks. */
static void begin_locals(struct go_holds *holds, struct snapshot *out)
{
	bool first = !holds->locals;
	struct symbols *symbols =
		holds->threads ? go_threads_symbols(holds->threads) : NULL;

	if (!holds->locals && symbols)
		holds->locals = go_locals_new(symbols, holds->types, holds->module);
	if (!holds->locals)
		return;
	go_locals_begin(holds->locals);
	if (first && go_locals_opened_ns(holds->locals) > OPENED_SAID_NS)
		snapshot_note(out,
			      "reading the debug information of the program took %.1f s; "
			      "this happens once",
			      (double)go_locals_opened_ns(holds->locals) /
				      CLOCK_SECOND_NS);
}

static int begin_look(struct go_holds *holds, struct go_look *look, struct err *e)
{
	int rc = go_spans_begin(&holds->spans, holds->module, holds->mem, e);

	if (rc)
		return rc;
	if (!holds->ready && !go_frames_init(&holds->frames, holds->module)) {
		go_frames_release(&holds->frames);
		return err_set(e, ERR_NOMEM, "there is no memory to see what it holds");
	}
	holds->ready = true;
	if (!holds->types)
		holds->types = go_types_new(holds->mem, holds->module);
	if (!holds->plans)
		holds->plans = go_plans_new();
	if (!holds->types || !holds->plans)
		return err_set(e, ERR_NOMEM, "there is no memory to see what it holds");
	go_types_turn(holds->types);
	return go_look_init(look, holds, holds->sampler)
		       ? 0
		       : err_set(e, ERR_NOMEM, "there is no memory to see what it holds");
}

void go_holds_read(struct go_holds *holds, const struct holds_wish *asked, size_t nr,
		   struct snapshot *out)
{
	int64_t begin_ns = clock_mono_ns();
	struct wish *wishes = list_wishes(holds->sampler, out, asked, &nr);
	const struct holds *otherwise;
	struct go_look look = {0};
	struct err e = {0};
	size_t left = 0;

	if (!wishes)
		return;
	if (begin_look(holds, &look, &e) == 0) {
		begin_locals(holds, out);
		walk_crowd(&look, holds->sampler);
		left = read_all(&look, wishes, nr, out);
		snprintf(e.text, sizeof(e.text),
			 "not read: one look at what goroutines hold takes at most %d "
			 "seconds",
			 (int)(LOOK_NS / CLOCK_SECOND_NS));
	}
	set_time(wishes, nr, begin_ns);
	otherwise = without(out, e.text);
	hand_out(wishes, nr, otherwise, out);
	if (left > 0)
		snapshot_note(out,
			      "%zu goroutines were not asked what they hold, because "
			      "one look takes at most %d seconds",
			      left, (int)(LOOK_NS / CLOCK_SECOND_NS));
	go_look_release(&look);
	free(wishes);
}
