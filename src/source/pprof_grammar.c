/* SPDX-License-Identifier: MIT */
/* What the runtime prints of its goroutines, line by line. What is no part of it is skipped
 * and ends nothing: logs write between the lines of a stack. */
#include "source/pprof_grammar.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "source/go_wait.h"

#define IDS_FIRST 64u

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

static bool starts(const char *line, size_t length, const char *word)
{
	size_t bytes = strlen(word);

	return length >= bytes && memcmp(line, word, bytes) == 0;
}

static void ids_clear(struct pprof_grammar *grammar)
{
	/* A large table would cost each of many small dumps as much as its own. */
	if (grammar->nr_ids < grammar->cap_ids / 16) {
		free(grammar->ids);
		grammar->ids = NULL;
		grammar->cap_ids = 0;
	} else if (grammar->nr_ids > 0) {
		memset(grammar->ids, 0, grammar->cap_ids * sizeof(*grammar->ids));
	}
	grammar->nr_ids = 0;
}

static void ids_put(uint64_t *ids, size_t capacity, uint64_t id)
{
	size_t at = hash_mix(id, 0) & (capacity - 1);

	while (ids[at])
		at = (at + 1) & (capacity - 1);
	ids[at] = id;
}

/* Was it there already? Without memory: no. Goroutine 0 is there once for each thread. */
static bool ids_add(struct pprof_grammar *grammar, uint64_t id)
{
	if (id == 0 || grammar->nr_ids >= PPROF_TASKS_MAX)
		return false;
	for (size_t at = hash_mix(id, 0); grammar->cap_ids; at++) {
		uint64_t have = grammar->ids[at & (grammar->cap_ids - 1)];

		if (have == id)
			return true;
		if (have == 0)
			break;
	}
	if (grammar->nr_ids >= grammar->cap_ids / 2) {
		size_t capacity = grammar->cap_ids ? grammar->cap_ids * 2 : IDS_FIRST;
		uint64_t *ids = calloc(capacity, sizeof(*ids));

		if (!ids)
			return false;
		for (size_t i = 0; i < grammar->cap_ids; i++)
			if (grammar->ids[i])
				ids_put(ids, capacity, grammar->ids[i]);
		free(grammar->ids);
		grammar->ids = ids;
		grammar->cap_ids = capacity;
	}
	ids_put(grammar->ids, grammar->cap_ids, id);
	grammar->nr_ids++;
	return false;
}

const struct stack *pprof_take_stack(struct pprof_grammar *grammar)
{
	const struct stack *stack = stack_intern(grammar->out.stacks, grammar->frames,
						 grammar->nr_frames, grammar->cut);

	if (!stack && grammar->nr_frames > 0)
		grammar->now.no_stack++;
	grammar->nr_frames = 0;
	grammar->cut = grammar->pending = false;
	return stack;
}

/* The frames of the goroutine that ran the go statement. The runtime names the line behind
 * that statement here, and the statement itself in "created by". */
static void take_ancestor(struct pprof_grammar *grammar)
{
	struct frame *first = &grammar->frames[0];

	if (first->function == grammar->creator.function) {
		first->file = grammar->creator.file;
		first->line = grammar->creator.line;
	} else if (grammar->creator.function) {
		if (grammar->nr_frames == SNAPSHOT_FRAMES_MAX) {
			grammar->nr_frames--;
			grammar->cut = true;
		}
		memmove(first + 1, first, grammar->nr_frames * sizeof(*first));
		*first = grammar->creator;
		grammar->nr_frames++;
	}
	grammar->task.created_by = pprof_take_stack(grammar);
}

/* Older runtimes call every lock a semaphore; the stack tells which. */
static void set_state(struct task *task)
{
	enum task_state before = task->state;

	task->state = go_stack_state(task->stack, before);
	if (task->state != before && task->waits.kind &&
	    strcmp(task->waits.kind, state_info(before)->name) == 0)
		task->waits.kind = task->waits.text = state_info(task->state)->name;
}

/* The frames read so far belong to the part that ends. */
static void end_part(struct pprof_grammar *grammar)
{
	switch (grammar->part) {
	case PPROF_STACK:
		grammar->task.stack = pprof_take_stack(grammar);
		set_state(&grammar->task);
		if (grammar->outermost)
			grammar->task.name = grammar->outermost;
		break;
	case PPROF_CREATOR:
	case PPROF_COMPLETE:
		if (grammar->nr_frames > 0) {
			grammar->creator = grammar->frames[0];
			grammar->task.created_by = pprof_take_stack(grammar);
		}
		break;
	case PPROF_ANCESTOR:
		if (grammar->nr_frames > 0)
			take_ancestor(grammar);
		break;
	case PPROF_RACE_CREATOR:
		pprof_race_end_part(grammar);
		break;
	case PPROF_IGNORED:
		break;
	}
	grammar->nr_frames = 0;
	grammar->weak_bytes = 0;
	grammar->cut = grammar->pending = false;
}

void pprof_end_record(struct pprof_grammar *grammar)
{
	bool is_row = grammar->part != PPROF_RACE_CREATOR;
	struct task *task;

	if (!grammar->in_record)
		return;
	end_part(grammar);
	grammar->in_record = false;
	if (!is_row)
		return;
	grammar->now.goroutines++;
	if (!grammar->task.stack && !grammar->unavailable)
		grammar->now.no_frames++;
	if (grammar->out.snapshot->nr_tasks - grammar->base >= PPROF_TASKS_MAX)
		return;
	task = snapshot_add(grammar->out.snapshot);
	if (task)
		*task = grammar->task;
}

void pprof_end_group(struct pprof_grammar *grammar)
{
	if (!grammar->in_group)
		return;
	grammar->in_group = false;
	if (grammar->out.snapshot->nr_tasks - grammar->base < PPROF_TASKS_MAX &&
	    pprof_add_group(&grammar->out, grammar->frames, grammar->nr_frames,
			    grammar->group_count, grammar->group_labels,
			    grammar->nr_group_labels))
		grammar->now.goroutines += grammar->group_count;
	grammar->nr_frames = 0;
}

/* Rows of the dump that ends take the place of those kept so far, or go. Of a log with
 * panics that somebody has recovered, the last whole dump is what people look for. */
static void finish_dump(struct pprof_grammar *grammar)
{
	struct snapshot *snapshot = grammar->out.snapshot;
	size_t rows, number;

	pprof_end_record(grammar);
	pprof_end_group(grammar);
	rows = snapshot->nr_tasks - grammar->base;
	if (grammar->now.goroutines == 0 && rows == 0)
		return;
	number = ++grammar->found.dumps;
	if (number <= PPROF_SIZES_MAX)
		grammar->found.sizes[number - 1] = grammar->now.goroutines;
	grammar->now.whole |= grammar->now.goroutines > 1;
	if (grammar->out.dump ? grammar->out.dump == number
			      : grammar->now.whole || !grammar->kept.whole) {
		if (rows > 0 && grammar->base > 0)
			memmove(snapshot->tasks, snapshot->tasks + grammar->base,
				rows * sizeof(*snapshot->tasks));
		grammar->kept = grammar->now;
		grammar->found.dump = number;
		grammar->base = rows;
	}
	snapshot->nr_tasks = grammar->base;
}

void pprof_begin_dump(struct pprof_grammar *grammar)
{
	finish_dump(grammar);
	grammar->now = (struct pprof_dump){.whole = grammar->fatal};
	grammar->boundary = 0;
	grammar->new_dump = grammar->same_dump = grammar->fatal = false;
	ids_clear(grammar);
}

void pprof_open_record(struct pprof_grammar *grammar, uint64_t id)
{
	memset(&grammar->task, 0, sizeof(grammar->task));
	grammar->task.id = id;
	grammar->task.serial = id ? 0 : grammar->now.goroutines;
	grammar->task.name = "";
	grammar->task.cpu_percent = -1;
	grammar->task.waits.fd = -1;
	grammar->in_record = true;
	grammar->part = PPROF_STACK;
	grammar->nr_frames = 0;
	grammar->cut = grammar->pending = grammar->unavailable = grammar->stray = false;
	grammar->blanks = grammar->spacing = 0;
	grammar->weak_bytes = 0;
	grammar->outermost = NULL;
	grammar->creator = (struct frame){.function = NULL};
}

/* A goroutine is there again: if another dump has begun since it was there before, where one
 * runs that printed it, what came before that is a dump of its own. False: there was none. */
static bool split_dump(struct pprof_grammar *grammar, uint64_t id)
{
	struct snapshot *snapshot = grammar->out.snapshot;
	size_t first = grammar->base + grammar->boundary;
	size_t rows = snapshot->nr_tasks - first;
	struct pprof_dump now = grammar->now, before = grammar->before_boundary;
	struct task *tail;

	if (grammar->boundary == 0 || rows == 0)
		return false;
	for (size_t i = 0; i < rows; i++)
		if (snapshot->tasks[first + i].id == id)
			return false;
	tail = malloc(rows * sizeof(*tail));
	if (!tail)
		return false;
	memcpy(tail, snapshot->tasks + first, rows * sizeof(*tail));
	snapshot->nr_tasks = first;
	grammar->now = before;
	pprof_begin_dump(grammar);
	grammar->now.goroutines = now.goroutines - before.goroutines;
	grammar->now.no_stack = now.no_stack - before.no_stack;
	grammar->now.no_frames = now.no_frames - before.no_frames;
	for (size_t i = 0; i < rows; i++) {
		struct task *task = snapshot_add(snapshot);

		if (task)
			*task = tail[i];
		ids_add(grammar, tail[i].id);
	}
	free(tail);
	ids_add(grammar, id);
	return true;
}

static void begin_record(struct pprof_grammar *grammar, const struct pprof_header *header)
{
	bool again, other;

	pprof_end_record(grammar);
	other = grammar->now.grouped || grammar->now.race;
	again = !other && ids_add(grammar, header->id);
	if (again && !grammar->new_dump && !grammar->same_dump &&
	    split_dump(grammar, header->id)) {
		/* it is of the second one */
	} else if (other || ((again || grammar->new_dump) && !grammar->same_dump)) {
		pprof_begin_dump(grammar);
		ids_add(grammar, header->id);
	} else if (grammar->now.goroutines == 0) {
		grammar->now.whole |= grammar->fatal;
	}
	grammar->new_dump = grammar->same_dump = grammar->fatal = false;
	pprof_open_record(grammar, header->id);
	pprof_header_to_task(header, &grammar->out, &grammar->task);
	if (grammar->task.state == STATE_RUNNING) {
		grammar->boundary = grammar->out.snapshot->nr_tasks - grammar->base;
		grammar->before_boundary = grammar->now;
	}
}

struct frame *pprof_push_frame(struct pprof_grammar *grammar, const char *name,
			       size_t bytes)
{
	const char *function = intern_text(grammar->out.intern, name, bytes);
	struct frame *frame = NULL;

	if (grammar->part == PPROF_STACK &&
	    (!grammar->outermost || !pprof_is_start(function)))
		grammar->outermost = function;
	if (grammar->nr_frames < SNAPSHOT_FRAMES_MAX) {
		frame = &grammar->frames[grammar->nr_frames++];
		*frame = (struct frame){.function = function};
	} else {
		grammar->cut = true;
	}
	grammar->pending = frame != NULL;
	return frame;
}

/* It was no frame, but a line of somebody else. */
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
	if (length - bytes == 5 && memcmp(line + bytes, "(...)", 5) == 0)
		frame->inlined = true;
	pc = line[length - 1] == ')' ? NULL : memmem(line, length, "pc=0x", 5);
	if (pc)
		frame->address = pprof_hex(pc + 3, line + length);
	grammar->pending = !pc;
	return true;
}

/* The name of a function of C, or arguments that Go would not print: what comes next tells
 * whether it is a frame. */
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
	if (grammar->part == PPROF_ANCESTOR || grammar->part == PPROF_IGNORED) {
		end_part(grammar);
		grammar->part = PPROF_IGNORED;
		return true;
	}
	if (grammar->part != PPROF_STACK)
		return grammar->part != PPROF_RACE_CREATOR;
	end_part(grammar);
	grammar->part = PPROF_CREATOR;
	if (id)
		grammar->task.creator_id = id;
	pprof_push_frame(grammar, name, bytes);
	return true;
}

/* A name in blanks is one of C++, whose places have an address. */
static void confirm_weak(struct pprof_grammar *grammar, const struct pprof_place *place)
{
	static const char created[] = "created by ";
	const char *name = grammar->weak, *open;
	size_t bytes = grammar->weak_bytes;

	grammar->weak_bytes = 0;
	if (starts(name, bytes, created) && bytes > sizeof(created) &&
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

/* "[originating from goroutine 7]:": what follows is the creator's stack at that time. */
static bool take_origin(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const char word[] = "[originating from goroutine ";

	if (!starts(line, length, word))
		return false;
	end_part(grammar);
	if (grammar->part != PPROF_COMPLETE && grammar->part != PPROF_CREATOR) {
		grammar->part = PPROF_IGNORED;
		return true;
	}
	grammar->part = PPROF_ANCESTOR;
	grammar->task.creator_id = pprof_number(line + sizeof(word) - 1, line + length);
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

/* Nothing after the header yet: blank lines there stand behind every line of this text. */
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
	if (line[0] == 'g' && starts(line, length, "goroutine running on other thread")) {
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

/* What begins a goroutine, a profile or a report. */
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
		begin_record(grammar, &header);
		return true;
	}
	if (!starts(line, length, "goroutine") || !pprof_total(line, length, &total))
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

/* What the runtime says before it prints its goroutines. */
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
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
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

	finish_dump(grammar);
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
