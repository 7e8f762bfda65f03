/* SPDX-License-Identifier: MIT */
/* Selects what a report shows of a snapshot: leaks, their examples, groups with stuck
 * tasks. */
#include <stdio.h>
#include <string.h>

#include "core/column.h"
#include "out/report.h"

#define EXAMPLES_MAX 6

static size_t put_place(const struct stack *stack, char *out, size_t size)
{
	const struct frame *frame = stack_top_frame(stack);
	char text[COLUMN_TEXT_MAX];
	const char *place = frame_format_location(frame, text);
	int length;

	if (!frame)
		return 0;
	if (frame->function)
		length = snprintf(out, size, "%.200s%s%.100s", frame->function,
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
	size_t count = 0;

	for (size_t i = 0; snapshot->groups && i < snapshot->groups->nr_leaks; i++)
		count += snapshot->groups->leaks[i].finding.verdict >= least;
	return count;
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

/* Returns the number of long or of stuck tasks. */
static uint32_t word_count(const struct group *group, bool is_long)
{
	if (!is_long)
		return group->stuck;
	return group->stuck > 0 ? 0 : group->is_long;
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
