/* SPDX-License-Identifier: MIT */
#include "source/go/type/type.h"

#include <string.h>

#define EMBEDDED_DEPTH 4

static const struct go_type_rest *rest_of(const struct go_type *type)
{
	if (type->rest->find) {
		type->rest->find(type, type->rest->ctx);
		type->rest->find = NULL;
	}
	return type->rest;
}

const struct go_type *go_type_element(const struct go_type *type)
{
	return rest_of(type)->element;
}

const struct go_type *go_type_key(const struct go_type *type)
{
	return rest_of(type)->key;
}

const struct go_field *go_type_fields(const struct go_type *type, size_t *nr_fields)
{
	const struct go_type_rest *rest = rest_of(type);

	*nr_fields = rest->nr_fields;
	return rest->fields;
}

const struct go_map_layout *go_type_map(const struct go_type *type)
{
	const struct go_type_rest *rest = rest_of(type);

	return type->kind == GO_KIND_MAP && rest->map.group_bytes ? &rest->map : NULL;
}

/* A field of the struct itself comes before those of the structs in it. */
static const struct go_field *find_field(const struct go_type *type, const char *name,
					 uint64_t *offset, unsigned depth)
{
	size_t nr;
	const struct go_field *fields = go_type_fields(type, &nr), *found;

	for (size_t i = 0; i < nr; i++)
		if (strcmp(fields[i].name, name) == 0) {
			*offset += fields[i].offset;
			return &fields[i];
		}
	for (size_t i = 0; i < nr && depth < EMBEDDED_DEPTH; i++) {
		uint64_t inner = *offset + fields[i].offset;

		if (!fields[i].embedded || !fields[i].type ||
		    fields[i].type->kind != GO_KIND_STRUCT)
			continue;
		found = find_field(fields[i].type, name, &inner, depth + 1);
		if (found) {
			*offset = inner;
			return found;
		}
	}
	return NULL;
}

const struct go_field *go_type_field(const struct go_type *type, const char *name,
				     uint64_t *offset)
{
	*offset = 0;
	return find_field(type, name, offset, 0);
}

bool go_type_is(const struct go_type *type, const char *name, const char *package)
{
	if (!type || strcmp(type->name, name) != 0)
		return false;
	if (package && type->kind == GO_KIND_POINTER && !type->named)
		type = go_type_element(type);
	return !package || (type && strcmp(type->package, package) == 0);
}

#define GROUP_SLOTS    8u
#define INLINE_BYTES   128u /* of a key or element that is stored in the group */
#define OVERFLOW_BYTES 8u   /* a bucket's pointer to the next one */
#define SWISS_SINCE    24u

static uint64_t align(uint64_t bytes, uint64_t to)
{
	return to > 1 ? (bytes + to - 1) / to * to : bytes;
}

struct go_map_layout go_map_layout_of(const struct go_type *key,
				      const struct go_type *element, unsigned minor)
{
	struct go_map_layout map = {
		.swiss = minor == 0 || minor >= SWISS_SINCE,
		.key_is_pointer = key->bytes > INLINE_BYTES,
		.element_is_pointer = element->bytes > INLINE_BYTES,
	};
	uint64_t keys = map.key_is_pointer ? 8 : key->bytes;
	uint64_t elements = map.element_is_pointer ? 8 : element->bytes;
	uint64_t to = map.element_is_pointer ? 8 : element->alignment;
	uint64_t whole = map.key_is_pointer ? 8 : key->alignment;

	if (whole < to)
		whole = to;
	map.keys = 8; /* behind a byte for each slot */
	map.key_stride = (uint32_t)keys;
	map.element_stride = (uint32_t)elements;
	map.elements = (uint32_t)(8 + GROUP_SLOTS * keys);
	map.group_bytes =
		(uint32_t)(map.elements + GROUP_SLOTS * elements + OVERFLOW_BYTES);
	if (map.swiss) {
		uint64_t second = align(keys, to);
		/* An element of no bytes at the end would have an address outside. */
		uint64_t slot = align(second + (elements ? elements : 1), whole);

		map.elements = (uint32_t)(8 + second);
		map.key_stride = map.element_stride = (uint32_t)slot;
		map.group_bytes = (uint32_t)(8 + GROUP_SLOTS * slot);
	}
	return map;
}
