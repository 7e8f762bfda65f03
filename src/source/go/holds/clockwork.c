/* SPDX-License-Identifier: MIT */
/* Timers and tickers of package time. Layouts: time/sleep.go of Go 1.16 to 1.22 and
 * runtime/time.go since. */
#include <stdio.h>

#include "source/go/holds/typed.h"

#include "base/clock.h"
#include "source/go/timer.h"

#define TIMER_BYTES 112u
#define NEW_SINCE   23u
#define NEW_TIMER   16u /* behind the channel and a flag */
#define NEW_WHEN    16u /* in that, or 8 bytes later */
#define OLD_TIMER   8u  /* behind the channel */
#define OLD_WHEN    8u
#define OLD_NEXT    56u
#define OLD_STATUS  64u

struct clockwork {
	int64_t when_ns, period_ns;
	uint64_t callback, argument;
	bool armed; /* it will fire */
};

static void take(const uint8_t *bytes, struct clockwork *out)
{
	out->when_ns = (int64_t)load_u64(bytes);
	out->period_ns = (int64_t)load_u64(bytes + 8);
	out->callback = load_u64(bytes + 16);
	out->argument = load_u64(bytes + 32);
}

static void take_old(const uint8_t *timer, struct clockwork *out)
{
	uint32_t status = load_u32(timer + OLD_STATUS);

	take(timer + OLD_WHEN, out);
	if (status == OLD_EARLIER || status == OLD_LATER)
		out->when_ns = (int64_t)load_u64(timer + OLD_NEXT);
	out->armed = status == OLD_WAITING || status == OLD_RUNNING ||
		     (status >= OLD_MODIFYING && status <= OLD_MOVING);
}

/* Since Go 1.23 a channel timer is in a heap only while somebody waits for its channel;
 * its time is valid all the same, and 0 once it has fired or was stopped. */
static bool read_clockwork(struct go_values *values, unsigned minor,
			   const struct go_place *place, struct oneline *callback,
			   struct clockwork *out)
{
	uint8_t bytes[TIMER_BYTES];
	const uint8_t *timer = bytes + (minor >= NEW_SINCE ? NEW_TIMER : OLD_TIMER);

	if (!go_place_read(values, place, 0, bytes,
			   minor >= NEW_SINCE ? 88 : OLD_TIMER + OLD_STATUS + 4))
		return false;
	if (minor < NEW_SINCE) {
		take_old(timer, out);
		return go_value_function(values, out->callback, callback);
	}
	for (unsigned later = 0; later <= 8; later += 8) {
		take(timer + NEW_WHEN + later, out);
		if (go_value_function(values, out->callback, callback)) {
			out->armed = out->when_ns > 0;
			return true;
		}
	}
	return false;
}

static void put_time(const struct clockwork *clockwork, struct oneline *line)
{
	char duration[CLOCK_DURATION_MAX];
	int64_t left_ns = clock_add(clockwork->when_ns, -clock_mono_ns());

	if (clockwork->period_ns > 0) {
		oneline_printf(line, "every %s",
			       clock_format_duration(clockwork->period_ns, duration));
		if (!clockwork->armed)
			oneline_put(line, ", stopped");
		else if (left_ns >= 0)
			oneline_printf(line, ", next in %s",
				       clock_format_duration(left_ns, duration));
	} else if (clockwork->armed && left_ns >= 0) {
		oneline_printf(line, "fires in %s",
			       clock_format_duration(left_ns, duration));
	} else {
		oneline_put(line, "has fired or was stopped");
	}
}

bool go_special_timer(struct go_reach *reach, const struct go_reached *object,
		      const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	unsigned minor = go_reach_holds(reach)->module->minor;
	char name[GO_TYPE_NAME_MAX + 2], text[HOLDS_TEXT_MAX], function[HOLDS_TEXT_MAX];
	struct clockwork clockwork = {0};
	struct oneline line, callback;

	oneline_init(&line, text, sizeof(text));
	oneline_init(&callback, function, sizeof(function));
	if (!read_clockwork(&values, minor ? minor : NEW_SINCE, place, &callback,
			    &clockwork) ||
	    clockwork.period_ns < 0)
		return false;
	put_time(&clockwork, &line);
	/* time.AfterFunc: the function is the argument. */
	if (strcmp(function, "time.goFunc") == 0) {
		oneline_put(&line, ", calls ");
		if (!go_value_function(&values, clockwork.argument, &line))
			oneline_put(&line, "a function");
	}
	snprintf(name, sizeof(name), "*%s", type->name);
	go_reach_add(reach, HELD_TIMER, object, place->address, NULL, name, text);
	return true;
}
