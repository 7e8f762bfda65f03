/* SPDX-License-Identifier: MIT */
/*
 * The folder src/tui draws on a terminal and reads keys. It does not know sources, nor
 * where its feed gets snapshots from.
 *
 * The view: everything that ncurses draws. It reads snapshots from a feed and never waits
 * for a target. The only header of tui that others include.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "base/err.h"
#include "core/feed.h"
#include "core/settings.h"

struct tui_options {
	struct feed feed;
	struct settings settings;
	const char *title; /* TARGET as the user wrote it */
	bool choose;       /* start in the process list, with those that the title fits */
	/* W: write settings back; leaves the path that was written in `path`. May be NULL. */
	int (*save)(void *save_ctx, const struct settings *settings, char *path,
		    size_t size, struct err *e);
	void *save_ctx;
};

/* Runs until the user quits. The terminal is as before afterwards, also when the process
 * dies by a signal. Returns 0, or ERR_SYS / ERR_UNSUPPORTED when there is no terminal or
 * its type is not known (the sentence says what to do). */
int tui_run(const struct tui_options *options, struct err *e);

/* One line per key, for `--help-keys` and the man page; NULL-terminated. */
struct tui_key_help {
	const char *keys;
	const char *text;
};
extern const struct tui_key_help tui_key_help[];

#endif
