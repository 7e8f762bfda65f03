/* SPDX-License-Identifier: MIT */
/* The table of columns, and the value of a cell as text or number. Nothing here allocates
 * memory. */
#include "core/column.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_MARK] = {"mark", NULL, "!",
			 "D deadlock, ! stuck, ? long, ~ suspect, x stale; "
			 "L group leaks, P proven",
			 COLUMN_TEXT, .min_width = 1, .max_width = 2, .descending = true},
	[COLUMN_ID] = {"id", NULL, "ID", "t + thread id, g + goroutine, c + coroutine",
		       COLUMN_TEXT, .min_width = 5, .max_width = 10, .priority = 1},
	[COLUMN_PID] = {"pid", NULL, "PID", "process, if the target is several",
			COLUMN_TEXT, .min_width = 3, .max_width = 10, .priority = 4,
			.right = true},
	[COLUMN_PROCESS] = {"process", NULL, "PROCESS", "name of that process",
			    COLUMN_TEXT, .min_width = 7, .max_width = 16, .priority = 5},
	[COLUMN_STATE] = {"state", NULL, "STATE",
			  "what the task is blocked on, or running", COLUMN_TEXT,
			  .min_width = 8, .max_width = 12, .priority = 2},
	[COLUMN_AGE] = {"age", NULL, "AGE", "time in this state; > means at least",
			COLUMN_DURATION, .min_width = 6, .max_width = 8, .priority = 3,
			.right = true, .descending = true},
	[COLUMN_WAITS] = {"waits", "waits-on", "WAITS ON", "the object, and who holds it",
			  COLUMN_TEXT, .min_width = 8, .max_width = 64, .priority = 5},
	[COLUMN_NAME] = {"name", NULL, "NAME", "name of the thread or coroutine",
			 COLUMN_TEXT, .min_width = 6, .max_width = 16, .priority = 7},
	[COLUMN_FUNCTION] = {"function", "fn", "FUNCTION",
			     "innermost function of the program itself", COLUMN_TEXT,
			     .min_width = 10, .max_width = 40, .priority = 4},
	[COLUMN_LOCATION] = {"location", "loc", "LOCATION",
			     "file and line of that function", COLUMN_TEXT,
			     .min_width = 8, .max_width = 24, .priority = 8},
	[COLUMN_CREATED] = {"created", "creator", "CREATED BY",
			    "function and line that created it", COLUMN_TEXT,
			    .min_width = 10, .max_width = 44, .priority = 6},
	[COLUMN_CPU] = {"cpu", "cpu%", "CPU%", "share of one CPU since the last sample",
			COLUMN_NUMBER, .min_width = 5, .max_width = 6, .priority = 10,
			.right = true, .descending = true},
	[COLUMN_SWITCHES] = {"switches", NULL, "SWITCHES",
			     "times it was put on a CPU, or waits the agent counted",
			     COLUMN_NUMBER, .min_width = 8, .max_width = 10,
			     .priority = 11, .right = true, .descending = true},
	[COLUMN_LABELS] = {"labels", "label", "LABELS",
			   "key=text pairs that the program has set", COLUMN_TEXT,
			   .min_width = 6, .priority = 9},
};

const struct column *column_info(enum column_id id)
{
	return &columns[(unsigned int)id < COLUMN_COUNT ? id : COLUMN_ID];
}

static bool word_is(const char *wanted, const char *name, size_t bytes)
{
	return wanted && strlen(wanted) == bytes && strncasecmp(wanted, name, bytes) == 0;
}

int column_by_name(const char *name, size_t bytes)
{
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (word_is(columns[i].key, name, bytes) ||
		    word_is(columns[i].alias, name, bytes) ||
		    word_is(columns[i].title, name, bytes))
			return i;
	return -1;
}

void column_suggest(struct suggest *suggest)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		suggest_offer(suggest, columns[i].key);
		if (columns[i].alias)
			suggest_offer(suggest, columns[i].alias);
	}
}

static char column_sign(const struct task *task)
{
	if (task->flags & TASK_DEADLOCK)
		return 'D';
	if (task->flags & TASK_STUCK)
		return '!';
	if (task->flags & TASK_STALE)
		return 'x';
	if (task->flags & TASK_SUSPECT)
		return '~';
	if (task->flags & TASK_LONG)
		return '?';
	return ' ';
}

/* A deadlock is worse than a leak, so it is the only mark shown. */
static const char *column_mark(const struct task *task, char *out)
{
	char sign = column_sign(task);
	const char *leaks = task->flags & TASK_UNREACHABLE ? "P"
			    : task->flags & TASK_LEAK      ? "L"
							   : "";

	if (sign == 'D')
		leaks = "";
	snprintf(out, COLUMN_TEXT_MAX, "%.*s%s", sign != ' ' || !*leaks, &sign, leaks);
	return out;
}

static const char *column_age(const struct task *task, int64_t now_ns, char *out)
{
	int64_t age_ns = task_age_ns(task, now_ns);

	if (age_ns < 0)
		return "-";
	if (task->flags & TASK_AGE_EXACT)
		return clock_format_duration(age_ns, out);
	out[0] = '>';
	clock_format_duration(age_ns, out + 1);
	return out;
}

/* Writes "libz.so+0x12" for "libz.so.1.3.1+0x12", since the version takes the cells of what
 * tells places apart. Returns other names as they are. */
static const char *column_short_name(const char *function, char *out)
{
	const char *version, *offset;

	if (!strchr(function, '+')) /* most */
		return function;
	version = strstr(function, ".so.");
	offset = strstr(function, "+0x");
	if (!version || !offset || offset < version)
		return function;
	version += strlen(".so");
	if (strspn(version, ".0123456789") != (size_t)(offset - version))
		return function;
	snprintf(out, COLUMN_TEXT_MAX, "%.*s%s", (int)(version - function), function,
		 offset);
	return out;
}

static const char *column_frame_function(const struct frame *frame, char *out)
{
	if (!frame)
		return "";
	if (frame->function)
		return column_short_name(frame->function, out);
	if (frame->address == 0)
		return "";
	snprintf(out, COLUMN_TEXT_MAX, "0x%llx", (unsigned long long)frame->address);
	return out;
}

static const char *column_function(const struct stack *stack, char *out)
{
	return stack && stack->function
		       ? column_short_name(stack->function, out)
		       : column_frame_function(stack_top_frame(stack), out);
}

const char *frame_format_location(const struct frame *frame, char out[COLUMN_TEXT_MAX])
{
	const char *slash;

	if (!frame || !frame->file)
		return "";
	slash = strrchr(frame->file, '/');
	if (frame->line <= 0)
		return slash ? slash + 1 : frame->file;
	snprintf(out, COLUMN_TEXT_MAX, "%s:%d", slash ? slash + 1 : frame->file,
		 frame->line);
	return out;
}

/* Appends as much of the text as fits. Returns the new length. */
static size_t column_append(char *out, size_t length, const char *text)
{
	size_t bytes = strnlen(text, COLUMN_TEXT_MAX - 1 - length);

	memcpy(out + length, text, bytes);
	out[length + bytes] = '\0';
	return length + bytes;
}

static const char *column_created(const struct task *task, char *out)
{
	const struct frame *frame = task_creator_frame(task);
	char part[COLUMN_TEXT_MAX];
	size_t length;

	if (!frame)
		return task_more(task)->creator_name ? task_more(task)->creator_name : "";
	length = column_append(out, 0, column_frame_function(frame, part));
	if (frame->file) {
		length = column_append(out, length, length ? " " : "");
		column_append(out, length, frame_format_location(frame, part));
	}
	return out;
}

static const char *column_labels(const struct task *task, char *out)
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < task->nr_labels; i++) {
		if (i > 0)
			length = column_append(out, length, " ");
		length = column_append(out, length, task->labels[i].key);
		length = column_append(out, length, "=");
		length = column_append(out, length, task->labels[i].text);
	}
	return out;
}

const char *column_format(enum column_id id, const struct task *task, int64_t now_ns,
			  char out[COLUMN_TEXT_MAX])
{
	switch (id) {
	case COLUMN_MARK:
		return column_mark(task, out);
	case COLUMN_ID:
		return task_format_short_id(task, out);
	case COLUMN_PID:
		if (task->pid <= 0)
			return "";
		snprintf(out, COLUMN_TEXT_MAX, "%d", (int)task->pid);
		return out;
	case COLUMN_PROCESS:
		return task_more(task)->process ? task_more(task)->process : "";
	case COLUMN_STATE:
		return state_info(task->state)->name;
	case COLUMN_AGE:
		return column_age(task, now_ns, out);
	case COLUMN_WAITS:
		return task->waits.kind && task->waits.text ? task->waits.text : "";
	case COLUMN_NAME:
		return task->name;
	case COLUMN_FUNCTION:
		return column_function(task->stack, out);
	case COLUMN_LOCATION:
		return frame_format_location(task_top_frame(task), out);
	case COLUMN_CREATED:
		return column_created(task, out);
	case COLUMN_CPU:
		if (!(task->cpu_percent >= 0)) /* this also catches NAN */
			return "-";
		snprintf(out, COLUMN_TEXT_MAX, "%.1f", (double)task->cpu_percent);
		return out;
	case COLUMN_SWITCHES:
		snprintf(out, COLUMN_TEXT_MAX, "%llu",
			 (unsigned long long)task->switches);
		return out;
	case COLUMN_LABELS:
		return column_labels(task, out);
	case COLUMN_COUNT:
		break;
	}
	return "";
}

static double column_severity(const struct task *task)
{
	static const char signs[] = "x~?!";
	char sign = column_sign(task);
	const char *at = strchr(signs, sign);

	if (sign == 'D')
		return 8;
	if (task->flags & TASK_UNREACHABLE)
		return 7;
	if (task->flags & TASK_LEAK)
		return 6;
	return at ? (double)(at - signs + 1) : 0;
}

double column_number(enum column_id id, const struct task *task, int64_t now_ns)
{
	switch (id) {
	case COLUMN_MARK:
		return column_severity(task);
	case COLUMN_ID:
		return (double)task->id;
	case COLUMN_PID:
		return (double)task->pid;
	case COLUMN_STATE:
		return (double)task->state;
	case COLUMN_AGE:
		return (double)task_age_ns(task, now_ns);
	case COLUMN_CPU:
		return task->cpu_percent >= 0 ? (double)task->cpu_percent : -1;
	case COLUMN_SWITCHES:
		return (double)task->switches;
	case COLUMN_LABELS:
		return (double)task->nr_labels;
	default:
		return 0;
	}
}

bool column_is_of_processes(enum column_id id)
{
	return id == COLUMN_PID || id == COLUMN_PROCESS;
}

bool column_is_essential(enum column_id id)
{
	return id == COLUMN_MARK || id == COLUMN_ID || id == COLUMN_STATE ||
	       id == COLUMN_AGE;
}

void column_list_default(struct column_list *list)
{
	memset(list, 0, sizeof(*list));
	for (int i = 0; i < COLUMN_COUNT; i++)
		list->ids[list->count++] = (enum column_id)i;
}

size_t column_keys(char *out, size_t size)
{
	size_t length = 0;

	if (size > 0)
		out[0] = '\0';
	for (int i = 0; i < COLUMN_COUNT && length < size; i++)
		length += (size_t)snprintf(out + length, size - length, "%s%s",
					   i ? ", " : "", columns[i].key);
	return length;
}

static bool list_has(const struct column_list *list, enum column_id id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ids[i] == id)
			return true;
	return false;
}

static void list_remove(struct column_list *list, enum column_id id)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->ids[i] != id)
			list->ids[kept++] = list->ids[i];
	list->count = kept;
}

static int list_unknown(const char *text, const char *word, size_t bytes, struct err *e)
{
	char keys[COLUMN_KEYS_MAX], hint[SUGGEST_HINT_MAX];
	struct suggest suggest;

	column_keys(keys, sizeof(keys));
	if (bytes == 0)
		return err_at(e, (int)(word - text),
			      "a column name is missing here (columns: %s)", keys);
	suggest_init(&suggest, word, bytes);
	column_suggest(&suggest);
	return err_at(e, (int)(word - text), "unknown column '%.*s'%s (columns: %s)",
		      (int)(bytes < 40 ? bytes : 40), word, suggest_hint(&suggest, hint),
		      keys);
}

/* Takes ":20" from the end of a word. Returns the number, or 0. */
static int take_cells(const char *word, size_t *bytes)
{
	size_t at = *bytes;
	int cells = 0;

	while (at > 0 && word[at - 1] >= '0' && word[at - 1] <= '9')
		at--;
	if (at == 0 || at == *bytes || word[at - 1] != ':')
		return 0;
	for (size_t i = at; i < *bytes && cells <= COLUMN_CELLS_MAX; i++)
		cells = cells * 10 + (word[i] - '0');
	if (cells < 1 || cells > COLUMN_CELLS_MAX)
		return 0;
	*bytes = at - 1;
	return cells;
}

int column_list_parse(struct column_list *list, const char *text, struct err *e)
{
	bool relative = text[0] == '+' || text[0] == '-';
	struct column_list result = {.count = 0};
	const char *at = text;

	if (relative)
		column_list_default(&result);
	for (;;) {
		char sign = *at == '+' || *at == '-' ? *at : '\0';
		const char *word = sign ? at + 1 : at;
		size_t bytes = strcspn(word, ",");
		bool maybe = bytes > 0 && word[bytes - 1] == '?';
		size_t name = bytes - maybe;
		int cells = take_cells(word, &name);
		int id = column_by_name(word, name);

		if (id < 0)
			return list_unknown(text, word, bytes, e);
		if ((sign != '\0') != relative)
			return err_at(e, (int)(at - text),
				      "write either a list, such as state,age, or only "
				      "changes, such as +labels,-cpu");
		if (sign == '-')
			list_remove(&result, (enum column_id)id);
		else if (!list_has(&result, (enum column_id)id))
			result.ids[result.count++] = (enum column_id)id;
		result.always[id] = sign != '-' && !maybe;
		result.cells[id] = (uint8_t)cells;
		at = word + bytes;
		if (*at != ',')
			break;
		at++;
	}
	if (result.count == 0)
		return err_at(e, 0, "at least one column must remain");
	*list = result;
	return 0;
}

void column_list_print(const struct column_list *list, char out[COLUMN_LIST_TEXT_MAX])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->count && used < COLUMN_LIST_TEXT_MAX; i++) {
		enum column_id id = list->ids[i];
		bool maybe = !list->always[id] && !column_is_essential(id);
		char cells[8] = "";

		if (list->cells[id] > 0)
			snprintf(cells, sizeof(cells), ":%d", list->cells[id]);
		used += (size_t)snprintf(out + used, COLUMN_LIST_TEXT_MAX - used,
					 "%s%s%s%s", i > 0 ? "," : "",
					 column_info(id)->key, cells, maybe ? "?" : "");
	}
}
