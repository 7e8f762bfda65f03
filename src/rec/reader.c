/* SPDX-License-Identifier: MIT */
/* The state is kept as JSON, so that a delta is an update of objects. A read goes back to
 * the last key sample and applies the samples after it. */
#include "rec/reader.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "rec/decode.h"
#include "rec/index.h"

#define DUMP_MAX_BYTES (256u << 20)
#define KEYS_TRIED     64u
#define NOWHERE        SIZE_MAX

/* A position at which a recording cannot be read. */
struct gap {
	struct rec_entry entry;
	bool cut; /* its line is cut off */
	bool known;
};

struct rec_reader {
	struct rec_tables tables;
	struct rec_index index;

	json_t *head, *tasks, *members; /* state after sample `at` */
	size_t at;
	int64_t seq;
	bool several; /* the target is several processes, perhaps none at the moment */
	/* a sample since the last key sample could not be applied */
	bool broken;
	/* gap: the first one since then; failed: the last load that failed */
	struct gap gap, failed;
};

void rec_reader_free(struct rec_reader *reader)
{
	if (!reader)
		return;
	json_decref(reader->head);
	json_decref(reader->tasks);
	json_decref(reader->members);
	rec_index_release(&reader->index);
	free(reader->tables.by_number);
	free(reader);
}

static struct rec_reader *reader_new(struct intern *intern, struct stack_table *stacks,
				     struct err *e)
{
	struct rec_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		err_set(e, ERR_NOMEM, "no memory for the recording");
		return NULL;
	}
	reader->index.input = -1;
	reader->at = NOWHERE;
	reader->tables.intern = intern;
	reader->tables.stacks = stacks;
	reader->head = json_object();
	reader->tasks = json_object();
	reader->members = json_object();
	if (reader->head && reader->tasks && reader->members)
		return reader;
	err_set(e, ERR_NOMEM, "no memory for the recording");
	rec_reader_free(reader);
	return NULL;
}

struct rec_reader *rec_reader_new(int fd, struct intern *intern,
				  struct stack_table *stacks, struct err *e)
{
	struct rec_reader *reader = reader_new(intern, stacks, e);

	if (reader && rec_index_open_fd(&reader->index, fd, e) == 0)
		return reader;
	rec_reader_free(reader);
	return NULL;
}

struct rec_reader *rec_reader_open(const char *path, struct intern *intern,
				   struct stack_table *stacks, struct err *e)
{
	struct rec_reader *reader = reader_new(intern, stacks, e);

	if (reader && rec_index_open_path(&reader->index, path, e) == 0)
		return reader;
	rec_reader_free(reader);
	return NULL;
}

static json_t *load_sample(struct rec_reader *reader, const struct rec_entry *entry)
{
	size_t length;
	char *line = rec_index_load(&reader->index, entry, &length);
	json_error_t why = {0};
	json_t *sample = line ? json_loadb(line, length, 0, &why) : NULL;

	free(line);
	reader->failed = (struct gap){
		*entry,
		line && json_error_code(&why) == json_error_premature_end_of_input, true};
	return sample;
}

/* A file without samples may be a dump on many lines, or a stream whose only line is
 * incomplete. */
static void take_dump(struct rec_reader *reader)
{
	struct rec_index *index = &reader->index;
	struct rec_entry whole = {
		.offset = 0, .bytes = (uint32_t)index->scanned, .key = true};
	json_t *dump;

	if (index->nr_entries > 0 || index->input >= 0 || index->entries ||
	    index->nr_parts != 1 || index->scanned == 0 ||
	    index->scanned > (int64_t)DUMP_MAX_BYTES)
		return;
	dump = load_sample(reader, &whole);
	if (json_is_array(json_object_get(dump, "tasks")) &&
	    !json_object_get(dump, "seq"))
		index->entries = malloc(sizeof(whole));
	json_decref(dump);
	if (!index->entries)
		return;
	index->entries[0] = whole;
	index->nr_entries = index->cap_entries = 1;
}

int rec_reader_poll(struct rec_reader *reader, struct err *e)
{
	int rc = rec_index_poll(&reader->index, e);

	if (rc == 0)
		take_dump(reader);
	return rc;
}

void rec_reader_wait(const struct rec_reader *reader, int timeout_ms)
{
	struct pollfd input = {.fd = reader->index.input, .events = POLLIN};

	if (input.fd >= 0)
		poll(&input, 1, timeout_ms);
}

bool rec_reader_is_open(const struct rec_reader *reader)
{
	return reader->index.input >= 0;
}

size_t rec_reader_count(const struct rec_reader *reader)
{
	return reader->index.nr_entries;
}

int64_t rec_reader_time(const struct rec_reader *reader, size_t at)
{
	return at < reader->index.nr_entries ? rec_index_time(&reader->index, at) : 0;
}

size_t rec_reader_find(const struct rec_reader *reader, int64_t real_ns)
{
	return rec_index_find(&reader->index, real_ns);
}

/* Makes room for the stack with this number. Most recordings have few stacks. */
static bool reserve_number(struct rec_tables *tables, size_t number)
{
	return number < REC_STACKS_MAX &&
	       array_reserve_zeroed(&tables->by_number, &tables->nr_numbers, number + 1);
}

static void apply_stacks(struct rec_reader *reader, json_t *stacks)
{
	const char *key;
	json_t *frames;

	json_object_foreach(stacks, key, frames)
	{
		unsigned long number = strtoul(key, NULL, 10);

		if (byte_is_digit(*key) && reserve_number(&reader->tables, number))
			reader->tables.by_number[number] =
				rec_decode_stack(&reader->tables, frames);
	}
}

/* "t17.0" is a task with its serial. If another serial has already replaced it, nothing
 * is removed. */
static void apply_gone(struct rec_reader *reader, json_t *gone)
{
	json_t *name, *task;
	size_t i;

	json_array_foreach(gone, i, name)
	{
		const char *text = json_string_value(name);
		char id[TASK_ID_MAX];
		size_t length = text ? strcspn(text, ".") : sizeof(id);

		if (length >= sizeof(id) || text[length] != '.')
			continue;
		memcpy(id, text, length);
		id[length] = '\0';
		task = json_object_get(reader->tasks, id);
		if (task && rec_decode_number(task, "serial", 0) ==
				    strtoll(text + length + 1, NULL, 10))
			json_object_del(reader->tasks, id);
	}
}

/* What a task holds is written once for each of its waits. */
static void apply_task(json_t *task, json_t *delta)
{
	if (json_object_get(delta, "since_ns"))
		json_object_del(task, "holds");
	json_object_update(task, delta);
}

static void apply_tasks(struct rec_reader *reader, json_t *changed)
{
	json_t *delta;
	size_t i;

	json_array_foreach(changed, i, delta)
	{
		const char *id = json_string_value(json_object_get(delta, "id"));
		json_t *task = id ? json_object_get(reader->tasks, id) : NULL;

		if (!id ||
		    (!task && json_object_size(reader->tasks) >= SNAPSHOT_TASKS_MAX))
			continue;
		if (task && !json_is_true(json_object_get(delta, "new")))
			apply_task(task, delta);
		else
			json_object_set(reader->tasks, id, delta);
	}
}

static void apply_gone_processes(struct rec_reader *reader, json_t *gone)
{
	json_t *pid;
	char key[24];
	size_t i;

	json_array_foreach(gone, i, pid)
	{
		snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(pid));
		json_object_del(reader->members, key);
	}
}

/* The processes of a target that is several. In older recordings, other processes have
 * this name; they are listed with their tasks. */
static void apply_processes(struct rec_reader *reader, json_t *changed, bool whole)
{
	json_t *delta;
	char key[24];
	size_t i;

	/* They also had an empty list, but not in a key sample. */
	if (json_is_array(changed) &&
	    ((json_array_size(changed) == 0 && !whole) ||
	     json_object_get(json_array_get(changed, 0), "complete"))) {
		json_object_set(reader->head, "others", changed);
		return;
	}
	reader->several |= json_is_array(changed);
	json_array_foreach(changed, i, delta)
	{
		json_t *member;

		snprintf(key, sizeof(key), "%d", (int)rec_decode_pid(delta, "pid"));
		member = json_object_get(reader->members, key);
		if (strcmp(key, "0") == 0 ||
		    (!member && json_object_size(reader->members) >= REC_MEMBERS_MAX))
			continue;
		if (member && !json_is_true(json_object_get(delta, "new")))
			json_object_update(member, delta);
		else
			json_object_set(reader->members, key, delta);
	}
}

static void apply_sample(struct rec_reader *reader, const struct rec_entry *entry,
			 json_t *sample)
{
	static const char *const kept[] = {"clock_ns", "time",    "real_ns",
					   "target",   "dropped", "resources",
					   "errors",   "cycles",  "others"};
	/* A dump has no number. */
	bool key = json_is_true(json_object_get(sample, "key")) ||
		   !json_object_get(sample, "seq");
	int64_t seq = rec_decode_number(sample, "seq", -1);

	if (key) {
		json_object_clear(reader->tasks);
		json_object_clear(reader->members);
		json_object_clear(reader->head);
		reader->several = false;
		free(reader->tables.by_number);
		reader->tables.by_number = NULL;
		reader->tables.nr_numbers = 0;
		reader->broken = reader->gap.known = false;
	} else if (seq != reader->seq + 1) {
		if (!reader->gap.known)
			reader->gap = (struct gap){.entry = *entry, .known = true};
		reader->broken = true;
	}
	reader->seq = seq;
	if (reader->broken)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
		json_t *value = json_object_get(sample, kept[i]);

		if (value)
			json_object_set(reader->head, kept[i], value);
	}
	apply_gone_processes(reader, json_object_get(sample, "gone_processes"));
	apply_processes(reader, json_object_get(sample, "processes"), key);
	apply_stacks(reader, json_object_get(sample, "stacks"));
	apply_gone(reader, json_object_get(sample, "gone"));
	apply_tasks(reader, json_object_get(sample, "tasks"));
}

/* A recorder that continues after another one was killed begins with a key sample. */
static void note_gap(struct rec_reader *reader, size_t at)
{
	const struct rec_index *index = &reader->index;

	reader->broken = true;
	if (reader->gap.known)
		return;
	reader->gap = reader->failed;
	if (at + 1 < index->nr_entries && !index->entries[at + 1].key)
		reader->gap.cut = false;
}

static void move_to_sample(struct rec_reader *reader, size_t at)
{
	size_t from = at;

	if (reader->at == at)
		return;
	while (from > 0 && !reader->index.entries[from].key && from != reader->at + 1)
		from--;
	if (from != reader->at + 1 || reader->at == NOWHERE) {
		reader->broken = true; /* until a key sample is read */
		reader->gap.known = false;
		json_object_clear(reader->tasks);
		json_object_clear(reader->members);
		json_object_clear(reader->head);
	}
	for (; from <= at; from++) {
		json_t *sample = load_sample(reader, &reader->index.entries[from]);

		if (json_is_object(sample))
			apply_sample(reader, &reader->index.entries[from], sample);
		else
			note_gap(reader, from);
		json_decref(sample);
		reader->at = from;
	}
}

/* Writes for example "damaged at byte 4711 of FILE.2, after 2026-11-21T10:00:00.123Z". */
static void say_where(const struct rec_reader *reader, char *text, size_t size)
{
	const struct rec_index *index = &reader->index;
	const struct gap *gap = &reader->gap;
	unsigned number = (unsigned)(index->nr_parts - 1 - gap->entry.part);
	int64_t real_ns = rec_decode_number(reader->head, "real_ns", 0);
	char iso[CLOCK_ISO_MAX];
	int used =
		snprintf(text, size, "%s at byte %lld", gap->cut ? "cut off" : "damaged",
			 (long long)gap->entry.offset);

	if (number > 0 && index->path && used > 0 && (size_t)used < size)
		used += snprintf(text + used, size - (size_t)used, " of %.100s.%u",
				 index->path, number);
	if (real_ns > 0 && used > 0 && (size_t)used < size)
		snprintf(text + used, size - (size_t)used, ", after %s",
			 clock_format_iso(real_ns, iso));
}

/* If the beginning cannot be read, the first readable sample is used. */
static int move_to_readable(struct rec_reader *reader, size_t at, struct err *e)
{
	const struct rec_index *index = &reader->index;
	unsigned tries = 0;
	char where[256];

	move_to_sample(reader, at);
	for (size_t next = at + 1; reader->broken && json_object_size(reader->head) == 0;
	     next++) {
		struct gap first = reader->gap;

		while (next < index->nr_entries && !index->entries[next].key)
			next++;
		if (next >= index->nr_entries || tries++ == KEYS_TRIED) {
			say_where(reader, where, sizeof(where));
			return err_set(e, ERR_FORMAT,
				       "no sample of the recording can be read: it is %s",
				       where);
		}
		move_to_sample(reader, next);
		reader->gap = first;
		reader->gap.known = false;
	}
	return 0;
}

/* Returns whether the last sample is a line that is incomplete. */
static bool is_cut_off(const struct rec_reader *reader, size_t at)
{
	const struct rec_index *index = &reader->index;
	const struct rec_entry *last = &index->entries[at];

	return at + 1 == index->nr_entries && index->input < 0 &&
	       index->scanned > index->line_begin && last->part + 1u == index->nr_parts &&
	       last->offset + last->bytes <= index->line_begin;
}

static void note_gaps(const struct rec_reader *reader, size_t at, struct snapshot *out)
{
	const struct rec_index *index = &reader->index;
	char where[256];

	out->target.unread = reader->broken || reader->at != at;
	say_where(reader, where, sizeof(where));
	if (reader->broken)
		snapshot_note(out,
			      "the recording is %s: this is the previous sample, shown "
			      "until the next complete one",
			      where);
	else if (reader->at != at)
		snapshot_note(out,
			      "the recording is %s: this is the next sample that can be "
			      "read",
			      where);
	if (at + 1 == index->nr_entries && index->nr_foreign > 0 &&
	    index->entries[0].bytes < index->scanned)
		snapshot_note(out, "the recording has %zu %s, the first at byte %lld",
			      index->nr_foreign,
			      index->nr_foreign == 1 ? "line that is not a sample"
						     : "lines that are not samples",
			      (long long)index->foreign_at);
	if (is_cut_off(reader, at))
		snapshot_note(
			out, "the recording ends in the middle of a sample, at byte %lld",
			(long long)reader->index.line_begin);
}

int rec_reader_explain(const struct rec_reader *reader, const char *name, struct err *e)
{
	const struct rec_index *index = &reader->index;

	if (index->scanned == 0)
		return err_set(e, ERR_FORMAT,
			       "%.100s is empty: nothing has been recorded to it yet",
			       name);
	if (index->scanned > index->line_begin)
		return err_set(e, ERR_FORMAT,
			       "%.100s is cut off at byte %lld, before its first sample "
			       "is complete",
			       name, (long long)index->scanned);
	return err_set(e, ERR_FORMAT, "%.100s has no complete sample of a recording",
		       name);
}

int rec_reader_read(struct rec_reader *reader, size_t at, struct snapshot *out,
		    struct err *e)
{
	const char *id;
	json_t *fields;
	int rc = 0;

	if (at >= reader->index.nr_entries)
		return err_set(e, ERR_NOTFOUND, "the recording has no sample %zu", at);
	rc = move_to_readable(reader, at, e);
	if (rc != 0)
		return rc;
	rec_decode_head(&reader->tables, reader->head, out);
	json_object_foreach(reader->tasks, id, fields)
	{
		if (rc == 0)
			rc = rec_decode_task(&reader->tables, id, fields, out);
	}
	if (rc == 0)
		rc = rec_decode_others(&reader->tables,
				       json_object_get(reader->head, "others"), out);
	if (rc == 0)
		rc = rec_decode_members(&reader->tables,
					reader->several ? reader->members : NULL, out);
	if (rc != 0)
		return err_set(e, ERR_NOMEM, "no memory for this sample");
	rec_decode_cycles(json_object_get(reader->head, "cycles"), out);
	note_gaps(reader, at, out);
	return 0;
}
