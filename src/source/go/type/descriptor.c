/* SPDX-License-Identifier: MIT */
#include "source/go/type/descriptor.h"

#define FLAG_MORE    1u /* the type has methods or a package */
#define FLAG_STAR    2u /* its name has a '*' before it that does not belong to it */
#define FLAG_NAMED   4u
#define FLAG_DIRECT  32u /* since Go 1.26; before, the same bit of the kind */
#define KIND_MASK    31u
#define MORE_BYTES   16u
#define METHOD_BYTES 16u
#define FIELD_BYTES  24u
#define IMETHOD      8u
#define COUNT_MAX    65536u

/* Bytes of each kind's descriptor. */
static size_t own_bytes(unsigned kind)
{
	switch (kind) {
	case GO_KIND_ARRAY:
		return 72;
	case GO_KIND_CHAN:
		return 64;
	case GO_KIND_FUNC:
	case GO_KIND_POINTER:
	case GO_KIND_SLICE:
		return 56;
	case GO_KIND_INTERFACE:
	case GO_KIND_STRUCT:
		return 80;
	default:
		return GO_DESCRIPTOR_BYTES;
	}
}

static size_t map_bytes(const struct go_ranges *ranges)
{
	unsigned minor = ranges->module->minor;

	if (minor && minor < 24)
		return 88;
	return minor && minor < 27 ? 112 : 136;
}

static bool is_sane(const struct go_descriptor *out)
{
	unsigned kind = out->kind;

	return kind > GO_KIND_INVALID && kind < GO_KINDS &&
	       out->bytes <= GO_TYPE_BYTES_MAX && out->pointer_bytes <= out->bytes &&
	       out->pointer_bytes % 8 == 0 && out->alignment > 0 &&
	       out->alignment <= 16 && (out->alignment & (out->alignment - 1)) == 0 &&
	       out->bytes % out->alignment == 0;
}

bool go_descriptor_may_be(const uint8_t bytes[GO_DESCRIPTOR_BYTES])
{
	struct go_descriptor some = {.bytes = load_u64(bytes),
				     .pointer_bytes = load_u64(bytes + 8),
				     .alignment = bytes[21],
				     .kind = bytes[23] & KIND_MASK};

	return bytes[20] & FLAG_NAMED && is_sane(&some);
}

/* Bytes of a value of each kind; 0 if they vary. */
static const uint8_t value_bytes[GO_KINDS] = {
	[GO_KIND_BOOL] = 1,        [GO_KIND_INT] = 8,     [GO_KIND_INT8] = 1,
	[GO_KIND_INT16] = 2,       [GO_KIND_INT32] = 4,   [GO_KIND_INT64] = 8,
	[GO_KIND_UINT] = 8,        [GO_KIND_UINT8] = 1,   [GO_KIND_UINT16] = 2,
	[GO_KIND_UINT32] = 4,      [GO_KIND_UINT64] = 8,  [GO_KIND_UINTPTR] = 8,
	[GO_KIND_FLOAT32] = 4,     [GO_KIND_FLOAT64] = 8, [GO_KIND_COMPLEX64] = 8,
	[GO_KIND_COMPLEX128] = 16, [GO_KIND_CHAN] = 8,    [GO_KIND_FUNC] = 8,
	[GO_KIND_INTERFACE] = 16,  [GO_KIND_MAP] = 8,     [GO_KIND_POINTER] = 8,
	[GO_KIND_SLICE] = 24,      [GO_KIND_STRING] = 16, [GO_KIND_UNSAFE_POINTER] = 8,
};

bool go_descriptor_read(struct go_ranges *ranges, struct go_type_range *range,
			uint64_t address, struct go_descriptor *out)
{
	uint8_t bytes[GO_DESCRIPTOR_BYTES];
	uint32_t offset;
	size_t own;

	*out = (struct go_descriptor){0};
	if (address % 8 != 0 ||
	    !go_range_read(ranges, range, address, bytes, sizeof(bytes)))
		return false;
	out->bytes = load_u64(bytes);
	out->pointer_bytes = load_u64(bytes + 8);
	out->hash = load_u32(bytes + 16);
	out->flags = bytes[20];
	out->alignment = bytes[21];
	out->kind = bytes[23] & KIND_MASK;
	out->named = out->flags & FLAG_NAMED;
	out->direct = (out->flags | bytes[23]) & FLAG_DIRECT;
	if (!is_sane(out) ||
	    (value_bytes[out->kind] && out->bytes != value_bytes[out->kind]))
		return false;
	offset = load_u32(bytes + 40);
	if (offset == 0 || offset >= range->end - range->types ||
	    !go_range_name(ranges, range, range->types + offset, &out->name))
		return false;
	if (out->flags & FLAG_STAR) {
		out->name.text++;
		out->name.bytes--;
	}
	own = out->kind == GO_KIND_MAP ? map_bytes(ranges) : own_bytes(out->kind);
	out->more = address + own;
	return out->name.bytes > 0 &&
	       go_range_read(ranges, range, address + sizeof(bytes), out->words,
			     own - sizeof(bytes));
}

/* The number of types of arguments and results. */
static uint64_t signature(const struct go_descriptor *descriptor)
{
	return (descriptor->words[0] & 0xffff) + (descriptor->words[0] >> 16 & 0x7fff);
}

uint64_t go_descriptor_whole(struct go_ranges *ranges, struct go_type_range *range,
			     uint64_t address, const struct go_descriptor *descriptor)
{
	uint64_t bytes = descriptor->more - address;
	uint8_t more[MORE_BYTES];

	if (descriptor->flags & FLAG_MORE) {
		if (!go_range_read(ranges, range, descriptor->more, more, sizeof(more)))
			return 0;
		bytes += MORE_BYTES + (load_u32(more + 4) & 0xffff) * METHOD_BYTES;
	}
	if (descriptor->kind == GO_KIND_FUNC)
		bytes += signature(descriptor) * 8;
	if (descriptor->kind == GO_KIND_INTERFACE || descriptor->kind == GO_KIND_STRUCT) {
		uint64_t count = descriptor->words[2];

		if (count > COUNT_MAX)
			return 0;
		bytes += count *
			 (descriptor->kind == GO_KIND_STRUCT ? FIELD_BYTES : IMETHOD);
	}
	return bytes;
}

uint64_t go_descriptor_package(struct go_ranges *ranges, struct go_type_range *range,
			       const struct go_descriptor *descriptor)
{
	uint8_t offset[4];

	if (!(descriptor->flags & FLAG_MORE) ||
	    !go_range_read(ranges, range, descriptor->more, offset, sizeof(offset)) ||
	    load_u32(offset) == 0 || load_u32(offset) >= range->end - range->types)
		return 0;
	return range->types + load_u32(offset);
}

#define OLD_KEY_POINTER       1u
#define OLD_ELEMENT_POINTER   2u
#define SWISS_KEY_POINTER     4u
#define SWISS_ELEMENT_POINTER 8u
#define GROUP_SLOTS           8u

static bool old_map(const uint64_t *words, struct go_map_layout *map)
{
	uint64_t sizes = words[4]; /* u8 key, u8 element, u16 bucket, u32 flags */
	unsigned flags = (unsigned)(sizes >> 32);

	*map = (struct go_map_layout){
		.key_is_pointer = flags & OLD_KEY_POINTER,
		.element_is_pointer = flags & OLD_ELEMENT_POINTER,
		.group_bytes = sizes >> 16 & 0xffff,
		.keys = 8,
		.key_stride = sizes & 0xff,
		.elements = 8 + GROUP_SLOTS * (uint32_t)(sizes & 0xff),
		.element_stride = sizes >> 8 & 0xff,
	};
	return map->elements + GROUP_SLOTS * map->element_stride + 8 <= map->group_bytes;
}

static bool swiss_map(const uint64_t *words, bool since_27, struct go_map_layout *map)
{
	/* In words: size of a group; of a slot, offset of the element in it, flags. Since
	 * Go 1.27: offset and stride of keys, the same of elements, unused, flags. */
	uint64_t keys = since_27 ? words[5] : 8;
	uint64_t key_stride = since_27 ? words[6] : words[5];
	uint64_t elements = since_27 ? words[7] : 8 + words[6];
	uint64_t element_stride = since_27 ? words[8] : words[5];
	unsigned flags = (unsigned)(since_27 ? words[10] : words[7]);

	if (words[4] > UINT16_MAX || keys > words[4] || elements > words[4] ||
	    keys + (GROUP_SLOTS - 1) * key_stride > words[4] ||
	    elements + (GROUP_SLOTS - 1) * element_stride > words[4])
		return false;
	*map = (struct go_map_layout){
		.swiss = true,
		.key_is_pointer = flags & SWISS_KEY_POINTER,
		.element_is_pointer = flags & SWISS_ELEMENT_POINTER,
		.group_bytes = (uint32_t)words[4],
		.keys = (uint32_t)keys,
		.key_stride = (uint32_t)key_stride,
		.elements = (uint32_t)elements,
		.element_stride = (uint32_t)element_stride,
	};
	return true;
}

bool go_descriptor_map(struct go_ranges *ranges, const struct go_descriptor *descriptor,
		       struct go_map_layout *map)
{
	uint64_t group = descriptor->words[2]; /* the type of a bucket or group */
	struct go_type_range *range = go_ranges_of(ranges, group);
	unsigned minor = ranges->module->minor;
	uint8_t bytes[8];
	bool fits;

	if (!range || !go_range_read(ranges, range, group, bytes, sizeof(bytes)))
		return false;
	/* With GOEXPERIMENT=noswissmap, Go 1.24 and 1.25 have the old ones. */
	fits = minor && minor < 24
		       ? old_map(descriptor->words, map)
		       : swiss_map(descriptor->words, minor == 0 || minor >= 27, map);
	if (fits && map->group_bytes == load_u64(bytes))
		return true;
	return old_map(descriptor->words, map) && map->group_bytes == load_u64(bytes);
}
