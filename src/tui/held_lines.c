/* SPDX-License-Identifier: MIT */
/* The page of what a task or a group holds. A thing is one line, cut; everything about the
 * line under the cursor is below the page. */
#include "tui/held.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define LABEL_MIN_WIDTH 60 /* below it, a line has only the value */
#define OTHERS_CELLS    17
#define STEPS_CELLS     13
#define DETAIL_TEXT_MAX (3 * HELD_LINE_MAX)

struct builder {
	struct page page;
	struct tui *t;
	struct held_view *v;
	int value_cells, way_cells;
	bool wide, others; /* show the steps, and how many others hold it */
};

/* In which order the kinds are told. */
enum section {
	SECTION_CONNECTIONS,
	SECTION_TEXTS, /* that read like something */
	SECTION_OWN,   /* functions of the program itself */
	SECTION_CHANNELS,
	SECTION_LOCKS,
	SECTION_TIMERS,
	SECTION_CONTEXTS,
	SECTION_FUNCTIONS,
	SECTION_VALUES,
	SECTION_OTHER_TEXTS,
	SECTIONS
};

static enum section section_of(const struct held *held)
{
	static const enum section sections[HELD_KINDS] = {
		[HELD_CONNECTION] = SECTION_CONNECTIONS,
		[HELD_CHANNEL] = SECTION_CHANNELS,
		[HELD_LOCK] = SECTION_LOCKS,
		[HELD_TIMER] = SECTION_TIMERS,
		[HELD_CONTEXT] = SECTION_CONTEXTS,
		[HELD_FUNCTION] = SECTION_FUNCTIONS,
		[HELD_VALUE] = SECTION_VALUES,
		[HELD_LOCAL] = SECTION_VALUES,
	};

	if (held->kind == HELD_TEXT)
		return held->reads == HELD_TEXT_OTHER ? SECTION_OTHER_TEXTS
						      : SECTION_TEXTS;
	if (held_is_own(held))
		return SECTION_OWN;
	return held->kind < HELD_KINDS ? sections[held->kind] : SECTION_VALUES;
}

/* Appends the text, cut or padded to this number of cells. */
static void put_cells(struct builder *b, struct buf *out, const char *text, int cells)
{
	size_t length = strlen(text), at = 0;
	bool cut = text_cells(text, cells + 1, b->t->ascii) > cells;
	int room = cut ? cells - 1 : cells, used = 0;
	struct text_unit unit;

	while (at < length) {
		size_t bytes = text_step(text + at, length - at, b->t->ascii, &unit);

		if (bytes == 0 || used + unit.cells > room)
			break;
		buf_append(out, text + at, bytes);
		at += bytes;
		used += unit.cells;
	}
	if (cut) {
		buf_puts(out, b->t->ascii ? "~" : "\u2026");
		used++;
	}
	for (; used < cells; used++)
		buf_puts(out, " ");
}

/* Adds a line about something; `last` is how many others hold it. */
static void add_line(struct builder *b, enum role role, const char *label,
		     const struct held *held, const char *text, const char *last)
{
	char way[HELD_LINE_MAX], steps[HELD_STEPS_MAX];
	bool local = held->kind == HELD_LOCAL;
	int cells = b->value_cells;
	struct text_line *line;
	struct buf out;

	buf_init(&out, 0);
	/* The way to a variable is its function, which its heading or the cursor tells. */
	if (local)
		cells += b->way_cells > 0 ? b->way_cells + 2 : 0;
	if (local && b->wide)
		cells += STEPS_CELLS + 2;
	if (b->others && !last[0] && (local || b->way_cells == 0))
		cells += OTHERS_CELLS + 2;
	put_cells(b, &out, text, cells);
	if (b->way_cells > 0 && !local) {
		buf_puts(&out, "  ");
		put_cells(b, &out, held_format_way(held, b->t->ascii, way, sizeof(way)),
			  b->way_cells);
	}
	if (b->wide && !local) {
		buf_puts(&out, "  ");
		put_cells(b, &out, held_format_steps(held, steps), STEPS_CELLS);
	}
	if (b->others && last[0]) {
		buf_puts(&out, "  ");
		buf_puts(&out, last);
	}
	line = out.failed ? NULL
			  : page_line(&b->page, role,
				      arena_strndup(&b->v->lines.arena, out.bytes,
						    out.length));
	buf_release(&out);
	if (!line)
		return;
	line->label = label;
	b->v->texts[b->v->nr_helds] =
		arena_strndup(&b->v->lines.arena, text, HELD_LINE_MAX + 64);
	b->v->helds[b->v->nr_helds++] = held;
	line->command = (int)b->v->nr_helds;
}

static void add_held(struct builder *b, const struct holds *holds,
		     const struct held *held)
{
	char text[HELD_LINE_MAX], others[HELD_OTHERS_MAX];

	bool local = held->kind == HELD_LOCAL;

	add_line(b,
		 holds->compared > 0 && held->others == 0 && !local ? ROLE_STRONG
								    : ROLE_NORMAL,
		 local ? "" : held_label(held), held,
		 held_format(held, b->t->ascii, text),
		 held_format_others(holds, held, others));
}

static void add_section(struct builder *b, const struct holds *holds,
			enum section section)
{
	for (size_t i = 0; i < holds->nr; i++)
		if (holds->list[i].kind != HELD_LOCAL &&
		    section_of(&holds->list[i]) == section)
			add_held(b, holds, &holds->list[i]);
}

static const char *function_at(const struct task *task, int frame)
{
	const struct stack *stack = task->stack;

	if (!stack || frame < 0 || (size_t)frame >= stack->nr_frames)
		return NULL;
	return stack->frames[frame].function;
}

/* The variables, frame by frame. */
static void add_locals(struct builder *b, const struct task *task)
{
	const struct holds *holds = task_more(task)->holds;
	int last = -1;

	for (int from = -1;; from = last) {
		int next = INT32_MAX;

		for (size_t i = 0; i < holds->nr; i++)
			if (holds->list[i].kind == HELD_LOCAL &&
			    holds->list[i].frame > from && holds->list[i].frame < next)
				next = holds->list[i].frame;
		if (next == INT32_MAX)
			break;
		last = next;
		page_heading(&b->page, "Variables of frame %d %s", next,
			     function_at(task, next) ? function_at(task, next) : "");
		for (size_t i = 0; i < holds->nr; i++)
			if (holds->list[i].kind == HELD_LOCAL &&
			    holds->list[i].frame == next)
				add_held(b, holds, &holds->list[i]);
	}
	for (size_t i = 0; i < holds->nr; i++)
		if (holds->list[i].kind == HELD_LOCAL && holds->list[i].frame < 0)
			add_held(b, holds, &holds->list[i]);
}

static void add_holds(struct builder *b, const struct task *task)
{
	const struct holds *holds = task_more(task)->holds;

	if (holds->why) {
		page_text(&b->page, ROLE_WARN, "Not read", NULL, holds->why);
		return;
	}
	if (holds->nr == 0)
		page_text(&b->page, ROLE_NORMAL, NULL, NULL,
			  "Its stack leads to nothing that can be named.");
	for (int section = 0; section < SECTIONS; section++)
		add_section(b, holds, (enum section)section);
	add_locals(b, task);
}

static void add_common(struct builder *b)
{
	const struct holds_group *common = b->v->common;
	char text[HELD_LINE_MAX + 64], last[64], label[32];

	page_heading(&b->page, common->nr_shared > 0 ? "What they have in common"
						     : "They hold nothing in common");
	for (size_t i = 0; i < common->nr_shared; i++) {
		const struct holds_shared *shared = &common->shared[i];

		if (shared->members == common->members)
			snprintf(label, sizeof(label), "all %u", shared->members);
		else
			snprintf(label, sizeof(label), "%u of %u", shared->members,
				 common->members);
		last[0] = '\0';
		if (common->outsiders > 0 && shared->outside == 0)
			snprintf(last, sizeof(last), "only these");
		else if (common->outsiders > 0)
			snprintf(last, sizeof(last), "%u of %u others", shared->outside,
				 common->outsiders);
		add_line(b, ROLE_STRONG,
			 arena_strndup(&b->v->lines.arena, label, sizeof(label)),
			 shared->held, holds_shared_text(shared, b->t->ascii, text),
			 last);
	}
	if (common->nr_differing > 0)
		page_heading(&b->page, "What differs");
	for (size_t i = 0; i < common->nr_differing; i++)
		add_line(b, ROLE_NORMAL, "", common->differing[i].held,
			 holds_differing_text(&common->differing[i], b->t->ascii, text),
			 "");
}

static void add_when(struct builder *b, const struct held_view *v)
{
	const struct holds *holds = task_more(v->task)->holds;
	char took[HOLDS_TOOK_MAX], when[16];

	page_time(&b->page, v->snapshot->mono_ns, when);
	if (v->grouped && v->common)
		page_say(&b->page, ROLE_DIM, "Read", NULL,
			 "at %s: %u of %zu%s, compared with %u other%s%s; r reads again",
			 when, v->common->members,
			 v->all > v->common->members ? v->all : v->common->members,
			 v->all > v->asked ? ", those that wait longest" : "",
			 v->common->outsiders, v->common->outsiders == 1 ? "" : "s",
			 v->common->cut ? "; there were too many things to compare all"
					: "");
	else
		page_say(&b->page, ROLE_DIM, "Read", NULL,
			 "at %s: %u objects in %s%s; r reads again", when, holds->objects,
			 holds_format_took(holds, took),
			 holds->cut ? "; a limit was reached, so there may be more" : "");
	page_say(&b->page, ROLE_WARN, "Secrets", NULL,
		 "strings can be passwords, tokens or names; %s",
		 v->snapshot->target.replay ? "this recording has them"
					    : "they are not recorded");
}

/* Says why there is nothing to show. */
static void add_nothing(struct builder *b)
{
	const struct held_view *v = b->v;
	const struct task some = {.kind = TASK_GOROUTINE};
	const struct task *task =
		v->grouped ? &some : identity_find(&v->id, b->t->snapshot);

	if (v->waiting && b->t->state.status == FEED_FAILING)
		page_text(&b->page, ROLE_ERROR, "Not read", NULL, b->t->state.message);
	else if (v->waiting)
		page_text(&b->page, ROLE_NORMAL, NULL, NULL, "Reading what it holds ...");
	else if (!task)
		page_text(&b->page, ROLE_WARN, "Not read", NULL,
			  "the task has ended, so its memory cannot be read any more");
	else
		page_text(&b->page, ROLE_WARN, "Not read", NULL,
			  holds_missing(b->t->snapshot, task));
}

static void add_title(struct builder *b)
{
	const struct held_view *v = b->v;
	const struct task *task =
		v->task ? v->task : identity_find(&v->id, b->t->snapshot);
	char id[TASK_ID_MAX];

	if (v->grouped) {
		page_say(&b->page, ROLE_STRONG, "Group", NULL, "tasks %s", v->name);
		return;
	}
	if (!task)
		return;
	page_say(&b->page, ROLE_STRONG, "Task", NULL, "%s  %s  %s%s%s",
		 task_format_id(task, id), task->name, state_info(task->state)->name,
		 task->waits.text && task->waits.text[0] ? ": " : "",
		 task->waits.text ? task->waits.text : "");
}

static size_t count_lines(const struct held_view *v)
{
	size_t nr =
		v->task && task_more(v->task)->holds ? task_more(v->task)->holds->nr : 0;

	return nr + HOLDS_SHARED_MAX + HOLDS_DIFFERING_MAX + 1;
}

static void set_columns(struct builder *b, int width)
{
	int room = width >= LINES_NARROW ? width - LINES_LABEL_CELLS - 2 : width - 1;

	b->page.width = room;
	b->wide = width >= 140;
	b->value_cells = room;
	if (width < LABEL_MIN_WIDTH)
		return;
	b->others = true;
	b->value_cells -= OTHERS_CELLS + 2;
	b->way_cells = width >= 160 ? 52 : width >= 100 ? 32 : 0;
	if (b->way_cells > 0)
		b->value_cells -= b->way_cells + 2;
	if (b->wide)
		b->value_cells -= STEPS_CELLS + 2;
}

void held_build(struct tui *t, struct held_view *v, int width)
{
	struct builder b = {.page = {.t = t,
				     .lines = &v->lines,
				     .snapshot = v->snapshot ? v->snapshot : t->snapshot},
			    .t = t,
			    .v = v};

	lines_clear(&v->lines);
	v->nr_helds = 0;
	if (!v->set || !t->snapshot)
		return;
	v->helds = arena_alloc(&v->lines.arena, count_lines(v) * sizeof(*v->helds));
	v->texts = arena_alloc(&v->lines.arena, count_lines(v) * sizeof(*v->texts));
	if (!v->helds || !v->texts)
		return;
	set_columns(&b, width);
	add_title(&b);
	if (!v->task) {
		add_nothing(&b);
		return;
	}
	add_when(&b, v);
	if (v->waiting)
		page_text(&b.page, ROLE_NORMAL, NULL, NULL, "Reading it again ...");
	if (v->grouped && v->common) {
		char id[TASK_ID_MAX];

		add_common(&b);
		page_heading(&b.page, "What one of them holds: %s %s",
			     task_format_id(v->task, id), v->task->name);
	} else {
		page_heading(&b.page, "What it holds (%zu)",
			     task_more(v->task)->holds->nr);
	}
	add_holds(&b, v->task);
}

static const struct held *held_at(const struct held_view *v, size_t line)
{
	int command = line < v->lines.count ? v->lines.list[line].command : 0;

	return command > 0 && (size_t)command <= v->nr_helds ? v->helds[command - 1]
							     : NULL;
}

void held_draw_detail(const struct tui *t, const struct held_view *v, struct area area)
{
	const struct held *held = held_at(v, v->lines.at);
	char text[DETAIL_TEXT_MAX], value[HELD_LINE_MAX], way[HELD_LINE_MAX];
	char steps[HELD_STEPS_MAX], address[32] = "";
	const char *at = text, *shown;

	draw_text(area.y - 1, 1, area.width - 1, ROLE_DIM, false, "In full");
	if (!held)
		return;
	if (held->address != 0)
		snprintf(address, sizeof(address), " at 0x%llx",
			 (unsigned long long)held->address);
	held_format(held, t->ascii, value);
	held_format_way(held, t->ascii, way, sizeof(way));
	shown = v->texts[v->lines.list[v->lines.at].command - 1];
	snprintf(text, sizeof(text), "%s%s%s: %s%s; %s%s%s%s%s",
		 shown && strcmp(shown, value) != 0 ? shown : "",
		 shown && strcmp(shown, value) != 0 ? "; one of them is " : "",
		 held_label(held), value, address, way, way[0] ? ", " : "",
		 held_format_steps(held, steps),
		 held->kind != HELD_TEXT || !held->name[0] ? "" : ", ",
		 held->kind == HELD_TEXT ? held->name : "");
	if (held->inferred)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; inferred from a pattern in memory");
	for (int line = 0; line < area.height && *at; line++) {
		size_t skip = 0, used = text_wrap(at, area.width - 2, t->ascii, &skip);
		char part[DETAIL_TEXT_MAX];

		snprintf(part, sizeof(part), "%.*s", (int)used, at);
		draw_text(area.y + line, 1, area.width - 1, ROLE_NORMAL, false, part);
		at += used + skip;
	}
}

bool held_line_has(const struct held_view *v, size_t line, const struct pattern *pattern)
{
	const struct held *held = held_at(v, line);

	return lines_have(&v->lines, line, pattern) ||
	       (held && (pattern_match(pattern, held->text) ||
			 pattern_match(pattern, held->name) ||
			 pattern_match(pattern, held->way)));
}
