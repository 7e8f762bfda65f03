/* SPDX-License-Identifier: MIT */
/* Locks and atomic values. Layouts: packages sync and sync/atomic of Go 1.16 to 1.27. */
#include "source/go/type/print.h"

bool go_print_mutex(struct go_print *print, const struct go_type *type,
		    const struct go_place *place)
{
	uint32_t state;

	/* locked 1, woken 2, starving 4, then the number of waiters */
	if (!go_print_field(print->values, type, place, "state", &state, sizeof(state))) {
		struct go_place part;
		const struct go_type *inner =
			go_place_field(type, place, "mu", GO_KIND_STRUCT, &part);

		return inner && go_type_is(inner, "sync.Mutex", "internal/sync") &&
		       go_print_mutex(print, inner, &part);
	}
	oneline_put(print->text, state & 1 ? "locked" : "unlocked");
	if (state >> 3)
		oneline_printf(print->text, ", %u waiting", state >> 3);
	return true;
}

#define READERS_MAX (1 << 30) /* subtracted while a writer waits or writes */

bool go_print_rwmutex(struct go_print *print, const struct go_type *type,
		      const struct go_place *place)
{
	int32_t readers, leaving;

	if (!go_print_field(print->values, type, place, "readerCount", &readers,
			    sizeof(readers)) ||
	    !go_print_field(print->values, type, place, "readerWait", &leaving,
			    sizeof(leaving)))
		return false;
	if (leaving < 0 || readers < -READERS_MAX)
		return false;
	if (readers >= 0) {
		oneline_printf(print->text, readers ? "read-locked by %d" : "unlocked",
			       readers);
		return true;
	}
	readers += READERS_MAX;
	if (leaving > 0)
		oneline_printf(print->text, "a writer waits for %d to unlock", leaving);
	else
		oneline_put(print->text, "write-locked");
	if (readers > leaving)
		oneline_printf(print->text, ", %d readers waiting", readers - leaving);
	return true;
}

bool go_print_waitgroup(struct go_print *print, const struct go_type *type,
			const struct go_place *place)
{
	uint64_t state;
	uint32_t words[3];

	/* The counter, and in the lower half the waiters; since Go 1.25 with a flag. */
	if (go_print_field(print->values, type, place, "state1", words, sizeof(words)))
		memcpy(&state, words + (place->address % 8 == 0 ? 0 : 1), sizeof(state));
	else if (!go_print_field(print->values, type, place, "state", &state,
				 sizeof(state)) &&
		 !go_print_field(print->values, type, place, "state1", &state,
				 sizeof(state)))
		return false;
	oneline_printf(print->text, "%d to go", (int32_t)(state >> 32));
	if (state & 0x7fffffff)
		oneline_printf(print->text, ", %u waiting", (unsigned)state & 0x7fffffff);
	return true;
}

/* A type with a parameter has that in a field of no bytes: [0]*T. */
static const struct go_type *parameter_of(const struct go_type *type)
{
	size_t nr;
	const struct go_field *fields = go_type_fields(type, &nr);

	return nr > 0 && fields[0].type && fields[0].type->kind == GO_KIND_ARRAY
		       ? go_type_element(fields[0].type)
		       : NULL;
}

bool go_print_atomic(struct go_print *print, const struct go_type *type,
		     const struct go_place *place)
{
	uint64_t offset;
	const struct go_field *field = go_type_field(type, "v", &offset);
	const struct go_type *inner;
	struct go_place part;
	uint32_t value;

	if (!field)
		field = go_type_field(type, "value", &offset);
	if (!field || !field->type)
		return false;
	inner = field->type;
	part = go_place_at(place, offset);
	if (strcmp(type->name, "atomic.Bool") == 0) {
		if (!go_place_read(print->values, &part, 0, &value,
				   inner->bytes == 4 ? 4 : 1))
			return false;
		oneline_put(print->text, value ? "true" : "false");
		return true;
	}
	if (inner->kind == GO_KIND_UNSAFE_POINTER && parameter_of(type))
		inner = parameter_of(type);
	print->any(print, inner, &part, 1, inner->kind == GO_KIND_INTERFACE);
	return true;
}

bool go_print_once(struct go_print *print, const struct go_type *type,
		   const struct go_place *place)
{
	uint32_t done = 0;

	/* A word, or since Go 1.26 a byte. */
	if (!go_print_field(print->values, type, place, "done", &done, 4) &&
	    !go_print_field(print->values, type, place, "done", &done, 1))
		return false;
	oneline_put(print->text, done ? "done" : "not done");
	return true;
}
