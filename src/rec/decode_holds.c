/* SPDX-License-Identifier: MIT */
/* Decodes what a task holds. Every limit of core/holds.h is applied again, because a file
 * may come from anywhere. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rec/decode.h"

#define WHY_BYTES 300u

static const char *copy(struct snapshot *out, json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	const char *kept =
		text ? arena_strndup(&out->arena, text, HOLDS_TEXT_MAX + 16) : NULL;

	return kept ? kept : "";
}

static uint32_t count_of(json_t *object, const char *key)
{
	int64_t count = rec_decode_number(object, key, 0);

	return count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static void decode_held(json_t *object, struct snapshot *out, struct held *held)
{
	const char *address = json_string_value(json_object_get(object, "address"));
	int kind = held_kind_by_name(json_string_value(json_object_get(object, "kind")));
	int reads =
		held_text_by_name(json_string_value(json_object_get(object, "reads")));
	int64_t frame = rec_decode_number(object, "frame", -1);
	uint32_t steps = count_of(object, "steps");

	*held = (struct held){
		.kind = kind < 0 ? HELD_VALUE : (enum held_kind)kind,
		.reads = reads < 0 ? HELD_TEXT_OTHER : (enum held_text)reads,
		.steps = (uint8_t)(steps < UINT8_MAX ? steps : UINT8_MAX),
		.inferred = json_is_true(json_object_get(object, "inferred")),
		.frame = frame >= 0 && frame < SNAPSHOT_FRAMES_MAX ? (int)frame : -1,
		.others = count_of(object, "others"),
		.address = address && text_starts_with(address, "0x")
				   ? strtoull(address + 2, NULL, 16)
				   : 0,
		.way = copy(out, object, "way"),
		.name = copy(out, object, "name"),
		.text = copy(out, object, "text"),
	};
}

const struct holds *rec_decode_holds(json_t *object, struct snapshot *out)
{
	json_t *array = json_object_get(object, "list"), *item;
	size_t count = json_array_size(array), i;
	const char *why = json_string_value(json_object_get(object, "why"));
	struct held *list = NULL;
	struct holds *holds;

	if (!json_is_object(object))
		return NULL;
	holds = arena_alloc(&out->arena, sizeof(*holds));
	count = count < HOLDS_LIST_MAX ? count : HOLDS_LIST_MAX;
	if (holds && count > 0)
		list = arena_alloc(&out->arena, count * sizeof(*list));
	if (!holds)
		return NULL;
	holds->list = list;
	holds->cut = json_is_true(json_object_get(object, "cut"));
	holds->compared = count_of(object, "compared");
	holds->objects = count_of(object, "objects");
	holds->took_ns = rec_decode_number(object, "took_ns", 0);
	if (holds->took_ns < 0)
		holds->took_ns = 0;
	holds->why = why ? arena_strndup(&out->arena, why, WHY_BYTES) : NULL;
	json_array_foreach(array, i, item)
	{
		if (list && holds->nr < count && json_is_object(item))
			decode_held(item, out, &list[holds->nr++]);
	}
	return holds;
}
