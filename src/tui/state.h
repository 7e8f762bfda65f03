/* SPDX-License-Identifier: MIT */
/*
 * Shared by all parts of the view: the state of one run, the vtable of a view, and a few
 * services. Views own their state and cannot see that of others. To show another view, a
 * view leaves a request, which app.c carries out after the key.
 */
#ifndef TUI_STATE_H
#define TUI_STATE_H

#include "core/column.h"
#include "core/mark.h"
#include "core/rows.h"
#include "tui/draw.h"
#include "tui/identity.h"
#include "tui/keys.h"
#include "tui/menu.h"
#include "tui/prompt.h"
#include "tui/terminal.h"
#include "tui/tui.h"

#define TREND_MAX 12

struct tui;

enum view_id {
	VIEW_TASKS,
	VIEW_DETAIL,
	VIEW_PROCESSES,
	VIEW_HELP,
	VIEW_WAITS,
	VIEW_RESOURCES,
	VIEW_GROUPS,
	VIEW_GROUP,
	VIEW_COUNT
};

/* The view to show next, and what it has to show. */
struct request {
	bool set;
	enum view_id view;
	bool names_something;
	struct identity task;      /* for VIEW_DETAIL, or */
	struct snapshot *gone;     /* a reference to a snapshot that has only this task */
	const struct group *group; /* for VIEW_GROUP */
};

struct view {
	const char *name;
	unsigned keys;   /* its bit of enum key_views */
	bool header;     /* show the two lines about the target above it */
	size_t ctx_size; /* zeroed bytes */
	int (*init)(struct tui *t, void *ctx);
	void (*release)(void *ctx); /* optional */
	/* Sets what to show before the view is entered, if the request names
	 * something. */
	void (*open)(struct tui *t, void *ctx, const struct request *request);
	void (*enter)(struct tui *t, void *ctx);  /* optional: the view is shown now */
	void (*leave)(struct tui *t, void *ctx);  /* optional */
	void (*update)(struct tui *t, void *ctx); /* optional: there is a new snapshot */
	void (*draw)(struct tui *t, void *ctx, struct area body);
	/* Returns false if the view does not handle the action. key distinguishes actions
	 * with several keys. */
	bool (*act)(struct tui *t, void *ctx, enum action action, int key);
	void (*click)(struct tui *t, void *ctx, int y, int x,
		      bool twice); /* relative to the body */
	/* Receives the text of a prompt that this view opened. Returns false, with e, if
	 * the text is invalid. */
	bool (*typed)(struct tui *t, void *ctx, const char *text, struct err *e);
	/* Writes the view's part of the footer: "12 of 40 shown". */
	void (*status)(struct tui *t, void *ctx, char *out, size_t size);
};

struct message {
	char text[ERR_TEXT_MAX];
	enum role role;
	int64_t until_ns; /* 0 if there is no message */
};

struct tui {
	const struct tui_options *options;
	struct feed feed;
	/* Settings as changed by keys; the filter is the last valid one. */
	struct settings settings;
	struct terminal terminal;
	bool ascii;

	struct snapshot *snapshot; /* the one shown, or NULL */
	struct feed_state state;
	/* Number of tasks in the last snapshots, oldest first. */
	uint32_t trend[TREND_MAX];
	size_t nr_trend;

	int64_t clock_ns; /* now */
	/* The time for which ages are shown; does not advance while paused. */
	int64_t now_ns;
	bool paused;
	bool step; /* paused, but the next snapshot was requested */
	int64_t step_after_ns;

	struct marks marks;
	bool changes_only; /* show only changes since the chosen mark */

	const struct view *const *views; /* indexed by view_id */
	void *ctx[VIEW_COUNT];
	struct request request;
	/* Quick filter, or -1; belongs to the task view, drawn by the header. */
	int class;
	enum view_id view;
	enum view_id before; /* where q leads from help and from lists */
	enum view_id list;   /* where q leads from a task */

	struct prompt prompt;
	bool prompting;
	struct err prompt_error; /* code 0 if the text is valid */
	/* A question that no view asked; if prompt_typed is NULL, the view's filter is
	 * edited. */
	const char *prompt_label, *prompt_hint;
	bool (*prompt_typed)(struct tui *t, const char *text, bool accepted,
			     struct err *e);
	/* Histories of filters and of other questions. */
	struct prompt_history history, asked;
	struct menu menu;
	bool menu_open;
	struct message message;

	int height, width;
	struct area body;
	int class_x[CLASS_COUNT +
		    2]; /* first columns of the header's quick filters, -1 if absent */
	int click_y, click_x;
	int64_t click_ns;
	int64_t wake_ns; /* when something drawn changes by itself */
	bool quit;
};

/* Shows a view, after the current key. */
void tui_switch(struct tui *t, enum view_id view);
/* Shows a task. It must exist until the request is carried out. */
void tui_open_task(struct tui *t, const struct task *task);
/* Shows a task that has ended; takes over the reference to the snapshot, which has only
 * this task. */
void tui_open_gone_task(struct tui *t, struct snapshot *snapshot);
void tui_open_group(struct tui *t, const struct group *group);
/* Tells all views that their content may have changed. */
void tui_update_views(struct tui *t);
void tui_say(struct tui *t, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An age is on the screen: draw again when its text changes. */
void tui_shows_age(struct tui *t, int64_t age_ns);

/* ask.c: edits the view's filter. */
void tui_prompt(struct tui *t, const char *text);
/* Asks for something other than a view's filter. typed is called for every change and
 * when the text is accepted; it returns false, with e, while the text is invalid. */
void tui_ask(struct tui *t, const char *label, const char *hint,
	     bool (*typed)(struct tui *t, const char *text, bool accepted,
			   struct err *e));
/* Handles a key while a line is edited. */
void tui_answer(struct tui *t, int key);

#endif
