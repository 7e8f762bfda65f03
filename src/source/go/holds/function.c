/* SPDX-License-Identifier: MIT */
/* See function.h. */
#include "source/go/holds/function.h"

#include "base/hash.h"
#include "base/text.h"
#include "source/go/holds/recognise.h"

/* The compiler's name of a function that calls a method of a captured value. */
#define METHOD_END "-fm"

/* Writes the name of the function that begins there. Returns what kind of value this is,
 * or NULL if none begins there. The runtime's own say nothing. */
static const char *name_of(const struct go_holds *holds, uint64_t entry, bool captures,
			   char out[HOLDS_TEXT_MAX])
{
	const struct go_module *module = holds->module;
	size_t end = strlen(METHOD_END), nr;
	const char *name;

	while (module && (entry < module->table.min_pc || entry >= module->table.max_pc))
		module = module->next;
	if (!module || !go_func_starts(&module->table, entry))
		return NULL;
	name = go_stacks_function(holds->sampler->stacks, entry);
	if (!name || text_starts_with(name, "runtime."))
		return NULL;
	nr = strnlen(name, HOLDS_TEXT_MAX - 1);
	memcpy(out, name, nr);
	out[nr] = '\0';
	if (nr <= end || strcmp(out + nr - end, METHOD_END) != 0)
		return captures ? "closure" : "";
	out[nr - end] = '\0';
	return "method value";
}

bool go_recognise_function(struct go_reach *reach, struct go_reached *object)
{
	char name[HOLDS_TEXT_MAX];
	const char *kind;

	if (object->copied < 8 || object->to != object->address)
		return false;
	kind = name_of(go_reach_holds(reach), load_u64(object->copy), true, name);
	if (kind)
		go_reach_add(reach, HELD_FUNCTION, object, object->address, NULL, name,
			     kind);
	/* What it captures is followed. */
	return false;
}

void go_function_find(struct go_reach *reach, const struct go_lead *lead)
{
	struct go_holds *holds = reach->look->holds;
	char name[HOLDS_TEXT_MAX];
	struct go_found *found;
	const char *kind;
	uint64_t entry;

	if (lead->to & 7 ||
	    !go_constants_read(&holds->constants, lead->to, &entry, sizeof(entry)))
		return;
	kind = name_of(holds, entry, false, name);
	found = kind ? go_reach_find(reach, lead->parent) : NULL;
	if (!found)
		return;
	found->held.kind = HELD_FUNCTION;
	found->held.address = lead->to;
	found->held.inferred |= lead->inferred;
	if (lead->parent < 0)
		found->held.frame = lead->frame;
	found->held.name = arena_strndup(&reach->look->arena, name, HOLDS_TEXT_MAX);
	found->held.text = kind;
	found->key = hash_mix(lead->to ^ reach->look->seed, HELD_FUNCTION);
	found->at = lead->at;
	found->field = lead->field;
	found->placed = true;
	if (!found->held.name)
		reach->nr_found--;
}
