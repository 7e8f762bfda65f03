/* SPDX-License-Identifier: MIT */
/* The user's rules about leaks: which ones are known, and what is not judged. */
#include <string.h>

#include "core/group_private.h"

int group_rules_take(struct rules *rules, const char *text, struct err *e)
{
	char line[QUERY_TEXT_MAX];

	while (text && *text) {
		size_t bytes = strcspn(text, "\n");
		struct query *query;

		if (bytes >= sizeof(line) || rules->count == RULES_MAX)
			return err_set(
				e, ERR_USAGE,
				"at most %u filters of %d bytes can acknowledge or "
				"suppress",
				RULES_MAX, QUERY_TEXT_MAX - 1);
		memcpy(line, text, bytes);
		line[bytes] = '\0';
		text += bytes + (text[bytes] == '\n');
		if (line[strspn(line, " \t")] == '\0')
			continue;
		query = query_new(line, e);
		if (!query)
			return ERR_USAGE;
		rules->list[rules->count++] = query;
	}
	return 0;
}

void group_rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		query_free(rules->list[i]);
}

int grouping_set_acknowledge(struct grouping *grouping, const char *acknowledge,
			     struct err *e)
{
	struct rules rules = {.count = 0};
	int rc = group_rules_take(&rules, acknowledge, e);

	group_rules_free(rc ? &rules : &grouping->acknowledge);
	if (rc == 0)
		grouping->acknowledge = rules;
	return rc;
}

int grouping_suppress(struct grouping *grouping, const char *filters, struct err *e)
{
	return group_rules_take(&grouping->suppress, filters, e);
}

static void begin_rules(struct rules *rules, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < rules->count; i++)
		query_begin(rules->list[i], snapshot);
}

bool group_rules_match(struct rules *rules, const struct task *task, int64_t now_ns)
{
	for (size_t i = 0; i < rules->count; i++)
		if (query_match(rules->list[i], task, now_ns))
			return true;
	return false;
}

void grouping_begin_acknowledging(struct grouping *grouping,
				  const struct snapshot *snapshot)
{
	begin_rules(&grouping->acknowledge, snapshot);
	begin_rules(&grouping->suppress, snapshot);
}

bool grouping_acknowledges(struct grouping *grouping, const struct task *task,
			   int64_t now_ns)
{
	return group_rules_match(&grouping->acknowledge, task, now_ns) ||
	       group_rules_match(&grouping->suppress, task, now_ns);
}

void group_rules_forgive(struct grouping *grouping, struct timers *timers, int64_t now_ns)
{
	for (size_t i = 0; timers && i < timers->nr_groups; i++) {
		struct timer_group *group = &timers->groups[i];
		struct task task = {.kind = TASK_GOROUTINE,
				    .state = STATE_UNKNOWN,
				    .name = group->function[0] ? group->function
							       : group->callback,
				    .waits = {.fd = -1},
				    .cpu_percent = -1};

		if (!group->evidence ||
		    (!group_rules_match(&grouping->suppress, &task, now_ns) &&
		     !group_rules_match(&grouping->acknowledge, &task, now_ns)))
			continue;
		group->evidence = NULL;
		group->verdict = VERDICT_NONE;
		group->score = 0;
	}
}
