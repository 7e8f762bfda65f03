/* SPDX-License-Identifier: MIT */
/* Keys: one table (keys.def) for dispatch, footer, help view and manual. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/tui.h"

/* The views in which a key works. */
enum key_views {
	IN_TASKS = 1 << 0,
	IN_DETAIL = 1 << 1,
	IN_PROCESSES = 1 << 2,
	IN_HELP = 1 << 3,
	IN_WAITS = 1 << 4,
	IN_RESOURCES = 1 << 5,
	IN_GROUPS = 1 << 6,
	IN_GROUP = 1 << 7,
	IN_HOLDS = 1 << 8,
	IN_SEARCH = 1 << 9, /* any view while it has a search; before its own keys */
	IN_MEMBERS = 1 << 10,
	IN_ALL = IN_TASKS | IN_DETAIL | IN_PROCESSES | IN_HELP | IN_WAITS | IN_RESOURCES |
		 IN_GROUPS | IN_GROUP | IN_HOLDS | IN_MEMBERS,
	/* The views with a preview of the selected row. */
	IN_PREVIEWED = IN_TASKS | IN_GROUPS | IN_WAITS,
	/* The views that show a snapshot of the target. */
	IN_SNAPSHOT = IN_ALL & ~(IN_PROCESSES | IN_HELP),
};

enum action {
	ACTION_NONE,
#define KEY(action, views, label, hint, help, ...) ACTION_##action,
#include "tui/keys.def"
#undef KEY
	ACTION_COUNT,
};

#define KEY_LABEL_MAX 40
#define KEY_CODES_MAX 8

struct key {
	enum action action;
	const char *word; /* "PAGE_UP" */
	unsigned views;
	char label[KEY_LABEL_MAX];
	const char *hint;
	const char *help;
	int codes[KEY_CODES_MAX];
	size_t nr_codes;
};

/* As the user's settings have it, see tui_keys_set(). */
extern const struct key *const key_table;
extern const size_t key_count;

/* Writes the name of the action, as in the settings: "page-up". */
const char *key_action_name(const struct key *key, char out[KEY_NAME_MAX]);
/* Returns the action of a key in a view, or ACTION_NONE. */
enum action key_action(int code, unsigned view);

/* Moves the cursor *at in a list of `count` lines, `page` of which are visible. Returns
 * false if the action does not move the cursor. */
bool key_moves(enum action action, long page, size_t count, size_t *at);

#endif
