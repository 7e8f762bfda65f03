/* SPDX-License-Identifier: MIT */
/* Decodes the processes of a target that is several. */
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "rec/decode.h"

#define TEXT_BYTES 4096u

static const char *text_of(const struct rec_tables *tables, json_t *object,
			   const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? intern_text(tables->intern, text, TEXT_BYTES) : NULL;
}

static void decode_member(const struct rec_tables *tables, json_t *object,
			  struct snapshot *out, struct member_process *member)
{
	json_t *resources = json_object_get(object, "resources");
	const char *trouble = json_string_value(json_object_get(object, "error"));

	member->pid = rec_decode_pid(object, "pid");
	member->name = text_of(tables, object, "name");
	if (!member->name)
		member->name = "";
	member->sources = rec_decode_sources(tables, json_object_get(object, "sources"));
	member->runtime = text_of(tables, object, "runtime");
	member->trouble =
		trouble ? arena_strndup(&out->arena, trouble, TEXT_BYTES) : NULL;
	member->start_real_ns = rec_decode_time(object, "start_real_ns");
	rec_decode_resources(resources, &member->resources);
	member->timers =
		rec_decode_timers(tables, json_object_get(resources, "go_timers"), out);
}

static int by_pid(const void *left, const void *right)
{
	const struct member_process *a = left, *b = right;

	return ORDER(a->pid, b->pid);
}

int rec_decode_members(const struct rec_tables *tables, json_t *object,
		       struct snapshot *out)
{
	size_t count = json_object_size(object);
	const char *key;
	json_t *member;

	if (count > REC_MEMBERS_MAX)
		count = REC_MEMBERS_MAX;
	if (!object)
		return 0;
	out->members = arena_alloc(&out->arena, (count + 1) * sizeof(*out->members));
	if (!out->members)
		return ERR_NOMEM;
	json_object_foreach(object, key, member)
	{
		if (out->nr_members < count)
			decode_member(tables, member, out,
				      &out->members[out->nr_members++]);
	}
	qsort(out->members, out->nr_members, sizeof(out->members[0]), by_pid);
	snapshot_name_processes(out);
	return 0;
}
