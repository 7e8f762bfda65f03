/* SPDX-License-Identifier: MIT */
/*
 * A profile for Go's pprof: profile.proto of github.com/google/pprof, compressed with
 * gzip. Its sample types are those of Go's goroutine profile, and the time that the tasks
 * have been blocked. The message is simple enough to be encoded by hand. Frames with a
 * known function have no address, so that profiles of two processes can be subtracted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* If memory runs out, adding to a hash fails and so does the profile; the program
 * continues. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "out/formats.h"
#include "out/frame_name.h"

/* Field numbers of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_DEFAULT_TYPE = 14,
};

#define GZIP_WINDOW (15 + 16)

struct known {
	uint64_t id;
	UT_hash_handle hh;
	size_t key_bytes;
	char key[];
};

struct profile {
	struct buf out;     /* the whole message */
	struct buf message; /* a message inside it */
	struct buf inner;   /* a message inside that one */
	struct known *strings, *functions, *locations;
	uint64_t nr_strings, nr_functions, nr_locations;
	bool failed;
};

struct sample {
	const struct task *task;
	uint64_t count;
	int64_t blocked_ns;
};

static void put_varint(struct buf *out, uint64_t value)
{
	unsigned char bytes[10];
	size_t count = 0;

	do {
		bytes[count] =
			(unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
		count++;
	} while (value != 0);
	buf_append(out, bytes, count);
}

static void put_number(struct buf *out, unsigned field, uint64_t value)
{
	if (value == 0)
		return;
	put_varint(out, field << 3);
	put_varint(out, value);
}

static void put_bytes(struct buf *out, unsigned field, const void *bytes, size_t length)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, length);
	buf_append(out, bytes, length);
}

static void put_message(struct buf *out, unsigned field, struct buf *message)
{
	put_bytes(out, field, message->length > 0 ? message->bytes : "", message->length);
	buf_clear(message);
}

/* Returns the id of a key, counting from 1, or 0 if out of memory. Sets *is_new if the
 * key was added. */
static uint64_t known_id(struct profile *profile, struct known **table, uint64_t *count,
			 const void *key, size_t bytes, bool *is_new)
{
	struct known *found;

	*is_new = false;
	HASH_FIND(hh, *table, key, bytes, found);
	if (found)
		return found->id;
	found = calloc(1, sizeof(*found) + bytes);
	if (!found) {
		profile->failed = true;
		return 0;
	}
	found->id = ++*count;
	found->key_bytes = bytes;
	memcpy(found->key, key, bytes);
	HASH_ADD(hh, *table, key, bytes, found);
	if (!found->hh.tbl) {
		profile->failed = true;
		free(found);
		return 0;
	}
	*is_new = true;
	return found->id;
}

static void known_free(struct known **table)
{
	struct known *one, *next;

	HASH_ITER (hh, *table, one, next) {
		HASH_DEL(*table, one);
		free(one);
	}
}

/* Returns the index of a text in the table of strings, whose first entry is empty. */
static uint64_t string_index(struct profile *profile, const char *text)
{
	bool is_new;
	uint64_t id = known_id(profile, &profile->strings, &profile->nr_strings, text,
			       strlen(text), &is_new);

	if (is_new)
		put_bytes(&profile->out, PROFILE_STRING, text, strlen(text));
	return id > 0 ? id - 1 : 0;
}

static uint64_t function_id(struct profile *profile, const struct frame *frame)
{
	char address[FRAME_NAME_MAX];
	uint64_t key[2] = {string_index(profile, frame_name(frame, address)),
			   string_index(profile, frame->file ? frame->file : "")};
	bool is_new;
	uint64_t id = known_id(profile, &profile->functions, &profile->nr_functions, key,
			       sizeof(key), &is_new);

	if (is_new) {
		put_number(&profile->message, 1, id);
		put_number(&profile->message, 2, key[0]);
		put_number(&profile->message, 3, key[0]);
		put_number(&profile->message, 4, key[1]);
		put_message(&profile->out, PROFILE_FUNCTION, &profile->message);
	}
	return id;
}

static uint64_t location_id(struct profile *profile, const struct frame *frame)
{
	uint64_t key[3] = {function_id(profile, frame),
			   frame->line > 0 ? (uint64_t)frame->line : 0,
			   frame->function ? 0 : frame->address};
	bool is_new;
	uint64_t id = known_id(profile, &profile->locations, &profile->nr_locations, key,
			       sizeof(key), &is_new);

	if (is_new) {
		put_number(&profile->message, 1, id);
		put_number(&profile->message, 3, key[2]);
		put_number(&profile->inner, 1, key[0]);
		put_number(&profile->inner, 2, key[1]);
		put_message(&profile->message, 4, &profile->inner);
		put_message(&profile->out, PROFILE_LOCATION, &profile->message);
	}
	return id;
}

/* Adds a label to a sample. Its strings must be in the table before the sample is
 * begun. */
static void put_label(struct profile *profile, struct buf *sample, const char *key,
		      const char *text)
{
	uint64_t key_index = string_index(profile, key);
	uint64_t text_index = string_index(profile, text);

	put_number(&profile->inner, 1, key_index);
	put_number(&profile->inner, 2, text_index);
	put_message(sample, 3, &profile->inner);
}

static void put_sample(struct profile *profile, const struct sample *sample)
{
	const struct task *task = sample->task;
	const struct stack *stack = task->stack;
	const struct frame *creator = task_creator_frame(task);
	char address[FRAME_NAME_MAX], pid[16];
	struct buf ids, values, message;

	buf_init(&ids, 0);
	buf_init(&values, 0);
	buf_init(&message, 0);
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		put_varint(&ids, location_id(profile, &stack->frames[i]));
	put_message(&message, 1, &ids);
	put_varint(&values, sample->count);
	put_varint(&values, (uint64_t)sample->blocked_ns);
	put_message(&message, 2, &values);
	put_label(profile, &message, "state", state_info(task->state)->name);
	if (*task->name)
		put_label(profile, &message, "thread", task->name);
	if (creator)
		put_label(profile, &message, "creator", frame_name(creator, address));
	if (task_more(task)->process) {
		snprintf(pid, sizeof(pid), "%d", (int)task->pid);
		put_label(profile, &message, "pid", pid);
		put_label(profile, &message, "process", task_more(task)->process);
	}
	put_message(&profile->out, PROFILE_SAMPLE, &message);
	buf_release(&ids);
	buf_release(&values);
	buf_release(&message);
}

static void put_value_type(struct profile *profile, unsigned field, const char *type,
			   const char *unit)
{
	uint64_t type_index = string_index(profile, type);
	uint64_t unit_index = string_index(profile, unit);

	put_number(&profile->message, 1, type_index);
	put_number(&profile->message, 2, unit_index);
	put_message(&profile->out, field, &profile->message);
}

static int by_content(const void *left, const void *right)
{
	const struct task *a = ((const struct sample *)left)->task;
	const struct task *b = ((const struct sample *)right)->task;
	int names;

	if (a->stack != b->stack)
		return (uintptr_t)a->stack < (uintptr_t)b->stack ? -1 : 1;
	if (a->created_by != b->created_by)
		return (uintptr_t)a->created_by < (uintptr_t)b->created_by ? -1 : 1;
	if (a->state != b->state)
		return (int)a->state - (int)b->state;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	names = strcmp(a->name, b->name);
	return names;
}

/* Merges the tasks of the rows that would be the same sample. NULL if out of memory. */
static struct sample *merge_equal_samples(const struct out_request *request,
					  size_t *count)
{
	const struct rows *rows = request->rows;
	struct sample *samples = calloc(rows->count + 1, sizeof(*samples));
	size_t kept = 0;

	for (size_t i = 0; samples && i < rows->count; i++) {
		const struct task *task = &request->snapshot->tasks[rows->index[i]];
		int64_t age_ns = task_age_ns(task, request->snapshot->mono_ns);
		uint32_t weight = task_weight(task);

		samples[i].task = task;
		samples[i].count = weight;
		if (age_ns > 0 && state_blocks(task->state))
			samples[i].blocked_ns = age_ns > INT64_MAX / 2 / weight
							? INT64_MAX / 2
							: age_ns * weight;
	}
	if (!samples)
		return NULL;
	qsort(samples, rows->count, sizeof(*samples), by_content);
	for (size_t i = 0; i < rows->count; i++) {
		struct sample *last = &samples[kept > 0 ? kept - 1 : 0];

		if (kept == 0 || by_content(last, &samples[i]) != 0) {
			samples[kept++] = samples[i];
			continue;
		}
		last->count += samples[i].count;
		if (last->blocked_ns < INT64_MAX / 2 - samples[i].blocked_ns)
			last->blocked_ns += samples[i].blocked_ns;
	}
	*count = kept;
	return samples;
}

static void build_profile(struct profile *profile, const struct snapshot *snapshot,
			  const struct sample *samples, size_t count)
{
	string_index(profile, "");
	put_value_type(profile, PROFILE_SAMPLE_TYPE, "goroutine", "count");
	put_value_type(profile, PROFILE_SAMPLE_TYPE, "blocked", "nanoseconds");
	for (size_t i = 0; i < count; i++)
		put_sample(profile, &samples[i]);
	put_number(&profile->out, PROFILE_TIME_NANOS, (uint64_t)snapshot->real_ns);
	put_value_type(profile, PROFILE_PERIOD_TYPE, "goroutine", "count");
	put_number(&profile->out, PROFILE_PERIOD, 1);
	put_number(&profile->out, PROFILE_DEFAULT_TYPE,
		   string_index(profile, "goroutine"));
}

static int compress_to(const struct out_request *request, const struct buf *from,
		       struct buf *out, struct err *e)
{
	unsigned char chunk[16384];
	z_stream stream = {.next_in = (unsigned char *)from->bytes,
			   .avail_in = (unsigned)from->length};
	int rc, result = 0;

	if (from->length > UINT32_MAX / 2)
		return err_set(e, ERR_UNSUPPORTED,
			       "the profile would be too large; use --filter to select "
			       "fewer tasks");
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_NOMEM, "no memory for the output");
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		rc = deflate(&stream, Z_FINISH);
		buf_append(out, chunk, sizeof(chunk) - stream.avail_out);
		result = out_flush(request, out, OUT_CHUNK_BYTES, e);
	} while (rc == Z_OK && result == 0);
	deflateEnd(&stream);
	return result ? result : out_flush(request, out, 0, e);
}

static int pprof_write(const struct out_request *request, struct buf *out, struct err *e)
{
	struct profile profile = {0};
	size_t count = 0;
	struct sample *samples = merge_equal_samples(request, &count);
	int rc = samples ? 0 : ERR_NOMEM;

	buf_init(&profile.out, 0);
	buf_init(&profile.message, 0);
	buf_init(&profile.inner, 0);
	if (rc == 0) {
		build_profile(&profile, request->snapshot, samples, count);
		if (profile.failed || profile.out.failed)
			rc = ERR_NOMEM;
	}
	if (rc == 0)
		rc = compress_to(request, &profile.out, out, e);
	else
		err_set(e, ERR_NOMEM, "no memory for the output");
	known_free(&profile.strings);
	known_free(&profile.functions);
	known_free(&profile.locations);
	buf_release(&profile.out);
	buf_release(&profile.message);
	buf_release(&profile.inner);
	free(samples);
	return rc;
}

const struct out_ops out_pprof = {
	.name = "pprof",
	.summary = "a compressed profile for 'go tool pprof', also for its -base",
	.write = pprof_write,
};
