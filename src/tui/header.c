/* SPDX-License-Identifier: MIT */
/* The lines above a view: the target and its condition, then the classes with their
 * counts, which are also the quick filters. On narrow screens the parts with the highest
 * priority number are left out. */
#include "tui/header.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "core/group.h"
#include "tui/marks.h"
#include "tui/recording.h"
#include "tui/resources.h"

#define PARTS_MAX 24

struct part {
	int priority; /* 0 is kept longest */
	enum role role;
	char text[160];
	int cells;
};

struct parts {
	struct part list[PARTS_MAX];
	size_t count;
};

static struct part *add_part(struct parts *parts, int priority, enum role role)
{
	struct part *part = &parts->list[parts->count];

	if (parts->count + 1 < PARTS_MAX)
		parts->count++;
	part->priority = priority;
	part->role = role;
	part->text[0] = '\0';
	return part;
}

#define ADD(parts, priority, role, ...)                                                  \
	snprintf(add_part(parts, priority, role)->text, sizeof(parts->list[0].text),     \
		 __VA_ARGS__)

static void draw_parts(struct parts *parts, int y, int x, int width)
{
	int total = 0;

	for (size_t i = 0; i < parts->count; i++) {
		parts->list[i].cells =
			text_cells(parts->list[i].text, width, draw_ascii());
		total += parts->list[i].cells + (i > 0 ? 2 : 0);
	}
	while (parts->count > 1 && total > width) {
		size_t drop = 0;

		for (size_t i = 1; i < parts->count; i++)
			if (parts->list[i].priority >= parts->list[drop].priority)
				drop = i;
		total -= parts->list[drop].cells + 2;
		memmove(&parts->list[drop], &parts->list[drop + 1],
			(parts->count - drop - 1) * sizeof(parts->list[0]));
		parts->count--;
	}
	for (size_t i = 0; i < parts->count; i++) {
		x += draw_text(y, x, width, parts->list[i].role, false,
			       parts->list[i].text);
		width -= parts->list[i].cells + 2;
		x += 2;
	}
}

static void trend_text(const struct tui *t, char *out, size_t size)
{
	static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					   "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const plain[] = {"_", ".", "-", "=", "+", "*", "#", "@"};
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < t->nr_trend; i++) {
		least = t->trend[i] < least ? t->trend[i] : least;
		most = t->trend[i] > most ? t->trend[i] : most;
	}
	out[0] = '\0';
	for (size_t i = 0; t->nr_trend > 1 && i < t->nr_trend; i++) {
		size_t level = most == least ? 0
					     : (size_t)(t->trend[i] - least) * 7 /
						       (most - least);
		const char *bar = t->ascii ? plain[level] : bars[level];

		snprintf(out + strlen(out), size - strlen(out), "%s", bar);
	}
}

/* Adds "heap 12M live, 40M idle" for a Go program. */
static void add_go_heap(struct parts *parts, const struct go_heap_figures *heap)
{
	char size[TEXT_SIZE_MAX], idle[TEXT_SIZE_MAX];
	bool live = heap->live_bytes >= 0;

	if (go_heap_known(heap))
		ADD(parts, 7, ROLE_NORMAL, "heap %s %s, %s idle",
		    text_size(live ? heap->live_bytes : heap->in_use_bytes, size),
		    live ? "live" : "in use", text_size(heap->idle_bytes, idle));
}

static void add_resources(struct parts *parts, const struct resources *r)
{
	char size[TEXT_SIZE_MAX];

	if (r->threads >= 0)
		ADD(parts, 5, ROLE_NORMAL, "threads %lld", (long long)r->threads);
	if (r->rss_bytes >= 0)
		ADD(parts, 4, ROLE_NORMAL, "rss %s", text_size(r->rss_bytes, size));
	add_go_heap(parts, &r->go_heap);
	if (r->fds >= 0)
		ADD(parts, 6, ROLE_NORMAL, "fds %lld", (long long)r->fds);
	if (r->children >= 0)
		ADD(parts, 8, ROLE_NORMAL, "children %lld", (long long)r->children);
	if (r->cpu_percent >= 0)
		ADD(parts, 5, ROLE_NORMAL, "cpu %.0f%%", r->cpu_percent);
}

static void add_limits(struct parts *parts, const struct snapshot *s)
{
	char text[TEXT_SIZE_MAX * 6];

	for (int id = 0; id < LIMIT_COUNT; id++)
		if (limit_share(&s->resources.limits[id]) >= LIMIT_NEAR &&
		    resources_limit_text(s, (enum limit_id)id, text, sizeof(text)))
			ADD(parts, 1, ROLE_WARN, "!%s", text);
}

/* The number of groups judged to leak, not of their tasks. */
static size_t leaking_groups(const struct tui *t)
{
	const struct groups *groups = t->snapshot->groups;
	size_t count = 0;

	for (size_t i = 0; groups && i < groups->nr_leaks; i++)
		count += groups->leaks[i].finding.verdict >= VERDICT_LEAK;
	return count;
}

static void add_target(struct tui *t, struct parts *parts)
{
	const struct snapshot *s = t->snapshot;
	char trend[TREND_MAX * 4 + 1], age[CLOCK_DURATION_MAX];
	int64_t up;

	ADD(parts, 0, ROLE_STRONG, "%s", s->target.name);
	if (s->target.pid > 0)
		ADD(parts, 2, ROLE_NORMAL, "pid %d", (int)s->target.pid);
	ADD(parts, 4, ROLE_DIM, "%s%s%s", s->target.sources ? s->target.sources : "",
	    s->target.runtime ? " " : "", s->target.runtime ? s->target.runtime : "");
	if (graph_cycles(s) > 0)
		ADD(parts, 1, ROLE_STUCK, "%zu deadlock%s", graph_cycles(s),
		    graph_cycles(s) == 1 ? "" : "s");
	if (leaking_groups(t) > 0)
		ADD(parts, 1, ROLE_STUCK, "%zu leak%s", leaking_groups(t),
		    leaking_groups(t) == 1 ? "" : "s");
	if (timers_leaks(s->timers, VERDICT_LEAK) > 0)
		ADD(parts, 1, ROLE_STUCK, "timers leak, see x");
	if (s->proving.state == PROVING_RUNNING)
		ADD(parts, 1, ROLE_WARN, "proof %u%%", s->proving.percent);
	else if (s->proving.state == PROVING_DONE && s->proving.proven > 0)
		ADD(parts, 1, ROLE_STUCK, "%u proven", s->proving.proven);
	if (s->counts.stuck > 0)
		ADD(parts, 1, ROLE_STUCK, "!%u stuck", s->counts.stuck);
	if (s->counts.is_long > 0)
		ADD(parts, 2, ROLE_WARN, "?%u long", s->counts.is_long);
	if (s->target.start_real_ns > 0) {
		up = s->real_ns - s->target.start_real_ns + (t->now_ns - s->mono_ns);
		ADD(parts, 6, ROLE_NORMAL, "up %s", clock_format_duration(up, age));
		if (up > 60 * CLOCK_SECOND_NS)
			tui_shows_age(t, up);
	}
	trend_text(t, trend, sizeof(trend));
	ADD(parts, 3, ROLE_NORMAL, "tasks %u%s%s", s->counts.tasks,
	    *trend != '\0' ? " " : "", trend);
	add_limits(parts, s);
	add_resources(parts, &s->resources);
}

/* Draws to the left of `end`. Returns the first column used. */
static int draw_recorder(struct tui *t, int y, int end)
{
	char text[MARK_TEXT_MAX];
	int cells;

	if (!t->state.recorder.on)
		return end;
	recorder_text(t, text);
	cells = (int)strlen(text);
	if (cells > end / 2)
		cells = snprintf(text, sizeof(text), " REC%s ",
				 t->state.recorder.failing ? "!" : "");
	draw_text(y, end - cells, cells,
		  t->state.recorder.failing ? ROLE_ERROR : ROLE_STUCK, true, text);
	if (t->wake_ns > t->clock_ns + CLOCK_SECOND_NS)
		t->wake_ns = t->clock_ns + CLOCK_SECOND_NS;
	return end - cells - 1;
}

static int draw_marks(const struct tui *t, int y)
{
	char replay[96];
	const char *text = NULL;
	enum role role = ROLE_WARN;

	if (t->paused)
		text = " PAUSED ";
	else if (t->state.status == FEED_REPLAY && t->snapshot) {
		recording_mark(t, replay, sizeof(replay));
		text = replay;
	} else if (t->state.status == FEED_ENDED)
		text = " ENDED ";
	else if (t->state.status == FEED_WAITING)
		text = " WAITING ";
	else if (t->state.status == FEED_FAILING) {
		text = " FAILING ";
		role = ROLE_ERROR;
	}
	if (!text)
		return 0;
	draw_text(y, t->width - (int)strlen(text), (int)strlen(text), role, true, text);
	return (int)strlen(text) + 1;
}

/* How much of each class is shown, from most to least. */
enum detail { WITH_STUCK, TIGHT, ABBREVIATED, NO_ZEROES, ONLY_COUNTS, DETAILS };

static void class_text(const struct tui *t, int class, enum detail detail, char *out,
		       size_t size)
{
	const struct snapshot_counts *counts = &t->snapshot->counts;
	bool on = t->class == class;
	uint32_t count = class < 0 ? counts->tasks : counts->by_class[class];
	uint32_t stuck = class < 0 ? 0 : counts->stuck_by_class[class];
	uint32_t is_long = class < 0 ? 0 : counts->long_by_class[class];
	const char *name = class < 0 ? "all" : state_class_name((enum task_class) class);
	char more[16] = "";

	out[0] = '\0';
	if (detail >= NO_ZEROES && count == 0 && !on)
		return;
	if (detail == WITH_STUCK && stuck > 0)
		snprintf(more, sizeof(more), "!%u", stuck);
	else if (detail == WITH_STUCK && is_long > 0)
		snprintf(more, sizeof(more), "?%u", is_long);
	if (detail == ONLY_COUNTS)
		snprintf(out, size, on ? "[%d:%u]" : "%d:%u", class + 1, count);
	else
		snprintf(out, size, on ? "[%d:%.*s %u%s]" : "%d:%.*s %u%s", class + 1,
			 detail >= ABBREVIATED && strlen(name) > 5 ? 4 : 10, name, count,
			 more);
}

static int classes_cells(const struct tui *t, enum detail detail)
{
	int cells = 0;
	char text[64];

	for (int class = -1; class < CLASS_COUNT; class ++) {
		class_text(t, class, detail, text, sizeof(text));
		cells += text[0] == '\0'
				 ? 0
				 : (int)strlen(text) + (detail == WITH_STUCK ? 2 : 1);
	}
	return cells;
}

static void draw_classes(struct tui *t, int y)
{
	const struct snapshot_counts *counts = &t->snapshot->counts;
	char mark[MARK_TEXT_MAX], idle[2 * MARK_TEXT_MAX] = "";
	enum detail detail = WITH_STUCK;
	char text[64];
	int x = 0, room;

	if (t->changes_only)
		snprintf(idle, sizeof(idle), "changes since %s%s", mark_text(t, mark),
			 t->settings.hide_idle ? ", " : "");
	if (t->settings.hide_idle)
		snprintf(idle + strlen(idle), sizeof(idle) - strlen(idle), "idle hidden");
	room = t->width - (*idle != '\0' ? (int)strlen(idle) + 1 : 0);
	while (detail < ONLY_COUNTS && classes_cells(t, detail) - 1 > room)
		detail++;
	for (int class = -1; class < CLASS_COUNT; class ++) {
		enum role role =
			class < 0 ? ROLE_NORMAL : (enum role)(ROLE_CLASS_CHANNEL + class);

		class_text(t, class, detail, text, sizeof(text));
		if (text[0] == '\0')
			continue;
		t->class_x[class + 1] = x;
		if (class >= 0 && counts->by_class[class] == 0)
			role = ROLE_DIM;
		x += draw_text(y, x, t->width - x, role, t->class == class, text);
		x += detail == WITH_STUCK ? 2 : 1;
	}
	t->class_x[CLASS_COUNT + 1] = x;
	if (x + (int)strlen(idle) <= t->width)
		draw_text(y, t->width - (int)strlen(idle), t->width, ROLE_WARN, false,
			  idle);
}

int header_hit(const struct tui *t, int x)
{
	int hit = -2;

	for (int class = -1; class < CLASS_COUNT; class ++)
		if (t->class_x[class + 1] >= 0 && x >= t->class_x[class + 1])
			hit = class;
	return x < t->class_x[CLASS_COUNT + 1] ? hit : -2;
}

void header_draw(struct tui *t, int lines)
{
	struct parts parts = {.count = 0};
	int marks;

	for (int i = 0; i < CLASS_COUNT + 2; i++)
		t->class_x[i] = -1;
	if (lines == 0)
		return;
	marks = draw_marks(t, 0);
	marks = t->width - draw_recorder(t, 0, t->width - marks);
	if (!t->snapshot) {
		draw_text(0, 0, t->width - marks, ROLE_STRONG, false,
			  t->options->title ? t->options->title : "");
		return;
	}
	add_target(t, &parts);
	draw_parts(&parts, 0, 0, t->width - marks);
	if (lines > 1)
		draw_classes(t, 1);
}
