/* SPDX-License-Identifier: MIT */
/* Writes what tasks hold: of each task, and what groups have in common. */
#include <inttypes.h>

#include "core/holds_group.h"
#include "out/escape.h"
#include "out/json_field.h"

static void put_kind(struct buf *out, const struct held *held)
{
	bool reads = held->kind == HELD_TEXT && held->reads != HELD_TEXT_OTHER;

	buf_puts(out, "{\"kind\": ");
	escape_json(out, held_kind_name(held->kind));
	json_put_text(out, "reads", reads ? held_text_name(held->reads) : NULL);
}

static void put_held(struct buf *out, const struct held *held)
{
	put_kind(out, held);
	json_put_text(out, "text", held->text);
	json_put_text(out, "name", held->name[0] ? held->name : NULL);
	json_put_text(out, "way", held->way);
	json_put_count(out, ", ", "steps", held->steps);
	json_put_count(out, ", ", "frame", held->frame);
	json_put_count(out, ", ", "others", held->others);
	json_put_bool(out, "inferred", held->inferred);
	json_put_key(out, ", ", "address");
	if (held->address != 0)
		buf_printf(out, "\"0x%" PRIx64 "\"}", held->address);
	else
		buf_puts(out, "null}");
}

void json_put_holds(struct buf *out, const char *separator, const char *between,
		    const struct holds *holds)
{
	json_put_key(out, separator, "holds");
	if (!holds) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_count(out, "", "compared", holds->compared);
	json_put_count(out, ", ", "objects", holds->objects);
	json_put_bool(out, "cut", holds->cut);
	json_put_count(out, ", ", "took_ns", holds->took_ns);
	json_put_text(out, "why", holds->why);
	buf_puts(out, ", \"list\": [");
	for (size_t i = 0; i < holds->nr; i++) {
		buf_puts(out, i ? "," : "");
		buf_puts(out, between);
		put_held(out, &holds->list[i]);
	}
	buf_puts(out, "]}");
}

static void put_shared(struct buf *out, const struct holds_shared *shared)
{
	const struct held *held = shared->held;

	put_kind(out, held);
	json_put_text(out, "text", shared->text);
	json_put_bool(out, "prefix", shared->prefix);
	json_put_count(out, ", ", "values", shared->values);
	json_put_count(out, ", ", "members", shared->members);
	json_put_count(out, ", ", "outside", shared->outside);
	json_put_text(out, "name", held->name[0] ? held->name : NULL);
	json_put_text(out, "way", held->way);
	buf_puts(out, "}");
}

static void put_differing(struct buf *out, const struct holds_differing *differing)
{
	const struct held *held = differing->held;

	put_kind(out, held);
	json_put_count(out, ", ", "values", differing->values);
	json_put_count(out, ", ", "members", differing->members);
	json_put_text(out, "example", held->text);
	json_put_text(out, "name", held->name[0] ? held->name : NULL);
	json_put_text(out, "way", held->way);
	buf_puts(out, "}");
}

static void put_group(struct buf *out, const struct holds_group *group)
{
	char text[HOLDS_GROUP_TEXT_MAX];

	json_put_text(out, "text", holds_group_text(group, HOLDS_SENTENCE, false, text));
	json_put_count(out, ", ", "members", group->members);
	json_put_count(out, ", ", "outsiders", group->outsiders);
	json_put_bool(out, "cut", group->cut);
	buf_puts(out, ",\n    \"shared\": [");
	for (size_t i = 0; i < group->nr_shared; i++) {
		buf_puts(out, i ? ",\n     " : "\n     ");
		put_shared(out, &group->shared[i]);
	}
	buf_puts(out, "],\n    \"differing\": [");
	for (size_t i = 0; i < group->nr_differing; i++) {
		buf_puts(out, i ? ",\n     " : "\n     ");
		put_differing(out, &group->differing[i]);
	}
	buf_puts(out, "]");
}

void json_put_holds_who(struct buf *out, const struct snapshot *snapshot,
			struct holds_who who)
{
	const struct holds_group *group;
	struct arena arena;

	arena_init(&arena, 0);
	group = holds_group_of(snapshot, who, &arena);
	json_put_key(out, ",\n   ", "holds");
	if (group) {
		buf_puts(out, "{\"tasks\": ");
		buf_printf(out, "%" PRIu32,
			   who.group ? who.group->count : who.leak->count);
		put_group(out, group);
		buf_puts(out, "}");
	} else {
		buf_puts(out, "null");
	}
	arena_release(&arena);
}

void json_put_holds_groups(struct buf *out, const struct snapshot *snapshot,
			   const struct rows *rows)
{
	struct holds_of_group list[HOLDS_GROUPS_MAX];
	struct arena arena;
	size_t nr;

	arena_init(&arena, 0);
	nr = holds_of_groups(snapshot, rows->index, rows->count, list, &arena);
	buf_puts(out, " \"holds_of_groups\": [");
	for (size_t i = 0; i < nr; i++) {
		const struct frame *frame = stack_top_frame(list[i].group->stack);
		const struct frame *creator = stack_top_frame(list[i].group->created_by);

		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put_count(out, "", "tasks", list[i].group->count);
		json_put_text(out, "state", state_info(list[i].group->state)->name);
		json_put_text(out, "function", frame ? frame->function : NULL);
		json_put_text(out, "creator", creator ? creator->function : NULL);
		put_group(out, list[i].holds);
		buf_puts(out, "}");
	}
	buf_puts(out, "],\n");
	arena_release(&arena);
}
