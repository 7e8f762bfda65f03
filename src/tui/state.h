/* SPDX-License-Identifier: MIT */
/*
 * Shared by all parts of the view: the state of one run, the vtable of a view, and a few
 * services. Views own their state and cannot see that of others. To show another view, a
 * view leaves a request, which app.c carries out after the key.
 */
#ifndef TUI_STATE_H
#define TUI_STATE_H

#include "core/column.h"
#include "core/holds_group.h"
#include "core/mark.h"
#include "core/rows.h"
#include "tui/complete.h"
#include "tui/draw.h"
#include "tui/identity.h"
#include "tui/keys.h"
#include "tui/menu.h"
#include "tui/prompt.h"
#include "tui/search.h"
#include "tui/terminal.h"
#include "tui/tui.h"
#include "tui/warnings.h"

#define SUBJECT_TEXT_MAX 200

struct preview;
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
	VIEW_HOLDS,
	VIEW_MEMBERS,
	VIEW_COUNT
};

/* The view to show next, and what it has to show. */
struct request {
	bool set;
	enum view_id view;
	bool names_something;
	struct identity task;      /* for VIEW_DETAIL and VIEW_HOLDS, or */
	struct snapshot *gone;     /* a reference to a snapshot that has only this task */
	const struct group *group; /* for VIEW_GROUP and VIEW_HOLDS */
	const struct warning *warning; /* for VIEW_WAITS and VIEW_RESOURCES */
	pid_t pid;                     /* for VIEW_PROCESSES */
};

/* What the cursor of a view is on. */
struct subject {
	/* A task, or the oldest of several that are alike, and the snapshot that has it. */
	const struct task *task;
	struct snapshot *snapshot;
	char alike[SUBJECT_TEXT_MAX]; /* what they have in common; "" for one task */
	const struct group *group;    /* or a group, of t->snapshot or, if gone, a mark */
	bool gone;
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
	const struct search_ops *search; /* NULL if there is nothing to search */
	/* optional: fills in what the cursor is on, for the preview; leaves it zeroed if
	 * there is nothing. Its cost does not depend on the number of rows. */
	void (*subject)(struct tui *t, void *ctx, struct subject *subject);
	/* optional, if there is a subject: returns how many lines it would draw, with its
	 * titles; 0 if it has no rows. What it does not need is the preview's. */
	size_t (*lines)(struct tui *t, void *ctx);
	/* Writes the view's part of the footer: "12 of 40 shown". */
	void (*status)(struct tui *t, void *ctx, char *out, size_t size);
};

#define TOLD_MAX 64

/* What a group holds in common, as it was read; see told.h. */
struct told {
	enum group_by by;
	struct group_identity identity;
	int64_t mono_ns;
	char text[HOLDS_GROUP_TEXT_MAX];
};

/* Processes of the target that ended, for the footer. */
struct ended {
	int64_t until_ns; /* 0 if there is nothing to say */
	size_t count;
	char name[80]; /* of the last one, and its pid */
};

struct message {
	char text[ERR_TEXT_MAX];
	enum role role;
	int64_t until_ns; /* 0 if there is no message */
	bool of_key;      /* answers a key, so the next key ends it */
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
	struct warnings_line warnings;

	bool in_key;      /* a key or click is being handled */
	int64_t clock_ns; /* now */
	int64_t taken_ns; /* when the snapshot came */
	/* The time for which ages are shown; does not advance while paused. */
	int64_t now_ns;
	bool paused;
	bool step; /* paused, but the next snapshot was requested */
	int64_t step_after_ns;

	struct identity focus; /* the task whose whole stack the feed is asked for */

	struct told *told; /* the oldest first, or NULL */
	size_t nr_told;

	struct marks marks;
	bool changes_only; /* show only changes since the chosen mark */

	const struct view *const *views; /* indexed by view_id */
	void *ctx[VIEW_COUNT];
	struct request request;
	/* Quick filter, or -1; belongs to the task view, drawn by the header. */
	int class;
	/* Of a target that is several: the process whose resources are shown; 0 for all. */
	pid_t member;
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
	bool completes; /* the line is a filter, in which Tab completes */
	struct complete complete;
	void (*prompt_cancelled)(struct tui *t); /* Esc; or NULL */
	/* Histories of filters, of searches and of other questions. */
	struct prompt_history history, searched, asked;
	struct search search[VIEW_COUNT];
	struct menu menu;
	bool menu_open;
	struct message message;
	struct ended ended;

	int height, width;
	struct area room; /* between the header and the footer */
	struct area body; /* the view's part of it; the rest is the preview's */
	int body_most;    /* lines that the body has if the view needs them */
	struct preview *preview;
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
/* Shows what a task holds, or the members of a group. */
void tui_open_holds(struct tui *t, const struct task *task);
void tui_open_group_holds(struct tui *t, const struct group *group);
/* Shows what the warning is about. It must exist until the request is carried out. */
void tui_open_warning(struct tui *t, enum view_id view, const struct warning *warning);
/* Shows all processes of this machine, with the cursor on this one. */
void tui_choose_process(struct tui *t, pid_t pid);
/* Tells all views that their content may have changed. */
void tui_update_views(struct tui *t);
void tui_say(struct tui *t, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Asks the feed for the whole stack of this task with every following sample, instead of
 * that of another; NULL for none. Takes no sample. */
void tui_focus(struct tui *t, const struct identity *task);
/* Something on the screen changes at this time: draw then or up to a second later. All
 * that changes by itself is drawn in one frame a second, and in none while a sample comes
 * each second. */
void tui_draw_by(struct tui *t, int64_t due_ns);
/* An age is on the screen: draw again when its text changes. */
void tui_shows_age(struct tui *t, int64_t age_ns);

/* ask.c: edits the view's filter. */
void tui_prompt(struct tui *t, const char *text);
/* The same for a filter in the language of core/query.h. */
void tui_prompt_query(struct tui *t, const char *text);
/* Asks for something other than a view's filter. typed is called for every change and
 * when the text is accepted; it returns false, with e, while the text is invalid. */
void tui_ask(struct tui *t, const char *label, const char *hint,
	     bool (*typed)(struct tui *t, const char *text, bool accepted,
			   struct err *e));
/* Handles a key while a line is edited. */
void tui_answer(struct tui *t, int key);

#endif
