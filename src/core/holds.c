/* SPDX-License-Identifier: MIT */
#include "core/holds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/text.h"
#include "core/snapshot.h"

const char holds_secrets[] =
	"Strings can be secrets: passwords, tokens, names of people.";

static const char *const kind_names[HELD_KINDS] = {
	[HELD_LOCAL] = "local",       [HELD_CONNECTION] = "connection",
	[HELD_CHANNEL] = "channel",   [HELD_LOCK] = "lock",
	[HELD_TIMER] = "timer",       [HELD_CONTEXT] = "context",
	[HELD_FUNCTION] = "function", [HELD_VALUE] = "value",
	[HELD_TEXT] = "text",
};

static const char *const text_names[HELD_TEXTS] = {
	[HELD_TEXT_OTHER] = "other",   [HELD_TEXT_URL] = "url", [HELD_TEXT_HOST] = "host",
	[HELD_TEXT_PATH] = "path",     [HELD_TEXT_SQL] = "sql", [HELD_TEXT_ID] = "id",
	[HELD_TEXT_HEADER] = "header",
};

struct holds_wish holds_wish_of(const struct task *task)
{
	return (struct holds_wish){
		.pid = task->pid, .kind = (int)task->kind, .id = task->id};
}

int holds_wish_order(const void *left, const void *right)
{
	const struct holds_wish *a = left, *b = right;

	if (a->pid != b->pid)
		return ORDER(a->pid, b->pid);
	return a->kind != b->kind ? ORDER(a->kind, b->kind) : ORDER(a->id, b->id);
}

const char *held_kind_name(enum held_kind kind)
{
	return kind < HELD_KINDS ? kind_names[kind] : "value";
}

const char *held_text_name(enum held_text reads)
{
	return reads < HELD_TEXTS ? text_names[reads] : "other";
}

const char *held_label(const struct held *held)
{
	return held->kind == HELD_TEXT && held->reads != HELD_TEXT_OTHER
		       ? held_text_name(held->reads)
		       : held_kind_name(held->kind);
}

/* Only the name is known, so the package takes the place of the file's folder:
 * "net/http.(*Transport).dial" is then in "/net/http/x.go". */
static bool is_own_function(const char *function)
{
	size_t package = 0, bytes = strcspn(function, "(");
	char file[HOLDS_TEXT_MAX + 16];
	struct frame frame = {.function = function, .file = file};

	for (size_t i = 0; i < bytes; i++)
		if (function[i] == '/')
			package = i;
	package += strcspn(function + package, ".");
	snprintf(file, sizeof(file), "/%.*s/x.go", (int)package, function);
	return frame_role(&frame) == FRAME_OWN;
}

bool held_is_own(const struct held *held)
{
	/* The way to a variable is its function. */
	if (held->kind == HELD_LOCAL)
		return held->way[0] == '\0' || is_own_function(held->way);
	return held->kind == HELD_FUNCTION &&
	       is_own_function(held->name[0] ? held->name : held->text);
}

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

int held_kind_by_name(const char *name)
{
	return find_name(kind_names, HELD_KINDS, name);
}

int held_text_by_name(const char *name)
{
	return find_name(text_names, HELD_TEXTS, name);
}

void held_make_plain(char *text)
{
	static const struct {
		const char *from, *to; /* to is not longer */
	} signs[] = {{"\u2192", "->"}, {"\u2026", "..."}};
	char *out = text;

	while (*text != '\0') {
		size_t i = 0;

		while (i < ARRAY_COUNT(signs) && !text_starts_with(text, signs[i].from))
			i++;
		if (i == ARRAY_COUNT(signs)) {
			*out++ = *text++;
			continue;
		}
		memcpy(out, signs[i].to, strlen(signs[i].to));
		out += strlen(signs[i].to);
		text += strlen(signs[i].from);
	}
	*out = '\0';
}

const char *held_format(const struct held *held, bool ascii, char out[HELD_LINE_MAX])
{
	const char *name = held->name, *text = held->text;
	bool told = *name == '\0' || held->kind == HELD_TEXT || strstr(text, name);

	if (held->kind == HELD_LOCAL && *name != '\0')
		snprintf(out, HELD_LINE_MAX, "%s = %s", name, text);
	else if (told)
		snprintf(out, HELD_LINE_MAX, "%s", text);
	else
		snprintf(out, HELD_LINE_MAX, "%s%s%s", name, *text ? " " : "", text);
	if (ascii)
		held_make_plain(out);
	return out;
}

const char *held_format_others(const struct holds *holds, const struct held *held,
			       char out[HELD_OTHERS_MAX])
{
	out[0] = '\0';
	if (held->kind == HELD_LOCAL)
		return out;
	if (holds->compared > 0 && held->others == 0)
		snprintf(out, HELD_OTHERS_MAX, "none of %u other%s", holds->compared,
			 holds->compared == 1 ? "" : "s");
	else if (holds->compared > 0)
		snprintf(out, HELD_OTHERS_MAX, "%u of %u other%s", held->others,
			 holds->compared, holds->compared == 1 ? "" : "s");
	return out;
}

const char *held_format_steps(const struct held *held, char out[HELD_STEPS_MAX])
{
	if (held->steps == 0)
		return "on the stack";
	snprintf(out, HELD_STEPS_MAX, "%d step%s", held->steps,
		 held->steps == 1 ? "" : "s");
	return out;
}

const char *held_format_way(const struct held *held, bool ascii, char *out, size_t size)
{
	snprintf(out, size, "%s", held->way);
	if (ascii)
		held_make_plain(out);
	return out;
}

const char *holds_format_took(const struct holds *holds, char out[HOLDS_TOOK_MAX])
{
	int64_t tenths = (holds->took_ns + CLOCK_MS_NS / 20) / (CLOCK_MS_NS / 10);

	snprintf(out, HOLDS_TOOK_MAX, "%" PRId64 ".%" PRId64 " ms", tenths / 10,
		 tenths % 10);
	return out;
}

static const char *copy_text(struct arena *arena, const char *text)
{
	const char *copy = text ? arena_strndup(arena, text, HOLDS_TEXT_MAX + 16) : NULL;

	return copy ? copy : "";
}

const struct holds *holds_copy(const struct holds *holds, struct arena *arena)
{
	struct holds *copy = holds ? arena_alloc(arena, sizeof(*copy)) : NULL;
	struct held *list;

	if (!copy)
		return NULL;
	*copy = *holds;
	copy->why = holds->why ? copy_text(arena, holds->why) : NULL;
	list = holds->nr > 0 ? arena_alloc(arena, holds->nr * sizeof(*list)) : NULL;
	copy->nr = list ? holds->nr : 0;
	copy->list = list;
	for (size_t i = 0; i < copy->nr; i++) {
		list[i] = holds->list[i];
		list[i].way = copy_text(arena, list[i].way);
		list[i].name = copy_text(arena, list[i].name);
		list[i].text = copy_text(arena, list[i].text);
	}
	return copy;
}

bool holds_can(const struct task *task)
{
	return task->kind == TASK_GOROUTINE || (task->flags & TASK_VARIABLES);
}

static bool any_can(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (holds_can(&snapshot->tasks[i]))
			return true;
	return false;
}

bool holds_possible(const struct snapshot *snapshot, const char **why)
{
	const char *sources = snapshot->target.sources ? snapshot->target.sources : "";

	*why = NULL;
	if (snapshot->target.replay)
		return true;
	if (snapshot->target.pid == 0 && snapshot->nr_members == 0)
		*why = "what a goroutine holds is read from its process, and this is a "
		       "text or a URL; watch the process itself";
	else if (!strstr(sources, "goruntime") && !any_can(snapshot))
		*why = snapshot->nr_members > 0
			       ? "only what goroutines and Python's functions hold can "
				 "be "
				 "read; none of these processes is read as Go or Python"
			       : "only what goroutines and Python's functions hold can "
				 "be "
				 "read; this process is read as neither Go nor Python";
	return !*why;
}

const char *holds_missing(const struct snapshot *snapshot, const struct task *task)
{
	const char *why;

	if (snapshot->target.replay)
		return "this recording does not say what it held; record with --holds, "
		       "which reads those that wait";
	if (!holds_possible(snapshot, &why))
		return why;
	if (!holds_can(task))
		return "only what goroutines and Python's functions hold can be read; "
		       "this thread runs neither";
	if (snapshot->target.ended)
		return "the process has ended, so its memory cannot be read any more";
	return "it was not among the tasks that were asked";
}
