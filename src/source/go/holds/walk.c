/* SPDX-License-Identifier: MIT */
/* See walk.h and reach.h. */
#include "source/go/holds/function.h"
#include "source/go/holds/guess.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

#define READS_MAX    128u /* by recognisers for one goroutine */
#define SHARED_BYTES 16u
#define VISITED      1024u /* slots, more than twice HOLDS_OBJECTS_MAX */

void go_reach_release(struct go_reach *reach)
{
	free(reach->frames);
	free(reach->roots);
	free(reach->objects);
	free(reach->visited);
	free(reach->found);
	memset(reach, 0, sizeof(*reach));
}

/* Adds the string that the lead may lead to. Returns false if it cannot be one. */
static bool take_text(struct go_reach *reach, const struct go_lead *lead,
		      const struct go_heap_span *span)
{
	/* A local variable may have its length in any word of its frame. */
	if (lead->parent < 0 && span && !lead->text_only &&
	    go_guess_add(reach, lead, span))
		return true;
	return lead->length && go_reach_text(reach, lead);
}

/* Channels whose elements have no pointers are in objects without pointers. */
static bool may_be_chan(const struct go_lead *lead, const struct go_heap_span *span)
{
	return span->size >= GO_CHAN_BYTES_MIN && lead->to >= span->start &&
	       (lead->to - span->start) % span->size == 0;
}

/* Returns the object at the address if the walk has been there; otherwise NULL, and it is
 * there now. */
static struct go_reached *visited(struct go_reach *reach, uint64_t address)
{
	size_t at = hash_mix(address, reach->look->seed) & (VISITED - 1);

	for (; reach->visited[at]; at = (at + 1) & (VISITED - 1))
		if (reach->objects[reach->visited[at] - 1].address == address)
			return &reach->objects[reach->visited[at] - 1];
	reach->visited[at] = (uint16_t)(reach->nr_objects + 1);
	return NULL;
}

/* Another word says what type an object is that was reached before without one. */
static void type_object(struct go_reach *reach, struct go_reached *object,
			const struct go_lead *lead)
{
	if (object->type || !lead->type || lead->to < object->address) {
		if (lead->type && object->type == lead->type &&
		    object->address + object->type_at == lead->to &&
		    lead->slice > object->slice &&
		    go_reach_index(reach, object) >= (int32_t)reach->expanded)
			object->slice = lead->slice;
		return;
	}
	object->type = lead->type;
	object->slice = lead->slice;
	object->type_at = (uint32_t)(lead->to - object->address);
	object->again = go_reach_index(reach, object) < (int32_t)reach->expanded;
	reach->again |= object->again;
}

/* Values without pointers that are smaller than 16 bytes share an object of that size.
 * Each is an object of its own here, from the address that leads to it. */
static bool is_shared(const struct go_piece *piece)
{
	return piece->noscan && piece->size == SHARED_BYTES;
}

static void reach_object(struct go_reach *reach, const struct go_lead *lead,
			 uint32_t number, uint8_t steps)
{
	const struct go_piece *piece = &reach->look->pieces[number];
	uint64_t address = is_shared(piece) ? lead->to : piece->address;
	struct go_reached *before;

	if (reach->nr_objects >= HOLDS_OBJECTS_MAX) {
		reach->cut = true;
		return;
	}
	if (!reach->visited)
		reach->visited = calloc(VISITED, sizeof(*reach->visited));
	if (!reach->visited ||
	    !array_reserve(&reach->objects, &reach->cap_objects, reach->nr_objects + 1))
		return;
	before = visited(reach, address);
	if (before) {
		type_object(reach, before, lead);
		return;
	}
	reach->objects[reach->nr_objects++] = (struct go_reached){
		.address = address,
		.bytes = piece->base + piece->size - address,
		.piece = number,
		.copied = piece->copied - (size_t)(address - piece->address),
		.to = lead->to,
		.parent = lead->parent,
		.at = lead->at,
		.frame = lead->frame,
		.steps = steps,
		.noscan = piece->noscan,
		.inferred = lead->inferred,
		.field = lead->field,
		.type = lead->type,
		.slice = lead->slice,
		.type_at = (uint32_t)(lead->to - address)};
}

/* Follows the leads of one step: to objects, or to strings, which are in objects without
 * pointers or in the executable. */
static void take_leads(struct go_look *look, uint8_t steps)
{
	for (size_t i = 0; i < look->nr_now; i++) {
		const struct go_lead *lead = &look->now[i];
		struct go_reach *reach = &look->reaches[lead->reach];
		const struct go_heap_span *span =
			go_spans_get(&look->holds->spans, lead->to);
		uint32_t piece;

		bool text = (!span || span->noscan) && take_text(reach, lead, span);

		if (!span && !text && !lead->text_only)
			go_function_find(reach, lead);
		if (!span || lead->text_only ||
		    (span->noscan && !lead->type && (text || !may_be_chan(lead, span))))
			continue;
		piece = go_look_piece(look, lead->to);
		if (piece == GO_LOOK_FULL)
			reach->cut = true;
		else if (piece)
			reach_object(reach, lead, piece - 1, steps);
	}
}

/* Without a type, each word may be a pointer, and with the next one a string. */
static void follow_words(struct go_reach *reach, const struct go_reached *object)
{
	struct go_lead lead = {.reach = reach->index,
			       .parent = go_reach_index(reach, object),
			       .frame = object->frame,
			       .inferred = object->inferred,
			       .text_only = object->steps >= HOLDS_STEPS_MAX};

	for (size_t at = 0; at + 8 <= object->copied; at += 8) {
		lead.at = (uint32_t)at;
		lead.to = load_u64(object->copy + at);
		lead.length =
			at + 16 <= object->copied ? load_u64(object->copy + at + 8) : 0;
		go_reach_lead(reach, &lead);
	}
}

static void expand_object(struct go_reach *reach, struct go_reached *object, bool words)
{
	const go_recognise_object *at = reach->look->holds->recognisers;

	/* Recognisers do not reach objects, so the pointer stays valid. */
	if (!object->copy)
		return;
	while (*at && !(*at)(reach, object))
		at++;
	if (!*at && !object->noscan && words)
		follow_words(reach, object);
}

static void expand_objects(struct go_reach *reach)
{
	reach->nr_leads = 0;
	for (size_t i = 0; i < reach->expanded && reach->again; i++) {
		if (reach->objects[i].again)
			expand_object(reach, &reach->objects[i], false);
		reach->objects[i].again = false;
	}
	reach->again = false;
	for (; reach->expanded < reach->nr_objects; reach->expanded++)
		expand_object(reach, &reach->objects[reach->expanded], true);
}

static bool read_spans(struct go_look *look)
{
	if (!array_reserve(&look->addresses, &look->cap_addresses, look->nr_now))
		return false;
	for (size_t i = 0; i < look->nr_now; i++)
		look->addresses[i] = look->now[i].to;
	return go_spans_read(&look->holds->spans, look->addresses, look->nr_now);
}

/* Objects that could not be read are left out. */
static void set_copies(const struct go_look *look, struct go_reach *reach)
{
	for (size_t i = reach->expanded; i < reach->nr_objects; i++) {
		struct go_reached *object = &reach->objects[i];
		const struct go_piece *piece = &look->pieces[object->piece];

		object->copy = piece->bytes
				       ? piece->bytes + (object->address - piece->address)
				       : NULL;
	}
}

void go_reach_walk(struct go_look *look)
{
	for (size_t i = 0; i < look->nr_reaches; i++)
		look->reaches[i].reads_left = READS_MAX;
	for (uint8_t steps = 1; steps <= HOLDS_STEPS_MAX + 1; steps++) {
		struct go_lead *swap = look->now;
		size_t cap = look->cap_now;

		look->now = look->leads;
		look->nr_now = look->nr_leads;
		look->cap_now = look->cap_leads;
		look->leads = swap;
		look->cap_leads = cap;
		look->nr_leads = 0;
		if (look->nr_now == 0 || !read_spans(look))
			return;
		take_leads(look, steps);
		go_look_read_pieces(look);
		go_guesses_take(look);
		for (size_t i = 0; i < look->nr_reaches; i++) {
			set_copies(look, &look->reaches[i]);
			expand_objects(&look->reaches[i]);
		}
	}
}
