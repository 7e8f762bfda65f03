/* SPDX-License-Identifier: MIT */
/* Every variation of how the runtime prints goroutines, and the rows that it must give.
 * Each text is fed whole and byte by byte, which must make no difference. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "source/pprof/pprof.h"
#include "source/sniff.h"

#define NOW_NS    (1000000 * 1000000000ll)
#define MINUTE_NS (60 * 1000000000ll)

struct reader {
	struct pprof_out out;
	struct pprof_found found;
};

static void read_in_pieces(struct reader *reader, const char *text, size_t length,
			   size_t piece)
{
	struct pprof_text *parser;

	reader->out = (struct pprof_out){intern_new(1 << 20), stack_table_new(1000),
					 snapshot_new(), 0};
	reader->out.snapshot->mono_ns = NOW_NS;
	parser = pprof_text_new(&reader->out);
	assert_non_null(parser);
	for (size_t at = 0; at < length; at += piece) {
		size_t bytes = length - at < piece ? length - at : piece;
		/* A block of its own, so that a byte too far is found. */
		char *copy = malloc(bytes);

		assert_non_null(copy);
		memcpy(copy, text + at, bytes);
		pprof_text_feed(parser, copy, bytes);
		free(copy);
	}
	pprof_text_end(parser, &reader->found);
	pprof_text_free(parser);
}

static void release(struct reader *reader)
{
	snapshot_unref(reader->out.snapshot);
	stack_table_free(reader->out.stacks);
	intern_free(reader->out.intern);
}

/* "main.f /src/main.go:12 < main.main …", innermost first */
static void print_stack(char *out, size_t size, const struct stack *stack)
{
	out[0] = '\0';
	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];
		size_t used = strlen(out);

		snprintf(out + used, size - used, "%s%s%s", i ? " < " : "",
			 frame->function ? frame->function : "-",
			 frame->inlined ? "*" : "");
		used = strlen(out);
		if (frame->file)
			snprintf(out + used, size - used, " %s:%d", frame->file,
				 frame->line);
	}
	if (stack && stack->truncated)
		snprintf(out + strlen(out), size - strlen(out), " ...");
}

static const struct task *only_task(struct reader *reader, const char *text, size_t piece)
{
	read_in_pieces(reader, text, strlen(text), piece);
	assert_int_equal(reader->out.snapshot->nr_tasks, 1);
	assert_false(reader->found.cut);
	return &reader->out.snapshot->tasks[0];
}

static const struct {
	const char *header;
	uint64_t id;
	enum task_state state;
	const char *raw;
	int64_t minutes;
	const char *labels;
} headers[] = {
	{"goroutine 1 [running]:", 1, STATE_RUNNING, "running", 0, ""},
	{"goroutine 2 [runnable]:", 2, STATE_RUNNABLE, "runnable", 0, ""},
	{"goroutine 18446744073709551615 [syscall, 12 minutes]:", 0, STATE_SYSCALL,
	 "syscall", 12, ""},
	{"goroutine 17 [chan receive]:", 17, STATE_CHAN_RECV, "chan receive", 0, ""},
	{"goroutine 17 [chan receive (nil chan), 5 minutes]:", 17, STATE_CHAN_RECV,
	 "chan receive (nil chan)", 5, ""},
	{"goroutine 17 [chan send (scan), 1 minutes, locked to thread]:", 17,
	 STATE_CHAN_SEND, "chan send, locked to thread", 1, ""},
	{"goroutine 17 [chan send (durable), synctest bubble 4]:", 17, STATE_CHAN_SEND,
	 "chan send (durable), synctest bubble 4", 0, ""},
	{"goroutine 17 [chan send (leaked)]:", 17, STATE_CHAN_SEND, "chan send (leaked)",
	 0, ""},
	{"goroutine 9 [select (no cases)]:", 9, STATE_SELECT, "select (no cases)", 0, ""},
	{"goroutine 9 [select, 90 minutes]:", 9, STATE_SELECT, "select", 90, ""},
	{"goroutine 9 [IO wait]:", 9, STATE_POLL, "IO wait", 0, ""},
	{"goroutine 9 [sleep]:", 9, STATE_SLEEP, "sleep", 0, ""},
	{"goroutine 9 [semacquire]:", 9, STATE_SEMAPHORE, "semacquire", 0, ""},
	{"goroutine 9 [sync.Mutex.Lock]:", 9, STATE_MUTEX, "sync.Mutex.Lock", 0, ""},
	{"goroutine 9 [sync.RWMutex.RLock]:", 9, STATE_RWLOCK_READ, "sync.RWMutex.RLock",
	 0, ""},
	{"goroutine 9 [sync.RWMutex.Lock]:", 9, STATE_RWLOCK_WRITE, "sync.RWMutex.Lock",
	 0, ""},
	{"goroutine 9 [sync.Cond.Wait]:", 9, STATE_COND, "sync.Cond.Wait", 0, ""},
	{"goroutine 9 [sync.WaitGroup.Wait]:", 9, STATE_WAITGROUP, "sync.WaitGroup.Wait",
	 0, ""},
	{"goroutine 9 [GC worker (idle)]:", 9, STATE_GC, "GC worker (idle)", 0, ""},
	{"goroutine 9 [quantum wait, 3 minutes]:", 9, STATE_UNKNOWN, "quantum wait", 3,
	 ""},
	{"goroutine 1 gp=0xc000002380 m=0 mp=0x5d7f40 [running]:", 1, STATE_RUNNING,
	 "running", 0, ""},
	{"goroutine 5 gp=0xc000002380 m=nil [select, 2 minutes]:", 5, STATE_SELECT,
	 "select", 2, ""},
	{"goroutine 7 [select] {request: /api, user: \"a, \\\"b\\\"\"}:", 7, STATE_SELECT,
	 "select", 0, "request=/api user=a, \"b\" "},
	{"goroutine 7 [select, labels:{\"k\": \"v]\", \"k2\": \"v2\"}]:", 7, STATE_SELECT,
	 "select", 0, "k=v] k2=v2 "},
	{"goroutine 7 [select, 3 minutes labels:{\"k\": \"a, b]: c\", \"é\": "
	 "\"v\\u00e9\\x01\"}]:",
	 7, STATE_SELECT, "select", 3, "k=a, b]: c é=vé\x01 "},
	{"goroutine 7 [chan send, 4 minutes, locked to thread labels:{k: v}]:", 7,
	 STATE_CHAN_SEND, "chan send, locked to thread", 4, "k=v "},
	{"goroutine 7 [IO wait] labels:{k: v, \"a\\\\\": \"\\t\"}:", 7, STATE_POLL,
	 "IO wait", 0, "k=v a\\=\t "},
};

static void test_headers(void **state)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		for (size_t piece = 1; piece <= 4096; piece += 4095) {
			char text[512], labels[256] = "";
			const struct task *task;
			struct reader reader;

			snprintf(text, sizeof(text),
				 "%s\nmain.f(0x1)\n\t/s/m.go:3 +0x2\n",
				 headers[i].header);
			task = only_task(&reader, text, piece);
			if (headers[i].id)
				assert_int_equal(task->id, headers[i].id);
			assert_int_equal(task->state, headers[i].state);
			assert_string_equal(task->raw, headers[i].raw);
			assert_true(task->since_ns ==
				    (headers[i].minutes
					     ? NOW_NS - headers[i].minutes * MINUTE_NS
					     : 0));
			for (size_t k = 0; k < task->nr_labels; k++)
				snprintf(labels + strlen(labels),
					 sizeof(labels) - strlen(labels), "%s=%s ",
					 task->labels[k].key, task->labels[k].text);
			assert_string_equal(labels, headers[i].labels);
			assert_int_equal(task->kind, TASK_GOROUTINE);
			release(&reader);
		}
	}
}

static const struct {
	const char *body;
	const char *stack, *creator;
	const char *name;
	uint64_t parent;
} bodies[] = {
	{"main.(*T).run(0xc000012340, {0x1, 0x2}, {0x3?, _}, ...)\n\t/s/a b.go:7 +0x1d\n"
	 "main.F[...](...)\n\t/s/g.go:9\n",
	 "main.(*T).run /s/a b.go:7 < main.F[...]* /s/g.go:9", "", "main.F[...]", 0},
	{"main.f()\n\tC:/x y/m.go:693 +0x2\ncreated by main.(*S).Go in goroutine 12\n"
	 "\tC:/x y/s.go:5 +0x8\n",
	 "main.f C:/x y/m.go:693", "main.(*S).Go C:/x y/s.go:5", "main.f", 12},
	{"main.f()\n\t/m.go:1 +0x2 fp=0xc0 sp=0xb0 pc=0x45\n"
	 "created by main.init.0\n\t/m.go:5 +0x8\n",
	 "main.f /m.go:1", "main.init.0 /m.go:5", "main.f", 0},
	{"\tgoroutine running on other thread; stack unavailable\n"
	 "created by main.main in goroutine 1\n\t/m.go:5 +0x8\n",
	 "", "main.main /m.go:5", "", 1},
	{"main.f()\n\t/m.go:1\n...additional frames elided...\n"
	 "created by main.main\n\t/m.go:5\n",
	 "main.f /m.go:1 ...", "main.main /m.go:5", "main.f", 0},
	{"main.f()\n\t/m.go:1\n...23 frames elided...\nmain.g()\n\t/m.go:2\n",
	 "main.f /m.go:1 < main.g /m.go:2 ...", "", "main.g", 0},
	{"main.f()\n\t/m.go:1\ncreated by main.g\n\t/m.go:5\n"
	 "[originating from goroutine 8]:\nmain.g(...)\n\t/m.go:5\nmain.h()\n\t/m.go:6\n"
	 "created by main.main\n\t/m.go:9\n[originating from goroutine 1]:\n"
	 "main.main()\n\t/m.go:9\n",
	 "main.f /m.go:1", "main.g /m.go:5 < main.h /m.go:6", "main.f", 8},
	{"non-Go function at pc=0x7f01\nmyc_wait\n\t/c/w.c:4 pc=0x7f02\n"
	 "main._Cfunc_wait()\n\t_cgo_gotypes.go:40 +0x45\n",
	 "non-Go function < myc_wait /c/w.c:4 < main._Cfunc_wait _cgo_gotypes.go:40", "",
	 "main._Cfunc_wait", 0},
	{"main.f()\n\t??:0 +0x1\nmain.(*T).m()\n\t<autogenerated>:1 +0x5\n"
	 "runtime.goexit({})\n\t/go/asm.s:1 +0x1\n",
	 "main.f ??:0 < main.(*T).m <autogenerated>:1 < runtime.goexit /go/asm.s:1", "",
	 "main.(*T).m", 0},
	{"panic({0x4a, 0x4b})\n    /go/panic.go:884 +0x212\nmain.f()\n  /m.go:1\n",
	 "panic /go/panic.go:884 < main.f /m.go:1", "", "main.f", 0},
	{"main.f()\r\n\t/m.go:1 +0x2\r\ncreated by main.g in goroutine "
	 "3\r\n\t/m.go:5\r\n",
	 "main.f /m.go:1", "main.g /m.go:5", "main.f", 3},
	{"main.f()\n\t/m.go:1 +0x2\n\nrax 0x1\nrbx 0x2\nexit status 2\n",
	 "main.f /m.go:1", "", "main.f", 0},
	{"main.f()\n\t/m.go:1 +0x2\nexit status 2\n", "main.f /m.go:1", "", "main.f", 0},
	{"main.f()\n\t/m.go:1 +0x2", "main.f /m.go:1", "", "main.f", 0},
	/* The go statement is where "created by" says; the ancestor's frame is behind it. */
	{"main.f()\n\t/m.go:1\ncreated by main.g\n\t/m.go:5\n"
	 "[originating from goroutine 8]:\nmain.g(...)\n\t/m.go:6\nmain.h()\n\t/m.go:9\n",
	 "main.f /m.go:1", "main.g /m.go:5 < main.h /m.go:9", "main.f", 8},
	{"main.f()\n\t/m.go:1\ncreated by main.g.func1\n\t/m.go:5\n"
	 "[originating from goroutine 8]:\nmain.h()\n\t/m.go:9\n",
	 "main.f /m.go:1", "main.g.func1 /m.go:5 < main.h /m.go:9", "main.f", 8},
	/* Lines of others between those of a stack end nothing. */
	{"main.f()\n2030/01/02 GET /x:80\n\t/m.go:1 +0x2\nI am a log: f(x) at a.c:9\n"
	 "main.g()\n\n\t/m.go:2\nOK\ncreated by 3 people\ncreated by main.h\n\t/m.go:3\n",
	 "main.f /m.go:1 < main.g /m.go:2", "main.h /m.go:3", "main.g", 0},
	/* What follows is not a frame. */
	{"main.f()\n\t/m.go:1 +0x2\nFAIL\tshop\t0.007s\n", "main.f /m.go:1", "", "main.f",
	 0},
	{"main.f()\n\t/m.go:1 +0x2\n```\n", "main.f /m.go:1", "", "main.f", 0},
	{"main.f()\n\t/m.go:1 +0x2\nKilled\n", "main.f /m.go:1", "", "main.f", 0},
	{"main.f()\n\t/m.go:1 +0x2\nerror: closed (idle)\nmain.lost\n\t/m.go:7\n",
	 "main.f /m.go:1", "", "main.f", 0},
	/* Symbols of C++ have an address at their place. */
	{"ns::wait(int, char const*)\n\t/c/w.cc:4 pc=0x7f02\nmain.f()\n\t/m.go:1 +0x2\n",
	 "ns::wait(int, char const*) /c/w.cc:4 < main.f /m.go:1", "", "main.f", 0},
	{"main.f()\n\t/m.go:1 +0x2\ncreated by main\n\t/m.go:5\n", "main.f /m.go:1",
	 "main /m.go:5", "main.f", 0},
};

static void test_bodies(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		for (size_t piece = 1; piece <= 4096; piece += 4095) {
			char text[1024], stack[512];
			const struct task *task;
			struct reader reader;

			snprintf(text, sizeof(text), "goroutine 4 [select]:\n%s",
				 bodies[i].body);
			task = only_task(&reader, text, piece);
			print_stack(stack, sizeof(stack), task->stack);
			assert_string_equal(stack, bodies[i].stack);
			print_stack(stack, sizeof(stack), task->created_by);
			assert_string_equal(stack, bodies[i].creator);
			assert_string_equal(task->name, bodies[i].name);
			assert_int_equal(task->creator_id, bodies[i].parent);
			release(&reader);
		}
	}
}

static const struct {
	const char *body, *ancestors;
} families[] = {
	/* The go statement of each is in the line that the next "created by" gives. */
	{"created by main.g in goroutine 8\n\t/m.go:5\n"
	 "[originating from goroutine "
	 "8]:\nmain.g(...)\n\t/m.go:6\nmain.h(...)\n\t/m.go:9\n"
	 "created by main.i\n\t/m.go:20\n[originating from goroutine 7]:\n"
	 "main.i(...)\n\t/m.go:22\n...additional frames elided...\n"
	 "created by main.main\n\t/m.go:40\n[originating from goroutine 1]:\n"
	 "main.main(...)\n\t/m.go:41\n",
	 "8: main.g /m.go:5 < main.h /m.go:9; 7: main.i /m.go:20 ...; 1: main.main "
	 "/m.go:40; "},
	/* The runtime has kept no more: the last one's own id is unknown. */
	{"created by main.g\n\t/m.go:5\n[originating from goroutine 8]:\n"
	 "main.g(...)\n\t/m.go:6\ncreated by main.i\n\t/m.go:20\n",
	 "8: main.g /m.go:5; 0: main.i /m.go:20; "},
	{"created by main.g\n\t/m.go:5\n[originating from goroutine 8]:\n"
	 "[originating from goroutine 9]:\nmain.k(...)\n\t/m.go:6\n"
	 "created by main.l\n\t/m.go:7\n",
	 ""},
	{"created by main.g in goroutine 8\n\t/m.go:5\n", ""},
	{"[originating from goroutine 8]:\nmain.k(...)\n\t/m.go:6\n", ""},
};

static void test_ancestors(void **state)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		for (size_t piece = 1; piece <= 4096; piece += 4095) {
			char text[1024], stack[512], all[1024] = "";
			const struct task *task;
			struct reader reader;

			snprintf(text, sizeof(text),
				 "goroutine 9 [select]:\nmain.f()\n\t/m.go:1\n%s",
				 families[i].body);
			task = only_task(&reader, text, piece);
			for (size_t k = 0; task_more(task)->ancestry &&
					   k < task_more(task)->ancestry->nr;
			     k++) {
				print_stack(stack, sizeof(stack),
					    task_more(task)->ancestry->stacks[k]);
				snprintf(all + strlen(all), sizeof(all) - strlen(all),
					 "%d: %s; ",
					 (int)task_more(task)->ancestor_ids[k], stack);
			}
			assert_string_equal(all, families[i].ancestors);
			if (task_more(task)->ancestry)
				assert_ptr_equal(task->created_by,
						 task_more(task)->ancestry->stacks[0]);
			release(&reader);
		}
	}
}

/* However many a text has, the number kept is bounded. */
static void test_many_ancestors(void **state)
{
	struct reader reader;
	struct buf text;

	buf_init(&text, 0);
	buf_puts(&text, "goroutine 900 [select]:\nmain.f()\n\t/m.go:1\n");
	for (int i = 899; i > 0; i--)
		buf_printf(&text,
			   "created by main.g\n\t/m.go:5\n[originating from goroutine "
			   "%d]:\nmain.g(...)\n\t/m.go:6\n",
			   i);
	const struct task *task = only_task(&reader, text.bytes, 4096);

	assert_non_null(task_more(task)->ancestry);
	assert_int_equal(task_more(task)->ancestry->nr, SNAPSHOT_ANCESTORS_MAX);
	assert_int_equal(task->creator_id, 899);
	assert_int_equal(task_more(task)->ancestor_ids[SNAPSHOT_ANCESTORS_MAX - 1],
			 900 - SNAPSHOT_ANCESTORS_MAX);
	assert_int_equal(task->created_by->frames[0].line, 5);
	release(&reader);
	buf_release(&text);
}

#define ONE "goroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x2\n\n"
#define TWO "goroutine 2 [select]:\nmain.f()\n\t/m.go:2 +0x2\n\n"
#define SIX "goroutine 6 [sleep]:\nmain.g()\n\t/m.go:6 +0x2\n\n"

static const struct {
	const char *text;
	size_t dumps;
	const char *ids;
	bool cut;
} texts[] = {
	{ONE TWO, 1, "1 2 ", false},
	{"panic: boom\n\n" ONE TWO, 1, "1 2 ", false},
	{ONE TWO ONE SIX, 2, "1 6 ", false},
	/* A panic that was recovered, and later a dump that nothing announces. */
	{"goroutine 2 [running]:\nmain.f()\n\t/m.go:2 +0x2\n\nlog\n" ONE TWO SIX, 2,
	 "1 2 6 ", false},
	{"SIGQUIT: quit\nPC=0x46\n\n" ONE TWO "log\nSIGQUIT: quit\n\n" SIX, 2, "6 ",
	 false},
	{"SIGQUIT: quit\n\n" ONE TWO "-----\n\nSIGQUIT: quit\nPC=0x1\n\n" SIX, 1,
	 "1 2 6 ", false},
	{"2026/11/21 http: panic serving 127.0.0.1:1: x\ngoroutine 34 [running]:\n"
	 "main.h()\n\t/m.go:9 +0x1\n2026/11/21 next line (of a log)\n",
	 1, "34 ", false},
	{"2026-11-21T10:00:00.5Z stderr F panic: x\n2026-11-21T10:00:00.51Z stderr F \n"
	 "2026-11-21T10:00:00.512Z stderr F goroutine 1 [running]:\n"
	 "2026-11-21T10:00:00.5Z stderr F main.main()\n"
	 "2026-11-21T10:00:00.51Z stderr F \t/m.go:1 +0x2\n"
	 "2026-11-21T10:00:00.51Z stderr F \n"
	 "2026-11-21T10:00:00.51Z stderr F goroutine 2 [select]:\n"
	 "2026-11-21T10:00:00.51Z stderr F main.f()\n"
	 "2026-11-21T10:00:00.51Z stderr F \t/m.go:2 +0x2\n",
	 1, "1 2 ", false},
	{"    goroutine 1 [running]:\n    main.main()\n    \t/m.go:1 +0x2\n", 1, "1 ",
	 false},
	{ONE "goroutine 2 [select]:\nmain.f()\n", 1, "1 2 ", true},
	{ONE "goroutine 2 [select]:\nmain.f()\n\t/m.go:2\ncreated by main.ma", 1, "1 2 ",
	 true},
	{ONE "goroutine 2 [sel", 1, "1 ", false},
	{"a goroutine 5 is a nice thing\ngoroutine [x]:\ngoroutine 3 [\n", 0, "", false},
	{"", 0, "", false},
};

static void test_texts(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t piece = 1; piece <= 4096; piece += 4095) {
			struct reader reader;
			char ids[128] = "";
			size_t nr;

			read_in_pieces(&reader, texts[i].text, strlen(texts[i].text),
				       piece);
			nr = reader.out.snapshot->nr_tasks;
			for (size_t k = 0; k < nr; k++) {
				const struct task *task = &reader.out.snapshot->tasks[k];

				snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids),
					 "%d ", (int)task->id);
				/* Prefixes are not part of names. */
				if (!reader.found.cut)
					assert_int_equal(task->stack->nr_frames, 1);
			}
			assert_string_equal(ids, texts[i].ids);
			assert_int_equal(reader.found.dumps, texts[i].dumps);
			assert_int_equal(reader.found.cut, texts[i].cut);
			assert_int_equal(reader.found.goroutines, nr);
			release(&reader);
		}
	}
}

static void test_groups(void **state)
{
	static const char text[] =
		"goroutine profile: total 1003\n1000 @ 0x43c9d6 0x4486bb\n"
		"# labels: {\"request\":\"/api\"}\n#\t0x43c9d5\tmain.worker+0x55\t\t"
		"/src/main.go:12\n#\t0x4486ba\tmain.main.func1+0x1a\t/src/main.go:30\n\n"
		"3 @ 0x401000\n#\t0x401000\n\n";
	const struct task *tasks;
	struct reader reader;
	char stack[256];

	read_in_pieces(&reader, text, sizeof(text) - 1, 7);
	assert_true(reader.found.grouped);
	assert_int_equal(reader.found.total, 1003);
	assert_int_equal(reader.found.goroutines, 1003);
	assert_int_equal(reader.out.snapshot->nr_tasks, 2);
	tasks = reader.out.snapshot->tasks;
	assert_string_equal(tasks[0].name, "1000 x main.main.func1");
	assert_int_equal(tasks[0].nr_labels, 2);
	assert_string_equal(tasks[0].labels[0].text, "1000");
	assert_string_equal(tasks[0].labels[1].key, "request");
	assert_string_equal(tasks[0].labels[1].text, "/api");
	print_stack(stack, sizeof(stack), tasks[0].stack);
	assert_string_equal(stack, "main.worker /src/main.go:12 < main.main.func1 "
				   "/src/main.go:30");
	assert_int_equal(tasks[1].stack->frames[0].address, 0x401000);
	release(&reader);
}

/* A line of 3 MB and a stack deeper than is kept cost no more than their limits. */
static void test_bounds(void **state)
{
	static char text[(3u << 20) + 65536];
	size_t length = 3u << 20, at;
	struct reader reader;

	at = (size_t)sprintf(text, "goroutine 1 [running]:\n");
	memset(text + at, 'x', length);
	at += length;
	at += (size_t)sprintf(text + at, "\n\n" TWO "goroutine 3 [select]:\n");
	for (int i = 0; i < 500; i++)
		at += (size_t)sprintf(text + at, "main.f%d()\n\t/m.go:%d\n", i, i);
	read_in_pieces(&reader, text, at, 4096);
	assert_int_equal(reader.out.snapshot->nr_tasks, 3);
	assert_string_equal(reader.out.snapshot->tasks[1].name, "main.f");
	assert_int_equal(reader.out.snapshot->tasks[2].stack->nr_frames,
			 SNAPSHOT_FRAMES_MAX);
	assert_true(reader.out.snapshot->tasks[2].stack->truncated);
	release(&reader);
}

static void test_sniff(void **state)
{
	static const struct {
		const char *text;
		enum sniff sniff;
	} known[] = {
		{"{\"grmon\": 1,", SNIFF_GRMON},
		{" {\n \"grmon\":1", SNIFF_GRMON},
		{"{\"other\": \"goroutine\"}", SNIFF_UNKNOWN},
		{ONE, SNIFF_GOROUTINES},
		{"log\n2026 web goroutine 1 gp=0xc0 m=0 [idle]:\n", SNIFF_GOROUTINES},
		{"goroutine profile: total 3\n", SNIFF_GOROUTINES},
		{"\x1f\x8b\x08 goroutine 1 [", SNIFF_PROFILE},
		{"\x5a\x04\x08\x01\x10\x02", SNIFF_PROFILE},
		{"a goroutine is", SNIFF_UNKNOWN},
		{"", SNIFF_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(source_sniff(known[i].text, strlen(known[i].text)),
				 known[i].sniff);
	/* A Go program has these words without being one of these. */
	assert_int_equal(source_sniff("\x7f"
				      "ELF\0 goroutine 1 [running]",
				      28),
			 SNIFF_UNKNOWN);
}

/* The longest line, after as many bytes as are held before a header, has room too: the
 * goroutines after it are found. */
static void test_longest_line(void **state)
{
	static const char goroutine[] = "\nlog: " ONE;
	const size_t held = 256u << 10, line = 96u << 20;
	char *text = malloc(held + line + sizeof(goroutine));
	struct reader reader;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', held + line);
	for (size_t i = 1023; i < held; i += 1024)
		text[i] = '\n';
	memcpy(text + held + line, goroutine, sizeof(goroutine));
	read_in_pieces(&reader, text, held + line + sizeof(goroutine) - 1, 1u << 20);
	assert_int_equal(reader.out.snapshot->nr_tasks, 1);
	release(&reader);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_many_ancestors),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_sniff),
		cmocka_unit_test(test_longest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
