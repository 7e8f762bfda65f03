/* SPDX-License-Identifier: MIT */
/* See typed.h. */
#include "source/go/holds/typed.h"

#include <stdio.h>

#define HEADER_FROM  512u   /* objects that are larger have a header since Go 1.22, */
#define HEADER_UNTIL 32768u /* but not those of this size and more */
#define HEADER_SINCE 22u
#define HEADER_BYTES 8u
#define VALUES_MAX   4u   /* of an array or slice that are followed */
#define TEXT_STEPS   2u   /* up to which values are shown with their contents, */
#define TEXT_BYTES   160u /* at most of this length */

bool go_recognise_header(struct go_reach *reach, struct go_reached *object)
{
	const struct go_holds *holds = go_reach_holds(reach);
	const struct go_type *type;
	uint64_t word;

	if (holds->module->minor && holds->module->minor < HEADER_SINCE)
		return false;
	if (object->noscan || object->bytes <= HEADER_FROM ||
	    object->bytes > HEADER_UNTIL || object->copied < HEADER_BYTES)
		return false;
	word = load_u64(object->copy);
	type = go_types_contain(holds->types, word) ? go_types_at(holds->types, word)
						    : NULL;
	if (!type || type->pointer_bytes == 0 ||
	    type->bytes > object->bytes - HEADER_BYTES)
		return false;
	/* The object may be an array: who leads to one element holds no other. */
	if (object->type != type || object->type_at < HEADER_BYTES ||
	    (object->type_at - HEADER_BYTES) % type->bytes) {
		object->type = type;
		object->type_at = HEADER_BYTES;
		object->slice = 0;
	} else if (object->slice == 0) {
		object->slice = 1;
	}
	object->inferred = false;
	return false;
}

/* Objects have the smallest size that is large enough. */
static bool is_size_of(uint64_t size, uint64_t bytes)
{
	uint64_t least = size <= 32 ? size - 8 : size <= 256 ? size - 32 : size / 8 * 6;

	return bytes <= size && bytes > least;
}

/* Takes the type for that of the object if its fields have nothing against it. */
static bool try_type(const struct go_holds *holds, struct go_reached *object,
		     const struct go_type *type, int least)
{
	const struct go_plan *plan;
	int fits;

	if (!type || (type->pointer_bytes == 0) != object->noscan ||
	    !is_size_of(object->bytes, type->bytes))
		return false;
	plan = go_plans_get(holds->plans, type);
	fits = plan ? go_plan_check(plan, holds->types, object->copy, object->copied)
		    : -1;
	if (fits < least)
		return false;
	object->type = type;
	object->type_at = 0;
	object->slice = 0;
	object->inferred |= fits < GO_PLAN_SEEN;
	return true;
}

bool go_recognise_receiver(struct go_reach *reach, struct go_reached *object)
{
	const struct go_holds *holds = go_reach_holds(reach);
	const struct stack *stack = go_reach_entry(reach)->stack;

	if (object->type)
		return false;
	for (size_t i = 0; stack && object->steps == 1 && i < stack->nr_frames; i++) {
		const char *function = stack->frames[i].function;
		/* In the frame of the method itself, and of its caller which passes it,
		 * nothing need speak for it. */
		bool near = object->frame >= 0 && (size_t)object->frame - i <= 1;

		if (function &&
		    try_type(holds, object,
			     go_plans_receiver(holds->plans, holds->types, function),
			     near ? 0 : 1))
			return false;
	}
	for (size_t i = 0; i < GO_PLAN_SOUGHT && !object->noscan; i++)
		if (try_type(holds, object,
			     go_plans_sought(holds->plans, holds->types, i),
			     GO_PLAN_SEEN))
			return false;
	return false;
}

static void follow_interface(struct go_reach *reach, const struct go_reached *object,
			     uint32_t at, const struct go_plan_item *item,
			     const uint64_t words[2])
{
	struct go_types *types = go_reach_holds(reach)->types;
	struct go_itab itab = {0};
	const struct go_type *type;

	if (words[0] == 0 || words[1] == 0)
		return;
	if (item->type->length == 0)
		itab.type = go_types_at(types, words[0]);
	else
		go_types_itab(types, words[0], &itab);
	if (!itab.type)
		return;
	type = go_typed_target(itab.type);
	if (itab.type->direct && type == itab.type)
		type = NULL; /* a map, channel or function */
	go_reach_follow(reach, object, at + 8, words[1], type, item->name);
}

static void follow_item(struct go_reach *reach, const struct go_reached *object,
			uint32_t base, const struct go_plan_item *item)
{
	uint32_t at = base + item->offset;
	const uint8_t *bytes = object->copy + at;
	const struct go_type *element = NULL;
	uint64_t words[3], slice = 0;

	memcpy(words, bytes,
	       item->type->bytes < sizeof(words) ? item->type->bytes : sizeof(words));
	switch (item->kind) {
	case GO_KIND_STRING:
		go_reach_string(reach, object, at, words[0], words[1], item->name);
		return;
	case GO_KIND_INTERFACE:
		follow_interface(reach, object, at, item, words);
		return;
	case GO_KIND_SLICE:
		element = go_type_element(item->type);
		if (words[1] == 0 || words[1] > words[2])
			return;
		if (element && element->kind == GO_KIND_UINT8) {
			go_reach_string(reach, object, at, words[0], words[1],
					item->name);
			return;
		}
		slice = words[1];
		break;
	case GO_KIND_POINTER:
		element = go_type_element(item->type);
		break;
	case GO_KIND_STRUCT: {
		struct go_place place = {object->address + at, bytes,
					 object->copied - at};

		go_special_lock(reach, object, item->type, &place);
		return;
	}
	default:
		break;
	}
	if (words[0])
		go_reach_slice(reach, object, at, words[0], element, slice, item->name);
}

/* Adds the value itself: its type, and if it is near, what it contains. */
static void add_value(struct go_reach *reach, const struct go_reached *object,
		      const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	char name[GO_TYPE_NAME_MAX + 2], text[TEXT_BYTES];
	struct oneline line;

	values.levels = 1;
	oneline_init(&line, text, sizeof(text));
	if (object->steps <= TEXT_STEPS &&
	    !go_value_print(&values, type, place, false, &line)) {
		/* It was no value of that type, or is none any more. */
		if (object->inferred)
			return;
		text[0] = 0;
	}
	snprintf(name, sizeof(name), "*%s", type->name);
	go_reach_add(reach, HELD_VALUE, object, place->address, NULL, name, text);
}

static uint64_t values_in(const struct go_reached *object, const struct go_type *type)
{
	uint64_t left = object->bytes - object->type_at;
	uint64_t nr = type->bytes ? left / type->bytes : 1;

	if (object->slice < nr)
		nr = object->slice ? object->slice : 1;
	return nr < VALUES_MAX ? nr : VALUES_MAX;
}

bool go_recognise_typed(struct go_reach *reach, struct go_reached *object)
{
	const struct go_holds *holds = go_reach_holds(reach);
	const struct go_type *type = object->type;
	const struct go_plan *plan = type ? go_plans_get(holds->plans, type) : NULL;
	go_typed_special special;
	struct go_place place;
	int fits;

	if (!plan || object->type_at >= object->copied)
		return false;
	place = (struct go_place){object->address + object->type_at,
				  object->copy + object->type_at,
				  object->copied - object->type_at};
	fits = go_plan_check(plan, holds->types, place.bytes, place.copied);
	if (fits < 0 || type->bytes > object->bytes - object->type_at) {
		object->type = NULL; /* it is something else by now */
		return false;
	}
	/* Words on a stack that look like an interface value may be of different ones.
	 * Timers are larger than their type says: the runtime's own part follows. */
	if (object->parent < 0 && fits < GO_PLAN_CERTAIN) {
		if (object->type_at == 0 && !is_size_of(object->bytes, type->bytes) &&
		    go_special_of(type) != go_special_timer) {
			object->type = NULL;
			return false;
		}
		object->inferred = true;
	}
	special = go_special_of(type);
	if ((!special || !special(reach, object, type, &place)) && !plan->quiet)
		add_value(reach, object, type, &place);
	for (uint64_t nr = 0; nr < values_in(object, type); nr++)
		for (uint32_t i = 0; i < plan->nr_items; i++) {
			uint64_t base = object->type_at + nr * type->bytes;
			const struct go_plan_item *item = &plan->items[i];

			if (base + item->offset + item->type->bytes <= object->copied)
				follow_item(reach, object, (uint32_t)base, item);
		}
	/* What is before a value is of an unknown type, but not what is next to the elements
	 * of a slice: those may be beyond its length. */
	return object->type_at <= HEADER_BYTES || object->slice > 0;
}

const struct go_type *go_typed_pair(const struct go_holds *holds, const uint64_t words[2])
{
	struct go_itab itab = {0};

	if (words[0] % 8 || words[1] < 4096 || words[1] >> 47)
		return NULL;
	if (go_types_contain(holds->types, words[0]))
		itab.type = go_types_at(holds->types, words[0]);
	if (!itab.type && (!go_elf_contains(holds->elf, words[0], false) ||
			   !go_types_itab(holds->types, words[0], &itab)))
		return NULL;
	if (itab.type->direct && go_typed_target(itab.type) == itab.type)
		return NULL;
	return go_typed_target(itab.type);
}

bool go_recognise_interfaces(struct go_reach *reach, struct go_reached *object)
{
	const struct go_holds *holds = go_reach_holds(reach);

	if (object->noscan)
		return false;
	for (size_t at = 0; at + 16 <= object->copied; at += 8) {
		uint64_t words[2] = {load_u64(object->copy + at),
				     load_u64(object->copy + at + 8)};
		const struct go_type *type = go_typed_pair(holds, words);

		if (type)
			go_reach_follow(reach, object, (uint32_t)at + 8, words[1], type,
					NULL);
	}
	return false;
}

void go_recognise_pairs(struct go_reach *reach, const struct go_reach_frame *frame)
{
	const struct go_holds *holds = go_reach_holds(reach);
	size_t nr = frame->own_words;

	if (nr > 0 && frame->end > frame->args)
		nr = (size_t)(frame->end - frame->sp) / 8;
	for (size_t i = 0; i + 1 < nr && i + 1 < frame->nr_words; i++) {
		uint64_t words[2] = {load_u64(frame->words + i * 8),
				     load_u64(frame->words + i * 8 + 8)};
		const struct go_type *type = go_typed_pair(holds, words);

		if (type)
			go_reach_type_word(reach, frame->sp + (i + 1) * 8, type, 0, NULL,
					   false);
	}
}
