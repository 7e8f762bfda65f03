/* SPDX-License-Identifier: MIT */
/* Decodes the few profile messages that describe stacks, with bounds on every step.
 * Tables are read first and samples last, because the file may contain them in any order.
 * */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/order.h"
#include "base/text.h"
#include "source/pprof/pprof.h"

#define ENTRIES_MAX (4u << 20)
#define LINES_MAX   16u /* functions inlined at one location */

struct bytes {
	const unsigned char *at, *end;
};

struct field {
	unsigned number;
	uint64_t value;     /* if it is a number */
	struct bytes bytes; /* if it is a message, text or packed numbers */
	bool is_bytes;
};

struct entry {
	uint64_t id;
	struct bytes message; /* a function or location */
};

struct table {
	struct entry *list;
	size_t nr, cap;
	bool failed;
};

struct profile {
	struct table strings, functions, locations;
	const struct pprof_out *out;
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t nr_frames;
	struct label labels[SNAPSHOT_LABELS_MAX];
	size_t nr_labels;
};

static bool take_varint(struct bytes *from, uint64_t *value)
{
	unsigned shift = 0;

	for (*value = 0; from->at < from->end && shift < 64; shift += 7) {
		unsigned char byte = *from->at++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

/* Returns false at the end, or on malformed bytes, when from->at is before the end. */
static bool take_field(struct bytes *from, struct field *field)
{
	uint64_t key, length;
	size_t left;

	if (from->at == from->end || !take_varint(from, &key) || key >> 3 > 1u << 20)
		return false;
	memset(field, 0, sizeof(*field));
	field->number = (unsigned)(key >> 3);
	switch (key & 7) {
	case 0:
		return take_varint(from, &field->value);
	case 1:
	case 5:
		length = (key & 7) == 1 ? 8 : 4;
		break;
	case 2:
		if (!take_varint(from, &length))
			return false;
		break;
	default:
		return false;
	}
	left = (size_t)(from->end - from->at);
	if (length > left)
		return false;
	field->is_bytes = true;
	field->bytes = (struct bytes){from->at, from->at + length};
	from->at += length;
	return true;
}

static void table_add(struct table *table, uint64_t id, struct bytes message)
{
	if (!array_reserve_most(&table->list, &table->cap, table->nr + 1, ENTRIES_MAX)) {
		table->failed = true;
		return;
	}
	table->list[table->nr++] = (struct entry){id, message};
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t left = ((const struct entry *)a)->id;
	uint64_t right = ((const struct entry *)b)->id;

	return ORDER(left, right);
}

static const struct entry *table_find(const struct table *table, uint64_t id)
{
	struct entry key = {.id = id};

	return table->nr ? bsearch(&key, table->list, table->nr, sizeof(key), compare_ids)
			 : NULL;
}

/* Function and Location store their id in field 1. */
static uint64_t id_of(struct bytes message)
{
	struct field field;

	while (take_field(&message, &field))
		if (field.number == 1 && !field.is_bytes)
			return field.value;
	return 0;
}

static int read_tables(struct profile *profile, struct bytes all, struct err *e)
{
	struct field field;

	while (take_field(&all, &field)) {
		if (!field.is_bytes)
			continue;
		if (field.number == 4)
			table_add(&profile->locations, id_of(field.bytes), field.bytes);
		else if (field.number == 5)
			table_add(&profile->functions, id_of(field.bytes), field.bytes);
		else if (field.number == 6)
			table_add(&profile->strings, profile->strings.nr, field.bytes);
	}
	if (all.at != all.end)
		return err_set(e, ERR_FORMAT, "the profile is damaged or incomplete");
	if (profile->strings.failed || profile->functions.failed ||
	    profile->locations.failed)
		return err_set(e, ERR_NOMEM, "the profile is too large");
	if (profile->functions.nr)
		qsort(profile->functions.list, profile->functions.nr,
		      sizeof(struct entry), compare_ids);
	if (profile->locations.nr)
		qsort(profile->locations.list, profile->locations.nr,
		      sizeof(struct entry), compare_ids);
	return 0;
}

static const char *string_of(const struct profile *profile, uint64_t number)
{
	struct bytes text;

	if (number == 0 || number >= profile->strings.nr)
		return NULL;
	text = profile->strings.list[number].message;
	return intern_text(profile->out->intern, (const char *)text.at,
			   (size_t)(text.end - text.at));
}

static void name_frame(const struct profile *profile, struct bytes line,
		       struct frame *frame)
{
	const struct entry *function = NULL;
	struct field field;
	struct bytes message;

	while (take_field(&line, &field)) {
		if (field.number == 1 && !field.is_bytes)
			function = table_find(&profile->functions, field.value);
		else if (field.number == 2 && !field.is_bytes && field.value < INT_MAX)
			frame->line = (int)field.value;
	}
	if (!function)
		return;
	message = function->message;
	while (take_field(&message, &field)) {
		if (field.number == 2 && !field.is_bytes)
			frame->function = string_of(profile, field.value);
		else if (field.number == 4 && !field.is_bytes)
			frame->file = string_of(profile, field.value);
	}
}

/* A location is one frame, preceded by one frame for each function that was inlined
 * there. */
static void add_location(struct profile *profile, uint64_t id)
{
	const struct entry *location = table_find(&profile->locations, id);
	size_t first = profile->nr_frames, lines = 0;
	struct bytes message;
	struct field field;
	uint64_t address = 0;

	if (!location)
		return;
	message = location->message;
	while (take_field(&message, &field)) {
		if (field.number == 3 && !field.is_bytes)
			address = field.value;
		if (field.number != 4 || !field.is_bytes || lines == LINES_MAX ||
		    profile->nr_frames == SNAPSHOT_FRAMES_MAX)
			continue;
		struct frame *frame = &profile->frames[profile->nr_frames++];

		*frame = (struct frame){.inlined = true};
		name_frame(profile, field.bytes, frame);
		lines++;
	}
	if (lines == 0 && profile->nr_frames < SNAPSHOT_FRAMES_MAX)
		profile->frames[profile->nr_frames++] = (struct frame){0};
	for (size_t i = first; i < profile->nr_frames; i++)
		profile->frames[i].address = address;
	if (profile->nr_frames > first)
		profile->frames[profile->nr_frames - 1].inlined = false;
}

static void add_label(struct profile *profile, struct bytes message)
{
	struct label label = {NULL, NULL};
	struct field field;

	if (profile->nr_labels == SNAPSHOT_LABELS_MAX)
		return;
	while (take_field(&message, &field)) {
		if (field.number == 1 && !field.is_bytes)
			label.key = string_of(profile, field.value);
		else if (field.number == 2 && !field.is_bytes)
			label.text = string_of(profile, field.value);
		else if (field.number == 3 && !field.is_bytes)
			label.text = arena_printf(&profile->out->snapshot->arena, "%lld",
						  (long long)field.value);
	}
	if (label.key && label.text)
		profile->labels[profile->nr_labels++] = label;
}

/* Numbers may be packed into one field or come in one field each. */
static bool next_number(struct field *field, uint64_t *value)
{
	if (field->is_bytes)
		return take_varint(&field->bytes, value);
	*value = field->value;
	field->is_bytes = true;
	field->bytes = (struct bytes){NULL, NULL};
	return true;
}

static void add_sample(struct profile *profile, struct bytes message,
		       struct pprof_found *found)
{
	uint64_t value, count = 0;
	struct field field;
	bool counted = false;

	profile->nr_frames = profile->nr_labels = 0;
	while (take_field(&message, &field)) {
		if (field.number == 1) {
			while (next_number(&field, &value))
				add_location(profile, value);
		} else if (field.number == 2) {
			while (next_number(&field, &value)) {
				count = counted ? count : value;
				counted = true;
			}
		} else if (field.number == 3 && field.is_bytes) {
			add_label(profile, field.bytes);
		}
	}
	if (count == 0 || count > UINT32_MAX ||
	    profile->out->snapshot->nr_tasks >= PPROF_TASKS_MAX)
		return;
	if (pprof_add_group(profile->out, profile->frames, profile->nr_frames, count,
			    profile->labels, profile->nr_labels))
		found->goroutines += count;
}

static bool counts_goroutines(const struct profile *profile, struct bytes all)
{
	struct field field;

	while (take_field(&all, &field)) {
		struct bytes type = field.bytes;

		if (field.number != 1 || !field.is_bytes)
			continue;
		while (take_field(&type, &field)) {
			const char *name = field.number == 1 && !field.is_bytes
						   ? string_of(profile, field.value)
						   : NULL;

			if (name && text_starts_with(name, "goroutine"))
				return true;
		}
	}
	return false;
}

int pprof_proto_read(const struct pprof_out *out, const void *bytes, size_t length,
		     struct pprof_found *found, struct err *e)
{
	struct profile *profile = calloc(1, sizeof(*profile));
	struct bytes all = {bytes, (const unsigned char *)bytes + length};
	struct field field;
	int rc;

	memset(found, 0, sizeof(*found));
	if (!profile)
		return err_set(e, ERR_NOMEM, "no memory for the profile");
	profile->out = out;
	rc = read_tables(profile, all, e);
	if (rc == 0 && !counts_goroutines(profile, all))
		rc = err_set(e, ERR_FORMAT,
			     "this is not a goroutine profile; use the one from "
			     "/debug/pprof/goroutine");
	found->dumps = 1;
	found->grouped = true;
	while (rc == 0 && take_field(&all, &field))
		if (field.number == 2 && field.is_bytes)
			add_sample(profile, field.bytes, found);
	free(profile->strings.list);
	free(profile->functions.list);
	free(profile->locations.list);
	free(profile);
	return rc;
}
