/* SPDX-License-Identifier: MIT */
/* Decodes UTF-8 strictly by itself, so that the result does not depend on how the C
 * library treats invalid sequences. Only wcwidth() depends on the locale. */
#include "tui/text.h"

#include <stdio.h>
#include <string.h>

#define COMBINING_MAX 3 /* ncurses stores at most five characters per cell */

/* Returns the bytes of the character at text, or 0 if it is not valid UTF-8. */
static size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;

	if (bytes == 0 || text[0] > 0xf4 || bytes > length)
		return 0;
	*code = text[0] & (0x7f >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < least[bytes] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return bytes;
}

/* Returns true for characters without width that are not combining marks: they reorder or
 * hide the text around them. */
static bool invisible(uint32_t code)
{
	return code == 0xad || code == 0x34f || code == 0x61c || code == 0x115f ||
	       code == 0x1160 || code == 0x180e || code == 0x3164 || code == 0xfeff ||
	       code == 0xffa0 || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       (code >= 0xfff0 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe0fff);
}

static size_t escape_byte(unsigned char byte, struct text_unit *unit)
{
	static const char digits[] = "0123456789abcdef";

	unit->chars[0] = L'\\';
	unit->chars[1] = L'x';
	unit->chars[2] = (wchar_t)digits[byte >> 4];
	unit->chars[3] = (wchar_t)digits[byte & 15];
	unit->count = 4;
	unit->cells = 4;
	return 1;
}

size_t text_step(const char *text, size_t length, bool ascii, struct text_unit *unit)
{
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t code;
	size_t used, more;
	int cells;

	if (length == 0 || bytes[0] == '\0')
		return 0;
	if (bytes[0] < 0x80 && bytes[0] >= ' ' && bytes[0] != 0x7f) {
		unit->chars[0] = (wchar_t)bytes[0];
		unit->count = 1;
		unit->cells = 1;
		used = 1;
		if (ascii || length == 1 || bytes[1] < 0x80)
			return 1;
	} else {
		used = ascii ? 0 : utf8_decode(bytes, length, &code);
		if (used == 0 || invisible(code))
			return escape_byte(bytes[0], unit);
		cells = wcwidth((wchar_t)code);
		if (cells <=
		    /* a control character, unassigned, or a combining mark without
		     * base */
		    0)
			return escape_byte(bytes[0], unit);
		unit->chars[0] = (wchar_t)code;
		unit->count = 1;
		unit->cells = cells;
	}
	while (unit->count <= COMBINING_MAX && used < length && bytes[used] >= 0x80) {
		more = utf8_decode(bytes + used, length - used, &code);
		if (more == 0 || invisible(code) || wcwidth((wchar_t)code) != 0)
			break;
		unit->chars[unit->count++] = (wchar_t)code;
		used += more;
	}
	return used;
}

void text_fit(struct text_run *run, const char *text, int width, bool ascii)
{
	size_t length = strlen(text);
	size_t fits = 0; /* characters that fit together with the cut sign */
	int fits_cells = 0;
	struct text_unit unit;
	size_t used;

	if (width > TEXT_CELLS_MAX)
		width = TEXT_CELLS_MAX;
	run->count = 0;
	run->cells = 0;
	run->cut = false;
	if (width <= 0) {
		run->cut = length > 0;
		return;
	}
	while ((used = text_step(text, length, ascii, &unit)) > 0) {
		if (run->cells + unit.cells > width) {
			run->count = fits;
			run->cells = fits_cells + 1;
			run->chars[run->count++] = ascii ? L'~' : L'\u2026';
			run->cut = true;
			return;
		}
		memcpy(run->chars + run->count, unit.chars, unit.count * sizeof(wchar_t));
		run->count += unit.count;
		run->cells += unit.cells;
		if (run->cells < width) {
			fits = run->count;
			fits_cells = run->cells;
		}
		text += used;
		length -= used;
	}
}

void text_fit_end(struct text_run *run, const char *text, int width, bool ascii)
{
	int cells = text_cells(text, TEXT_CELLS_MAX, ascii);
	size_t length = strlen(text);
	struct text_unit unit;
	bool cut = cells > width;
	size_t used;

	if (!cut || width < 2 || cells == TEXT_CELLS_MAX) {
		text_fit(run, text, width, ascii);
		return;
	}
	while (cells > width - 1 && (used = text_step(text, length, ascii, &unit)) > 0) {
		cells -= unit.cells;
		text += used;
		length -= used;
	}
	text_fit(run, text, width - 1, ascii);
	memmove(run->chars + 1, run->chars, run->count * sizeof(run->chars[0]));
	run->chars[0] = ascii ? L'~' : L'\u2026';
	run->count++;
	run->cells++;
	run->cut = true;
}

int text_cells(const char *text, int max, bool ascii)
{
	size_t length = strlen(text);
	struct text_unit unit;
	size_t used;
	int cells = 0;

	while (cells < max && (used = text_step(text, length, ascii, &unit)) > 0) {
		cells += unit.cells;
		text += used;
		length -= used;
	}
	return cells < max ? cells : max;
}

size_t text_wrap(const char *text, int width, bool ascii, size_t *skip)
{
	size_t length = strlen(text);
	size_t at = 0, space = 0;
	struct text_unit unit;
	size_t used;
	int cells = 0;

	*skip = 0;
	while ((used = text_step(text + at, length - at, ascii, &unit)) > 0) {
		if (at > 0 && cells + unit.cells > width)
			break;
		if (text[at] == ' ' && cells > width / 8)
			space = at;
		cells += unit.cells;
		at += used;
	}
	if (at < length && text[at] != ' ' && space > 0)
		at = space;
	while (text[at + *skip] == ' ')
		++*skip;
	return at;
}

const char *text_size(int64_t bytes, char out[TEXT_SIZE_MAX])
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	if (bytes < 0)
		snprintf(out, TEXT_SIZE_MAX, "-");
	else
		snprintf(out, TEXT_SIZE_MAX,
			 unit > 0 && value < 9.95 ? "%.1f%c" : "%.0f%c", value,
			 units[unit]);
	return out;
}
