/* SPDX-License-Identifier: MIT */
/* Reads parts of values: fields, headers of channels and maps, what interfaces contain, names of
 * functions. */
#include "source/go/type/print.h"

#define TEXT_BYTES 256u /* of a string in words */
#define COUNT_MAX  (1ull << 46)

bool go_values_read_memory(void *ctx, uint64_t address, void *out, size_t bytes)
{
	return memory_read(ctx, address, out, bytes);
}

bool go_print_read(struct go_values *values, uint64_t address, void *out, size_t bytes)
{
	if (address == 0 || bytes > GO_VALUE_BYTES_MAX)
		return false;
	if (values->depth > 0) {
		if (values->reads_left == 0)
			return false;
		values->reads_left--;
	}
	return values->read(values->ctx, address, out, bytes);
}

struct go_place go_place_at(const struct go_place *place, uint64_t offset)
{
	struct go_place part = {0};

	if (place->address)
		part.address = place->address + offset;
	if (place->bytes && offset < place->copied) {
		part.bytes = place->bytes + offset;
		part.copied = place->copied - offset;
	}
	return part;
}

bool go_place_read(struct go_values *values, const struct go_place *place,
		   uint64_t offset, void *out, size_t bytes)
{
	if (place->bytes && offset <= place->copied && bytes <= place->copied - offset) {
		memcpy(out, place->bytes + offset, bytes);
		return true;
	}
	return place->address &&
	       go_print_read(values, place->address + offset, out, bytes);
}

bool go_print_header(struct go_print *print, const struct go_type *type,
		     const struct go_place *place, bool typed, uint64_t *word, void *out,
		     size_t bytes)
{
	bool is_read = go_place_read(print->values, place, 0, word, sizeof(*word));

	if (is_read && *word == 0) {
		oneline_put(print->text, "nil");
		return false;
	}
	if (is_read && typed)
		oneline_printf(print->text, "%.100s ", type->name);
	if (is_read && go_print_read(print->values, *word, out, bytes))
		return true;
	oneline_put(print->text, GO_UNREADABLE);
	return false;
}

void go_place_load(struct go_values *values, const struct go_type *type,
		   struct go_place *place, uint8_t copy[GO_PLACE_BYTES])
{
	if (place->bytes || type->bytes == 0 || type->bytes > GO_PLACE_BYTES ||
	    !go_print_read(values, place->address, copy, type->bytes))
		return;
	place->bytes = copy;
	place->copied = type->bytes;
}

const struct go_type *go_place_field(const struct go_type *type,
				     const struct go_place *place, const char *name,
				     enum go_kind kind, struct go_place *part)
{
	uint64_t offset;
	const struct go_field *field =
		type->kind == GO_KIND_STRUCT ? go_type_field(type, name, &offset) : NULL;

	if (!field || !field->type || field->type->kind != kind)
		return NULL;
	*part = go_place_at(place, offset);
	return field->type;
}

void go_print_confirm(struct go_values *values, const struct go_place *place,
		      const void *before, size_t bytes)
{
	uint8_t now[24];

	if (values->steady || !place->address || bytes > sizeof(now))
		return;
	/* This read is never the one too many. */
	if (!values->read(values->ctx, place->address, now, bytes) ||
	    memcmp(now, before, bytes) != 0)
		values->changed = true;
}

bool go_print_field(struct go_values *values, const struct go_type *type,
		    const struct go_place *place, const char *name, void *out,
		    size_t bytes)
{
	uint64_t offset;
	const struct go_field *field =
		type->kind == GO_KIND_STRUCT ? go_type_field(type, name, &offset) : NULL;

	return field && field->type && field->type->bytes == bytes &&
	       go_place_read(values, place, offset, out, bytes);
}

bool go_print_bytes(struct go_print *print, const uint64_t words[2])
{
	uint8_t bytes[TEXT_BYTES];
	size_t nr = words[1] < sizeof(bytes) ? words[1] : sizeof(bytes);

	if (words[1] > COUNT_MAX ||
	    (nr > 0 && !go_print_read(print->values, words[0], bytes, nr)))
		return false;
	oneline_clean(print->text, bytes, nr);
	if (nr < words[1])
		oneline_put(print->text, "…");
	return true;
}

bool go_print_string(struct go_print *print, const struct go_type *type,
		     const struct go_place *place, const char *name)
{
	struct go_place part;
	uint64_t words[2];

	if (!go_place_field(type, place, name, GO_KIND_STRING, &part) ||
	    !go_place_read(print->values, &part, 0, words, sizeof(words)) ||
	    !go_print_bytes(print, words))
		return false;
	if (words[1] > 0)
		go_print_confirm(print->values, &part, words, sizeof(words));
	return true;
}

bool go_place_text(struct go_values *values, const struct go_type *type,
		   const struct go_place *place, const char *name, struct oneline *text)
{
	struct go_print print = {.values = values, .text = text};

	return go_print_string(&print, type, place, name);
}

bool go_value_function(struct go_values *values, uint64_t value, struct oneline *text)
{
	const struct go_module *module = values->module;
	struct go_func func;
	const char *name;
	uint64_t pc;

	if (!module || !go_print_read(values, value, &pc, sizeof(pc)))
		return false;
	while (module && !go_func_find(&module->table, pc, &func))
		module = module->next;
	if (!module || func.entry != pc)
		return false;
	name = go_func_name(&module->table, func.name);
	oneline_clean(text, name, strlen(name));
	return true;
}

bool go_value_dynamic(struct go_values *values, const struct go_type *type,
		      const struct go_place *place, struct go_dynamic *dynamic)
{
	struct go_itab itab = {0};
	uint64_t words[2];

	*dynamic = (struct go_dynamic){0};
	if (!go_place_read(values, place, 0, words, sizeof(words)))
		return false;
	if (words[0] == 0)
		return words[1] == 0;
	if (!values->types)
		return false;
	/* Only an interface without methods has the type itself. */
	if (type->length == 0)
		itab.type = go_types_at(values->types, words[0]);
	else if (!go_types_itab(values->types, words[0], &itab))
		return false;
	if (!itab.type || itab.type->kind == GO_KIND_INTERFACE)
		return false;
	dynamic->type = itab.type;
	if (!itab.type->direct) {
		dynamic->place.address = words[1];
		return words[1] != 0;
	}
	memcpy(dynamic->word, &words[1], sizeof(dynamic->word));
	dynamic->place.bytes = dynamic->word;
	dynamic->place.copied = sizeof(dynamic->word);
	if (place->address)
		dynamic->place.address = place->address + 8;
	return true;
}
