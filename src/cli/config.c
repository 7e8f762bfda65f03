/* SPDX-License-Identifier: MIT */
/* One table of keys drives reading and writing. A file takes effect only if all of it is
 * valid, and it is written by replacing it, so that a failure loses nothing. */
#include "cli/config.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/suggest.h"
#include "cli/values.h"
#include "tui/tui.h"

#define CONFIG_MAX_BYTES 65536u
#define CHOICE_MAX       64 /* bytes of `accepted` of a KEY_CHOICE */

enum key_kind {
	KEY_WORDS,
	KEY_LIST,
	KEY_SWITCH,
	KEY_CHOICE,
	KEY_CELLS, /* of the screen; 0 for a size that fits it */
	KEY_SECONDS,
	KEY_RULES,
	KEY_KEYS,
	KEY_FILTERS
};

struct config_key {
	const char *name;
	enum key_kind kind;
	/* KEY_WORDS, KEY_LIST, KEY_SECONDS: the option whose argument it is */
	enum option_id option;
	/* KEY_SWITCH, KEY_CHOICE, KEY_CELLS: offset of the bool, enum or int in struct
	 * settings */
	size_t at;
	const char *accepted;
};

static const struct config_key keys[] = {
	{"interval", KEY_SECONDS, OPTION_INTERVAL, 0,
	 "a number of seconds or a string such as \"500ms\""},
	{"stuck", KEY_LIST, OPTION_STUCK, 0,
	 "a string such as \"5s,poll=1m\" or a list such as [\"5s\", \"poll=1m\"]"},
	{"filter", KEY_WORDS, OPTION_FILTER, 0, "a string such as \"state:lock age>5s\""},
	{"sort", KEY_WORDS, OPTION_SORT, 0, "a string such as \"age:desc\""},
	{"columns", KEY_LIST, OPTION_COLUMNS, 0,
	 "a string such as \"id,state,age\" or a list such as [\"id\", \"state\"]"},
	{"hide_idle", KEY_SWITCH, 0, offsetof(struct settings, hide_idle),
	 "true or false"},
	{"fold", KEY_CHOICE, 0, offsetof(struct settings, fold),
	 "\"auto\", \"always\" or \"never\""},
	{"preview", KEY_SWITCH, 0, offsetof(struct settings, preview), "true or false"},
	{"preview_rows", KEY_CELLS, 0, offsetof(struct settings, preview_rows),
	 "a number from 0 to 1000"},
	{"preview_columns", KEY_CELLS, 0, offsetof(struct settings, preview_columns),
	 "a number from 0 to 1000"},
	{"theme", KEY_CHOICE, 0, offsetof(struct settings, theme),
	 "\"auto\", \"dark\", \"light\" or \"none\""},
	{"keys", KEY_KEYS, 0, 0, "an object such as {\"next\": \"n F3\"}"},
	{"no_color", KEY_SWITCH, 0, offsetof(struct settings, no_color), "true or false"},
	{"ascii", KEY_SWITCH, 0, offsetof(struct settings, ascii), "true or false"},
	{"mouse", KEY_SWITCH, 0, offsetof(struct settings, mouse), "true or false"},
	{"acknowledge", KEY_FILTERS, 0, offsetof(struct settings, acknowledge),
	 "a list of filters such as [\"fn:worker_main\"]"},
	{"suppress", KEY_FILTERS, 0, offsetof(struct settings, suppress),
	 "a list of filters such as [\"name:pool-\"]"},
	{"stack_rules", KEY_RULES, 0, 0,
	 "a list such as [{\"function\": \"my_queue_pop*\", \"state\": \"chan-recv\"}]"},
};
#define NR_KEYS (ARRAY_COUNT(keys))

int config_path(char *path, size_t size, struct err *e)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length;

	if (base && base[0] == '/') {
		length = snprintf(path, size, "%s/grmon-c/config.json", base);
	} else {
		if (!home || home[0] != '/') {
			const struct passwd *user = getpwuid(getuid());

			home = user ? user->pw_dir : NULL;
		}
		if (!home || home[0] != '/')
			return err_set(e, ERR_NOTFOUND,
				       "there is no home directory for config.json; set "
				       "HOME or XDG_CONFIG_HOME");
		length = snprintf(path, size, "%s/.config/grmon-c/config.json", home);
	}
	if (length < 0 || (size_t)length >= size)
		return err_set(e, ERR_NOTFOUND, "the path of config.json is too long");
	return 0;
}

/* Returns the line of the first '"name" :' in the text, or 1 if it is spelled
 * differently. */
static int line_of_key(const char *text, const char *name)
{
	size_t bytes = strlen(name);
	int line = 1;

	for (; *text; text++) {
		const char *after = text + bytes + 2;

		line += *text == '\n';
		if (*text != '"' || strncmp(text + 1, name, bytes) != 0 ||
		    text[bytes + 1] != '"')
			continue;
		if (after[strspn(after, " \t\r\n")] == ':')
			return line;
	}
	return 1;
}

/* Reads the file as text and as JSON. *root is NULL if there is no
 * file, or none that can be reached. */
static int config_read(const char *path, struct buf *text, json_t **root, struct err *e)
{
	json_error_t problem;
	int rc;

	*root = NULL;
	/* A program that has become another user may still have the first one's HOME. */
	if (access(path, F_OK) != 0 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	rc = fdio_read_file(path, text, CONFIG_MAX_BYTES, e);
	if (rc != 0)
		return rc;
	*root = json_loadb(text->bytes ? text->bytes : "", text->length,
			   JSON_REJECT_DUPLICATES, &problem);
	if (!*root)
		return err_set(
			e, ERR_FORMAT,
			"%s, line %d: invalid JSON: %s; correct the file or move it away",
			path, problem.line < 1 ? 1 : problem.line, problem.text);
	if (!json_is_object(*root)) {
		json_decref(*root);
		*root = NULL;
		return err_set(e, ERR_FORMAT,
			       "%s: the file must contain one JSON object, such as "
			       "{\"interval\": 1}",
			       path);
	}
	return 0;
}

/* Reads [{"function": "my_queue_pop*", "state": "chan-recv"}, …]. */
static int load_rules(const json_t *list, struct stack_rules *rules, struct err *e)
{
	size_t index;
	json_t *entry;

	if (json_array_size(list) > STACK_RULES_MAX)
		return err_set(e, ERR_USAGE, "at most %u rules are possible",
			       STACK_RULES_MAX);
	memset(rules, 0, sizeof(*rules));
	json_array_foreach(list, index, entry)
	{
		struct stack_rule *rule = &rules->list[index];
		const char *function =
			json_string_value(json_object_get(entry, "function"));
		const char *state = json_string_value(json_object_get(entry, "state"));

		if (!function || !state || json_object_size(entry) != 2 || !function[0] ||
		    strlen(function) >= sizeof(rule->function))
			return err_set(
				e, ERR_USAGE,
				"rule %zu must have a \"function\" and a \"state\", "
				"and nothing else",
				index + 1);
		int number = state_by_name(state, strlen(state));

		if (number < 0 || !state_blocks((enum task_state)number))
			return err_set(
				e, ERR_USAGE,
				"rule %zu: '%.40s' is not a state that a thread can be "
				"blocked in; 'grmon-c help states' lists them",
				index + 1, state);
		rule->state = (enum task_state)number;
		snprintf(rule->function, sizeof(rule->function), "%s", function);
	}
	rules->count = json_array_size(list);
	return 0;
}

/* Reads ["fn:worker_main", …] and stores one filter per line. */
static int load_filters(const json_t *list, char *out, size_t size, struct err *e)
{
	size_t index, used = 0;
	json_t *entry;

	out[0] = '\0';
	json_array_foreach(list, index, entry)
	{
		const char *text = json_string_value(entry);
		struct query *query;

		if (!text || !text[0] || strchr(text, '\n'))
			return err_set(e, ERR_USAGE, "filter %zu must be a string",
				       index + 1);
		query = query_new(text, e);
		if (!query)
			return ERR_USAGE;
		query_free(query);
		if (used + strlen(text) + 2 > size)
			return err_set(e, ERR_USAGE, "the filters are too long");
		used += (size_t)snprintf(out + used, size - used, "%s\n", text);
	}
	return 0;
}

/* Reads ["id", "state"] as "id,state". */
static int load_list(const struct config_key *key, const json_t *list,
		     struct settings *settings, struct err *e)
{
	char text[QUERY_TEXT_MAX] = "";
	size_t index, used = 0;
	json_t *entry;

	json_array_foreach(list, index, entry)
	{
		const char *word = json_string_value(entry);

		if (!word || !word[0] || strchr(word, ','))
			return err_set(e, ERR_USAGE,
				       "entry %zu must be a string without a comma",
				       index + 1);
		if (used + strlen(word) + 2 > sizeof(text))
			return err_set(e, ERR_USAGE, "the list is too long");
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 index > 0 ? "," : "", word);
	}
	return value_apply(settings, key->option, text, e);
}

/* Copies the quoted word at this position of "\"auto\", \"always\" or …" to `out`. Returns
 * NULL if there are fewer. */
static const char *choice_word(const char *accepted, unsigned number, char *out)
{
	const char *at = strchr(accepted, '"');

	for (unsigned i = 0; at && i < 2 * number; i++)
		at = strchr(at + 1, '"');
	if (!at)
		return NULL;
	sprintf(out, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	return out;
}

/* The words that are accepted are those of the enum, in its order. */
static int load_choice(const struct config_key *key, const char *word,
		       struct settings *settings, struct err *e)
{
	char text[CHOICE_MAX];

	for (unsigned i = 0; choice_word(key->accepted, i, text); i++) {
		if (strcmp(text, word) != 0)
			continue;
		memcpy((char *)settings + key->at, &i, sizeof(i));
		return 0;
	}
	return err_set(e, ERR_USAGE, "the value must be %s", key->accepted);
}

/* Reads {"next": "n F3", …}, which applies to the whole process. */
static int load_keys(const json_t *list, struct err *e)
{
	const char *action;
	json_t *value;

	json_object_foreach((json_t *)list, action, value)
	{
		const char *text = json_string_value(value);

		if (!text)
			return err_set(
				e, ERR_USAGE,
				"the keys of %.40s must be a string such as \"n F3\"",
				action);
		if (tui_keys_set(action, text, e) != 0)
			return ERR_USAGE;
	}
	return 0;
}

static int load_value(const struct config_key *key, const json_t *value,
		      struct settings *settings, struct err *e)
{
	char seconds[32];

	if (key->kind == KEY_SWITCH && json_is_boolean(value)) {
		*(bool *)((char *)settings + key->at) = json_is_true(value);
		return 0;
	}
	if (key->kind == KEY_CELLS && json_is_integer(value) &&
	    json_integer_value(value) >= 0 &&
	    json_integer_value(value) <= SETTINGS_CELLS_MAX) {
		*(int *)((char *)settings + key->at) = (int)json_integer_value(value);
		return 0;
	}
	if (key->kind == KEY_CHOICE && json_is_string(value))
		return load_choice(key, json_string_value(value), settings, e);
	if (key->kind == KEY_KEYS && json_is_object(value))
		return load_keys(value, e);
	if (key->kind == KEY_RULES && json_is_array(value))
		return load_rules(value, &settings->stack_rules, e);
	if (key->kind == KEY_FILTERS && json_is_array(value))
		return load_filters(value, (char *)settings + key->at,
				    SETTINGS_ACKNOWLEDGE_MAX, e);
	if (key->kind == KEY_LIST && json_is_array(value))
		return load_list(key, value, settings, e);
	if ((key->kind == KEY_WORDS || key->kind == KEY_LIST ||
	     key->kind == KEY_SECONDS) &&
	    json_is_string(value))
		return value_apply(settings, key->option, json_string_value(value), e);
	if (key->kind == KEY_SECONDS && json_is_number(value)) {
		double number = json_number_value(value);

		/* Milliseconds, because whole numbers look the same in every locale. */
		if (!(number >= 0 && number <= 1e6))
			return err_set(e, ERR_USAGE,
				       "the interval must be between 10ms and 1h");
		snprintf(seconds, sizeof(seconds), "%.0fms", number * 1000);
		return value_apply(settings, key->option, seconds, e);
	}
	return err_set(e, ERR_USAGE, "the value must be %s", key->accepted);
}

static const struct config_key *key_by_name(const char *name)
{
	for (size_t i = 0; i < NR_KEYS; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static int unknown_key(const char *path, int line, const char *name, struct err *e)
{
	struct suggest suggest;

	suggest_init(&suggest, name, strlen(name));
	for (size_t i = 0; i < NR_KEYS; i++)
		suggest_offer(&suggest, keys[i].name);
	if (suggest.best)
		return err_set(e, ERR_FORMAT,
			       "%s, line %d: unknown key \"%.60s\"; did you mean \"%s\"?",
			       path, line, name, suggest.best);
	return err_set(
		e, ERR_FORMAT,
		"%s, line %d: unknown key \"%.60s\"; the keys are interval, "
		"stuck, filter, sort, columns, hide_idle, fold, preview, preview_rows, "
		"preview_columns, theme, keys, no_color, ascii, mouse, acknowledge, "
		"suppress and stack_rules",
		path, line, name);
}

int config_load(const char *path, struct settings *settings, struct err *e)
{
	struct settings loaded = *settings;
	struct err problem = {0};
	json_t *root, *value;
	const char *name;
	struct buf text;
	int rc;

	buf_init(&text, CONFIG_MAX_BYTES + 1);
	rc = config_read(path, &text, &root, e);
	if (rc != 0 || !root)
		goto out;
	json_object_foreach(root, name, value)
	{
		const struct config_key *key = key_by_name(name);
		int line = line_of_key(text.bytes, name);

		if (!key) {
			rc = unknown_key(path, line, name, e);
			goto out;
		}
		if (load_value(key, value, &loaded, &problem) != 0) {
			rc = err_set(e, ERR_FORMAT, "%s, line %d: \"%s\": %.200s", path,
				     line, name, problem.text);
			goto out;
		}
	}
	*settings = loaded;
out:
	json_decref(root);
	buf_release(&text);
	return rc;
}

/* Converts lines, or words with another mark between them, to an array of strings.
 * Returns a new reference. */
static json_t *lines_value(const char *lines, const char *mark)
{
	json_t *list = json_array();

	while (*lines) {
		size_t bytes = strcspn(lines, mark);

		if (bytes > 0)
			json_array_append_new(list, json_stringn(lines, bytes));
		lines += bytes + (lines[bytes] != '\0');
	}
	return list;
}

/* Converts a setting to its value in the file. Returns a new reference. */
static json_t *key_value(const struct config_key *key, const struct settings *settings)
{
	char text[QUERY_TEXT_MAX];

	if (key->kind == KEY_SWITCH)
		return json_boolean(*(const bool *)((const char *)settings + key->at));
	if (key->kind == KEY_CELLS)
		return json_integer(*(const int *)((const char *)settings + key->at));
	if (key->kind == KEY_CHOICE)
		return json_string(choice_word(
			key->accepted,
			*(const unsigned *)((const char *)settings + key->at), text));
	if (key->kind == KEY_FILTERS)
		return lines_value((const char *)settings + key->at, "\n");
	if (key->kind == KEY_SECONDS) {
		int64_t ms = settings->interval_ns / CLOCK_MS_NS;

		return ms % 1000 == 0 ? json_integer(ms / 1000)
				      : json_real((double)ms / 1000);
	}
	switch (key->option) {
	case OPTION_STUCK:
		return json_string(settings->stuck);
	case OPTION_FILTER:
		return json_string(settings->filter);
	case OPTION_SORT:
		snprintf(text, sizeof(text), "%s:%s",
			 column_info(settings->sort.column)->key,
			 settings->sort.descending ? "desc" : "asc");
		return json_string(text);
	default:
		column_list_print(&settings->columns, text);
		return json_string(text);
	}
}

static int make_folders(const char *path, struct err *e)
{
	char folder[4096];

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return err_set(e, ERR_SYS, "the path of config.json is too long");
	for (char *slash = strchr(folder + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return err_sys(e, errno, "cannot create the directory %s",
				       folder);
		*slash = '/';
	}
	return 0;
}

int config_save(const char *path, const struct settings *settings, struct err *e)
{
	struct settings defaults;
	char real[PATH_MAX];
	struct buf text;
	char *bytes = NULL;
	json_t *root;
	int rc, failed = 0;

	settings_default(&defaults);
	/* If the path is a symbolic link, replace the file that it points to. */
	if (realpath(path, real))
		path = real;
	buf_init(&text, CONFIG_MAX_BYTES + 1);
	rc = config_read(path, &text, &root, e);
	if (rc != 0)
		goto out;
	if (!root)
		root = json_object();
	for (size_t i = 0; i < NR_KEYS; i++) {
		/* The view does not change rules and keys: keep those in the file. */
		if (keys[i].kind == KEY_RULES || keys[i].kind == KEY_KEYS)
			continue;
		json_t *value = key_value(&keys[i], settings);
		json_t *usual = key_value(&keys[i], &defaults);

		const json_t *there = json_object_get(root, keys[i].name);

		/* What the user has written as a list stays one. */
		if (keys[i].kind == KEY_LIST && json_is_array(there))
			failed |= json_object_set_new(
				root, keys[i].name,
				lines_value(json_string_value(value), ","));
		else if (there || !json_equal(value, usual))
			failed |= json_object_set(root, keys[i].name, value);
		json_decref(value);
		json_decref(usual);
	}
	bytes = failed ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	if (!bytes) {
		/* jansson accepts only UTF-8. */
		rc = err_set(e, ERR_FORMAT,
			     "a setting contains bytes that are not UTF-8; nothing was "
			     "written");
		goto out;
	}
	buf_clear(&text);
	buf_printf(&text, "%s\n", bytes);
	rc = make_folders(path, e);
	if (rc == 0)
		rc = fdio_replace_file(path, text.bytes, text.length, e);
out:
	free(bytes);
	json_decref(root);
	buf_release(&text);
	return rc;
}
