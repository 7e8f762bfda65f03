/* SPDX-License-Identifier: MIT */
/* The lines above a view: the target and its condition, then the classes with their
 * counts, which are also the quick filters, then warnings if there are any. On narrow
 * screens parts are shortened, and then those with the highest priority number are left
 * out. */
#include "tui/header.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/group.h"
#include "tui/graph.h"
#include "tui/marks.h"
#include "tui/recording.h"
#include "tui/resources.h"

#define PARTS_MAX     32
#define NAME_CELLS    32 /* of a target that is several processes */
#define PRIORITY_LAST 9
#define GAP_CELLS     2
#define GRAPH_BARS    12
#define GRAPH_LEAST   6 /* bars of the short form */
#define GRAPH_SPAN_NS (5 * CLOCK_MINUTE_NS)

struct part {
	int priority; /* 0 is kept longest */
	enum role role;
	char text[160];
	bool shortens;
	char brief[100]; /* if it shortens, what is shown instead; "" leaves it out */
	int cells;
	bool shown;
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
	part->text[0] = part->brief[0] = '\0';
	part->shortens = false;
	return part;
}

#define ADD(parts, priority, role, ...)                                                  \
	snprintf(add_part(parts, priority, role)->text, sizeof(parts->list[0].text),     \
		 __VA_ARGS__)

/* Gives the part that was added last a shorter form. */
__attribute__((format(printf, 2, 3))) static void shorten(struct parts *parts,
							  const char *format, ...)
{
	struct part *part = &parts->list[parts->count - 1];
	va_list args;

	part->shortens = true;
	va_start(args, format);
	vsnprintf(part->brief, sizeof(part->brief), format, args);
	va_end(args);
}

static int part_cells(const struct part *part, int width)
{
	return text_cells(part->text, width, draw_ascii());
}

/* Takes the short forms, of the parts with the highest priority number first, until all
 * parts fit. */
static void shorten_parts(struct parts *parts, int width)
{
	int total = -GAP_CELLS;

	for (size_t i = 0; i < parts->count; i++)
		if (parts->list[i].text[0] != '\0')
			total += part_cells(&parts->list[i], TEXT_CELLS_MAX) + GAP_CELLS;
	for (int priority = PRIORITY_LAST; priority >= 0; priority--) {
		for (size_t i = parts->count; i-- > 0 && total > width;) {
			struct part *part = &parts->list[i];

			if (part->priority != priority || !part->shortens)
				continue;
			total -= part_cells(part, TEXT_CELLS_MAX);
			memcpy(part->text, part->brief, sizeof(part->brief));
			total += part->text[0] != '\0' ? part_cells(part, TEXT_CELLS_MAX)
						       : -GAP_CELLS;
		}
	}
}

/* Chooses the parts that fit, by priority: one that does not fit makes room for shorter
 * ones behind it. The first part is always there. */
static void choose_parts(struct parts *parts, int width)
{
	int total = 0;

	shorten_parts(parts, width);
	for (int priority = 0; priority <= PRIORITY_LAST; priority++) {
		for (size_t i = 0; i < parts->count; i++) {
			struct part *part = &parts->list[i];
			int gap = total > 0 ? GAP_CELLS : 0;

			if (part->priority != priority)
				continue;
			part->cells = part_cells(part, width);
			part->shown = i == 0 || (part->text[0] != '\0' &&
						 total + gap + part->cells <= width);
			total += part->shown ? gap + part->cells : 0;
		}
	}
}

static void draw_parts(struct parts *parts, int y, int x, int width)
{
	choose_parts(parts, width);
	for (size_t i = 0; i < parts->count; i++) {
		if (!parts->list[i].shown)
			continue;
		x += draw_text(y, x, width, parts->list[i].role, false,
			       parts->list[i].text);
		width -= parts->list[i].cells + GAP_CELLS;
		x += GAP_CELLS;
	}
}

/* Writes whole seconds or minutes, which change seldom. */
static const char *span_text(int64_t span_ns, char out[CLOCK_DURATION_MAX])
{
	int64_t seconds = span_ns / CLOCK_SECOND_NS;

	snprintf(out, CLOCK_DURATION_MAX, seconds < 60 ? "%llds" : "%lldm",
		 (long long)(seconds < 60 ? seconds : seconds / 60));
	return out;
}

/* Writes the graph of tasks with this many bars. Returns false if there is none yet. */
static bool task_graph(const struct tui *t, int cells, struct graph_scale *scale,
		       char bars[GRAPH_BARS * 4 + 1])
{
	const struct figures *figures = t->snapshot->figures;

	return figures &&
	       *graph_spark(&figures->series[FIGURE_TASKS], GRAPH_SPAN_NS, cells,
			    t->ascii, scale, bars, GRAPH_BARS * 4 + 1) != '\0' &&
	       scale->span_ns >= CLOCK_SECOND_NS;
}

/* Adds "▂▃▅▇ 0 to 1,204 in 5m". */
static void add_graph(const struct tui *t, struct parts *parts)
{
	char bars[GRAPH_BARS * 4 + 1], fewer[GRAPH_BARS * 4 + 1];
	char least[GRAPH_LABEL_MAX], most[GRAPH_LABEL_MAX], span[CLOCK_DURATION_MAX];
	struct graph_scale scale;

	if (!task_graph(t, GRAPH_LEAST, &scale, fewer) ||
	    !task_graph(t, GRAPH_BARS, &scale, bars))
		return;
	span_text(scale.span_ns, span);
	graph_format_count(scale.least, least);
	graph_format_count(scale.most, most);
	if (strcmp(least, most) == 0) {
		ADD(parts, 6, ROLE_DIM, "%s %s for %s", bars, most, span);
		shorten(parts, "%s %s for %s", fewer, most, span);
	} else {
		ADD(parts, 6, ROLE_DIM, "%s %s to %s in %s", bars, least, most, span);
		shorten(parts, "%s %s to %s in %s", fewer, least, most, span);
	}
}

/* Adds "heap 12M live, 40M idle" for a Go program. */
static void add_go_heap(struct parts *parts, const struct go_heap_figures *heap)
{
	char size[TEXT_SIZE_MAX], idle[TEXT_SIZE_MAX];
	bool live = heap->live_bytes >= 0;

	if (!go_heap_known(heap))
		return;
	text_size(live ? heap->live_bytes : heap->in_use_bytes, size);
	ADD(parts, 8, ROLE_NORMAL, "heap %s %s, %s idle", size, live ? "live" : "in use",
	    text_size(heap->idle_bytes, idle));
	shorten(parts, "heap %s", size);
}

static void add_resources(struct parts *parts, const struct resources *r, int64_t tasks)
{
	char size[TEXT_SIZE_MAX];

	if (r->threads >= 0)
		ADD(parts, 5, ROLE_NORMAL, "threads %lld", (long long)r->threads);
	if (r->threads >= 0 && r->threads == tasks)
		shorten(parts, "%s", ""); /* the tasks are the threads */
	if (r->rss_bytes >= 0)
		ADD(parts, 4, ROLE_NORMAL, "rss %s", text_size(r->rss_bytes, size));
	add_go_heap(parts, &r->go_heap);
	if (r->fds >= 0)
		ADD(parts, 7, ROLE_NORMAL, "fds %lld", (long long)r->fds);
	if (r->children >= 0)
		ADD(parts, 9, ROLE_NORMAL, "children %lld", (long long)r->children);
	if (r->children == 0)
		shorten(parts, "%s", "");
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

/* The name of several processes is the words that mean them, which may be many. */
static void add_name(struct parts *parts, const struct snapshot *s)
{
	const char *name = s->target.name;
	size_t skip;

	if (s->nr_members == 0 ||
	    text_cells(name, NAME_CELLS + 1, draw_ascii()) <= NAME_CELLS)
		ADD(parts, 0, ROLE_STRONG, "%s", name);
	else
		ADD(parts, 0, ROLE_STRONG, "%.*s%s",
		    (int)text_wrap(name, NAME_CELLS - 3, draw_ascii(), &skip), name,
		    draw_ascii() ? "..." : "\u2026");
}

/* Adds "6 processes  2 cannot be read" for a target that is several. */
static void add_members(struct parts *parts, const struct snapshot *s)
{
	size_t troubles = 0;

	if (s->nr_members == 0)
		return;
	for (size_t i = 0; i < s->nr_members; i++)
		troubles += s->members[i].trouble != NULL;
	ADD(parts, 2, ROLE_NORMAL, "%zu process%s", s->nr_members,
	    s->nr_members == 1 ? "" : "es");
	if (troubles > 0)
		ADD(parts, 1, ROLE_WARN, "%zu cannot be read", troubles);
}

/* What the line of warnings says, where there is no room for it. */
static void add_findings(struct parts *parts, const struct snapshot *s)
{
	size_t leaks = groups_leaks(s->groups, VERDICT_LEAK);

	if (graph_cycles(s) > 0)
		ADD(parts, 1, ROLE_STUCK, "%zu deadlock%s", graph_cycles(s),
		    graph_cycles(s) == 1 ? "" : "s");
	if (leaks > 0)
		ADD(parts, 1, ROLE_STUCK, "%zu leak%s", leaks, leaks == 1 ? "" : "s");
	if (timers_leaks(s->timers, VERDICT_LEAK) > 0)
		ADD(parts, 1, ROLE_STUCK, "timers leak, see x");
	if (s->proving.state == PROVING_DONE && s->proving.proven > 0)
		ADD(parts, 1, ROLE_STUCK, "%u proven", s->proving.proven);
	add_limits(parts, s);
}

/* warned: there is a line for warnings, which says more. */
static void add_target(struct tui *t, struct parts *parts, bool warned)
{
	const struct snapshot *s = t->snapshot;
	char count[GRAPH_LABEL_MAX], age[CLOCK_DURATION_MAX];
	int64_t up;

	add_name(parts, s);
	if (s->target.pid > 0)
		ADD(parts, 2, ROLE_NORMAL, "pid %d", (int)s->target.pid);
	add_members(parts, s);
	ADD(parts, 4, ROLE_DIM, "%s%s%s", s->target.sources ? s->target.sources : "",
	    s->target.runtime ? " " : "", s->target.runtime ? s->target.runtime : "");
	if (!warned)
		add_findings(parts, s);
	if (s->proving.state == PROVING_RUNNING)
		ADD(parts, 1, ROLE_WARN, "proof %u%%", s->proving.percent);
	if (s->counts.stuck > 0)
		ADD(parts, 1, ROLE_STUCK, "!%u stuck", s->counts.stuck);
	if (s->counts.is_long > 0)
		ADD(parts, 2, ROLE_WARN, "?%u long", s->counts.is_long);
	if (s->target.start_real_ns > 0) {
		up = s->real_ns - s->target.start_real_ns + (t->now_ns - s->mono_ns);
		ADD(parts, 7, ROLE_NORMAL, "up %s", clock_format_duration(up, age));
		if (up > 60 * CLOCK_SECOND_NS)
			tui_shows_age(t, up);
	}
	ADD(parts, 3, ROLE_NORMAL, "tasks %s",
	    graph_format_count(s->counts.tasks, count));
	add_graph(t, parts);
	add_resources(parts, &s->resources, s->counts.tasks);
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
	tui_draw_by(t, t->clock_ns + 1);
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
	add_target(t, &parts, lines > 2);
	draw_parts(&parts, 0, 0, t->width - marks);
	if (lines > 1)
		draw_classes(t, 1);
	if (lines > 2)
		warnings_draw(t, 2);
}
