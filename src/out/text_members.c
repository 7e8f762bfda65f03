/* SPDX-License-Identifier: MIT */
/* One line per process: what it is, its tasks and resources, and how it is read. One that
 * cannot be read has the reason instead. */
#include "out/text_members.h"

#include <inttypes.h>

#include "base/array.h"
#include "out/escape.h"

#define NAME_CELLS_MIN 7u
#define NAME_CELLS_MAX 24u

void text_put_bytes(struct buf *out, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	int64_t whole = bytes, tenth = 0;
	size_t unit = 0;

	for (; whole >= 1024 && unit + 1 < ARRAY_COUNT(units); unit++) {
		tenth = whole % 1024 * 10 / 1024;
		whole /= 1024;
	}
	if (unit > 0 && whole < 10)
		buf_printf(out, "%" PRId64 ".%" PRId64 " %s", whole, tenth, units[unit]);
	else
		buf_printf(out, "%" PRId64 " %s", whole, units[unit]);
}

static size_t name_cells(const struct snapshot *snapshot, bool ascii)
{
	size_t most = NAME_CELLS_MIN;

	for (size_t i = 0; i < snapshot->nr_members; i++) {
		size_t cells = escape_cells(snapshot->members[i].name, ascii);

		most = cells > most ? cells : most;
	}
	return most < NAME_CELLS_MAX ? most : NAME_CELLS_MAX;
}

static void put_name(struct buf *out, const char *name, size_t width, bool ascii)
{
	escape_text(out, name, width, ascii);
	for (size_t cells = escape_cells(name, ascii); cells < width; cells++)
		buf_puts(out, " ");
}

/* Writes a number of this width, or "-" if it is unknown. */
static void put_number(struct buf *out, int width, int64_t number)
{
	if (number < 0)
		buf_printf(out, "  %*s", width, "-");
	else
		buf_printf(out, "  %*" PRId64, width, number);
}

static void put_figures(struct buf *out, const struct member_process *member, bool ascii)
{
	struct buf rss;

	buf_init(&rss, 0);
	text_put_bytes(&rss, member->resources.rss_bytes);
	put_number(out, 5, member->tasks);
	put_number(out, 5, member->stuck);
	put_number(out, 7, member->resources.threads);
	buf_printf(out, "  %7s",
		   member->resources.rss_bytes < 0 || rss.failed ? "-" : rss.bytes);
	put_number(out, 5, member->resources.fds);
	buf_puts(out, "  ");
	escape_text(out, member->sources, 0, ascii);
	if (member->runtime) {
		buf_puts(out, ", ");
		escape_text(out, member->runtime, 0, ascii);
	}
	buf_release(&rss);
}

void text_put_members(struct buf *out, const struct snapshot *snapshot, bool ascii)
{
	size_t width = name_cells(snapshot, ascii);

	if (snapshot->nr_members == 0)
		return;
	buf_puts(out, "    PID  ");
	put_name(out, "PROCESS", width, ascii);
	buf_puts(out, "  TASKS  STUCK  THREADS      RSS    FDS  SOURCE\n");
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		const struct member_process *member = &snapshot->members[i];

		buf_printf(out, "%7d  ", (int)member->pid);
		put_name(out, member->name, width, ascii);
		if (member->trouble) {
			buf_puts(out, "  ");
			escape_text(out, member->trouble, 0, ascii);
		} else {
			put_figures(out, member, ascii);
		}
		buf_puts(out, "\n");
	}
	buf_puts(out, "\n");
}
