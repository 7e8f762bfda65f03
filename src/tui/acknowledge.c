/* SPDX-License-Identifier: MIT */
/* Acknowledges a group as known and expected: adds a filter to the settings, so that the
 * group is not judged a leak from the next sample on. The change is shown at once, even
 * while paused. */
#include <stdio.h>
#include <string.h>

#include "tui/groups.h"

/* Returns the beginning of the line in the settings, or NULL. */
static char *find_line(char *lines, const char *line)
{
	size_t length = strlen(line);

	for (char *at = lines; *at != '\0';) {
		size_t bytes = strcspn(at, "\n");

		if (bytes == length && memcmp(at, line, length) == 0)
			return at;
		at += bytes + (at[bytes] == '\n');
	}
	return NULL;
}

static void cut_line(char *at)
{
	size_t bytes = strcspn(at, "\n");

	bytes += at[bytes] == '\n';
	memmove(at, at + bytes, strlen(at + bytes) + 1);
}

static bool add_line(struct settings *settings, const char *line)
{
	size_t used = strlen(settings->acknowledge);

	if (used + strlen(line) + 2 > sizeof(settings->acknowledge))
		return false;
	snprintf(settings->acknowledge + used, sizeof(settings->acknowledge) - used,
		 "%s\n", line);
	return true;
}

static void remember_word(struct groups_view *v, const struct group *group,
			  bool acknowledged)
{
	struct group_identity identity = group_identify(group);
	size_t i = 0;

	while (i < v->nr_words &&
	       !(v->words[i].by == group->by &&
		 group_identity_same(&v->words[i].identity, &identity)))
		i++;
	if (i == GROUPS_ACKNOWLEDGED_MAX) {
		memmove(v->words, v->words + 1, sizeof(v->words) - sizeof(v->words[0]));
		i--;
	}
	v->words[i] = (struct group_word){group->by, identity, acknowledged};
	if (i == v->nr_words)
		v->nr_words++;
	v->stale = true;
}

void group_acknowledge(struct tui *t, const struct group *group)
{
	struct groups_view *v = t->ctx[VIEW_GROUPS];
	char filter[QUERY_TEXT_MAX], before[SETTINGS_ACKNOWLEDGE_MAX];
	bool was = group_acknowledged(v, group);
	struct err e = {0};
	char *line;

	if (group->by == GROUP_STACK && !group->stack) {
		tui_say(t, ROLE_WARN,
			"its stack is unknown, so no filter can match it; press b to "
			"group by something else");
		return;
	}
	group_rule(group, t->snapshot, filter, sizeof(filter));
	line = find_line(t->settings.acknowledge, filter);
	snprintf(before, sizeof(before), "%s", t->settings.acknowledge);
	if (was && !line) {
		tui_say(t, ROLE_WARN,
			"a wider filter in the settings matches it: see \"acknowledge\" "
			"and \"suppress\" in config.json");
		return;
	}
	if (line)
		cut_line(line);
	else if (!add_line(&t->settings, filter))
		err_set(&e, ERR_USAGE,
			"there is no room for another filter in the settings");
	if (e.code == 0 && t->feed.ops->set_acknowledge)
		t->feed.ops->set_acknowledge(t->feed.ctx, t->settings.acknowledge, &e);
	if (e.code != 0) {
		snprintf(t->settings.acknowledge, sizeof(t->settings.acknowledge), "%s",
			 before);
		tui_say(t, ROLE_ERROR, "not acknowledged: %s", e.text);
		return;
	}
	remember_word(v, group, !line);
	if (line)
		tui_say(t, ROLE_NORMAL, "no longer acknowledged; W saves this");
	else
		tui_say(t, ROLE_GOOD, "acknowledged, never a leak: %s; W saves this",
			filter);
}
