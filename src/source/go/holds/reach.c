/* SPDX-License-Identifier: MIT */
/* See reach.h: what recognisers use, and the lists of a walk that they add to. */
#include "source/go/holds/reach.h"

#include "base/array.h"
#include "base/hash.h"
#include "source/go/holds/walk.h"

#define LEADS_MAX  2000u /* of one goroutine in one step */
#define FOUND_MAX  1500u /* of one goroutine, before they are ranked */
#define ROOTS_MAX  1024u
#define LOWEST     0x10000u
#define LENGTH_MAX (1u << 20)
#define LENGTH_MIN 3u

static bool is_code(const struct go_reach *reach, uint64_t address)
{
	const struct go_pclntab *table = &reach->look->holds->module->table;

	return address >= table->min_pc && address < table->max_pc;
}

void go_reach_lead(struct go_reach *reach, const struct go_lead *lead)
{
	struct go_look *look = reach->look;
	bool text = lead->length >= LENGTH_MIN && lead->length <= LENGTH_MAX;

	if (lead->to < LOWEST || lead->to >> 47 || is_code(reach, lead->to) ||
	    (lead->to >= reach->low && lead->to < reach->high) ||
	    (lead->text_only && !text))
		return;
	if (reach->nr_leads >= LEADS_MAX ||
	    !array_reserve(&look->leads, &look->cap_leads, look->nr_leads + 1)) {
		reach->cut = true;
		return;
	}
	look->leads[look->nr_leads] = *lead;
	if (!text)
		look->leads[look->nr_leads].length = 0;
	look->nr_leads++;
	reach->nr_leads++;
}

const struct go_entry *go_reach_entry(const struct go_reach *reach)
{
	return reach->entry;
}

uint64_t go_reach_g(const struct go_reach *reach)
{
	return go_sampler_address(reach->look->sampler, reach->entry);
}

struct go_holds *go_reach_holds(const struct go_reach *reach)
{
	return reach->look->holds;
}

struct arena *go_reach_arena(struct go_reach *reach)
{
	return &reach->look->chunk;
}

const struct go_reached *go_reach_parent(const struct go_reach *reach,
					 const struct go_reached *object)
{
	return object->parent < 0 ? NULL : &reach->objects[object->parent];
}

int32_t go_reach_index(const struct go_reach *reach, const struct go_reached *object)
{
	return object ? (int32_t)(object - reach->objects) : -1;
}

struct go_found *go_reach_find(struct go_reach *reach, int32_t object)
{
	struct go_found *found;

	if (!array_reserve_most(&reach->found, &reach->cap_found, reach->nr_found + 1,
				FOUND_MAX)) {
		reach->cut = true;
		return NULL;
	}
	found = &reach->found[reach->nr_found++];
	memset(found, 0, sizeof(*found));
	found->object = object;
	found->number = (uint32_t)reach->nr_found;
	found->held.frame = -1;
	if (object >= 0) {
		found->held.steps = reach->objects[object].steps;
		found->held.inferred = reach->objects[object].inferred;
		found->held.frame = reach->objects[object].frame;
	}
	return found;
}

struct held *go_reach_add(struct go_reach *reach, enum held_kind kind,
			  const struct go_reached *object, uint64_t address,
			  const char *field, const char *name, const char *text)
{
	struct arena *arena = &reach->look->arena;
	struct go_found *found = go_reach_find(reach, go_reach_index(reach, object));

	if (!found)
		return NULL;
	found->held.kind = kind;
	found->held.address = address;
	found->field = field;
	found->held.name = name ? arena_strndup(arena, name, HOLDS_TEXT_MAX) : "";
	found->held.text = text ? arena_strndup(arena, text, HOLDS_TEXT_MAX) : "";
	found->key = hash_mix(address ^ reach->look->seed, kind);
	if (found->held.name && found->held.text)
		return &found->held;
	reach->nr_found--;
	return NULL;
}

void go_reach_slice(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		    uint64_t to, const struct go_type *type, uint64_t length,
		    const char *field)
{
	struct go_lead lead = {.to = to,
			       .type = type,
			       .slice = length,
			       .field = field,
			       .reach = reach->index,
			       .at = at,
			       .parent = go_reach_index(reach, object),
			       .frame = object ? object->frame : -1,
			       .inferred = object && object->inferred};

	if (!object || object->steps < HOLDS_STEPS_MAX)
		go_reach_lead(reach, &lead);
}

void go_reach_follow(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		     uint64_t to, const struct go_type *type, const char *field)
{
	go_reach_slice(reach, object, at, to, type, 0, field);
}

void go_reach_string(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		     uint64_t bytes, uint64_t length, const char *field)
{
	struct go_lead lead = {.to = bytes,
			       .length = length,
			       .field = field,
			       .reach = reach->index,
			       .at = at,
			       .parent = go_reach_index(reach, object),
			       .frame = object ? object->frame : -1,
			       .inferred = object && object->inferred,
			       .text_only = true};

	go_reach_lead(reach, &lead);
}

/* The heap is never a file, so that it can be read without asking where its pages are. */
static bool read_heap(struct go_look *look, uint64_t address, void *out, size_t bytes)
{
	struct memory_span span = {address, out, bytes, false};

	memory_read_spans(look->mem, &span, 1);
	return span.ok;
}

bool go_reach_read(struct go_reach *reach, uint64_t address, void *out, size_t bytes)
{
	struct go_look *look = reach->look;

	if (go_look_copied(look, address, out, bytes) ||
	    go_constants_read(&look->holds->constants, address, out, bytes))
		return true;
	if (reach->reads_left == 0) {
		reach->cut = true;
		return false;
	}
	reach->reads_left--;
	if (go_spans_are_heap(&look->holds->spans, address))
		return read_heap(look, address, out, bytes);
	return memory_read(look->mem, address, out, bytes);
}

bool go_reach_bounds(struct go_reach *reach, uint64_t address, uint64_t *start,
		     uint64_t *bytes)
{
	struct go_spans *spans = &reach->look->holds->spans;
	const struct go_heap_span *span;
	uint64_t index;

	if (!go_spans_read(spans, &address, 1))
		return false;
	span = go_spans_get(spans, address);
	index = span ? go_heap_index(span, address) : 0;
	if (!span || index >= span->nr_objects)
		return false;
	*start = go_heap_base(span, index);
	*bytes = span->size;
	return true;
}

void go_reach_type_word(struct go_reach *reach, uint64_t address,
			const struct go_type *type, uint64_t slice, const char *name,
			bool inferred)
{
	if (array_reserve_most(&reach->roots, &reach->cap_roots, reach->nr_roots + 1,
			       ROOTS_MAX))
		reach->roots[reach->nr_roots++] =
			(struct go_root_type){address, type, slice, name, inferred};
}

const struct go_reach_frame *go_reach_frame_of(const struct go_reach *reach,
					       uint64_t address)
{
	size_t low = 0, high = reach->nr_frames;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reach->frames[middle].sp <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &reach->frames[low - 1] : NULL;
}

bool go_reach_text(struct go_reach *reach, const struct go_lead *lead)
{
	uint32_t text = go_look_text(reach->look, lead->to, lead->length);
	struct go_found *found = text ? go_reach_find(reach, lead->parent) : NULL;

	if (!found)
		return false;
	found->held.kind = HELD_TEXT;
	found->held.address = lead->to;
	found->held.frame = lead->frame;
	found->held.inferred |= lead->inferred;
	found->at = lead->at;
	found->field = lead->field;
	found->text = text;
	found->placed = true;
	return true;
}
