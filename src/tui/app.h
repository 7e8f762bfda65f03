/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the view share: the state of one run, the vtable of a view, and the
 * few things that every view asks for. Views own their state and see no other's.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "core/column.h"
#include "core/mark.h"
#include "core/rows.h"
#include "tui/draw.h"
#include "tui/keys.h"
#include "tui/menu.h"
#include "tui/prompt.h"
#include "tui/terminal.h"
#include "tui/tui.h"

#define TREND_MAX 12

/* A task, whatever row it is in. */
struct identity {
	bool set;
	enum task_kind kind;
	uint64_t id;
	uint64_t serial;
};

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

struct view {
	const char *name;
	unsigned keys;   /* its bit of enum key_views */
	bool header;     /* the target's two lines stand above it */
	size_t ctx_size; /* zeroed bytes */
	int (*init)(struct tui *t, void *ctx);
	void (*release)(void *ctx);               /* optional */
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

extern const struct view *const view_table[VIEW_COUNT];
extern const struct view view_tasks, view_detail, view_processes, view_help, view_waits,
	view_resources, view_groups, view_group;

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

	int class; /* quick filter, or -1; of the task view, drawn by the header */
	enum view_id view;
	enum view_id before; /* where q leads from a help or list view */
	enum view_id list;   /* where it leads from a task */
	void *ctx[VIEW_COUNT];

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

/* Everything but the terminal. Returns 0 or a negative code. */
int tui_open(struct tui *t, const struct tui_options *options, struct err *e);
void tui_close(struct tui *t);
/* Take what the feed has; true when something changed. */
bool tui_take(struct tui *t);
void tui_tick(struct tui *t);
void tui_key(struct tui *t, int key);
void tui_mouse(struct tui *t, enum mouse_event event, int y, int x);
void tui_draw(struct tui *t);

void tui_switch(struct tui *t, enum view_id view);
void tui_act(struct tui *t, enum action action, int key);
void tui_say(struct tui *t, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tui_prompt(struct tui *t, const char *text);
/* Ask for something else than a view's filter. typed: for every change, and when it is
 * accepted; false with e while the text is wrong. */
void tui_ask(struct tui *t, const char *label, const char *hint,
	     bool (*typed)(struct tui *t, const char *text, bool accepted,
			   struct err *e));
/* An age is on the screen: draw again when its text changes. */
void tui_shows_age(struct tui *t, int64_t age_ns);
void tui_drop_snapshot(struct tui *t);

struct identity identity_of(const struct task *task);
bool identity_is(const struct identity *identity, const struct task *task);
/* The task in a snapshot, or NULL. Looks at every task: once a snapshot, not once a key. */
const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot);

/* marks.c: false when it is none of its actions. */
bool marks_act(struct tui *t, enum action action);
/* "the start 10:03:00", "mark 2 10:04:05", or "". */
#define MARK_TEXT_MAX 48
const char *mark_text(const struct tui *t, char out[MARK_TEXT_MAX]);
/* The sign of the recording that is being written, or "". */
const char *recorder_text(const struct tui *t, char out[MARK_TEXT_MAX]);
void recorder_toggle(struct tui *t);
/* After news of the feed: what it was before. */
void recorder_update(struct tui *t, const struct feed_recorder *before);

/* prove.c: L, and after a new snapshot: how the proof stood before. */
void prove_toggle(struct tui *t);
void prove_update(struct tui *t, const struct proving *before);

/* header.c */
void header_draw(struct tui *t, int lines);
/* Class at x of the second line, -1 for all, -2 for none. */
int header_hit(const struct tui *t, int x);
/* footer.c: keys and status in `lines` lines, ending with the last one of the screen. */
void footer_draw(struct tui *t, int lines);
/* Lines that the footer wants beyond one. */
int footer_lines(const struct tui *t);

/* recording.c: false when it is none of its actions. */
bool recording_act(struct tui *t, enum action action);
bool recording_is_shown(const struct tui *t);
/* " REPLAY 10:04:30Z 12/240 " */
void recording_mark(const struct tui *t, char *out, size_t size);

/* view_tasks.c: its filters are also those of the groups view. */
void tasks_go_to(struct tui *t, const struct identity *identity);
bool tasks_filter(struct tui *t, const char *text, struct err *e);
struct query *tasks_query(struct tui *t);
void tasks_filters_changed(struct tui *t);
void tasks_clear_filters(struct tui *t);
/* view_detail.c: open a task. */
void detail_open(struct tui *t, const struct task *task);
/* The same of a task that is gone; the snapshot has it alone, and its reference is taken. */
void detail_open_gone(struct tui *t, struct snapshot *snapshot);

#endif
