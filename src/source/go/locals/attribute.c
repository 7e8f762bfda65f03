/* SPDX-License-Identifier: MIT */
/* Attributes of what the debug information describes. */
#include "source/go/locals/private.h"

#include <string.h>

uint64_t local_number(Dwarf_Die *die, unsigned name, uint64_t otherwise)
{
	Dwarf_Attribute memory, *attr = dwarf_attr_integrate(die, name, &memory);
	Dwarf_Word value;
	Dwarf_Addr address;

	if (dwarf_formudata(attr, &value) == 0)
		return value;
	return dwarf_formaddr(attr, &address) == 0 ? address : otherwise;
}

const char *local_text(struct go_locals *locals, const char *text)
{
	size_t length = strnlen(text, GO_LOCALS_NAME_MAX);
	char *copy;

	/* Never in the middle of a character. */
	if (text[length])
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	copy = arena_strndup(&locals->arena, text, length);
	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return copy;
}
