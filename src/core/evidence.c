/* SPDX-License-Identifier: MIT */
/* Describes a finding in sentences with its numbers, as a person who had examined it
 * would. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "core/figures.h"
#include "core/group_private.h"

#define EVIDENCE_MAX 900

struct words {
	char text[EVIDENCE_MAX];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void append_words(struct words *words,
							       const char *format, ...)
{
	size_t room = sizeof(words->text) - words->used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(words->text + words->used, room, format, args);
	va_end(args);
	if (length > 0)
		words->used += (size_t)length < room ? (size_t)length : room - 1;
}

static void time_of_day(const struct snapshot *snapshot, int64_t mono_ns, char out[16])
{
	time_t seconds = (time_t)((snapshot->real_ns - (snapshot->mono_ns - mono_ns)) /
				  CLOCK_SECOND_NS);
	struct tm local;

	snprintf(out, 16, "?");
	if (localtime_r(&seconds, &local))
		strftime(out, 16, "%H:%M:%S", &local);
}

static void say_growth(struct words *words, const struct trend_finding *finding,
		       const struct snapshot *snapshot)
{
	char span[CLOCK_DURATION_MAX], since[16];
	double per_minute = finding->per_second * 60;

	time_of_day(snapshot, finding->from_ns, since);
	append_words(words, "From %" PRIu32 " to %" PRIu32 " in %s, since %s",
		     finding->from, finding->to,
		     clock_format_duration(finding->to_ns - finding->from_ns, span),
		     since);
	if (per_minute >= 1)
		append_words(words, ": +%.*f a minute", per_minute < 10 ? 1 : 0,
			     per_minute);
	else if (per_minute > 0)
		append_words(words, ": +%.1f an hour", per_minute * 60);
	append_words(words, ". ");
	if (finding->rises > 0)
		append_words(words,
			     "The minimum rose in %" PRIu32 " consecutive intervals. ",
			     finding->rises);
}

static void say_steps(struct words *words, const struct trend_finding *finding)
{
	char period[CLOCK_DURATION_MAX];

	if (finding->nr_steps == 0)
		return;
	append_words(words, "It grows in steps: +%" PRIu32 " every %s, %" PRIu32 " times",
		     finding->step_size,
		     clock_format_duration(finding->period_ns, period),
		     finding->nr_steps);
	append_words(words, finding->period_ns >= 2 * CLOCK_SECOND_NS
				    ? ", which points to a periodic job. "
				    : ". ");
}

/* Finds the limit that this growth will reach first. */
static void find_limit(struct leak *leak, struct snapshot *snapshot)
{
	static const enum limit_id of_threads[] = {LIMIT_PROCESSES, LIMIT_PIDS};
	const struct task *task = &snapshot->tasks[leak->example];
	double per_second = leak->finding.per_second, best = INFINITY;
	int64_t memory_ns = figures_reach_ns(snapshot, LIMIT_MEMORY);
	const struct limit *limit;
	char text[64] = "";

	leak->limit_ns = -1;
	for (size_t i = 0; i < 2 && task->kind == TASK_THREAD && per_second > 0; i++) {
		limit = &snapshot->resources.limits[of_threads[i]];
		if (limit->used < 0 || limit->most <= limit->used ||
		    (double)(limit->most - limit->used) / per_second >= best)
			continue;
		best = (double)(limit->most - limit->used) / per_second;
		snprintf(text, sizeof(text), "%" PRId64 " threads", limit->most);
	}
	if (memory_ns >= 0 && (double)memory_ns / 1e9 < best) {
		best = (double)memory_ns / 1e9;
		snprintf(text, sizeof(text), "%" PRId64 " MB of memory",
			 snapshot->resources.limits[LIMIT_MEMORY].most >> 20);
	}
	if (best > 365.0 * 24 * 3600)
		return;
	leak->limit = arena_strndup(&snapshot->arena, text, sizeof(text));
	leak->limit_ns = leak->limit ? (int64_t)(best * 1e9) : -1;
}

static void say_proofs(struct words *words, const struct leak *leak)
{
	static const struct {
		enum proof proof;
		const char *sentence;
	} sentences[] = {
		{PROOF_DEADLOCK,
		 "In a deadlock: no task that could end the wait can continue. "},
		{PROOF_NIL_CHANNEL,
		 "It waits on a nil channel, which nothing can ever end. "},
		{PROOF_RUNTIME, "Go's runtime reports it as leaked. "},
		{PROOF_UNREACHABLE, "Nothing alive can reach what it waits on. "},
	};

	for (size_t i = 0; i < ARRAY_COUNT(sentences); i++)
		if (leak->proofs & sentences[i].proof)
			append_words(words, "%s", sentences[i].sentence);
	if (leak->proven > 0 && leak->proven < leak->count)
		append_words(words, "This applies to %" PRIu32 " of the %" PRIu32 ". ",
			     leak->proven, leak->count);
}

static void say_end(struct words *words, const struct trend_finding *finding)
{
	append_words(words, "It grew to %" PRIu32 ", but is no longer growing. ",
		     finding->to);
}

static void say_doubts(struct words *words, const struct trend_finding *finding)
{
	if (finding->slows)
		append_words(
			words,
			"The growth is slowing down, as during a warm-up: check again "
			"later. ");
	else if (finding->verdict == VERDICT_RECHECK && finding->per_second > 0)
		append_words(words,
			     "It has not been observed for long: check again later. ");
}

static const char *copy_words(struct words *words, struct snapshot *snapshot)
{
	const char *copy;

	if (words->used > 0 && words->text[words->used - 1] == ' ')
		words->text[words->used - 1] = '\0';
	copy = arena_strndup(&snapshot->arena, words->text, sizeof(words->text));
	return copy ? copy : "";
}

void leak_explain(struct leak *leak, struct snapshot *snapshot)
{
	const struct trend_finding *finding = &leak->finding;
	struct words words = {.used = 0};
	char reached[CLOCK_DURATION_MAX];

	words.text[0] = '\0';
	leak->limit_ns = -1;
	say_proofs(&words, leak);
	if (finding->per_second > 0) {
		say_growth(&words, finding, snapshot);
		append_words(&words,
			     "%" PRIu64 " appeared and remain, %" PRIu64 " ended. ",
			     finding->came, finding->left);
		say_steps(&words, finding);
		find_limit(leak, snapshot);
	} else if (!leak->proofs) {
		say_end(&words, finding);
	}
	if (leak->limit_ns >= 0)
		append_words(&words, "At this rate it reaches the limit of %s in %s. ",
			     leak->limit, clock_format_duration(leak->limit_ns, reached));
	say_doubts(&words, finding);
	leak->evidence = copy_words(&words, snapshot);
}

const char *finding_explain(const struct trend_finding *finding,
			    struct snapshot *snapshot)
{
	struct words words = {.used = 0};

	words.text[0] = '\0';
	if (finding->per_second > 0) {
		say_growth(&words, finding, snapshot);
		say_steps(&words, finding);
	} else {
		say_end(&words, finding);
	}
	say_doubts(&words, finding);
	return copy_words(&words, snapshot);
}
