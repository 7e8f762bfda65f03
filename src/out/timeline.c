/* SPDX-License-Identifier: MIT */
/* One evented profile per task: its states and, in each, the function that it is blocked
 * in. The task that was blocked longest comes first. */
#include "out/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/array.h"
#include "base/order.h"
#include "out/escape.h"
#include "out/formats.h"
#include "out/frame_name.h"

struct segment {
	int64_t from_ns, to_ns;
	/* Index of its frame in the file, or of the state's own frame if unknown. */
	uint32_t place;
	uint8_t state;
};

struct life_key {
	uint64_t id, serial;
	uint64_t kind;
};

struct life {
	struct life_key key;
	char *name;
	struct segment *segments;
	size_t nr_segments, cap_segments;
	int64_t blocked_ns;
	UT_hash_handle hh;
};

struct place_key {
	const char *function, *file;
	uint64_t line, address;
};

struct place {
	struct place_key key;
	uint32_t index;
	UT_hash_handle hh;
};

struct timeline {
	struct life *lives;
	struct place *places;
	uint32_t nr_places;
	size_t nr_lives, nr_segments;
	uint64_t left_out;
	int64_t first_ns, last_ns;
	char *target;
};

struct timeline *timeline_new(void)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	if (timeline)
		timeline->first_ns = INT64_MAX;
	return timeline;
}

void timeline_free(struct timeline *timeline)
{
	struct life *life, *next_life;
	struct place *place, *next_place;

	if (!timeline)
		return;
	HASH_ITER (hh, timeline->lives, life, next_life) {
		HASH_DEL(timeline->lives, life);
		free(life->segments);
		free(life->name);
		free(life);
	}
	HASH_ITER (hh, timeline->places, place, next_place) {
		HASH_DEL(timeline->places, place);
		free(place);
	}
	free(timeline->target);
	free(timeline);
}

/* Returns the index of a frame after those of the states, or UINT32_MAX if out of
 * memory. */
static uint32_t find_place(struct timeline *timeline, const struct frame *frame)
{
	struct place_key key;
	struct place *place;

	memset(&key, 0, sizeof(key));
	key.function = frame->function;
	key.file = frame->file;
	key.line = frame->line > 0 ? (uint64_t)frame->line : 0;
	key.address = frame->function ? 0 : frame->address;
	HASH_FIND(hh, timeline->places, &key, sizeof(key), place);
	if (place)
		return place->index;
	place = calloc(1, sizeof(*place));
	if (!place)
		return UINT32_MAX;
	place->key = key;
	place->index = STATE_COUNT + timeline->nr_places;
	HASH_ADD(hh, timeline->places, key, sizeof(place->key), place);
	if (!place->hh.tbl) {
		free(place);
		return UINT32_MAX;
	}
	timeline->nr_places++;
	return place->index;
}

static struct life *add_life(struct timeline *timeline, const struct life_key *key,
			     const struct task *task)
{
	struct life *life = calloc(1, sizeof(*life));
	const char *process;
	char id[TASK_ID_MAX];

	if (!life)
		return NULL;
	life->key = *key;
	task_format_id(task, id);
	process = task_more(task)->process ? task_more(task)->process : "";
	if (asprintf(&life->name, "%s%s%s%s%s", process, *process ? " " : "", id,
		     *task->name ? " " : "", task->name) < 0)
		life->name = NULL;
	if (life->name)
		HASH_ADD(hh, timeline->lives, key, sizeof(life->key), life);
	if (!life->name || !life->hh.tbl) {
		free(life->name);
		free(life);
		return NULL;
	}
	timeline->nr_lives++;
	return life;
}

static struct segment *add_segment(struct timeline *timeline, struct life *life)
{
	if (!array_reserve(&life->segments, &life->cap_segments, life->nr_segments + 1))
		return NULL;
	timeline->nr_segments++;
	return &life->segments[life->nr_segments++];
}

static int add_sample(struct timeline *timeline, struct life *life,
		      const struct task *task, int64_t now_ns)
{
	const struct frame *frame = task_top_frame(task);
	uint32_t place = frame ? find_place(timeline, frame) : (uint32_t)task->state;
	struct segment *last =
		life->nr_segments > 0 ? &life->segments[life->nr_segments - 1] : NULL;
	int64_t from_ns =
		task->since_ns > 0 && task->since_ns < now_ns ? task->since_ns : now_ns;

	if (place == UINT32_MAX)
		return ERR_NOMEM;
	if (last && last->state == task->state && last->place == place) {
		last->to_ns = now_ns;
		return 0;
	}
	if (timeline->nr_segments >= TIMELINE_SEGMENTS_MAX) {
		timeline->left_out++;
		return 0;
	}
	if (last) {
		if (from_ns < last->to_ns)
			from_ns = last->to_ns;
		last->to_ns = from_ns;
	}
	last = add_segment(timeline, life);
	if (!last)
		return ERR_NOMEM;
	*last = (struct segment){from_ns, now_ns, place, (uint8_t)task->state};
	if (from_ns < timeline->first_ns)
		timeline->first_ns = from_ns;
	return 0;
}

int timeline_add(struct timeline *timeline, const struct snapshot *snapshot,
		 const struct rows *rows, struct err *e)
{
	if (!timeline->target)
		timeline->target = strdup(snapshot->target.name);
	if (snapshot->mono_ns < timeline->last_ns)
		return 0;
	timeline->last_ns = snapshot->mono_ns;
	for (size_t i = 0; i < rows->count; i++) {
		const struct task *task = &snapshot->tasks[rows->index[i]];
		struct life_key key;
		struct life *life;

		memset(&key, 0, sizeof(key));
		key.id = task->id;
		key.serial = task->serial;
		key.kind = task->kind;
		HASH_FIND(hh, timeline->lives, &key, sizeof(key), life);
		if (!life && timeline->nr_lives >= TIMELINE_TASKS_MAX) {
			timeline->left_out++;
			continue;
		}
		if (!life)
			life = add_life(timeline, &key, task);
		if (!life || add_sample(timeline, life, task, snapshot->mono_ns) != 0)
			return err_set(e, ERR_NOMEM, "out of memory for the output");
	}
	return 0;
}

static int by_blocked(struct life *a, struct life *b)
{
	if (a->blocked_ns != b->blocked_ns)
		return a->blocked_ns > b->blocked_ns ? -1 : 1;
	if (a->key.id != b->key.id)
		return a->key.id < b->key.id ? -1 : 1;
	return ORDER(a->key.serial, b->key.serial);
}

static void sum_up(struct timeline *timeline)
{
	for (struct life *life = timeline->lives; life; life = life->hh.next) {
		life->blocked_ns = 0;
		for (size_t i = 0; i < life->nr_segments; i++) {
			const struct segment *segment = &life->segments[i];
			const struct state_info *info = state_info(segment->state);

			if (state_blocks(segment->state) && !info->idle)
				life->blocked_ns += segment->to_ns - segment->from_ns;
		}
	}
	HASH_SORT(timeline->lives, by_blocked);
}

static void put_frames(const struct timeline *timeline, struct buf *out)
{
	char address[FRAME_NAME_MAX];

	buf_puts(out, "\"shared\": {\"frames\": [\n");
	for (int state = 0; state < STATE_COUNT; state++)
		buf_printf(out, "%s {\"name\": \"%s\"}", state > 0 ? ",\n" : "",
			   state_info(state)->name);
	/* The hash iterates in the order of insertion, which is the order of the
	 * indexes. */
	for (const struct place *place = timeline->places; place;
	     place = place->hh.next) {
		struct frame frame = {.function = place->key.function,
				      .address = place->key.address};

		buf_puts(out, ",\n {\"name\": ");
		escape_json(out, frame_name(&frame, address));
		if (place->key.file) {
			buf_puts(out, ", \"file\": ");
			escape_json(out, place->key.file);
		}
		if (place->key.line > 0)
			buf_printf(out, ", \"line\": %" PRIu64, place->key.line);
		buf_puts(out, "}");
	}
	buf_puts(out, "\n]},\n");
}

static void put_event(struct buf *out, const char *separator, char type, int64_t at_ns,
		      uint32_t frame)
{
	buf_printf(out,
		   "%s{\"type\": \"%c\", \"at\": %" PRId64 ", \"frame\": %" PRIu32 "}",
		   separator, type, at_ns, frame);
}

static void put_life(const struct timeline *timeline, const struct life *life,
		     struct buf *out)
{
	const char *separator = "";

	buf_puts(out, " {\"type\": \"evented\", \"name\": ");
	escape_json(out, life->name);
	buf_printf(
		out,
		", \"unit\": \"nanoseconds\", \"startValue\": 0, \"endValue\": %" PRId64
		",\n  \"events\": [",
		timeline->last_ns - timeline->first_ns);
	for (size_t i = 0; i < life->nr_segments; i++) {
		const struct segment *segment = &life->segments[i];
		int64_t from_ns = segment->from_ns - timeline->first_ns;
		int64_t to_ns = segment->to_ns - timeline->first_ns;
		bool inside = segment->place != segment->state;

		put_event(out, separator, 'O', from_ns, segment->state);
		separator = ",\n   ";
		if (inside)
			put_event(out, separator, 'O', from_ns, segment->place);
		if (inside)
			put_event(out, separator, 'C', to_ns, segment->place);
		put_event(out, separator, 'C', to_ns, segment->state);
	}
	buf_puts(out, "]}");
}

void timeline_write(struct timeline *timeline, struct buf *out)
{
	const char *separator = "";
	struct buf name;

	sum_up(timeline);
	buf_init(&name, 0);
	buf_puts(&name, timeline->target ? timeline->target : "");
	if (timeline->left_out > 0)
		buf_printf(&name, " (%" PRIu64 " states left out)", timeline->left_out);
	buf_puts(out, "{\"$schema\": "
		      "\"https://www.speedscope.app/file-format-schema.json\",\n"
		      "\"exporter\": \"grmon-c\", \"name\": ");
	escape_json(out, name.bytes);
	buf_puts(out, ", \"activeProfileIndex\": 0,\n");
	buf_release(&name);
	put_frames(timeline, out);
	buf_puts(out, "\"profiles\": [\n");
	for (const struct life *life = timeline->lives; life; life = life->hh.next) {
		buf_puts(out, separator);
		put_life(timeline, life, out);
		separator = ",\n";
	}
	buf_puts(out, "\n]}\n");
}

static int speedscope_write(const struct out_request *request, struct buf *out,
			    struct err *e)
{
	struct timeline *timeline = timeline_new();
	int rc = timeline ? timeline_add(timeline, request->snapshot, request->rows, e)
			  : err_set(e, ERR_NOMEM, "out of memory for the output");

	if (rc == 0)
		timeline_write(timeline, out);
	timeline_free(timeline);
	return rc ? rc : out_flush(request, out, 0, e);
}

const struct out_ops out_speedscope = {
	.name = "speedscope",
	.summary = "a timeline of each task's states, best for a recording",
	.write = speedscope_write,
};
