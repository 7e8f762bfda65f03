/* SPDX-License-Identifier: MIT */
/* The debug=1 text: a count and a stack for all goroutines that share it. The tabs
 * between its columns may have become blanks. */
#include <string.h>

#include "base/text.h"
#include "source/pprof/grammar.h"

/* "3 @ 0x43c9d6 0x4486bb": the number of goroutines with one stack. */
static bool take_count(struct pprof_grammar *grammar, const char *line, size_t length)
{
	uint64_t count = 0;
	size_t at = 0;

	while (at < length && byte_is_digit(line[at]) && at < 18)
		count = count * 10 + (uint64_t)(line[at++] - '0');
	if (at == 0 || length - at < 2 || memcmp(line + at, " @", 2) != 0)
		return false;
	pprof_end_group(grammar);
	grammar->in_group = true;
	grammar->group_count = count;
	grammar->group_labels = NULL;
	grammar->nr_group_labels = 0;
	grammar->nr_frames = 0;
	grammar->part = PPROF_IGNORED;
	return true;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && byte_is_blank(*at))
		at++;
	return at;
}

/* The end of the column: a tab, or a blank in a text without tabs. */
static const char *column_end(const char *at, const char *end, char separator)
{
	const char *stop = memchr(at, separator, (size_t)(end - at));

	return stop ? stop : end;
}

/* "#\t0x43c9d5\tmain.worker+0x55\t\t/src/main.go:12" */
static void take_frame(struct pprof_grammar *grammar, const char *at, const char *end)
{
	char separator = memchr(at, '\t', (size_t)(end - at)) ? '\t' : ' ';
	uint64_t address = pprof_hex(at, end);
	const char *name = skip_blanks(column_end(at, end, separator), end), *stop, *plus;
	struct pprof_place place;
	struct frame *frame;

	if (name == end) {
		frame = pprof_push_frame(grammar, "?", 1);
		if (frame)
			*frame = (struct frame){.address = address};
		return;
	}
	stop = column_end(name, end, separator);
	plus = memrchr(name, '+', (size_t)(stop - name));
	frame = pprof_push_frame(grammar, name,
				 (size_t)((plus && plus > name ? plus : stop) - name));
	if (!frame)
		return;
	frame->address = address;
	at = skip_blanks(stop, end);
	if (at < end && pprof_place(&place, at - 1, (size_t)(end - at) + 1) &&
	    place.file) {
		frame->line = place.line;
		frame->file =
			intern_text(grammar->out.intern, place.file, place.file_bytes);
	}
}

bool pprof_group_take(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const char labels[] = "# labels: {";
	const char *end = line + length, *at;

	line = skip_blanks(line, end);
	length = (size_t)(end - line);
	if (length == 0 || take_count(grammar, line, length))
		return length > 0;
	if (!grammar->in_group || line[0] != '#')
		return false;
	if (length >= sizeof(labels) && memcmp(line, labels, sizeof(labels) - 1) == 0) {
		at = line + sizeof(labels) - 1;
		grammar->group_labels = pprof_labels_parse(at, (size_t)(end - at),
							   &grammar->out.snapshot->arena,
							   &grammar->nr_group_labels);
		return true;
	}
	at = skip_blanks(line + 1, end);
	if (end - at < 3 || at[0] != '0' || at[1] != 'x')
		return false;
	take_frame(grammar, at, end);
	return true;
}
