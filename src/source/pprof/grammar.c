/* SPDX-License-Identifier: MIT */
/* Parses what the runtime prints about goroutines, line by line. Other lines are skipped
 * and end nothing, because loggers write between the lines of a stack. */
#include "source/pprof/grammar.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct pprof_grammar *pprof_grammar_new(const struct pprof_out *out)
{
	struct pprof_grammar *grammar = calloc(1, sizeof(*grammar));

	if (grammar)
		grammar->out = *out;
	return grammar;
}

void pprof_grammar_free(struct pprof_grammar *grammar)
{
	if (!grammar)
		return;
	free(grammar->ids);
	free(grammar);
}

/* The candidate was not a frame but an unrelated line. */
static void drop_weak(struct pprof_grammar *grammar)
{
	grammar->stray |= grammar->weak_bytes > 0;
	grammar->weak_bytes = 0;
}

static bool takes_frames(const struct pprof_grammar *grammar)
{
	return grammar->part != PPROF_CREATOR && grammar->part != PPROF_COMPLETE;
}

static bool take_function(struct pprof_grammar *grammar, const char *line, size_t length,
			  size_t bytes)
{
	struct frame *frame;
	const char *pc;

	drop_weak(grammar);
	if (!takes_frames(grammar))
		return false;
	if (grammar->part == PPROF_IGNORED)
		return true;
	frame = pprof_push_frame(grammar, line, bytes);
	if (!frame)
		return true;
	/* Arguments of ancestors are never printed. */
	if (grammar->part != PPROF_ANCESTOR && length - bytes == 5 &&
	    memcmp(line + bytes, "(...)", 5) == 0)
		frame->inlined = true;
	pc = line[length - 1] == ')' ? NULL : memmem(line, length, "pc=0x", 5);
	if (pc)
		frame->address = pprof_hex(pc + 3, line + length);
	grammar->pending = !pc;
	return true;
}

/* The name of a C function, or arguments that Go would not print. The next line tells
 * whether this is a frame. */
static void take_weak(struct pprof_grammar *grammar, const char *line, size_t length)
{
	drop_weak(grammar);
	if (takes_frames(grammar) && !grammar->pending && !grammar->stray &&
	    length <= PPROF_WEAK_MAX && !memchr(line, '"', length) &&
	    !memchr(line, '\t', length)) {
		memcpy(grammar->weak, line, length);
		grammar->weak_bytes = length;
	}
}

static bool take_creator(struct pprof_grammar *grammar, const char *name, size_t bytes,
			 uint64_t id)
{
	grammar->weak_bytes = 0;
	if (grammar->part != PPROF_STACK && grammar->part != PPROF_ANCESTOR)
		return grammar->part != PPROF_RACE_CREATOR;
	pprof_end_part(grammar);
	grammar->part = PPROF_CREATOR;
	if (id && !grammar->has_ancestors)
		grammar->task.creator_id = id;
	pprof_push_frame(grammar, name, bytes);
	return true;
}

/* A name with blanks is a C++ name, and its place has an address. */
static void confirm_weak(struct pprof_grammar *grammar, const struct pprof_place *place)
{
	static const char created[] = "created by ";
	const char *name = grammar->weak, *open;
	size_t bytes = grammar->weak_bytes;

	grammar->weak_bytes = 0;
	if (pprof_starts(name, bytes, created) && bytes > sizeof(created) &&
	    !memchr(name + sizeof(created), ' ', bytes - sizeof(created))) {
		take_creator(grammar, name + sizeof(created) - 1,
			     bytes - sizeof(created) + 1, 0);
		return;
	}
	if (!place->has_pc) {
		open = name[bytes - 1] == ')' ? memrchr(name, '(', bytes) : NULL;
		bytes = open && open > name ? (size_t)(open - name) : bytes;
		if (memchr(name, ' ', bytes) || memchr(name, '=', bytes) ||
		    name[bytes - 1] == ':') {
			grammar->stray = true;
			return;
		}
	}
	if (grammar->part == PPROF_IGNORED)
		return;
	pprof_push_frame(grammar, name, bytes);
}

/* "[originating from goroutine 7]:" precedes the creator's stack at creation time. The
 * stack of the creator's creator follows in the same way. */
static bool take_origin(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const char word[] = "[originating from goroutine ";

	if (!pprof_starts(line, length, word))
		return false;
	pprof_end_part(grammar);
	if ((grammar->part != PPROF_COMPLETE && grammar->part != PPROF_CREATOR) ||
	    grammar->nr_ancestors == SNAPSHOT_ANCESTORS_MAX) {
		grammar->part = PPROF_IGNORED;
		return true;
	}
	grammar->part = PPROF_ANCESTOR;
	grammar->has_ancestors = true;
	grammar->ancestor_ids[grammar->nr_ancestors] =
		pprof_number(line + sizeof(word) - 1, line + length);
	return true;
}

static void take_place(struct pprof_grammar *grammar, const struct pprof_place *place)
{
	struct frame *frame;

	if (grammar->weak_bytes > 0)
		confirm_weak(grammar, place);
	if (!grammar->pending || grammar->nr_frames == 0)
		return;
	frame = &grammar->frames[grammar->nr_frames - 1];
	if (place->file) {
		frame->file =
			intern_text(grammar->out.intern, place->file, place->file_bytes);
		frame->line = place->line;
	}
	if (place->has_pc)
		frame->address = place->address;
	grammar->pending = false;
	if (grammar->part == PPROF_CREATOR)
		grammar->part = PPROF_COMPLETE;
}

/* Blank lines between the header and the first frame show how many follow every line. */
static bool take_blank(struct pprof_grammar *grammar)
{
	if (!grammar->in_record)
		return grammar->in_group;
	grammar->blanks++;
	if (grammar->part == PPROF_STACK && grammar->nr_frames == 0 &&
	    grammar->weak_bytes == 0 && !grammar->unavailable)
		grammar->spacing = grammar->blanks;
	else if (grammar->blanks > grammar->spacing && !grammar->pending)
		pprof_end_record(grammar);
	else if (grammar->blanks > grammar->spacing)
		drop_weak(grammar);
	return true;
}

static bool take_note(struct pprof_grammar *grammar, const char *line, size_t length)
{
	if (line[0] == 'g' &&
	    pprof_starts(line, length, "goroutine running on other thread")) {
		grammar->unavailable = true;
		return true;
	}
	if (line[0] != '.' || !memmem(line, length, "frames elided", 13))
		return false;
	grammar->cut |= grammar->part == PPROF_STACK || grammar->part == PPROF_ANCESTOR;
	grammar->pending = false;
	return true;
}

static bool take_record_line(struct pprof_grammar *grammar, const char *line,
			     size_t length)
{
	struct pprof_place place;
	const char *name;
	size_t bytes;
	uint64_t id;

	if (line[0] != ' ' && line[0] != '\t') {
		bytes = pprof_function_bytes(line, length);
		if (bytes > 0)
			return take_function(grammar, line, length, bytes);
	}
	if (pprof_place(&place, line, length)) {
		take_place(grammar, &place);
		return true;
	}
	while (length > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	bytes = pprof_function_bytes(line, length);
	if (bytes > 0)
		return take_function(grammar, line, length, bytes);
	if (line[0] == 'c' && pprof_creator(line, length, &name, &bytes, &id))
		return take_creator(grammar, name, bytes, id);
	return line[0] == '[' ? take_origin(grammar, line, length)
			      : take_note(grammar, line, length);
}

/* A line that begins a goroutine, a profile or a report. */
static bool take_beginning(struct pprof_grammar *grammar, const char *line, size_t length)
{
	struct pprof_header header;
	uint64_t total;

	if (line[0] == 'W' || grammar->now.race)
		if (pprof_race_take(grammar, line, length))
			return true;
	if (line[0] != 'g')
		return false;
	if (pprof_header_at(&header, line, length)) {
		pprof_begin_record(grammar, &header);
		return true;
	}
	if (!pprof_starts(line, length, "goroutine") ||
	    !pprof_total(line, length, &total))
		return false;
	pprof_begin_dump(grammar);
	grammar->now.total = total;
	grammar->now.grouped = grammar->now.whole = true;
	return true;
}

bool pprof_grammar_take(struct pprof_grammar *grammar, const char *line, size_t length)
{
	if (length == 0)
		return take_blank(grammar);
	if (grammar->in_record && take_record_line(grammar, line, length)) {
		grammar->blanks = 0;
		return true;
	}
	if (take_beginning(grammar, line, length))
		return true;
	return grammar->now.grouped && pprof_group_take(grammar, line, length);
}

/* Looks for what the runtime prints before its goroutines. */
void pprof_grammar_other(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const struct {
		const char *text;
		bool fatal;
	} markers[] = {
		{"panic: ", true},       {"fatal error: ", true},
		{"SIGQUIT: quit", true}, {"SIGABRT: abort", true},
		{"[signal SIG", true},   {"panic serving ", false},
	};

	if (grammar->in_record)
		take_weak(grammar, line, length);
	grammar->blanks = 0;
	if (length == 5 && memcmp(line, "-----", 5) == 0)
		grammar->same_dump = true; /* GOTRACEBACK=crash: the next thread's part */
	for (size_t i = 0; i < ARRAY_COUNT(markers); i++)
		if (memmem(line, length, markers[i].text, strlen(markers[i].text))) {
			grammar->new_dump = true;
			grammar->fatal |=
				markers[i].fatal && !memmem(line, length, "recover", 7);
		}
}

void pprof_grammar_end(struct pprof_grammar *grammar, bool open_end,
		       struct pprof_found *found)
{
	bool cut =
		grammar->in_record &&
		(grammar->pending || grammar->part == PPROF_CREATOR ||
		 (grammar->part == PPROF_STACK && open_end && grammar->nr_frames == 0));

	pprof_finish_dump(grammar);
	grammar->found.open_end = open_end;
	grammar->found.goroutines = grammar->kept.goroutines;
	grammar->found.no_stack = grammar->kept.no_stack;
	grammar->found.no_frames = grammar->kept.no_frames;
	grammar->found.total = grammar->kept.total;
	grammar->found.grouped = grammar->kept.grouped;
	grammar->found.race = grammar->kept.race;
	grammar->found.cut = cut && grammar->found.dump == grammar->found.dumps;
	*found = grammar->found;
}
