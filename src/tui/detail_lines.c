/* SPDX-License-Identifier: MIT */
/* Everything known about one task, as lines. Long texts are broken, never cut. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tui/detail.h"

#define LINES_MAX      4096
#define TEXT_MAX       1200
#define LABEL_CELLS    12
#define NARROW         40
#define FUNCTION_CELLS 36

struct builder {
	struct tui *t;
	struct detail *v;
	const struct task *task;
	int width; /* for text */
};

static struct detail_line *add_line(struct detail *v)
{
	if (v->nr_lines == v->cap_lines) {
		size_t capacity = v->cap_lines > 0 ? v->cap_lines * 2 : 128;
		struct detail_line *lines;

		if (capacity > LINES_MAX)
			return NULL;
		lines = realloc(v->lines, capacity * sizeof(*lines));
		if (lines == NULL)
			return NULL;
		v->lines = lines;
		v->cap_lines = capacity;
	}
	memset(&v->lines[v->nr_lines], 0, sizeof(*v->lines));
	return &v->lines[v->nr_lines++];
}

static void add_text(struct builder *b, enum role role, const char *label,
		     const struct task *link, const char *text)
{
	size_t skip = 0, used;

	do {
		struct detail_line *line = add_line(b->v);
		char *part;

		if (line == NULL)
			return;
		used = text_wrap(text, b->width, b->t->ascii, &skip);
		part = arena_strndup(&b->v->arena, text, used);
		line->role = role;
		line->label = label;
		line->text = part != NULL ? part : "";
		if (link != NULL)
			line->link = identity_of(link);
		label = label != NULL ? "" : NULL;
		text += used + skip;
	} while (*text != '\0');
}

static void say(struct builder *b, enum role role, const char *label,
		const struct task *link, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void say(struct builder *b, enum role role, const char *label,
		const struct task *link, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_text(b, role, label, link, text);
}

static void heading(struct builder *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void heading(struct builder *b, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_text(b, ROLE_NORMAL, NULL, NULL, "");
	add_text(b, ROLE_STRONG, NULL, NULL, text);
}

/* The wall clock time of a moment of CLOCK_MONOTONIC, "10:00:03". */
static const char *time_of_day(const struct builder *b, int64_t mono_ns, char out[16])
{
	const struct snapshot *s = b->v->snapshot;
	time_t seconds =
		(time_t)((s->real_ns - (s->mono_ns - mono_ns)) / CLOCK_SECOND_NS);
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL || strftime(out, 16, "%H:%M:%S", &tm) == 0)
		out[0] = '\0';
	return out;
}

static void add_state(struct builder *b)
{
	const struct task *task = b->task;
	const struct state_info *info = state_info(task->state);
	int64_t age = task_age_ns(task, b->t->now_ns);
	int64_t threshold =
		b->t->settings.rule
			.threshold_ns[task->state < STATE_COUNT ? task->state : 0];
	char duration[CLOCK_DURATION_MAX], limit[CLOCK_DURATION_MAX], when[16];

	say(b, (enum role)(ROLE_CLASS_CHANNEL + info->class), "State", NULL, "%s: %s",
	    info->name, info->help);
	if (task->raw != NULL)
		say(b, ROLE_NORMAL, "Raw", NULL, "%s", task->raw);
	if (age < 0) {
		say(b, ROLE_DIM, "Since", NULL, "not known");
	} else {
		tui_shows_age(b->t, age);
		say(b, ROLE_NORMAL, "Since", NULL, "%s%s, %s %s",
		    task->flags & TASK_AGE_EXACT ? "" : "at least ",
		    clock_format_duration(age, duration),
		    task->flags & TASK_AGE_EXACT ? "from" : "seen from",
		    time_of_day(b, task->since_ns, when));
	}
	clock_format_duration(threshold, limit);
	if (task->flags & TASK_DEADLOCK)
		say(b, ROLE_STUCK, "D", NULL,
		    "in a deadlock: it waits for somebody who waits for it; w shows "
		    "the cycle");
	if (task->flags & TASK_STUCK)
		say(b, ROLE_STUCK, "!", NULL,
		    "stuck: over its threshold of %s in two looks in a row", limit);
	else if (task->flags & TASK_WARN)
		say(b, ROLE_WARN, "?", NULL, "over half of its threshold of %s", limit);
	if (task->flags & TASK_IDLE)
		say(b, ROLE_DIM, "Idle", NULL,
		    "this state is a normal place to wait; stuck only where --stuck "
		    "names it");
	if (task->flags & TASK_STALE)
		say(b, ROLE_WARN, "Stale", NULL,
		    "the kernel contradicts what the agent published: do not trust the "
		    "state");
	if (task->flags & TASK_SUSPECT)
		say(b, ROLE_WARN, "Suspect", NULL,
		    "it changed while it was read: look again");
}

static void add_link(struct builder *b, const char *label, const struct task *other)
{
	char id[TASK_ID_MAX], age[CLOCK_DURATION_MAX];
	int64_t age_ns = task_age_ns(other, b->t->now_ns);
	enum role role = other->flags & TASK_STUCK  ? ROLE_STUCK
			 : other->flags & TASK_WARN ? ROLE_WARN
						    : ROLE_NORMAL;

	say(b, role, label, other, "%s%-7s %-12s %7s  %s",
	    other->flags & TASK_STUCK ? "!" : " ", task_format_id(other, id),
	    state_info(other->state)->name,
	    age_ns < 0 ? "-" : clock_format_duration(age_ns, age), other->name);
	tui_shows_age(b->t, age_ns);
}

static void add_waits(struct builder *b)
{
	const struct waits_on *waits = &b->task->waits;
	struct detail *v = b->v;

	if (waits->kind == NULL)
		return;
	say(b, ROLE_NORMAL, "Waits on", NULL, "%s",
	    waits->text != NULL ? waits->text : waits->kind);
	if (waits->address != 0)
		say(b, ROLE_DIM, "Object", NULL, "%s at 0x%llx", waits->kind,
		    (unsigned long long)waits->address);
	if (waits->fd >= 0)
		say(b, ROLE_DIM, "Descriptor", NULL, "%d", waits->fd);
	if (b->task->inner != NULL)
		say(b, ROLE_NORMAL, "Inside it", NULL, "%s", b->task->inner);
	if (v->owner != NULL) {
		add_link(b, "Held by", v->owner);
		if (v->owner == b->task)
			say(b, ROLE_STUCK, "!", NULL, "it waits for itself");
	} else if (waits->owner_tid != 0) {
		say(b, ROLE_NORMAL, "Held by", NULL, "t%d, which is not among the tasks",
		    (int)waits->owner_tid);
	}
	if (waits->address == 0)
		return;
	if (v->all_waiters == 0) {
		say(b, ROLE_DIM, "Also waits", NULL, "nobody else");
		return;
	}
	heading(b, "Who else waits on it (%zu)", v->all_waiters);
	for (size_t i = 0; i < v->nr_waiters; i++)
		add_link(b, NULL, &v->snapshot->tasks[v->waiters[i]]);
	if (v->all_waiters > v->nr_waiters)
		say(b, ROLE_DIM, NULL, NULL, " and %zu more",
		    v->all_waiters - v->nr_waiters);
}

/* Cells that most functions of the stack need, so that places stand below each other. */
static int function_cells(const struct builder *b, const struct stack *stack)
{
	int widest = 8;

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const char *function = stack->frames[i].function;
		int cells = function != NULL ? text_cells(function, 200, b->t->ascii) : 0;

		if (cells <= FUNCTION_CELLS && cells > widest)
			widest = cells;
	}
	return b->width >= 2 * FUNCTION_CELLS ? widest : 0;
}

static void add_frames(struct builder *b, const struct stack *stack)
{
	int cells = function_cells(b, stack);

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];
		bool top = frame == task_top_frame(b->task);
		char place[600] = "", name[32];

		snprintf(name, sizeof(name), "0x%llx",
			 (unsigned long long)frame->address);
		if (frame->file != NULL && frame->line > 0)
			snprintf(place, sizeof(place), "  %s:%d", frame->file,
				 frame->line);
		else if (frame->file != NULL)
			snprintf(place, sizeof(place), "  %s", frame->file);
		say(b, top ? ROLE_STRONG : ROLE_NORMAL, NULL, NULL, "%3zu  %-*s%s%s", i,
		    place[0] != '\0' ? cells : 0,
		    frame->function != NULL ? frame->function : name, place,
		    frame->inlined ? " (inlined)" : "");
	}
	if (stack->truncated)
		say(b, ROLE_DIM, NULL, NULL, "     ... and further out: not known");
}

static void add_stack(struct builder *b)
{
	const struct stack *stack = b->task->stack;

	if (stack == NULL || stack->nr_frames == 0) {
		heading(b, "Stack: not known");
		return;
	}
	heading(b, "Stack (%zu frame%s%s)", stack->nr_frames,
		stack->nr_frames == 1 ? "" : "s", stack->truncated ? ", not whole" : "");
	add_frames(b, stack);
}

/* The place that a user cares for: its own function, else the first with a line. */
static const struct frame *place_of(const struct task *task)
{
	const struct frame *top = task_top_frame(task);

	if (top != NULL && top->file != NULL && top->line > 0)
		return top;
	for (size_t i = 0; task->stack != NULL && i < task->stack->nr_frames; i++)
		if (task->stack->frames[i].file != NULL &&
		    task->stack->frames[i].line > 0)
			return &task->stack->frames[i];
	return NULL;
}

static void add_source(struct builder *b)
{
	const struct frame *frame = place_of(b->task);
	struct excerpt *excerpt = &b->v->excerpt;

	if (frame == NULL)
		return;
	excerpt_load(excerpt, b->v->snapshot->target.pid, frame->file, frame->line);
	if (excerpt->count == 0)
		return;
	heading(b, "Source: %s", frame->file);
	for (size_t i = 0; i < excerpt->count; i++) {
		int number = excerpt->first + (int)i;

		/* Code is cut, not broken. */
		struct detail_line *line = add_line(b->v);
		char *text = arena_printf(&b->v->arena, "%s%5d  %s",
					  number == frame->line ? ">" : " ", number,
					  excerpt->lines[i]);

		if (line == NULL)
			return;
		line->role = number == frame->line ? ROLE_STRONG : ROLE_DIM;
		line->text = text != NULL ? text : "";
	}
}

static void add_creator(struct builder *b)
{
	const struct task *task = b->task;

	if (task->created_by == NULL && task->creator_id == 0 &&
	    task->creator_name == NULL) {
		heading(b, "Created by: not known");
		say(b, ROLE_DIM, NULL, NULL,
		    "  Only the agent sees threads begin: start the program by `grmon-c "
		    "run`.");
		return;
	}
	heading(b, "Created by%s%s", task->creator_name != NULL ? " " : "",
		task->creator_name != NULL ? task->creator_name : "");
	if (b->v->creator != NULL)
		add_link(b, NULL, b->v->creator);
	else if (task->creator_id != 0)
		say(b, ROLE_DIM, NULL, NULL,
		    " %llu, which is not among the tasks any more",
		    (unsigned long long)task->creator_id);
	if (task->created_by != NULL)
		add_frames(b, task->created_by);
}

static void add_labels(struct builder *b)
{
	if (b->task->nr_labels == 0)
		return;
	heading(b, "Labels");
	for (size_t i = 0; i < b->task->nr_labels; i++)
		say(b, ROLE_NORMAL, NULL, NULL, "  %s=%s", b->task->labels[i].key,
		    b->task->labels[i].text);
}

static void add_history(struct builder *b)
{
	const struct detail *v = b->v;
	char duration[CLOCK_DURATION_MAX], when[16];

	if (v->nr_history == 0)
		return;
	heading(b, "History while it was watched, newest first");
	for (size_t i = 0; i < v->nr_history; i++) {
		const struct history_entry *entry = &v->history[i];
		int64_t until = i > 0      ? v->history[i - 1].since_ns
				: v->ended ? v->ended_ns
					   : b->t->now_ns;
		char object[32] = "";

		if (entry->object != 0)
			snprintf(object, sizeof(object), "  0x%llx",
				 (unsigned long long)entry->object);
		say(b, ROLE_NORMAL, NULL, NULL, "  %s  %-12s for %7s%s",
		    time_of_day(b, entry->since_ns, when), state_info(entry->state)->name,
		    clock_format_duration(until - entry->since_ns, duration), object);
	}
}

static void add_figures(struct builder *b)
{
	const struct task *task = b->task;
	char age[CLOCK_DURATION_MAX], when[16];

	heading(b, "Figures");
	if (task->tid != 0)
		say(b, ROLE_NORMAL, "Thread", NULL, "%d", (int)task->tid);
	if (task->start_ns != 0)
		say(b, ROLE_NORMAL, "Began", NULL, "%s, %s ago",
		    time_of_day(b, task->start_ns, when),
		    clock_format_duration(b->t->now_ns - task->start_ns, age));
	if (task->cpu_percent >= 0)
		say(b, ROLE_NORMAL, "CPU", NULL, "%.1f %% of one",
		    (double)task->cpu_percent);
	say(b, ROLE_NORMAL, "Switches", NULL, "%llu", (unsigned long long)task->switches);
	if (task->state_counts == NULL)
		return;
	for (int state = 0; state < STATE_COUNT; state++)
		if (task->state_counts[state] > 0)
			say(b, ROLE_NORMAL, "Waited", NULL, "%u times: %s",
			    task->state_counts[state],
			    state_info((enum task_state)state)->name);
}

void detail_build(struct tui *t, struct detail *v, int width)
{
	struct builder b = {t, v, v->task,
			    width - (width >= NARROW ? LABEL_CELLS + 2 : 1)};
	char id[TASK_ID_MAX], when[16];

	arena_release(&v->arena);
	arena_init(&v->arena, 0);
	v->nr_lines = 0;
	if (v->task == NULL)
		return;
	say(&b, ROLE_STRONG, "Task", NULL, "%s  %s", task_format_id(v->task, id),
	    v->task->name);
	if (v->ended)
		say(&b, ROLE_WARN, "Ended", NULL,
		    "it was gone at %s; this is its last picture",
		    time_of_day(&b, v->ended_ns, when));
	add_state(&b);
	add_waits(&b);
	b.width = width - 2;
	add_stack(&b);
	add_source(&b);
	add_creator(&b);
	add_labels(&b);
	add_history(&b);
	add_figures(&b);
}
