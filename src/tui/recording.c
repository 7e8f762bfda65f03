/* SPDX-License-Identifier: MIT */
/* Navigation in a recording: steps, jumps, playing, and going to a time. */
#include "tui/recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"

#define JUMP_NS         (60 * CLOCK_SECOND_NS)
#define FASTEST         64.0
#define SLOWEST         0.125
#define NOT_A_RECORDING "this is not a recording: there is no other snapshot to show"

static bool is_shown(const struct tui *t)
{
	return t->state.status == FEED_REPLAY && t->feed.ops->move && t->feed.ops->seek &&
	       t->feed.ops->play;
}

/* If the recording was playing, it continues to play from the new time. */
static bool typed_time(struct tui *t, const char *text, bool accepted, struct err *e)
{
	const struct feed_place *place = &t->state.place;
	struct when_range range = {place->first_real_ns, place->last_real_ns,
				   t->snapshot ? t->snapshot->real_ns
					       : place->last_real_ns};
	char first[CLOCK_ISO_MAX], last[CLOCK_ISO_MAX];
	int64_t real_ns;

	if (!accepted || *text == '\0')
		return true;
	if (when_parse(text, &range, &real_ns, e) != 0)
		return false;
	t->feed.ops->seek(t->feed.ctx, real_ns);
	clock_format_iso(range.first_ns, first);
	clock_format_iso(range.last_ns, last);
	if (real_ns < range.first_ns - CLOCK_SECOND_NS ||
	    real_ns > range.last_ns + CLOCK_SECOND_NS)
		tui_say(t, ROLE_WARN, "the recording covers %.19sZ to %.19sZ", first,
			last);
	return true;
}

static void set_speed(struct tui *t, double speed)
{
	t->feed.ops->play(t->feed.ctx, speed);
	if (speed > 0)
		tui_say(t, ROLE_NORMAL, "playing at %g times the recorded speed", speed);
	else
		tui_say(t, ROLE_NORMAL, "paused; p plays, [ ] step, @ goes to a time");
}

static void change_speed(struct tui *t, bool faster)
{
	double speed = t->state.place.speed;

	if (faster)
		speed = speed > 0 ? fmin(speed * 2, FASTEST) : 1;
	else
		speed = speed / 2 >= SLOWEST ? speed / 2 : 0;
	set_speed(t, speed);
}

/* Returns true if this is one of several dumps in a text. */
static bool is_one_of_dumps(const struct tui *t)
{
	return t->snapshot && t->snapshot->target.dumps > 1 && t->feed.ops->move;
}

static void step_dump(struct tui *t, int by)
{
	unsigned dump = t->snapshot->target.dump, dumps = t->snapshot->target.dumps;

	if (strcmp(t->snapshot->target.name, "stdin") == 0)
		tui_say(t, ROLE_WARN,
			"the standard input cannot be read again; use --dump N");
	else if (by < 0 ? dump <= 1 : dump >= dumps)
		tui_say(t, ROLE_WARN, "dump %u of %u is the %s one", dump, dumps,
			by < 0 ? "first" : "last");
	else
		t->feed.ops->move(t->feed.ctx, by, 0);
}

bool recording_act(struct tui *t, enum action action)
{
	const struct feed_place *place = &t->state.place;
	bool back = action == ACTION_STEP_BACK || action == ACTION_JUMP_BACK;

	if (is_one_of_dumps(t) &&
	    (action == ACTION_STEP_BACK || action == ACTION_STEP_ON)) {
		step_dump(t, back ? -1 : 1);
		return true;
	}
	if (!is_shown(t)) {
		if (action == ACTION_PAUSE)
			return false;
		tui_say(t, ROLE_WARN, NOT_A_RECORDING);
		return true;
	}
	switch (action) {
	case ACTION_STEP_BACK:
	case ACTION_STEP_ON:
		t->feed.ops->move(t->feed.ctx, back ? -1 : 1, 0);
		break;
	case ACTION_JUMP_BACK:
	case ACTION_JUMP_ON:
		t->feed.ops->move(t->feed.ctx, 0, back ? -JUMP_NS : JUMP_NS);
		break;
	case ACTION_PLAY_SLOWER:
	case ACTION_PLAY_FASTER:
		change_speed(t, action == ACTION_PLAY_FASTER);
		break;
	case ACTION_GO_TO:
		tui_ask(t, "time: ", "10:04:30  2026-11-21T10:04  +5m  -30s  start  end",
			typed_time);
		break;
	case ACTION_PAUSE:
		set_speed(t, place->follow || place->speed > 0 ? 0 : 1);
		break;
	default:
		return false;
	}
	return true;
}

/* Formats " REPLAY 10:04:30Z 12/240 2x ", or " REPLAY 10:04:30Z 9/9 ENDED " at the end of
 * a pipe. */
void recording_mark(const struct tui *t, char *out, size_t size)
{
	const struct feed_place *place = &t->state.place;
	char iso[CLOCK_ISO_MAX], number[48] = "", speed[16] = "";

	clock_format_iso(t->snapshot->real_ns, iso);
	if (place->count > 0 && t->width >= 60)
		snprintf(number, sizeof(number), "%zu/%zu ", place->at + 1, place->count);
	if (place->speed > 0)
		snprintf(speed, sizeof(speed), "%gx ", place->speed);
	snprintf(out, size, " REPLAY %.8sZ %s%s%s", iso + 11, number, speed,
		 place->over && place->follow ? "ENDED " : "");
}
