/* SPDX-License-Identifier: MIT */
/* A process is written with the fields that differ from the previous sample. Another
 * process with the same pid is a new one, which replaces the old one. */
#include "out/stream_members.h"

#include <string.h>

#include "out/json_field.h"

enum field { FIELD_MEMBER, FIELD_RESOURCES, NR_FIELDS };

void stream_members_release(struct stream_members *members)
{
	buf_release(&members->field);
	buf_release(&members->field_before);
}

static void put_field(struct buf *out, enum field field,
		      const struct member_process *member, int64_t mono_ns)
{
	buf_clear(out);
	if (field == FIELD_MEMBER) {
		json_put_member(out, member);
		return;
	}
	json_put_key(out, ", ", "resources");
	buf_puts(out, "{");
	json_put_resources(out, &member->resources);
	json_put_timers(out, member->timers, mono_ns, true);
	json_put_percent(out, "cpu_percent", member->resources.cpu_percent);
	buf_puts(out, "}");
}

/* Begins an entry of a list, and before the first one the list. */
static void begin_entry(struct buf *out, const char *list, bool *any)
{
	if (*any)
		buf_puts(out, ", ");
	else
		json_put_key(out, ", ", list);
	buf_puts(out, *any ? "" : "[");
	*any = true;
}

/* Both are in the samples that were taken at these times; before may be NULL. */
static void put_member(struct stream_members *members, struct buf *out,
		       const struct member_process *now, int64_t now_ns,
		       const struct member_process *before, int64_t before_ns, bool *any)
{
	bool begun = false;

	for (int i = 0; i < NR_FIELDS; i++) {
		struct buf *field = &members->field, *last = &members->field_before;

		put_field(field, (enum field)i, now, now_ns);
		buf_clear(last);
		if (before)
			put_field(last, (enum field)i, before, before_ns);
		if (field->length == last->length && last->length > 0 &&
		    memcmp(field->bytes, last->bytes, field->length) == 0)
			continue;
		if (!begun) {
			begin_entry(out, "processes", any);
			json_put_count(out, "{", "pid", now->pid);
			buf_puts(out, before ? "" : ", \"new\": true");
			begun = true;
		}
		buf_append(out, field->bytes, field->length);
	}
	buf_puts(out, begun ? "}" : "");
}

static const struct member_process *find_before(const struct snapshot *before,
						const struct member_process *member)
{
	const struct member_process *found =
		before ? snapshot_member(before, member->pid) : NULL;

	return found && found->start_real_ns == member->start_real_ns ? found : NULL;
}

void stream_put_members(struct stream_members *members, struct buf *out,
			const struct snapshot *snapshot, const struct snapshot *before)
{
	bool any = false, gone = false;

	for (size_t i = 0; i < snapshot->nr_members; i++) {
		const struct member_process *member = &snapshot->members[i];

		put_member(members, out, member, snapshot->mono_ns,
			   find_before(before, member), before ? before->mono_ns : 0,
			   &any);
	}
	/* A key sample says that there are none at the moment. */
	if (!before && snapshot->members && !any)
		begin_entry(out, "processes", &any);
	buf_puts(out, any ? "]" : "");
	for (size_t i = 0; before && i < before->nr_members; i++) {
		pid_t pid = before->members[i].pid;

		if (snapshot_member(snapshot, pid))
			continue;
		begin_entry(out, "gone_processes", &gone);
		buf_printf(out, "%d", (int)pid);
	}
	buf_puts(out, gone ? "]" : "");
}
