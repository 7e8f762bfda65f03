/* SPDX-License-Identifier: MIT */
/* The table of sources, and the choice of the one that fits a target. */
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

#include "source/pprof/http.h"
#include "source/proc/process.h"

const struct source_ops *const source_table[] = {
	&source_goruntime, &source_agent,  &source_pprof,
	&source_replay,    &source_native, NULL,
};

static const struct source_ops *choose_named(const char *name,
					     const struct source_target *t, struct err *e)
{
	char names[128] = "auto";

	for (size_t i = 0; source_table[i]; i++) {
		size_t used = strlen(names);

		if (strcmp(source_table[i]->name, name) == 0)
			return source_table[i]->probe(t, e) > 0 ? source_table[i] : NULL;
		if (used + strlen(source_table[i]->name) + 3 > sizeof(names))
			continue;
		memcpy(names + used, ", ", 2);
		strcpy(names + used + 2, source_table[i]->name);
	}
	err_set(e, ERR_USAGE, "there is no source '%s'; choose one of %s", name, names);
	return NULL;
}

const struct source_ops *source_choose(const char *name, const struct source_target *t,
				       struct err *e)
{
	const struct source_ops *best = NULL;
	int best_fit = 0;

	if (name && strcmp(name, "auto") != 0)
		return choose_named(name, t, e);
	for (size_t i = 0; source_table[i]; i++) {
		struct err why;

		err_clear(&why);
		int fit = source_table[i]->probe(t, &why);

		if (fit > best_fit) {
			best = source_table[i];
			best_fit = fit;
		}
		/* The last source requires the least of a target, so its reason counts.
		 * */
		if (!best && e)
			*e = why;
	}
	if (best)
		err_clear(e);
	return best;
}

void source_prepare(void)
{
	pprof_http_prepare();
}

int64_t source_mapped_pages(pid_t pid)
{
	struct process process = process_named(pid);
	char text[128];

	return process_text(&process, PROCESS_STATM, text, sizeof(text)) > 0
		       ? strtoll(text, NULL, 10)
		       : -1;
}
