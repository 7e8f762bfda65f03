/* SPDX-License-Identifier: MIT */
/* JSON values into a snapshot. Accepts what a stream holds and what a dump holds. */
#include "rec/decode.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "core/state.h"

#define TEXT_BYTES 4096u

int64_t rec_decode_number(json_t *object, const char *key, int64_t otherwise)
{
	json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

/* Never negative, so that differences of two never overflow. */
static int64_t time_of(json_t *object, const char *key)
{
	int64_t ns = rec_decode_number(object, key, 0);

	return ns > 0 ? ns : 0;
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *keep(struct snapshot *out, const char *text)
{
	return text ? arena_strndup(&out->arena, text, TEXT_BYTES) : NULL;
}

static const char *intern(const struct rec_tables *tables, const char *text)
{
	return text ? intern_text(tables->intern, text, strnlen(text, TEXT_BYTES)) : NULL;
}

static uint64_t address_of(json_t *object)
{
	const char *text = text_of(object, "address");

	return text && strncmp(text, "0x", 2) == 0 ? strtoull(text + 2, NULL, 16) : 0;
}

/* "t4711" of a thread. */
static int64_t thread_of(const char *text)
{
	int64_t tid = text && text[0] == 't' ? strtoll(text + 1, NULL, 10) : 0;

	return tid > 0 && tid <= INT32_MAX ? tid : 0;
}

static pid_t pid_of(json_t *object, const char *key)
{
	int64_t pid = rec_decode_number(object, key, 0);

	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

const struct stack *rec_decode_stack(const struct rec_tables *tables, json_t *array)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
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
	}
	return stack_intern(tables->stacks, frames, count, false);
}

static const struct stack *stack_of(const struct rec_tables *tables, json_t *value)
{
	json_int_t number;

	if (json_is_array(value))
		return rec_decode_stack(tables, value);
	number = json_is_integer(value) ? json_integer_value(value) : -1;
	return number >= 0 && number < (json_int_t)REC_STACKS_MAX
		       ? tables->by_number[number]
		       : NULL;
}

static void decode_sources(const struct rec_tables *tables, json_t *array,
			   struct snapshot *out)
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
	out->target.sources = intern(tables, text);
}

/* A dump has only "2026-11-21T10:00:00.123Z". */
static int64_t iso_ns(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t seconds = rest && tm.tm_year > 70 && tm.tm_year < 350 ? timegm(&tm) : 0;
	int millis = rest && *rest == '.' ? atoi(rest + 1) : 0;

	return seconds * 1000000000 +
	       (millis >= 0 && millis < 1000 ? millis : 0) * 1000000;
}

void rec_decode_head(const struct rec_tables *tables, json_t *head, struct snapshot *out)
{
	json_t *target = json_object_get(head, "target"), *note;
	size_t i;

	out->mono_ns = time_of(head, "clock_ns");
	out->real_ns = time_of(head, "real_ns");
	if (out->real_ns == 0)
		out->real_ns = iso_ns(text_of(head, "time"));
	out->target.pid = pid_of(target, "pid");
	if (text_of(target, "name"))
		out->target.name = intern(tables, text_of(target, "name"));
	out->target.runtime = intern(tables, text_of(target, "runtime"));
	out->target.start_real_ns = time_of(target, "start_real_ns");
	decode_sources(tables, json_object_get(target, "sources"), out);
	rec_decode_resources(json_object_get(head, "resources"), &out->resources);
	out->dropped = (uint64_t)rec_decode_number(head, "dropped", 0);
	json_array_foreach(json_object_get(head, "errors"), i, note)
	{
		if (json_is_string(note))
			snapshot_note(out, "%s", json_string_value(note));
	}
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
	task->waits.text = keep(out, text_of(waits, "text"));
	if (!task->waits.text)
		task->waits.text = "";
	task->waits.fd = fd >= 0 && fd <= INT32_MAX ? (int)fd : -1;
	task->waits.owner_tid = (pid_t)thread_of(text_of(waits, "owner"));
	task->waits.owner_pid = pid_of(waits, "owner_pid");
	task->waits.limited = json_is_true(json_object_get(fields, "limited"));
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
		label->key = keep(out, key);
		label->text = keep(out, json_string_value(value));
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
		{"age_exact", TASK_AGE_EXACT}, {"idle", TASK_IDLE}, {"stuck", TASK_STUCK},
		{"suspect", TASK_SUSPECT},     {"warn", TASK_WARN}, {"stale", TASK_STALE},
		{"deadlock", TASK_DEADLOCK},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (json_is_true(json_object_get(fields, flags[i].name)))
			task->flags |= flags[i].bit;
}

int rec_decode_task(const struct rec_tables *tables, const char *id, json_t *fields,
		    struct snapshot *out)
{
	const char *kinds = "tgc", *kind = id[0] ? strchr(kinds, id[0]) : NULL;
	const char *state = text_of(fields, "state"), *name = text_of(fields, "name");
	int number = state ? state_by_name(state, strlen(state)) : -1;
	json_t *cpu = json_object_get(fields, "cpu_percent");
	int64_t age_ns = rec_decode_number(fields, "age_ns", -1);
	struct task *task;

	if (!kind || id[1] < '0' || id[1] > '9')
		return 0;
	task = snapshot_add(out);
	if (!task)
		return ERR_NOMEM;
	task->kind = (enum task_kind)(kind - kinds);
	task->id = strtoull(id + 1, NULL, 10);
	task->serial = (uint64_t)rec_decode_number(fields, "serial", 0);
	task->state = number >= 0 ? (enum task_state)number : STATE_UNKNOWN;
	task->tid = pid_of(fields, "tid");
	task->since_ns = time_of(fields, "since_ns");
	if (age_ns >= 0 && task->since_ns == 0)
		task->since_ns = out->mono_ns - age_ns;
	task->start_ns = time_of(fields, "start_ns");
	if (name)
		task->name = keep(out, name);
	if (!task->name)
		task->name = "";
	task->raw = intern(tables, text_of(fields, "raw"));
	task->inner = keep(out, text_of(fields, "inner"));
	task->creator_name = keep(out, text_of(fields, "creator_name"));
	task->stack = stack_of(tables, json_object_get(fields, "stack"));
	task->created_by = stack_of(tables, json_object_get(fields, "created_by"));
	task->cpu_percent = json_is_number(cpu) ? (float)json_number_value(cpu) : -1;
	task->switches = (uint64_t)rec_decode_number(fields, "switches", 0);
	decode_waits(tables, fields, out, task);
	decode_labels(json_object_get(fields, "labels"), out, task);
	decode_flags(fields, task);
	return 0;
}
