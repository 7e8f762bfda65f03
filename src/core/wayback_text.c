/* SPDX-License-Identifier: MIT */
/* The way back in sentences. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/column.h"
#include "core/wayback.h"

struct words {
	char *text;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words,
						      const char *format, ...)
{
	size_t room = WAYBACK_TEXT - words->used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(words->text + words->used, room, format, args);
	va_end(args);
	if (length > 0)
		words->used += (size_t)length < room ? (size_t)length : room - 1;
}

static void say_frame(struct words *words, const struct frame *frame)
{
	char text[COLUMN_TEXT_MAX];
	const char *place = frame_format_location(frame, text);

	say(words, "%.160s%s%.60s", frame->function, place[0] ? " at " : "", place);
}

static void say_samples(struct words *words, uint32_t samples)
{
	say(words, " (in %" PRIu32 " sample%s)", samples, samples == 1 ? "" : "s");
}

/* Says the calls of now, or those of earlier samples only. Returns how many these are. */
static uint32_t say_calls(struct words *words, const struct way_step *step, bool now,
			  const char *before)
{
	uint32_t said = 0;

	for (uint32_t i = 0; i < step->nr_calls; i++) {
		const struct way_call *call = &step->calls[i];

		if ((call->tasks > 0) != now)
			continue;
		say(words, "%s", said++ ? ", " : before);
		say_frame(words, call->frame);
		if (now)
			say(words, " (%" PRIu32 ")", call->tasks);
		else
			say_samples(words, call->samples);
	}
	return said;
}

static void say_step(struct words *words, const struct wayback *way, uint32_t number)
{
	const struct way_step *step = &way->steps[number];
	uint32_t said = 0;

	if (step->of_type && step->nr_calls > 0) {
		char type[CALLERS_TYPE_MAX];

		say(words, ". Methods of %s ", callers_type(step->maker->function, type));
		said = say_calls(words, step, true, "are called now from ");
		said += say_calls(words, step, false,
				  said ? ", and were before from "
				       : "were called in earlier samples from ");
	} else {
		said = say_calls(words, step, true, ", called now from ");
		said += say_calls(words, step, false,
				  said ? ", before from "
				       : ", called in earlier samples from ");
	}
	if (step->more_calls > 0)
		say(words, " and %" PRIu32 " more", step->more_calls);
	if (!step->created.frame) {
		if (said == 0 && (number == 0 || frame_role(step->maker) != FRAME_OWN))
			say(words, way->followed ? ", which no other task was seen to run"
						 : ", which no other task runs now");
		return;
	}
	say(words, ", in tasks made by ");
	say_frame(words, step->created.frame);
	if (step->created.tasks > 0)
		say(words, " (%" PRIu32 " now)", step->created.tasks);
	else
		say_samples(words, step->created.samples);
}

const char *wayback_made(const struct wayback *way, char out[WAYBACK_TEXT])
{
	struct words words = {out, 0};

	out[0] = '\0';
	if (way->nr_steps == 0)
		return out;
	say_frame(&words, way->steps[0].maker);
	for (uint32_t i = 0; i < way->nr_steps; i++)
		say_step(&words, way, i);
	say(&words, ".");
	return out;
}

const char *wayback_shares(const struct wayback *way, char out[WAYBACK_TEXT])
{
	struct words words = {out, 0};

	out[0] = '\0';
	for (uint32_t i = 0; i < way->nr_shared; i++) {
		say(&words, "%s%" PRIu32 " of ", i ? ", " : "", way->shared[i].tasks);
		say_frame(&words, way->shared[i].frame);
	}
	if (way->nr_shared > 0)
		say(&words, " wait for the same objects as tasks of this group.");
	return out;
}

const char *wayback_chains(const struct wayback *way, char out[WAYBACK_TEXT])
{
	struct words words = {out, 0};

	out[0] = '\0';
	for (uint32_t i = 0; i < way->nr_chains; i++) {
		say(&words, "%s%" PRIu32 " from ", i ? ", " : "", way->chains[i].tasks);
		say_frame(&words, way->chains[i].frame);
	}
	if (way->more_chains > 0)
		say(&words, ", %" PRIu32 " from elsewhere", way->more_chains);
	if (way->nr_chains > 0)
		say(&words, ".");
	return out;
}
