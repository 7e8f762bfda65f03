/* SPDX-License-Identifier: MIT */
/* The table of layout.def, and what CPython publishes of it from 3.13 on. */
#include "source/python/layout.h"

#include <string.h>

#include "base/array.h"

#define NO         (-1)
#define COOKIE     "xdebugpy"
#define OFFSET_MAX (1u << 21)
#define VERSIONS   (PYTHON_MINOR_LAST - PYTHON_MINOR_FIRST + 1)
#define PUBLISHERS (PYTHON_MINOR_LAST - PYTHON_MINOR_OFFSETS + 1)

static const struct field {
	size_t at; /* in struct python_layout */
	int32_t offsets[VERSIONS];
	int32_t published[PUBLISHERS];
} fields[] = {
#define FIELD(name, v8, v9, v10, v11, v12, v13, v14, v15, d13, d14, d15)                 \
	{offsetof(struct python_layout, name),                                           \
	 {v8, v9, v10, v11, v12, v13, v14, v15},                                         \
	 {d13, d14, d15}},
#include "source/python/layout.def"
#undef FIELD
};

static int32_t *field_of(struct python_layout *layout, const struct field *field)
{
	return (int32_t *)(void *)((char *)layout + field->at);
}

bool python_layout_set(struct python_layout *layout, int minor)
{
	memset(layout, 0, sizeof(*layout));
	if (minor < PYTHON_MINOR_FIRST || minor > PYTHON_MINOR_LAST)
		return false;
	layout->minor = minor;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		*field_of(layout, &fields[i]) =
			fields[i].offsets[minor - PYTHON_MINOR_FIRST];
	return true;
}

bool python_offsets_read(struct python_offsets *out, const uint8_t *bytes, size_t size)
{
	uint64_t words[2];

	if (size < 24 || memcmp(bytes, COOKIE, 8) != 0)
		return false;
	memcpy(words, bytes + 8, sizeof(words));
	if (words[0] > UINT32_MAX || words[0] >> 24 != 3 || words[1] > 1)
		return false;
	out->version = (uint32_t)words[0];
	out->free_threaded = words[1] != 0;
	return true;
}

bool python_layout_publish(struct python_layout *layout, const uint8_t *bytes,
			   size_t size)
{
	int column = layout->minor - PYTHON_MINOR_OFFSETS;

	if (column < 0 || column >= PUBLISHERS)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		int32_t at = fields[i].published[column];
		uint64_t offset;

		if (at == NO)
			continue;
		if ((size_t)at + sizeof(offset) > size)
			return false;
		memcpy(&offset, bytes + at, sizeof(offset));
		if (offset >= OFFSET_MAX)
			return false;
		*field_of(layout, &fields[i]) = (int32_t)offset;
	}
	return true;
}
