/* SPDX-License-Identifier: MIT */
/* The compiler describes a struct by its fields, one part for each, and does not say which
 * field a part is. If it has removed a field, the others seem to move up, so the parts
 * mean something only if they cover all fields. */
#include "source/go/locals/locals.h"

#define DEPTH_MAX 16u
#define STEPS_MAX 4096u /* fields and elements that are looked at */

struct cover {
	const struct go_part *parts;
	size_t nr;
	unsigned steps_left;
};

static bool has_bytes(const struct cover *cover, uint64_t from, uint64_t bytes)
{
	uint64_t end = from + bytes;

	for (size_t i = 0; i < cover->nr && from < end; i++) {
		const struct go_part *part = &cover->parts[i];

		if (from >= part->offset && from - part->offset < part->bytes)
			from = part->offset + part->bytes;
	}
	return from >= end;
}

static bool has_type(struct cover *cover, const struct go_type *type, uint64_t offset,
		     unsigned depth)
{
	const struct go_type *element = NULL;
	const struct go_field *fields = NULL;
	size_t nr = 0;

	if (cover->steps_left == 0 || depth == DEPTH_MAX)
		return false;
	cover->steps_left--;
	if (type->bytes == 0)
		return true;
	if (type->kind == GO_KIND_STRUCT)
		fields = go_type_fields(type, &nr);
	else if (type->kind == GO_KIND_ARRAY)
		element = go_type_element(type);
	if (!fields && !element)
		return has_bytes(cover, offset, type->bytes);
	for (size_t i = 0; i < nr; i++)
		if (fields[i].type && !has_type(cover, fields[i].type,
						offset + fields[i].offset, depth + 1))
			return false;
	for (uint64_t i = 0; element && i < type->length; i++)
		if (!has_type(cover, element, offset + i * element->bytes, depth + 1))
			return false;
	return true;
}

bool go_locals_cover(const struct go_type *type, const struct go_part *parts, size_t nr)
{
	struct cover cover = {parts, nr, STEPS_MAX};

	if (nr == 0)
		return false;
	if (nr == 1 && parts[0].offset == 0 && parts[0].bytes >= type->bytes)
		return true;
	return has_type(&cover, type, 0, 0);
}
