/* SPDX-License-Identifier: MIT */
/* The key table in its three shapes: codes, rows, and the lines that others print. */
#include "tui/keys.h"

#define NCURSES_NOMACROS
#include <curses.h>

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
const size_t key_count = sizeof(key_table) / sizeof(key_table[0]);

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
