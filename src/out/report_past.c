/* SPDX-License-Identifier: MIT */
/* Leaks seen during the watch. One that is gone at the end, for instance after a restart,
 * is still worth mentioning. */
#include <stdio.h>
#include <string.h>

#include "out/report.h"

#define SAMPLES_LEAST 3u
#define SHARE_LEAST   50u /* a leak in fewer than one sample in 50 was a passing doubt */

/* A part of another leak is not added. */
static struct report_past *find_site(struct report_history *history, const char *site,
				     bool part)
{
	struct report_past *past;

	for (size_t i = 0; i < history->count; i++)
		if (strcmp(history->list[i].site, site) == 0)
			return &history->list[i];
	if (part || history->count == REPORT_PAST_MAX)
		return NULL;
	past = &history->list[history->count++];
	memset(past, 0, sizeof(*past));
	snprintf(past->site, sizeof(past->site), "%s", site);
	return past;
}

void report_history_note(struct report_history *history, const struct snapshot *snapshot)
{
	const struct groups *groups = snapshot->groups;
	char site[REPORT_LINE_MAX];

	history->nr_samples++;
	report_processes_note(history, snapshot);
	for (size_t i = 0; i < history->count; i++)
		history->list[i].still = false;
	for (size_t i = 0; groups && i < groups->nr_leaks; i++) {
		const struct leak *leak = &groups->leaks[i];
		struct report_past *past;

		past = find_site(
			history,
			report_site(leak->stack, leak->created_by, leak->state, site),
			leak->lead != 0);
		if (!past)
			continue;
		past->still = true;
		if (leak->finding.verdict < VERDICT_LEAK)
			continue;
		past->nr_samples++;
		past->until_real_ns = snapshot->real_ns;
		if (leak->count < past->most)
			continue;
		past->most = leak->count;
		snprintf(past->evidence, sizeof(past->evidence), "%s", leak->evidence);
	}
}

bool report_is_past(const struct report_history *history, const struct report_past *past)
{
	return !past->still && past->nr_samples >= SAMPLES_LEAST &&
	       past->nr_samples >= history->nr_samples / SHARE_LEAST;
}
