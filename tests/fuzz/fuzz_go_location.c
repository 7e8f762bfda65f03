/* SPDX-License-Identifier: MIT */
/*
 * A hostile place of a variable: expressions and location lists must be read within their
 * bounds, and end. Input: four bytes for version and offsets, eight for an address, two
 * for the length of the addresses, then these and the lists.
 */
#include <stdlib.h>
#include <string.h>

#include "source/go/locals/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Blocks have their exact size, so that the sanitizer reports the first byte behind. */
static struct go_location_bytes copy_of(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	return (struct go_location_bytes){copy, size};
}

static void evaluate(struct go_location_bytes expression, uint64_t size)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];
	struct go_location_bytes own = copy_of(expression.at, expression.length);
	size_t nr = go_location_find(own.at, own.length, 0xc000123458, size, parts);
	uint64_t end = 0;

	require(nr <= GO_LOCATION_PARTS_MAX);
	for (size_t i = 0; i < nr; i++) {
		require(parts[i].offset >= end && parts[i].bytes > 0);
		require(parts[i].bytes <= size &&
			parts[i].offset <= size - parts[i].bytes);
		require(parts[i].kind != GO_PART_LOST || parts[i].at == 0);
		end = parts[i].offset + parts[i].bytes;
	}
	free((uint8_t *)own.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct go_location_unit unit = {.low = 0x1000};
	struct go_location_bytes found;
	uint64_t address, steps = 1000;
	uint16_t length;
	uint8_t offset;

	if (size < 14)
		return 0;
	unit.version = bytes[0] & 1 ? 5 : 4;
	unit.address_base = bytes[1];
	offset = bytes[2];
	uint64_t most = 1ull << (bytes[3] & 31);

	memcpy(&address, bytes + 4, sizeof(address));
	memcpy(&length, bytes + 12, sizeof(length));
	bytes += 14;
	size -= 14;
	if (length > size)
		length = (uint16_t)size;
	unit.addresses = copy_of(bytes, length);
	unit.lists = copy_of(bytes + length, size - length);
	if (go_location_select(&unit, offset, address, &steps, &found)) {
		require(found.at >= unit.lists.at &&
			found.length <=
				unit.lists.length - (size_t)(found.at - unit.lists.at));
		evaluate(found, most);
	}
	evaluate(unit.lists, most);
	free((uint8_t *)unit.addresses.at);
	free((uint8_t *)unit.lists.at);
	return 0;
}
