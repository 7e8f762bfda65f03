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
#include "core/column.h"
#include "core/figures.h"
#include "core/group_private.h"
#include "core/spread.h"

#define EVIDENCE_MAX  1900

#define PLACE_MAX     240
#define SUSPECT_STEPS 3u /* below this, nothing is said */

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

/* Returns the process that grows, NULL if there are several: a limit is that of one. */
static const struct resources *growing(const struct leak *leak,
				       const struct snapshot *snapshot)
{
	const struct member_process *only;

	if (snapshot->nr_members == 0)
		return &snapshot->resources;
	only = spread_only(snapshot, leak);
	return only ? &only->resources : NULL;
}

/* Finds the limit that this growth will reach first. */
static void find_limit(struct leak *leak, struct snapshot *snapshot)
{
	static const enum limit_id of_threads[] = {LIMIT_PROCESSES, LIMIT_PIDS};
	const struct task *task = &snapshot->tasks[leak->example];
	double per_second = leak->finding.per_second, best = INFINITY;
	int64_t memory_ns = figures_reach_ns(snapshot, LIMIT_MEMORY);
	const struct resources *resources = growing(leak, snapshot);
	const struct limit *limit;
	char text[64] = "";

	leak->limit_ns = -1;
	if (!resources)
		return;
	for (size_t i = 0; i < 2 && task->kind == TASK_THREAD && per_second > 0; i++) {
		limit = &resources->limits[of_threads[i]];
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

static const char *place_of(const struct frame *frame, char out[PLACE_MAX])
{
	char text[COLUMN_TEXT_MAX];
	const char *place = frame_format_location(frame, text);

	snprintf(out, PLACE_MAX, "%.160s%s%.60s", frame->function ? frame->function : "?",
		 place[0] ? " at " : "", place);
	return out;
}

static void say_where(struct words *words, const struct suspect *suspect)
{
	char text[COLUMN_TEXT_MAX], inner[PLACE_MAX];
	const char *place = frame_format_location(suspect->frame, text);

	if (!place[0] && !suspect->inner)
		return;
	append_words(words, " (%s%s%s)", place, place[0] && suspect->inner ? ", in " : "",
		     suspect->inner ? place_of(suspect->inner, inner) : "");
}

/* Says which functions ran when it grew. */
static void say_suspects(struct words *words, const struct suspects *suspects)
{
	if (suspects->functions == 0 || suspects->steps < SUSPECT_STEPS)
		return;
	if (suspects->count == 0)
		append_words(words,
			     "No function of the program stands out in the %" PRIu32
			     " steps in which it grew. ",
			     suspects->steps);
	for (uint32_t i = 0; i < suspects->count; i++) {
		const struct suspect *suspect = &suspects->list[i];

		append_words(words,
			     "%s %" PRIu32 " of %" PRIu32 " steps %.160s was running",
			     i == 0 ? "In" : "Also in", suspect->steps, suspects->steps,
			     suspect->frame->function);
		say_where(words, suspect);
		append_words(words,
			     "; it runs in %" PRIu32 " of %" PRIu32
			     " samples otherwise. ",
			     suspect->otherwise, suspects->otherwise);
	}
}

static const struct leak *find_lead(const struct leak *leak, const struct groups *groups)
{
	for (size_t i = 0; leak->lead && i < groups->nr_leaks; i++)
		if (groups->leaks[i].serial == leak->lead)
			return &groups->leaks[i];
	return NULL;
}

static void say_relation(struct words *words, const struct growth_relation *relation)
{
	if (relation->creators)
		append_words(words, ": the same tasks create them");
	else if (relation->objects)
		append_words(words, ": they wait for the same objects");
	else if (relation->steps > 0)
		append_words(words, ", in %" PRIu32 " steps by like amounts",
			     relation->steps);
}

static const char *name_of(const struct leak *leak, char out[PLACE_MAX])
{
	const struct frame *frame = stack_top_frame(leak->stack);

	if (!frame)
		return state_info(leak->state)->name;
	return place_of(frame, out);
}

/* Says which leaks are one because they grow in step. */
static void say_parts(struct words *words, const struct leak *leak,
		      const struct groups *groups)
{
	const struct leak *lead = find_lead(leak, groups);
	char place[PLACE_MAX];

	if (lead) {
		append_words(words,
			     "A part of the leak of %s, with which it grows in step",
			     name_of(lead, place));
		say_relation(words, &leak->relation);
		append_words(words, ". ");
	}
	for (size_t i = 0, said = 0; leak->nr_parts > 0 && i < groups->nr_leaks; i++) {
		const struct leak *part = &groups->leaks[i];

		if (part->lead != leak->serial)
			continue;
		append_words(words, "%s %" PRIu32 " in %s",
			     said++ ? "," : "In step with it grow", part->count,
			     name_of(part, place));
		say_relation(words, &part->relation);
		if (said == leak->nr_parts)
			append_words(words, "; together they are one leak. ");
	}
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

void leak_explain(struct leak *leak, const struct groups *groups,
		  struct snapshot *snapshot)
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
	say_parts(&words, leak, groups);
	say_suspects(&words, &leak->suspects);
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
