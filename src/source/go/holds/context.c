/* SPDX-License-Identifier: MIT */
/* Contexts: package context of Go 1.16 to 1.27. A context wraps another one; what the
 * whole chain says is told at its end. */
#include <stdio.h>

#include "source/go/holds/typed.h"

#include "base/clock.h"

#define CHAIN_MAX  16u
#define VALUES_MAX 4u
#define TO_UNIX    62135596800ll /* seconds from the year 1 to 1970 */
#define FROM_1885  59453308800ll /* seconds from the year 1 to 1885 */
#define MONOTONIC  (1ull << 63)

struct chain {
	struct go_values *values;
	struct oneline *line;
	bool deadline, cancelled, cancels; /* known already; inner ones count */
	bool cut; /* what it wraps further on only has values for it */
	unsigned nr_values;
};

static void separate(struct chain *chain)
{
	if (chain->line->used > 0)
		oneline_put(chain->line, ", ");
}

static void put_deadline(struct chain *chain, const struct go_type *type,
			 const struct go_place *place)
{
	char duration[CLOCK_DURATION_MAX];
	struct go_place part;
	int64_t words[2], seconds, left_ns;

	if (chain->deadline ||
	    !go_place_field(type, place, "deadline", GO_KIND_STRUCT, &part) ||
	    !go_place_read(chain->values, &part, 0, words, sizeof(words)))
		return;
	seconds = (uint64_t)words[0] & MONOTONIC
			  ? FROM_1885 + (int64_t)((uint64_t)words[0] << 1 >> 31)
			  : words[1];
	if (seconds < TO_UNIX || seconds > TO_UNIX + INT64_MAX / CLOCK_SECOND_NS / 2)
		return;
	left_ns = (seconds - TO_UNIX) * CLOCK_SECOND_NS + (words[0] & ((1 << 30) - 1)) -
		  clock_real_ns();
	separate(chain);
	if (left_ns >= 0)
		oneline_printf(chain->line, "ends in %s",
			       clock_format_duration(left_ns, duration));
	else
		oneline_printf(chain->line, "deadline passed %s ago",
			       clock_format_duration(-left_ns, duration));
	chain->deadline = true;
}

/* The error of a context that was cancelled: an interface, or since Go 1.25 an atomic
 * value that contains one. */
static void put_error(struct chain *chain, const struct go_type *type,
		      const struct go_place *place)
{
	struct go_place part, inner;
	const struct go_type *field =
		go_place_field(type, place, "err", GO_KIND_INTERFACE, &part);
	uint64_t words[2];

	if (!field) {
		field = go_place_field(type, place, "err", GO_KIND_STRUCT, &inner);
		field = field ? go_place_field(field, &inner, "v", GO_KIND_INTERFACE,
					       &part)
			      : NULL;
	}
	if (!field || chain->cancelled ||
	    !go_place_read(chain->values, &part, 0, words, sizeof(words)))
		return;
	chain->cancels = true;
	if (words[0] == 0)
		return;
	separate(chain);
	oneline_put(chain->line, "cancelled: ");
	if (!go_value_print(chain->values, field, &part, false, chain->line))
		oneline_put(chain->line, "unreadable");
	chain->cancelled = true;
}

/* The key with its type, and the value if it is short. */
static void put_value(struct chain *chain, const struct go_type *type,
		      const struct go_place *place)
{
	struct go_place key, value;
	const struct go_type *key_type =
		go_place_field(type, place, "key", GO_KIND_INTERFACE, &key);
	const struct go_type *value_type =
		go_place_field(type, place, "val", GO_KIND_INTERFACE, &value);
	struct go_dynamic dynamic;

	if (!key_type || !value_type || chain->nr_values++ >= VALUES_MAX)
		return;
	if (!go_value_dynamic(chain->values, key_type, &key, &dynamic) || !dynamic.type)
		return;
	separate(chain);
	oneline_put(chain->line, dynamic.type->name);
	if (dynamic.type->kind <= GO_KIND_UINTPTR ||
	    dynamic.type->kind == GO_KIND_STRING) {
		oneline_put(chain->line, "(");
		go_value_print(chain->values, dynamic.type, &dynamic.place, false,
			       chain->line);
		oneline_put(chain->line, ")");
	}
	if (!go_value_dynamic(chain->values, value_type, &value, &dynamic) ||
	    !dynamic.type)
		return;
	oneline_put(chain->line, " = ");
	if (dynamic.type->kind == GO_KIND_STRING ||
	    dynamic.type->kind <= GO_KIND_COMPLEX128)
		go_value_print(chain->values, dynamic.type, &dynamic.place, true,
			       chain->line);
	else
		oneline_put(chain->line, dynamic.type->name);
}

/* In Go 1.20 a timerCtx has a pointer to its cancelCtx. */
static bool inner_of(struct chain *chain, const struct go_type **type,
		     struct go_place *place)
{
	struct go_place part;
	const struct go_type *field =
		go_place_field(*type, place, "cancelCtx", GO_KIND_POINTER, &part);
	uint64_t word;

	*type = field ? go_type_element(field) : NULL;
	if (!*type || !go_place_read(chain->values, &part, 0, &word, sizeof(word)))
		return false;
	*place = (struct go_place){.address = word};
	return word != 0;
}

/* Finds the context that this one wraps. */
static bool next_of(struct chain *chain, const struct go_type **type,
		    struct go_place *place)
{
	struct go_dynamic dynamic;
	struct go_place part;
	const struct go_type *field =
		go_place_field(*type, place, "Context", GO_KIND_INTERFACE, &part);
	uint64_t word;

	if (!field)
		field = go_place_field(*type, place, "c", GO_KIND_INTERFACE, &part);
	if (!field)
		return inner_of(chain, type, place);
	if (!go_value_dynamic(chain->values, field, &part, &dynamic) || !dynamic.type)
		return false;
	*type = go_typed_target(dynamic.type);
	*place = dynamic.place;
	if (*type == dynamic.type)
		return *type && !dynamic.type->direct;
	if (!go_place_read(chain->values, &dynamic.place, 0, &word, sizeof(word)))
		return false;
	*place = (struct go_place){.address = word};
	return *type && word;
}

bool go_special_context(struct go_reach *reach, const struct go_reached *object,
			const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	const struct go_reached *parent = go_reach_parent(reach, object);
	char name[GO_TYPE_NAME_MAX + 2], text[HOLDS_TEXT_MAX];
	struct oneline line;
	struct chain chain = {.values = &values, .line = &line};
	const struct go_type *at = type;
	uint8_t copy[GO_PLACE_BYTES];
	struct go_place where = *place;

	/* A context that another one wraps has been told with that. */
	if (parent && parent->type && strcmp(parent->type->package, "context") == 0)
		return true;
	oneline_init(&line, text, sizeof(text));
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if (strcmp(at->package, "context") != 0)
			break;
		go_place_load(&values, at, &where, copy);
		chain.cut |= go_type_is(at, "context.withoutCancelCtx", "context");
		if (!chain.cut) {
			put_deadline(&chain, at, &where);
			put_error(&chain, at, &where);
		}
		put_value(&chain, at, &where);
		if (!next_of(&chain, &at, &where))
			break;
	}
	if (chain.cancels && !chain.cancelled) {
		separate(&chain);
		oneline_put(&line, "not cancelled");
	} else if (chain.cut && !chain.cancels) {
		separate(&chain);
		oneline_put(&line, "never cancelled");
	}
	if (chain.nr_values > VALUES_MAX) {
		separate(&chain);
		oneline_printf(&line, "and %u more values", chain.nr_values - VALUES_MAX);
	}
	snprintf(name, sizeof(name), "*%s", type->name);
	go_reach_add(reach, HELD_CONTEXT, object, place->address, NULL, name, text);
	return true;
}
