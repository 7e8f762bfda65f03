/* SPDX-License-Identifier: MIT */
/* Selects what a report shows of a snapshot: leaks, their examples, groups with stuck
 * tasks. */
#include <stdio.h>
#include <string.h>

#include "core/column.h"
#include "core/graph.h"
#include "out/report_style.h"

#define EXAMPLES_MAX   6
#define NAME_MAX_BYTES 212

/* Longer names are cut, and end with dots. */
static const char *name_cut(const char *name, char out[NAME_MAX_BYTES])
{
	if (snprintf(out, NAME_MAX_BYTES, "%s", name) >= NAME_MAX_BYTES)
		memcpy(out + NAME_MAX_BYTES - 4, "...", 4);
	return out;
}

static size_t put_place(const struct stack *stack, char *out, size_t size)
{
	const struct frame *frame = stack_top_frame(stack);
	char text[COLUMN_TEXT_MAX], name[NAME_MAX_BYTES];
	const char *place = frame_format_location(frame, text);
	int length;

	if (!frame)
		return 0;
	if (frame->function)
		length = snprintf(out, size, "%s%s%.60s", name_cut(frame->function, name),
				  place[0] ? " at " : "", place);
	else
		length =
			snprintf(out, size, "0x%llx", (unsigned long long)frame->address);
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

const char *report_site(const struct stack *stack, const struct stack *created_by,
			enum task_state state, char out[REPORT_LINE_MAX])
{
	size_t used =
		(size_t)snprintf(out, REPORT_LINE_MAX, "%s in ", state_info(state)->name);
	size_t before = used;

	used += put_place(stack, out + used, REPORT_LINE_MAX - used);
	if (used == before) /* the stack is unknown */
		used -= strlen(" in ");
	out[used] = '\0';
	if (stack_top_frame(created_by)) {
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
					 ", created by ");
		put_place(created_by, out + used, REPORT_LINE_MAX - used);
	}
	return out;
}

size_t report_leaks(const struct snapshot *snapshot, enum verdict least)
{
	return groups_leaks(snapshot->groups, least);
}

struct report_found report_count_found(const struct snapshot *snapshot)
{
	struct report_found found = {
		.leaks = report_leaks(snapshot, VERDICT_LEAK) +
			 timers_leaks(snapshot->timers, VERDICT_LEAK),
		.deadlocks = graph_cycles(snapshot),
	};

	found.perhaps = report_leaks(snapshot, VERDICT_RECHECK) +
			timers_leaks(snapshot->timers, VERDICT_RECHECK) - found.leaks;
	return found;
}

const char *report_examples(const struct snapshot *snapshot, const struct leak *leak,
			    char out[REPORT_LINE_MAX])
{
	size_t used = 0, shown = 0;

	out[0] = '\0';
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		char id[TASK_ID_MAX];

		if (!leak_has(leak, &snapshot->tasks[i]))
			continue;
		if (++shown > EXAMPLES_MAX) {
			snprintf(out + used, REPORT_LINE_MAX - used, " and more");
			break;
		}
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used, "%s%s",
					 used > 0 ? ", " : "",
					 task_format_id(&snapshot->tasks[i], id));
	}
	return out;
}

const char *report_counts_text(uint32_t tasks, uint32_t stuck, uint32_t is_long,
			       char out[REPORT_COUNTS_MAX])
{
	snprintf(out, REPORT_COUNTS_MAX, "%u task%s, %u stuck, %u long", tasks,
		 tasks == 1 ? "" : "s", stuck, is_long);
	return out;
}

uint32_t report_live_tasks(const struct snapshot *snapshot, const struct leak *leak)
{
	uint32_t count = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (leak_has(leak, &snapshot->tasks[i]))
			count += task_weight(&snapshot->tasks[i]);
	return count;
}

const char *report_stayed(const struct leak *leak, uint32_t live,
			  char out[REPORT_STAYED_MAX])
{
	out[0] = '\0';
	if (live > leak->count)
		snprintf(out, REPORT_STAYED_MAX, " (%u of them have stayed)",
			 leak->count);
	return out;
}

bool report_judges_growth(const struct report_request *request)
{
	const struct groups *groups = request->snapshot->groups;

	return groups && request->nr_samples > 1 &&
	       groups->watched_ns >= groups->least_ns;
}

/* Returns the number of long or of stuck tasks. */
static uint32_t word_count(const struct group *group, bool is_long)
{
	if (!is_long)
		return group->stuck;
	return group->stuck > 0 ? 0 : group->is_long;
}

size_t report_stuck_count(const struct snapshot *snapshot, bool is_long)
{
	const struct groups *groups = snapshot->groups;
	size_t count = 0;

	for (size_t i = 0; groups && i < groups->count[GROUP_STACK]; i++)
		count += word_count(&groups->list[GROUP_STACK][i], is_long) > 0;
	return count;
}

size_t report_stuck(const struct snapshot *snapshot, bool is_long,
		    const struct group **out, size_t max)
{
	const struct groups *groups = snapshot->groups;
	size_t count = 0;

	for (size_t i = 0; groups && i < groups->count[GROUP_STACK]; i++) {
		const struct group *group = &groups->list[GROUP_STACK][i];
		size_t at = count;

		if (word_count(group, is_long) == 0)
			continue;
		while (at > 0 &&
		       word_count(out[at - 1], is_long) < word_count(group, is_long))
			at--;
		if (at >= max)
			continue;
		count += count < max;
		memmove(out + at + 1, out + at, (count - at - 1) * sizeof(*out));
		out[at] = group;
	}
	return count;
}
