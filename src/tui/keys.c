/* SPDX-License-Identifier: MIT */
/* The key table in three forms: codes, rows, and lines for help and the manual. */
#include "tui/keys.h"

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/array.h"
#include "tui/terminal.h"
#include "tui/tui.h"

#define K(code)       TERMINAL_KEY(code)
#define CONTROL(code) ((code)&0x1f)

#define KEY(action, views, label, hint, help, ...)                                       \
	static const int codes_##action[] = {__VA_ARGS__};
#include "tui/keys.def"
#undef KEY

const struct key key_table[] = {
#define KEY(action, views, label, hint, help, ...)                                       \
	{ACTION_##action,                                                                \
	 views,                                                                          \
	 label,                                                                          \
	 hint,                                                                           \
	 help,                                                                           \
	 codes_##action,                                                                 \
	 sizeof(codes_##action) / sizeof(codes_##action[0])},
#include "tui/keys.def"
#undef KEY
};
const size_t key_count = ARRAY_COUNT(key_table);

const struct tui_key_help tui_key_help[] = {
#define KEY(action, views, label, hint, help, ...) {label, help},
#include "tui/keys.def"
#undef KEY
	{NULL, NULL},
};

enum action key_action(int code, unsigned view)
{
	for (size_t i = 0; i < key_count; i++) {
		if (!(key_table[i].views & view))
			continue;
		for (size_t k = 0; k < key_table[i].nr_codes; k++)
			if (key_table[i].codes[k] == code)
				return key_table[i].action;
	}
	return ACTION_NONE;
}

bool key_moves(enum action action, long page, size_t count, size_t *at)
{
	long to = (long)*at, last = (long)count - 1;

	page = page > 1 ? page : 1;
	switch (action) {
	case ACTION_UP:
	case ACTION_DOWN:
		to += action == ACTION_UP ? -1 : 1;
		break;
	case ACTION_PAGE_UP:
	case ACTION_PAGE_DOWN:
		to += action == ACTION_PAGE_UP ? -page : page;
		break;
	case ACTION_HALF_UP:
	case ACTION_HALF_DOWN:
		page = (page + 1) / 2;
		to += action == ACTION_HALF_UP ? -page : page;
		break;
	case ACTION_FIRST:
	case ACTION_LAST:
		to = action == ACTION_FIRST ? 0 : last;
		break;
	default:
		return false;
	}
	to = to > last ? last : to;
	*at = to > 0 ? (size_t)to : 0;
	return true;
}
