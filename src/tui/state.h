/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the view share: the state of one run, the vtable of a view, and the
 * few things that every view asks for. Views own their state and see no other's: who wants
 * another view on the screen leaves a request, which app.c carries out after the key.
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

/* A view that is to be shown, and what it is to show. */
struct request {
	bool set;
	enum view_id view;
	bool names_something;
	struct identity task;      /* VIEW_DETAIL, or … */
	struct snapshot *gone;     /* … a reference to one that has this task alone */
	const struct group *group; /* VIEW_GROUP */
};

struct view {
	const char *name;
	unsigned keys;   /* its bit of enum key_views */
	bool header;     /* the target's two lines stand above it */
	size_t ctx_size; /* zeroed bytes */
	int (*init)(struct tui *t, void *ctx);
	void (*release)(void *ctx); /* optional */
	/* What it is to show, before it becomes the view; for requests that name something. */
	void (*open)(struct tui *t, void *ctx, const struct request *request);
	void (*enter)(struct tui *t, void *ctx);  /* optional: it becomes the view */
	void (*leave)(struct tui *t, void *ctx);  /* optional */
	void (*update)(struct tui *t, void *ctx); /* optional: a new snapshot */
	void (*draw)(struct tui *t, void *ctx, struct area body);
	/* false: not an action of this view. key: for actions with several keys. */
	bool (*act)(struct tui *t, void *ctx, enum action action, int key);
	void (*click)(struct tui *t, void *ctx, int y, int x,
		      bool twice); /* of the body */
	/* A prompt that this view has opened. Returns false and e when text is wrong. */
	bool (*typed)(struct tui *t, void *ctx, const char *text, struct err *e);
	/* What the footer says about it: "12 of 40 shown". */
	void (*status)(struct tui *t, void *ctx, char *out, size_t size);
};

struct message {
	char text[ERR_TEXT_MAX];
	enum role role;
	int64_t until_ns; /* 0: none */
};

struct tui {
	const struct tui_options *options;
	struct feed feed;
	struct settings settings; /* as changed by keys; filter: the last good one */
	struct terminal terminal;
	bool ascii;

	struct snapshot *snapshot; /* shown now, or NULL */
	struct feed_state state;
	uint32_t trend[TREND_MAX]; /* tasks of the last snapshots, oldest first */
	size_t nr_trend;

	int64_t clock_ns; /* now */
	int64_t now_ns;   /* the time that ages are shown for; stands while paused */
	bool paused;
	bool step; /* paused, but one more picture was asked for */
	int64_t step_after_ns;

	struct marks marks;
	bool changes_only; /* since the chosen mark */

	const struct view *const *views; /* by view_id */
	void *ctx[VIEW_COUNT];
	struct request request;
	int class; /* quick filter, or -1; of the task view, drawn by the header */
	enum view_id view;
	enum view_id before; /* where q leads from a help or list view */
	enum view_id list;   /* where it leads from a task */

	struct prompt prompt;
	bool prompting;
	struct err prompt_error; /* code 0: the text is good */
	/* A question that is no view's; prompt_typed NULL: the view's filter. */
	const char *prompt_label, *prompt_hint;
	bool (*prompt_typed)(struct tui *t, const char *text, bool accepted,
			     struct err *e);
	struct prompt_history history, asked; /* of filters, and of other questions */
	struct menu menu;
	bool menu_open;
	struct message message;

	int height, width;
	struct area body;
	int class_x[CLASS_COUNT +
		    2]; /* where the header's quick filters begin, -1: absent */
	int click_y, click_x;
	int64_t click_ns;
	int64_t wake_ns; /* when something that is drawn changes by itself */
	bool quit;
};

/* Become the view, after this key. */
void tui_switch(struct tui *t, enum view_id view);
/* The same with what it is to show, which stays where it is until then. */
void tui_open_task(struct tui *t, const struct task *task);
/* A task that is gone; the snapshot has it alone, and its reference is taken. */
void tui_open_gone_task(struct tui *t, struct snapshot *snapshot);
void tui_open_group(struct tui *t, const struct group *group);
/* What all views show may have changed. */
void tui_update_views(struct tui *t);
void tui_say(struct tui *t, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An age is on the screen: draw again when its text changes. */
void tui_shows_age(struct tui *t, int64_t age_ns);

/* ask.c: a line to be typed, for the view's filter. */
void tui_prompt(struct tui *t, const char *text);
/* Ask for something else than a view's filter. typed: for every change, and when it is
 * accepted; false with e while the text is wrong. */
void tui_ask(struct tui *t, const char *label, const char *hint,
	     bool (*typed)(struct tui *t, const char *text, bool accepted,
			   struct err *e));
/* A key while something is asked for. */
void tui_answer(struct tui *t, int key);

#endif
