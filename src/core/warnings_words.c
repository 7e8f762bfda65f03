/* SPDX-License-Identifier: MIT */
/* The parts of a warning: its texts, and what it is about. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "core/graph.h"
#include "core/warnings_private.h"

#define FUNCTION_LEAST 8 /* a name is not cut to fewer bytes, but left out */
#define PROCESS_BYTES  15

static const char *const kind_names[WARNING_KINDS] = {
	[WARNING_STOPPED] = "stopped", [WARNING_DEADLOCK] = "deadlock",
	[WARNING_PROVEN] = "proven",   [WARNING_LOCK] = "lock",
	[WARNING_LEAK] = "leak",       [WARNING_LIMIT] = "limit",
	[WARNING_TIMERS] = "timers",   [WARNING_HEAP] = "heap",
	[WARNING_STUCK] = "stuck",
};

const char *warning_kind_name(enum warning_kind kind)
{
	return kind_names[kind];
}

bool warning_same(const struct warning *a, const struct warning *b)
{
	return a->kind == b->kind && a->key == b->key;
}

const char *warning_age(int64_t ns, char out[WARNING_AGE_MAX])
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t seconds = ns > 0 ? ns / CLOCK_SECOND_NS : 0;
	size_t unit = 0;

	while (units[unit].seconds > 1 && seconds < units[unit].seconds)
		unit++;
	snprintf(out, WARNING_AGE_MAX, "%lld%c",
		 (long long)(seconds / units[unit].seconds), units[unit].unit);
	return out;
}

const char *warning_period(int64_t ns, char out[WARNING_AGE_MAX])
{
	char text[CLOCK_DURATION_MAX];
	int64_t whole = (ns + CLOCK_SECOND_NS / 2) / CLOCK_SECOND_NS;
	int64_t off_ns = ns - whole * CLOCK_SECOND_NS;

	/* Nearly whole seconds are meant to be whole. */
	if (whole > 0 && whole < 60 && llabs(off_ns) * 10 <= ns)
		snprintf(out, WARNING_AGE_MAX, "%llds", (long long)whole);
	else
		snprintf(out, WARNING_AGE_MAX, "%s", clock_format_duration(ns, text));
	return out;
}

const char *warning_name(const char *name, size_t most, char out[WARNING_NAME_MAX])
{
	size_t used = 0, length = strlen(name);

	most = most < WARNING_NAME_MAX - 1 ? most : WARNING_NAME_MAX - 1;
	if (length <= most) {
		memcpy(out, name, length + 1);
		return out;
	}
	while (used < most) {
		uint32_t point;
		size_t bytes = utf8_decode(name + used, length - used, &point);

		bytes = bytes > 0 ? bytes : 1;
		if (used + bytes + 2 > most)
			break;
		memcpy(out + used, name + used, bytes);
		used += bytes;
	}
	memcpy(out + used, "..", sizeof(".."));
	return out;
}

const char *warning_function(const struct task *task)
{
	const struct frame *frame = task_top_frame(task);

	return frame ? frame->function : NULL;
}

const char *warning_who(const struct snapshot *snapshot, uint32_t node,
			char out[WARNING_WHO_MAX])
{
	const struct other_process *process = graph_process(snapshot, node);
	char id[TASK_ID_MAX], name[WARNING_NAME_MAX];

	task_format_id(graph_task(snapshot, node), id);
	if (process)
		snprintf(out, WARNING_WHO_MAX, "%s %d (%s)",
			 warning_name(process->name, PROCESS_BYTES, name),
			 (int)process->pid, id);
	else
		snprintf(out, WARNING_WHO_MAX, "%s", id);
	return out;
}

void warned_add(struct warned *warned, const struct snapshot *snapshot, size_t index)
{
	const struct task *task = &snapshot->tasks[index];
	const struct task *oldest = &snapshot->tasks[warned->oldest];
	const char *function = warning_function(task);

	if (warned->tasks == 0) {
		warned->pid = task->pid;
		warned->function = function;
	}
	if (warned->tasks == 0 ||
	    (task->since_ns != 0 &&
	     (oldest->since_ns == 0 || task->since_ns < oldest->since_ns)))
		warned->oldest = (uint32_t)index;
	warned->processes |= warned->pid != task->pid;
	if (warned->function != function)
		warned->function = NULL;
	warned->tasks += task_weight(task);
}

struct warning *warning_add(struct finder *finder, enum warning_kind kind, bool sure,
			    uint64_t key, const struct warned *warned)
{
	struct warnings *out = finder->out;
	struct warning *warning = &out->list[out->count];

	if (out->count == WARNINGS_MAX) {
		out->left_out++;
		return NULL;
	}
	out->count++;
	*warning = (struct warning){.kind = kind,
				    .sure = sure,
				    .key = key,
				    .tasks = warned ? warned->tasks : 0,
				    .pid = warned && !warned->processes ? warned->pid : 0,
				    .node = GRAPH_NONE,
				    .limit = -1};
	return warning;
}

void warning_say(const struct finder *finder, struct warning *warning, const char *before,
		 const char *function, const char *after)
{
	const struct member_process *member =
		snapshot_member(finder->snapshot, warning->pid);
	char process[WARNING_WHO_MAX] = "", name[WARNING_NAME_MAX];
	int room;

	if (warning->pid > 0)
		snprintf(process, sizeof(process), " (%.40s %d)",
			 warning_name(member ? member->name : "process", PROCESS_BYTES,
				      name),
			 (int)warning->pid);
	room = WARNING_CELLS - (int)(strlen(before) + sizeof(" in ") - 1 + strlen(after) +
				     strlen(process));
	if (!function || (room < FUNCTION_LEAST && (int)strlen(function) > room))
		name[0] = '\0';
	else
		warning_name(function, (size_t)room, name);
	/* The room above keeps it within the line; a longer one is cut. */
	if (snprintf(warning->text, WARNING_TEXT_MAX, "%s%s%s%s%s", before,
		     name[0] ? " in " : "", name, after, process) < 0)
		warning->text[0] = '\0';
}

void warning_explain(struct warning *warning, const char *format, ...)
{
	size_t used = strlen(warning->sentence);
	va_list args;

	va_start(args, format);
	vsnprintf(warning->sentence + used, WARNING_SENTENCE_MAX - used, format, args);
	va_end(args);
}
