/* SPDX-License-Identifier: MIT */
/* The key table: as it is in keys.def, and as the user's settings change it. */
#include "tui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/array.h"
#include "tui/terminal.h"
#include "tui/tui.h"

#define K(code)       TERMINAL_KEY(code)
#define CONTROL(code) ((code)&0x1f)
#define NO_KEY        (-1)

static struct key table[] = {
#define KEY(action, views, label, hint, help, ...)                                       \
	{ACTION_##action,                                                                \
	 #action,                                                                        \
	 views,                                                                          \
	 label,                                                                          \
	 hint,                                                                           \
	 help,                                                                           \
	 {__VA_ARGS__},                                                                  \
	 ARRAY_COUNT(((int[]){__VA_ARGS__}))},
#include "tui/keys.def"
#undef KEY
};
const struct key *const key_table = table;
const size_t key_count = ARRAY_COUNT(table);

static const struct {
	const char *name;
	int code;
} names[] = {
	{"Enter", '\n'},        {"Esc", 27},
	{"Tab", '\t'},          {"shift-Tab", K(KEY_BTAB)},
	{"Space", ' '},         {"Backspace", K(KEY_BACKSPACE)},
	{"up", K(KEY_UP)},      {"down", K(KEY_DOWN)},
	{"left", K(KEY_LEFT)},  {"right", K(KEY_RIGHT)},
	{"Home", K(KEY_HOME)},  {"End", K(KEY_END)},
	{"PgUp", K(KEY_PPAGE)}, {"PgDn", K(KEY_NPAGE)},
	{"Del", K(KEY_DC)},     {"Ins", K(KEY_IC)},
};

/* Returns the code of a key such as "n", "ctrl-f", "PgUp" or "F5", or NO_KEY. */
static int code_of(const char *word, size_t bytes)
{
	int number;

	if (bytes == 1 && word[0] > ' ' && word[0] < 127)
		return word[0];
	if (bytes == 6 && strncasecmp(word, "ctrl-", 5) == 0 &&
	    isalpha((unsigned char)word[5]))
		return CONTROL(word[5]);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strlen(names[i].name) == bytes &&
		    strncasecmp(names[i].name, word, bytes) == 0)
			return names[i].code;
	if ((bytes == 2 || bytes == 3) && (word[0] == 'F' || word[0] == 'f') &&
	    isdigit((unsigned char)word[1])) {
		number = word[1] - '0';
		if (bytes == 3 && isdigit((unsigned char)word[2]))
			number = number * 10 + word[2] - '0';
		else if (bytes == 3)
			return NO_KEY;
		return number >= 1 && number <= 12 ? K(KEY_F(number)) : NO_KEY;
	}
	return NO_KEY;
}

/* Another action has taken the key: drops it from the codes and from the label. */
static void drop_code(struct key *key, int code)
{
	char label[KEY_LABEL_MAX] = "";
	size_t kept = 0;

	for (size_t i = 0; i < key->nr_codes; i++)
		if (key->codes[i] != code)
			key->codes[kept++] = key->codes[i];
	if (kept == key->nr_codes)
		return;
	key->nr_codes = kept;
	for (const char *word = key->label; *word != '\0';) {
		size_t bytes = strcspn(word, " ");

		if (code_of(word, bytes) != code)
			snprintf(label + strlen(label), sizeof(label) - strlen(label),
				 "%s%.*s", label[0] != '\0' ? " " : "", (int)bytes, word);
		word += bytes;
		word += strspn(word, " ");
	}
	snprintf(key->label, sizeof(key->label), "%s", label[0] != '\0' ? label : "-");
}

const char *key_action_name(const struct key *key, char out[KEY_NAME_MAX])
{
	size_t i = 0;

	for (; key->word[i] != '\0' && i + 1 < KEY_NAME_MAX; i++)
		out[i] = key->word[i] == '_' ? '-'
					     : (char)tolower((unsigned char)key->word[i]);
	out[i] = '\0';
	return out;
}

static struct key *key_by_name(const char *name)
{
	char known[KEY_NAME_MAX];

	for (size_t i = 0; i < key_count; i++)
		if (strcmp(key_action_name(&table[i], known), name) == 0)
			return &table[i];
	return NULL;
}

int tui_keys_set(const char *action, const char *keys, struct err *e)
{
	struct key *key = key_by_name(action);
	int codes[KEY_CODES_MAX];
	size_t count = 0;

	if (!key)
		return err_set(e, ERR_USAGE,
			       "unknown action '%.40s'; 'grmon-c help keys' lists them",
			       action);
	for (const char *word = keys + strspn(keys, " "); *word != '\0';) {
		size_t bytes = strcspn(word, " ");
		int code = code_of(word, bytes);

		if (code == NO_KEY || count == KEY_CODES_MAX)
			return err_set(
				e, ERR_USAGE,
				"%s: '%.*s' is not a key; write such as n, ctrl-f, "
				"PgUp, F5 or Space, separated by spaces",
				action, (int)(bytes < 20 ? bytes : 20), word);
		codes[count++] = code;
		word += bytes;
		word += strspn(word, " ");
	}
	if (count == 0 || strlen(keys) >= KEY_LABEL_MAX || key->action == ACTION_CLASS)
		return err_set(e, ERR_USAGE, "%s: %s", action,
			       key->action == ACTION_CLASS
				       ? "these keys cannot be changed"
			       : count == 0 ? "a key is missing"
					    : "these are too many keys");
	for (size_t i = 0; i < key_count; i++)
		for (size_t k = 0; k < count; k++)
			if (&table[i] != key && (table[i].views & key->views))
				drop_code(&table[i], codes[k]);
	memcpy(key->codes, codes, sizeof(codes));
	key->nr_codes = count;
	snprintf(key->label, sizeof(key->label), "%s", keys + strspn(keys, " "));
	return 0;
}

struct tui_key_help tui_key_help(size_t number)
{
	struct tui_key_help help = {.keys = NULL};

	if (number < key_count) {
		help.keys = table[number].label;
		help.text = table[number].help;
		key_action_name(&table[number], help.action);
	}
	return help;
}

/* Terminals have several codes for these keys. */
static int usual_code(int code)
{
	if (code == '\r' || code == K(KEY_ENTER))
		return '\n';
	return code == 127 || code == 8 ? K(KEY_BACKSPACE) : code;
}

enum action key_action(int code, unsigned view)
{
	code = usual_code(code);
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
