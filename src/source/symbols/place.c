/* SPDX-License-Identifier: MIT */
/* Names functions of stripped libraries whose position on the stack is unambiguous: the
 * one that calls the waiting function, and its caller, which starts the thread. */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/symbols/private.h"

static const struct {
	const char *module; /* prefix of its file name */
	const char *waits;  /* prefix of the waiting function's name */
	const char *name;   /* the function that calls it … */
	const char *begins; /* … and the one that starts the thread */
} places[] = {
	{"libQt5Core.so.5", "QWaitCondition::wait(", "QThreadPoolThread::run()",
	 "QThreadPrivate::start(void*)"},
	{"libQt6Core.so.6", "QWaitCondition::wait(", "QThreadPoolThread::run()",
	 "QThreadPrivate::start(void*)"},
	{"libglib-2.0.so", "g_async_queue_pop_unlocked", "g_thread_pool_thread_proxy",
	 "g_thread_proxy"},
	{"libglib-2.0.so", "g_async_queue_timeout_pop_unlocked",
	 "g_thread_pool_thread_proxy", "g_thread_proxy"},
};

static bool begins_with(const struct frame *frame, const char *beginning)
{
	return frame->function && text_starts_with(frame->function, beginning);
}

/* Returns true for "libfoo.so.1+0x1234" of this module. */
static bool is_unnamed(const struct frame *frame, const char *module)
{
	return !frame->file && begins_with(frame, module) &&
	       strstr(frame->function, "+0x");
}

void symbols_name_places(struct symbols *symbols, struct frame *frames, size_t count)
{
	size_t last = count;

	while (last > 0 && !begins_with(&frames[last - 1], "start_thread"))
		last--;
	/* Needs the waiting function, the two unnamed ones, and start_thread of libc. */
	if (last < 4)
		return;
	struct frame *inner = &frames[last - 3], *outer = &frames[last - 2];

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		if (!is_unnamed(inner, places[i].module) ||
		    !is_unnamed(outer, places[i].module) ||
		    !begins_with(&frames[last - 4], places[i].waits))
			continue;
		inner->function = intern_text(symbols->intern, places[i].name,
					      strlen(places[i].name));
		outer->function = intern_text(symbols->intern, places[i].begins,
					      strlen(places[i].begins));
		return;
	}
}
