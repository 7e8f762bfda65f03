/* SPDX-License-Identifier: MIT */
/*
 * The folder src/tui draws on a terminal and reads keys. It does not know sources, nor
 * where its feed gets snapshots from.
 *
 * The view is everything drawn with ncurses. It reads snapshots from a feed and never
 * waits for a target. Other folders include only this header of tui.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/feed.h"
#include "core/settings.h"

struct tui_options {
	struct feed feed;
	struct settings settings;
	const char *title; /* TARGET as the user wrote it */
	/* Start in the process list, showing those that match the title. */
	bool choose;
	/* The key W: writes the settings and stores the file's path in `path`. May be
	 * NULL. */
	int (*save)(void *save_ctx, const struct settings *settings, char *path,
		    size_t size, struct err *e);
	void *save_ctx;
	/* Appends the file of source code that a frame of the target names. Returns 0, or
	 * less if it cannot be read. May be NULL: no source lines are shown. */
	int (*read_code)(pid_t pid, const char *name, struct buf *out);
	/* Returns true after a signal that the caller has caught: the view does not begin.
	 * May be NULL. */
	bool (*stopped)(void);
};

/* Runs until the user quits. Restores the terminal afterwards, even if a signal ends the
 * view; that signal is then raised again, for the handler that was there before. Returns 0, or ERR_SYS or ERR_UNSUPPORTED, with a message that says what to do,
 * if there is no terminal or its type is unknown. */
int tui_run(const struct tui_options *options, struct err *e);

#define KEY_NAME_MAX 24

/* A row of `grmon-c help keys`: what is in force. */
struct tui_key_help {
	const char *keys; /* NULL after the last one */
	char action[KEY_NAME_MAX];
	const char *text;
};
struct tui_key_help tui_key_help(size_t number);

/* Gives an action other keys, such as "n ctrl-f F5", and takes them from the actions that
 * had them. For the whole process, before the view runs. Returns 0 or ERR_USAGE. */
int tui_keys_set(const char *action, const char *keys, struct err *e);

#endif
