/* SPDX-License-Identifier: MIT */
/* Converts JSON values into a snapshot. Accepts the fields of a stream and of a dump. */
#include "rec/decode.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "core/state.h"
#include "core/verdict.h"

#define TEXT_BYTES    4096u
#define PIDS_MAX      4096u
#define CIDS_MAX      65536u
#define PROCESSES_MAX 256u

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *copy_text(struct snapshot *out, const char *text)
{
	return text ? arena_strndup(&out->arena, text, TEXT_BYTES) : NULL;
}

static const char *intern(const struct rec_tables *tables, const char *text)
{
	return text ? intern_text(tables->intern, text, TEXT_BYTES) : NULL;
}

static uint64_t address_of(json_t *object)
{
	const char *text = text_of(object, "address");

	return text && text_starts_with(text, "0x") ? strtoull(text + 2, NULL, 16) : 0;
}

/* Returns the number in an id such as "t4711" or "g17" if it has this kind and is at most
 * `most`, otherwise 0. */
static int64_t id_of(const char *text, char kind, int64_t most)
{
	int64_t id = text && text[0] == kind ? strtoll(text + 1, NULL, 10) : 0;

	return id > 0 && id <= most ? id : 0;
}

/* Accepts an array of frames, or an object that has one in "frames" together with other
 * properties of the stack. */
const struct stack *rec_decode_stack(const struct rec_tables *tables, json_t *value)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	bool object = json_is_object(value);
	json_t *array = object ? json_object_get(value, "frames") : value;
	size_t count = json_array_size(array);

	if (count > SNAPSHOT_FRAMES_MAX)
		count = SNAPSHOT_FRAMES_MAX;
	memset(frames, 0, sizeof(frames));
	for (size_t i = 0; i < count; i++) {
		json_t *frame = json_array_get(array, i);
		int64_t line = rec_decode_number(frame, "line", 0);

		frames[i].function = intern(tables, text_of(frame, "function"));
		frames[i].file = intern(tables, text_of(frame, "file"));
		frames[i].line = line > 0 && line <= INT32_MAX ? (int)line : 0;
		frames[i].address = address_of(frame);
		frames[i].inlined = json_is_true(json_object_get(frame, "inlined"));
		frames[i].library = json_is_true(json_object_get(frame, "library"));
	}
	return stack_intern(tables->stacks, frames, count,
			    object && json_is_true(json_object_get(value, "truncated")));
}

static const struct stack *stack_of(const struct rec_tables *tables, json_t *value)
{
	json_int_t number;

	if (json_is_array(value) || json_is_object(value))
		return rec_decode_stack(tables, value);
	number = json_is_integer(value) ? json_integer_value(value) : -1;
	return number >= 0 && number < (json_int_t)tables->nr_numbers
		       ? tables->by_number[number]
		       : NULL;
}

const char *rec_decode_sources(const struct rec_tables *tables, json_t *array)
{
	char text[256] = "";
	json_t *name;
	size_t i;

	json_array_foreach(array, i, name)
	{
		size_t used = strlen(text);
		const char *word = json_string_value(name);

		if (word && used + strlen(word) + 3 < sizeof(text)) {
			strcpy(text + used, used > 0 ? ", " : "");
			strcat(text, word);
		}
	}
	return intern(tables, text);
}

/* A dump only has "2026-11-21T10:00:00.123Z". */
static int64_t iso_ns(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t seconds = rest && tm.tm_year > 70 && tm.tm_year < 350 ? timegm(&tm) : 0;
	int millis = rest && *rest == '.' ? atoi(rest + 1) : 0;

	return seconds * CLOCK_SECOND_NS +
	       (millis >= 0 && millis < 1000 ? millis : 0) * CLOCK_MS_NS;
}

void rec_decode_head(const struct rec_tables *tables, json_t *head, struct snapshot *out)
{
	json_t *target = json_object_get(head, "target"), *note;
	size_t i;

	out->mono_ns = rec_decode_time(head, "clock_ns");
	out->real_ns = rec_decode_time(head, "real_ns");
	if (out->real_ns == 0)
		out->real_ns = iso_ns(text_of(head, "time"));
	out->target.pid = rec_decode_pid(target, "pid");
	if (text_of(target, "name"))
		out->target.name = intern(tables, text_of(target, "name"));
	out->target.runtime = intern(tables, text_of(target, "runtime"));
	out->target.start_real_ns = rec_decode_time(target, "start_real_ns");
	out->target.sources =
		rec_decode_sources(tables, json_object_get(target, "sources"));
	rec_decode_resources(json_object_get(head, "resources"), &out->resources);
	out->timers = rec_decode_timers(
		tables, json_object_get(json_object_get(head, "resources"), "go_timers"),
		out);
	out->dropped = (uint64_t)rec_decode_number(head, "dropped", 0);
	json_array_foreach(json_object_get(head, "errors"), i, note)
	{
		if (json_is_string(note))
			snapshot_note(out, "%s", json_string_value(note));
	}
}

static const struct wait_actors *actors_of(const struct rec_tables *tables, json_t *value,
					   struct snapshot *out)
{
	const char *how = intern(tables, text_of(value, "how"));
	json_t *pids = json_object_get(value, "pids");
	size_t count = json_array_size(pids);
	struct wait_actors *actors;

	if (!how || count == 0 || count > PIDS_MAX)
		return NULL;
	actors = arena_alloc(&out->arena, sizeof(*actors) + count * sizeof(pid_t));
	if (!actors)
		return NULL;
	actors->how = how;
	actors->complete = json_is_true(json_object_get(value, "complete"));
	actors->tid = rec_decode_pid(value, "tid");
	actors->nr_pids = count;
	for (size_t i = 0; i < count; i++) {
		json_int_t pid = json_integer_value(json_array_get(pids, i));

		if (pid <= 0 || pid > INT32_MAX)
			return NULL;
		actors->pids[i] = (pid_t)pid;
	}
	return actors;
}

/* Reads ids of coroutines into `cids`, which has room for `most`. Returns their number. */
static size_t decode_cids(json_t *array, uint64_t *cids, size_t most)
{
	size_t count = json_array_size(array), nr = 0;

	for (size_t i = 0; i < count && nr < most; i++) {
		const char *id = json_string_value(json_array_get(array, i));
		int64_t cid = id_of(id, 'c', INT64_MAX);

		if (cid)
			cids[nr++] = (uint64_t)cid;
	}
	return nr;
}

static const struct wait_several *several_of(json_t *value, struct snapshot *out)
{
	json_t *ids = json_object_get(value, "ids");
	size_t count = json_array_size(ids);
	struct wait_several *several;

	if (count == 0 || count > CIDS_MAX)
		return NULL;
	several = arena_alloc(&out->arena,
			      sizeof(*several) + count * sizeof(several->cids[0]));
	if (!several)
		return NULL;
	several->any = json_is_true(json_object_get(value, "any"));
	several->open = json_is_true(json_object_get(value, "others"));
	several->nr = decode_cids(ids, several->cids, count);
	return several->nr > 0 ? several : NULL;
}

static void decode_awaiting(json_t *ids, struct snapshot *out, struct task *task)
{
	size_t count = json_array_size(ids);
	uint64_t *cids = count > 0 && count <= CIDS_MAX
				 ? arena_alloc(&out->arena, count * sizeof(*cids))
				 : NULL;
	struct task_more *more;

	if (!cids)
		return;
	more = task_edit(task, &out->arena);
	more->nr_awaiting = (uint32_t)decode_cids(ids, cids, count);
	more->awaiting_cids = cids;
}

static void decode_more(const struct rec_tables *tables, json_t *fields,
			struct snapshot *out, struct task *task)
{
	json_t *waits = json_object_get(fields, "waits_on");
	struct wait_more more = {
		.owner_goid = (uint64_t)id_of(text_of(waits, "owner"), 'g', INT64_MAX),
		.owner_cid = (uint64_t)id_of(text_of(waits, "owner"), 'c', INT64_MAX),
		.owner_pid = rec_decode_pid(waits, "owner_pid"),
		.detail = copy_text(out, text_of(fields, "wait_detail")),
		.actors = actors_of(tables, json_object_get(fields, "actors"), out),
		.several = several_of(json_object_get(waits, "several"), out),
	};

	if (more.owner_goid || more.owner_cid || more.owner_pid || more.detail ||
	    more.actors || more.several)
		*waits_edit(&task->waits, &out->arena) = more;
}

static void decode_waits(const struct rec_tables *tables, json_t *fields,
			 struct snapshot *out, struct task *task)
{
	json_t *waits = json_object_get(fields, "waits_on");
	int64_t fd = rec_decode_number(fields, "fd", -1);

	task->waits.kind = intern(tables, text_of(waits, "kind"));
	if (!task->waits.kind)
		return;
	task->waits.address = address_of(waits);
	task->waits.text = copy_text(out, text_of(waits, "text"));
	if (!task->waits.text)
		task->waits.text = "";
	task->waits.fd = fd >= 0 && fd <= INT32_MAX ? (int)fd : -1;
	task->waits.owner_tid = (pid_t)id_of(text_of(waits, "owner"), 't', INT32_MAX);
	task->waits.limited = json_is_true(json_object_get(fields, "limited"));
	task->waits.vague = json_is_true(json_object_get(fields, "vague"));
	task->waits.accepted = json_is_true(json_object_get(fields, "accepted"));
	decode_more(tables, fields, out, task);
}

/* Older recordings only contain the parent's number. */
static void decode_parent(json_t *fields, struct task *task)
{
	const char *parent = text_of(fields, "parent");
	char kind = task->kind == TASK_GOROUTINE ? 'g' : 't';

	task->creator_id =
		(uint64_t)(parent ? id_of(parent, kind, INT64_MAX)
				  : rec_decode_number(fields, "creator_id", 0));
}

/* An array of {"id", "stack"}. The list ends with the first stack that is not known. */
static void decode_ancestors(const struct rec_tables *tables, json_t *array,
			     struct snapshot *out, struct task *task)
{
	const struct stack *stacks[SNAPSHOT_ANCESTORS_MAX];
	size_t count = json_array_size(array), bytes, nr = 0;
	uint64_t ids[SNAPSHOT_ANCESTORS_MAX], *copy;
	const struct ancestry *ancestry;
	struct task_more *more;
	char kind = task->kind == TASK_GOROUTINE ? 'g' : 't';

	for (; nr < count && nr < SNAPSHOT_ANCESTORS_MAX; nr++) {
		json_t *ancestor = json_array_get(array, nr);

		stacks[nr] = stack_of(tables, json_object_get(ancestor, "stack"));
		ids[nr] = (uint64_t)id_of(text_of(ancestor, "id"), kind, INT64_MAX);
		if (!stacks[nr])
			break;
	}
	ancestry = stack_intern_ancestry(tables->stacks, stacks, nr);
	if (!ancestry)
		return;
	bytes = ancestry->nr * sizeof(*copy);
	copy = arena_alloc(&out->arena, bytes);
	if (copy)
		memcpy(copy, ids, bytes);
	more = task_edit(task, &out->arena);
	more->ancestry = ancestry;
	more->ancestor_ids = copy;
}

static void decode_texts(json_t *fields, struct snapshot *out, struct task *task)
{
	const char *inner = copy_text(out, text_of(fields, "inner"));
	const char *creator = copy_text(out, text_of(fields, "creator_name"));
	struct task_more *more;

	if (!inner && !creator)
		return;
	more = task_edit(task, &out->arena);
	more->inner = inner;
	more->creator_name = creator;
}

static void decode_labels(json_t *object, struct snapshot *out, struct task *task)
{
	size_t count = json_object_size(object);
	struct label *labels;
	const char *key;
	json_t *value;

	if (count > SNAPSHOT_LABELS_MAX)
		count = SNAPSHOT_LABELS_MAX;
	labels = count > 0 ? arena_alloc(&out->arena, count * sizeof(*labels)) : NULL;
	if (!labels)
		return;
	json_object_foreach(object, key, value)
	{
		struct label *label = &labels[task->nr_labels];

		if (task->nr_labels == count || !json_is_string(value))
			continue;
		label->key = copy_text(out, key);
		label->text = copy_text(out, json_string_value(value));
		if (label->key && label->text)
			task->nr_labels++;
	}
	task->labels = labels;
}

static void decode_flags(json_t *fields, struct task *task)
{
	static const struct {
		const char *name;
		unsigned bit;
	} flags[] = {
		{"age_exact", TASK_AGE_EXACT}, {"idle", TASK_IDLE},
		{"stuck", TASK_STUCK},         {"suspect", TASK_SUSPECT},
		{"long", TASK_LONG},           {"stale", TASK_STALE},
		{"deadlock", TASK_DEADLOCK},   {"unreachable", TASK_UNREACHABLE},
	};

	for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
		if (json_is_true(json_object_get(fields, flags[i].name)))
			task->flags |= flags[i].bit;
}

/* Recordings of earlier versions do not have it. */
static void decode_evidence(json_t *array, struct task *task)
{
	const char *name = json_string_value(json_array_get(array, 0));
	json_int_t number = json_integer_value(json_array_get(array, 1));
	json_int_t most_ns = json_integer_value(json_array_get(array, 2));

	if (!name)
		return;
	task->evidence.why = verdict_why_by_name(name);
	if (number > 0 && number <= UINT32_MAX)
		task->evidence.number = (uint32_t)number;
	if (most_ns > 0)
		task->evidence.most_ns = most_ns;
}

static bool is_task_id(const char *id)
{
	return id[0] && strchr("tgc#", id[0]) && byte_is_digit(id[1]);
}

/* A dump has no serials, but goroutines of two processes may have the same number. */
static int64_t serial_of_dump(const struct task *task)
{
	return task->kind == TASK_THREAD ? 0 : task->pid;
}

/* `task` is zeroed except for fields with other empty values; `id` has passed
 * is_task_id(). */
static void decode_fields(const struct rec_tables *tables, const char *id, json_t *fields,
			  struct snapshot *out, struct task *task)
{
	static const char kinds[] = "tgc";
	bool many = id[0] == '#';
	const char *state = text_of(fields, "state"), *name = text_of(fields, "name");
	int number = state ? state_by_name(state, strlen(state)) : -1;
	json_t *cpu = json_object_get(fields, "cpu_percent");
	json_t *holds = json_object_get(fields, "holds");
	int64_t age_ns = rec_decode_number(fields, "age_ns", -1);

	task->kind =
		many ? TASK_GOROUTINE : (enum task_kind)(strchr(kinds, id[0]) - kinds);
	task->id = strtoull(id + 1, NULL, 10);
	task->pid = rec_decode_pid(fields, "pid");
	task->serial = (uint64_t)rec_decode_number(fields, "serial",
						   many ? 1 : serial_of_dump(task));
	task->state = number >= 0 ? (enum task_state)number : STATE_UNKNOWN;
	task->tid = rec_decode_pid(fields, "tid");
	task->since_ns = rec_decode_time(fields, "since_ns");
	if (age_ns >= 0 && task->since_ns == 0)
		task->since_ns = out->mono_ns - age_ns;
	task->start_ns = rec_decode_time(fields, "start_ns");
	if (name)
		task->name = copy_text(out, name);
	if (!task->name)
		task->name = "";
	task->raw = intern(tables, text_of(fields, "raw"));
	decode_texts(fields, out, task);
	decode_parent(fields, task);
	task->stack = stack_of(tables, json_object_get(fields, "stack"));
	task->created_by = stack_of(tables, json_object_get(fields, "created_by"));
	decode_ancestors(tables, json_object_get(fields, "ancestors"), out, task);
	task->cpu_percent = json_is_number(cpu) ? (float)json_number_value(cpu) : -1;
	task->switches = (uint64_t)rec_decode_number(fields, "switches", 0);
	decode_waits(tables, fields, out, task);
	decode_awaiting(json_object_get(fields, "awaited_by"), out, task);
	decode_labels(json_object_get(fields, "labels"), out, task);
	decode_flags(fields, task);
	decode_evidence(json_object_get(fields, "why"), task);
	if (holds)
		task_edit(task, &out->arena)->holds = rec_decode_holds(holds, out);
}

int rec_decode_task(const struct rec_tables *tables, const char *id, json_t *fields,
		    struct snapshot *out)
{
	struct task *task = is_task_id(id) ? snapshot_add(out) : NULL;

	if (!task)
		return is_task_id(id) ? ERR_NOMEM : 0;
	decode_fields(tables, id, fields, out, task);
	return 0;
}

static void decode_process(const struct rec_tables *tables, json_t *object,
			   struct other_process *process, struct snapshot *out)
{
	json_t *threads = json_object_get(object, "tasks"), *fields;
	const char *name = text_of(object, "name");
	size_t i;

	process->pid = rec_decode_pid(object, "pid");
	process->name = name ? copy_text(out, name) : "";
	if (!process->name)
		process->name = "";
	process->complete = json_is_true(json_object_get(object, "complete"));
	json_array_foreach(threads, i, fields)
	{
		struct other_task *other = &out->others[out->nr_others];
		const char *id = text_of(fields, "id");

		if (out->nr_others == REC_OTHERS_MAX || !id || !is_task_id(id))
			continue;
		*other = (struct other_task){process, {.name = "", .cpu_percent = -1}};
		other->task.waits.fd = -1;
		decode_fields(tables, id, fields, out, &other->task);
		out->nr_others++;
	}
}

int rec_decode_others(const struct rec_tables *tables, json_t *array,
		      struct snapshot *out)
{
	size_t count = json_array_size(array), threads = 0, i;
	json_t *object;

	if (count > PROCESSES_MAX)
		count = PROCESSES_MAX;
	json_array_foreach(array, i, object) threads +=
		json_array_size(json_object_get(object, "tasks"));
	if (count == 0)
		return 0;
	if (threads > REC_OTHERS_MAX)
		threads = REC_OTHERS_MAX;
	out->processes = arena_alloc(&out->arena, count * sizeof(*out->processes));
	out->others = arena_alloc(&out->arena, (threads + 1) * sizeof(*out->others));
	if (!out->processes || !out->others)
		return ERR_NOMEM;
	for (i = 0; i < count; i++)
		decode_process(tables, json_array_get(array, i), &out->processes[i], out);
	out->nr_processes = count;
	return 0;
}

void rec_decode_cycles(json_t *cycles, struct snapshot *out)
{
	json_t *ids = json_object(), *cycle, *name;
	char text[TASK_ID_MAX];
	size_t i, n;

	json_array_foreach(cycles, i, cycle)
	{
		json_array_foreach(cycle, n, name)
		{
			if (json_is_string(name))
				json_object_set_new(ids, json_string_value(name),
						    json_true());
		}
	}
	for (size_t at = 0; json_object_size(ids) > 0 && at < out->nr_tasks; at++)
		if (json_object_get(ids, task_format_id(&out->tasks[at], text)))
			out->tasks[at].flags |= TASK_DEADLOCK;
	json_decref(ids);
}
