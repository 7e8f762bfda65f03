/* SPDX-License-Identifier: MIT */
/* core/snapshot, core/stack, core/frame: bounds, counts, sharing, the frame that matters. */
#include "unit.h"

#include <pthread.h>

#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

static void a_task_begins_empty(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct task *task;

	assert_string_equal(snapshot->target.name, "");
	assert_int_equal(snapshot->resources.fds, -1);
	for (int i = 0; i < 1000; i++) {
		task = snapshot_add(snapshot);
		assert_string_equal(task->name, "");
		assert_true(task->cpu_percent < 0);
		assert_int_equal(task->waits.fd, -1);
		assert_int_equal(task->flags, 0);
		assert_null(task->stack);
		memset(task, 0x5a, sizeof(*task));
	}
	assert_int_equal(snapshot->nr_tasks, 1000);
	assert_int_equal(snapshot->tasks[0].kind, 0x5a);
	snapshot_unref(snapshot);
	snapshot_unref(NULL);
}

static void tasks_are_bounded(void **state)
{
	struct snapshot *snapshot = snapshot_new();

	assert_non_null(snapshot_add(snapshot));
	/* As if it were full: no memory is touched to find that out. */
	snapshot->nr_tasks = snapshot->cap_tasks = SNAPSHOT_TASKS_MAX;
	assert_null(snapshot_add(snapshot));
	snapshot->nr_tasks = snapshot->cap_tasks = 0;
	snapshot_unref(snapshot);
}

static void *hold_and_drop(void *arg)
{
	for (int i = 0; i < 100000; i++)
		snapshot_unref(snapshot_ref(arg));
	snapshot_unref(arg);
	return NULL;
}

static void references_are_counted_by_all_threads(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, hold_and_drop, snapshot_ref(snapshot));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(snapshot->refs, 1);
	snapshot_unref(snapshot);
}

static void notes_are_kept_once(void **state)
{
	struct snapshot *snapshot = snapshot_new();

	for (int i = 0; i < 40; i++) {
		snapshot_note(snapshot, "note %d", i);
		snapshot_note(snapshot, "note %d", i);
	}
	assert_int_equal(snapshot->nr_notes, 16);
	assert_string_equal(snapshot->notes[0], "note 0");
	assert_string_equal(snapshot->notes[15], "note 15");
	snapshot_unref(snapshot);
}

static void counts(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	static const enum task_state states[] = {STATE_MUTEX, STATE_MUTEX, STATE_COND,
						 STATE_POLL, (enum task_state)4711};

	for (size_t i = 0; i < COUNT(states); i++) {
		struct task *task = snapshot_add(snapshot);

		task->state = states[i];
		if (i < 2)
			task->flags = TASK_STUCK;
	}
	snapshot_count(snapshot);
	snapshot_count(snapshot);
	assert_int_equal(snapshot->counts.tasks, 5);
	assert_int_equal(snapshot->counts.stuck, 2);
	assert_int_equal(snapshot->counts.by_state[STATE_MUTEX], 2);
	assert_int_equal(snapshot->counts.by_state[STATE_UNKNOWN], 1);
	assert_int_equal(snapshot->counts.by_class[CLASS_LOCK], 3);
	assert_int_equal(snapshot->counts.by_class[CLASS_IO], 1);
	assert_int_equal(snapshot->counts.by_class[CLASS_OTHER], 1);
	assert_int_equal(snapshot->counts.stuck_by_class[CLASS_LOCK], 2);
	snapshot_unref(snapshot);
}

static void ids(void **state)
{
	char out[TASK_ID_MAX];
	struct task task = {.kind = TASK_THREAD, .id = 4711};

	assert_string_equal(task_format_id(&task, out), "t4711");
	task.kind = TASK_GOROUTINE;
	task.id = 0;
	assert_string_equal(task_format_id(&task, out), "g0");
	task.kind = TASK_COROUTINE;
	task.id = UINT64_MAX;
	assert_string_equal(task_format_id(&task, out), "c18446744073709551615");
	task.kind = (enum task_kind)77;
	task.id = 1;
	assert_string_equal(task_format_id(&task, out), "?1");
}

static void others_have_ids(void **state)
{
	struct task task = {.kind = TASK_GOROUTINE};
	char out[TASK_ID_MAX];

	assert_null(task_format_parent(&task, out));
	task.creator_id = 18446744073709551615u;
	assert_string_equal(task_format_parent(&task, out), "g18446744073709551615");
	task.kind = TASK_THREAD;
	task.creator_id = 47;
	assert_string_equal(task_format_parent(&task, out), "t47");
	task.kind = TASK_COROUTINE;
	assert_string_equal(task_format_parent(&task, out), "t47");
	assert_null(task_format_owner(&task, out));
	task.waits.owner_tid = 12;
	assert_string_equal(task_format_owner(&task, out), "t12");
	task.waits.more = &(const struct wait_more){.owner_goid = 8};
	assert_string_equal(task_format_owner(&task, out), "g8");
}

/* Goroutines of two processes may have the same number, threads never have. */
static void ids_of_several_processes(void **state)
{
	struct member_process members[] = {{.pid = 40, .name = "worker"},
					   {.pid = 4711, .name = "api"}};
	static const struct wait_more more = {.owner_goid = 8};
	struct task tasks[] = {{.kind = TASK_GOROUTINE,
				.id = 17,
				.pid = 4711,
				.creator_id = 1,
				.waits.more = &more},
			       {.kind = TASK_THREAD, .id = 41, .pid = 40},
			       {.kind = TASK_THREAD, .id = 42, .pid = 42}};
	struct snapshot s = {
		.members = members, .nr_members = 2, .tasks = tasks, .nr_tasks = 3};
	char out[TASK_ID_MAX];

	assert_string_equal(task_format_id(&tasks[0], out), "g17@4711");
	assert_string_equal(task_format_short_id(&tasks[0], out), "g17");
	assert_string_equal(task_format_parent(&tasks[0], out), "g1@4711");
	assert_string_equal(task_format_owner(&tasks[0], out), "g8@4711");
	tasks[0].waits.more = NULL;
	tasks[0].waits.owner_tid = 41;
	assert_string_equal(task_format_owner(&tasks[0], out), "t41");
	assert_string_equal(task_format_id(&tasks[1], out), "t41");
	tasks[0].id = UINT64_MAX;
	tasks[0].pid = INT32_MAX;
	assert_string_equal(task_format_id(&tasks[0], out),
			    "g18446744073709551615@2147483647");
	tasks[0].pid = 4711;
	snapshot_name_processes(&s);
	assert_string_equal(task_more(&tasks[0])->process, "api");
	assert_string_equal(task_more(&tasks[1])->process, "worker");
	assert_string_equal(task_more(&tasks[2])->process, "");
	assert_null(snapshot_member(&s, 42));
	/* What a task has of its own stays. */
	tasks[1].more = &(struct task_more){.creator_name = "main"};
	snapshot_name_processes(&s);
	assert_string_equal(task_more(&tasks[0])->process, "api");
	assert_null(task_more(&tasks[0])->creator_name);
	assert_string_equal(task_more(&tasks[1])->process, "worker");
	assert_string_equal(task_more(&tasks[1])->creator_name, "main");
	arena_release(&s.arena);
}

static void ages(void **state)
{
	struct task task = {.since_ns = 0};

	assert_int_equal(task_age_ns(&task, 100), -1);
	task.since_ns = 40;
	assert_int_equal(task_age_ns(&task, 100), 60);
	assert_int_equal(task_age_ns(&task, 40), 0);
	assert_int_equal(task_age_ns(&task, 39), 0);
	task.since_ns = INT64_MAX;
	assert_int_equal(task_age_ns(&task, INT64_MIN), 0);
	task.since_ns = INT64_MIN;
	assert_int_equal(task_age_ns(&task, INT64_MAX), -1);
}

static void equal_stacks_are_one(void **state)
{
	struct stack_table *table = stack_table_new(100000);
	struct frame frames[3];
	const struct stack *first, *second;

	/* Padding must not count. */
	memset(frames, 0xee, sizeof(frames));
	for (int i = 0; i < 3; i++) {
		frames[i].function = "f";
		frames[i].file = NULL;
		frames[i].line = i;
		frames[i].address = 0x1000;
		frames[i].inlined = frames[i].library = false;
	}
	first = stack_intern(table, frames, 3, false);
	assert_int_equal(first->nr_frames, 3);
	{
		struct frame copy[3];

		memset(copy, 0x11, sizeof(copy));
		for (int i = 0; i < 3; i++) {
			copy[i].function = frames[i].function;
			copy[i].file = frames[i].file;
			copy[i].line = frames[i].line;
			copy[i].address = frames[i].address;
			copy[i].inlined = frames[i].inlined;
			copy[i].library = frames[i].library;
		}
		assert_ptr_equal(stack_intern(table, copy, 3, false), first);
	}
	assert_ptr_not_equal(stack_intern(table, frames, 2, false), first);
	assert_ptr_not_equal(stack_intern(table, frames, 3, true), first);
	frames[2].inlined = true;
	second = stack_intern(table, frames, 3, false);
	assert_ptr_not_equal(second, first);
	frames[2].library = true;
	assert_ptr_not_equal(stack_intern(table, frames, 3, false), second);
	frames[2].library = false;
	frames[2].line = 9;
	assert_ptr_not_equal(stack_intern(table, frames, 3, false), second);
	assert_null(stack_intern(table, frames, 0, false));
	stack_table_free(table);
}

/* Processes of one program have its code at other addresses. */
static void stacks_of_several_processes_are_alike(void **state)
{
	struct stack_table *table = stack_table_new(16);
	struct frame frames[2] = {
		{.function = "read", .address = 0x7f0000001234},
		{.function = NULL, .address = 0x5000},
	};
	const struct stack *one = stack_intern(table, frames, 2, false), *other;

	frames[0].address += 0x11000;
	other = stack_intern(table, frames, 2, false);
	assert_ptr_not_equal(one, other);
	assert_ptr_equal(stack_alike(table, one), stack_alike(table, other));
	one = stack_alike(table, one);
	assert_int_equal(one->frames[0].address, 0);
	assert_int_equal(one->frames[1].address, 0x5000);
	assert_ptr_equal(stack_alike(table, one), one);
	/* Another call in the same function. */
	frames[0].address += 8;
	other = stack_alike(table, stack_intern(table, frames, 2, false));
	assert_ptr_not_equal(one, other);
	assert_true(one->site != other->site);
	/* Code without a name. */
	frames[0].address -= 8;
	frames[1].address += 0x1000;
	assert_ptr_not_equal(one,
			     stack_alike(table, stack_intern(table, frames, 2, false)));
	assert_null(stack_alike(table, NULL));
	stack_table_free(table);
}

static void stacks_stay_when_the_table_grows(void **state)
{
	struct stack_table *table = stack_table_new(5000);
	const struct stack **stacks = calloc(5000, sizeof(*stacks));
	struct frame frame = {.function = "f"};

	for (uint64_t i = 0; i < 5000; i++) {
		frame.address = i;
		stacks[i] = stack_intern(table, &frame, 1, false);
		assert_non_null(stacks[i]);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		frame.address = i;
		assert_ptr_equal(stack_intern(table, &frame, 1, false), stacks[i]);
	}
	/* Full: the known ones are still found. */
	frame.address = 5000;
	assert_null(stack_intern(table, &frame, 1, false));
	frame.address = 17;
	assert_ptr_equal(stack_intern(table, &frame, 1, false), stacks[17]);
	free(stacks);
	stack_table_free(table);
}

static void deep_stacks_are_cut(void **state)
{
	struct stack_table *table = stack_table_new(10);
	struct frame frames[SNAPSHOT_FRAMES_MAX + 10] = {
		{NULL, NULL, 0, 0, false, false}};
	const struct stack *stack =
		stack_intern(table, frames, SNAPSHOT_FRAMES_MAX + 10, false);

	assert_int_equal(stack->nr_frames, SNAPSHOT_FRAMES_MAX);
	assert_true(stack->truncated);
	assert_false(stack_intern(table, frames, SNAPSHOT_FRAMES_MAX, false)->truncated);
	stack_table_free(table);
}

/* Functions, innermost first, "name@file"; the wanted one is marked by '*'. */
static void expect_top(const char *const *names)
{
	struct stack_table *table = stack_table_new(10);
	struct frame frames[10];
	char texts[10][128];
	size_t n = 0, wanted = 0;
	struct task task = {.id = 1};

	memset(frames, 0, sizeof(frames));
	for (; names[n]; n++) {
		const char *name = names[n];
		char *file;

		if (*name == '*') {
			wanted = n;
			name++;
		}
		frames[n].library = *name == '+';
		name += frames[n].library;
		snprintf(texts[n], sizeof(texts[n]), "%s", name);
		file = strchr(texts[n], '@');
		if (file)
			*file++ = '\0';
		frames[n].function = texts[n][0] ? texts[n] : NULL;
		frames[n].file = file;
		frames[n].address = 0x1000 + n;
	}
	task.stack = stack_intern(table, frames, n, false);
	task.created_by = task.stack;
	assert_ptr_equal(task.stack->function, task.stack->frames[wanted].function);
	if (task_top_frame(&task) != &task.stack->frames[wanted])
		fail_msg("%s instead of %s", task_top_frame(&task)->function,
			 names[wanted]);
	assert_ptr_equal(task_creator_frame(&task), task_top_frame(&task));
	/* The same for a stack that was made by hand. */
	assert_int_equal(stack_find_top(frames, n), wanted);
	stack_table_free(table);
}

static void equal_ancestries_are_one(void **state)
{
	struct stack_table *table = stack_table_new(4096);
	const struct stack *stacks[SNAPSHOT_ANCESTORS_MAX + 1], *turned[2];
	const struct ancestry *first[1000];

	for (size_t i = 0; i <= SNAPSHOT_ANCESTORS_MAX; i++) {
		struct frame frame = {.address = 1 + i};

		stacks[i] = stack_intern(table, &frame, 1, false);
	}
	turned[0] = stacks[1];
	turned[1] = stacks[0];
	assert_null(stack_intern_ancestry(table, stacks, 0));
	assert_ptr_equal(stack_intern_ancestry(table, stacks, 2),
			 stack_intern_ancestry(table, stacks, 2));
	assert_ptr_not_equal(stack_intern_ancestry(table, stacks, 2),
			     stack_intern_ancestry(table, stacks, 3));
	assert_ptr_not_equal(stack_intern_ancestry(table, stacks, 2),
			     stack_intern_ancestry(table, turned, 2));
	assert_int_equal(
		stack_intern_ancestry(table, stacks, SNAPSHOT_ANCESTORS_MAX + 1)->nr,
		SNAPSHOT_ANCESTORS_MAX);
	/* They stay when the table grows. */
	for (size_t i = 0; i < 1000; i++) {
		struct frame frame = {.address = 100 + i};

		turned[1] = stack_intern(table, &frame, 1, false);
		first[i] = stack_intern_ancestry(table, turned, 2);
	}
	for (size_t i = 0; i < 1000; i++) {
		struct frame frame = {.address = 100 + i};

		turned[1] = stack_intern(table, &frame, 1, false);
		assert_ptr_equal(stack_intern_ancestry(table, turned, 2), first[i]);
	}
	stack_table_free(table);
}

static void the_frame_that_matters(void **state)
{
	static const char *const cases[][8] = {
		{"__futex_abstimed_wait_common64", "pthread_cond_wait",
		 "*queue_pop@queue.c", "start_thread", "clone3", NULL},
		{"read", "_IO_file_underflow", "*load", "main", "__libc_start_call_main",
		 NULL},
		{"syscall", "grmon_chan_send", "*producer@/src/main.c", NULL},
		{"pthread_mutex_lock@src/agent/wrap_lock.c",
		 "agent_lock@src/agent/wrap.c", "*deposit", NULL},
		/* A program's own agent_ is its own. */
		{"poll", "*agent_loop@/srv/app/loop.c", "main", NULL},
		{"epoll_wait", "std::thread::_Impl::run", "*server::loop", NULL},
		{"clock_nanosleep@./time/../sysdeps/unix/sysv/linux/clock_nanosleep.c",
		 "*tick", NULL},
		{"*readable", "main", NULL},
		/* A stripped program: no names, but it is not libc. */
		{"poll", "*", "", "__libc_start_main", NULL},
		/* A named frame of the program beats an unnamed one. */
		{"poll", "", "*main", NULL},
		/* Unnamed, but in libc's file. */
		{"@/lib/x86_64-linux-gnu/libc.so.6", "*work", NULL},
		/* Nothing remains. */
		{"*__read", "start_thread", "clone3", NULL},
		{"__lll_lock_wait", "*pthread_mutex_lock", "start_thread", "clone3",
		 NULL},
		{"__syscall_cp_c", "__timedwait", "*mtx_lock", "start_c11", NULL},
		{"runtime.gopark", "runtime.chansend", "*main.producer", NULL},
		/* Headers of a library are compiled into the program. */
		{"syscall", "__platform_wait<int>@/usr/include/c++/12/bits/atomic_wait.h",
		 "*ring_pop@/srv/app/ring.cc", "main@/srv/app/main.cc", NULL},
		{"syscall",
		 "boost::asio::detail::scheduler::run@/usr/include/boost/a.ipp",
		 "*serve@/srv/app/serve.cc", NULL},
		/* Rust's own crates and those that it fetched. */
		{"syscall",
		 "<&F as "
		 "core::ops::function::Fn<()>>::call@/rustc/59807/library/core/src/f.rs",
		 "lock_api::mutex::Mutex<R,T>::lock@/root/.cargo/registry/src/x/lock_api/"
		 "m.rs",
		 "*shop::stock@/srv/shop/src/main.rs", NULL},
		{"syscall", "<parking_lot_core::thread_parker::imp::ThreadParker>::park",
		 "tokio::runtime::park::Inner::park", "*shop::main", NULL},
		/* A worker of a library's pool has nothing of the program. */
		{"syscall", "parking_lot::condvar::Condvar::wait_for",
		 "*tokio::runtime::blocking::pool::Inner::run", "std::thread::start",
		 NULL},
		{"syscall", "g_cond_wait", "", "*g_thread_pool_wait_for_new_task",
		 "start_thread", NULL},
		/* Names of libc's functions that the program gave its own. */
		{"__read", "*wait@/srv/app/job.c", "main@/srv/app/job.c", NULL},
		{"futex_wait@./nptl/futex-internal.c", "*select@/srv/app/db.c", NULL},
		/* Packages of Go's own, wherever they were built, and fetched modules. */
		{"runtime.gopark",
		 "database/sql.(*DB).conn@/usr/local/go/src/database/sql/sql.go",
		 "github.com/x/orm.Get@/home/u/go/pkg/mod/github.com/x/orm@v1.2.3/get.go",
		 "*main.load@/srv/shop/main.go", NULL},
		{"runtime.gopark", "database/sql.(*DB).conn@database/sql/sql.go",
		 "github.com/x/orm.Get@github.com/x/orm@v1.2.3/get.go",
		 "*main.load@shop/main.go", NULL},
		{"*net/http.(*conn).serve@/usr/local/go/src/net/http/server.go",
		 "runtime.goexit", NULL},
		{"internal/poll.(*FD).Read", "*shop/net.Read@/srv/shop/net/net.go", NULL},
		/* The code that cgo generates for a call of C. */
		{"runtime.cgocall", "main._Cfunc_c_blocks@_cgo_gotypes.go",
		 "*main.callsC@/srv/x/cgo.go", "runtime.goexit", NULL},
		/* The caller in Go, not the function that it calls in C, wherever that
		 * was written. */
		{"clock_nanosleep", "sleep", "naps@/srv/x/cgo.go",
		 "main._Cfunc_naps@_cgo_gotypes.go", "*main.callsC@/srv/x/cgo.go", NULL},
		{"pause", "waits.isra.0", "x.org/y._Cfunc_waits@_cgo_gotypes.go",
		 "x.org/y.(*T).wait.func1@/srv/x/cgo.go",
		 "*x.org/y.(*T).wait@/srv/x/cgo.go", NULL},
		{"runtime.gopark", "*main.inCallback@/srv/x/cgo.go",
		 "main._Cfunc_callBack@_cgo_gotypes.go", "main.through@/srv/x/cgo.go",
		 NULL},
		/* A '+' in front: the library is one of the system. */
		{"poll", "+PQgetResult", "*query@/srv/app/db.c", NULL},
		{"poll", "+PQgetResult", "*query", "main", NULL},
		{"poll", "*+PQgetResult", "", "+main", "__libc_start_main", NULL},
		{"syscall", "+QSemaphore::acquire(int)", "T::qt_metacall(int)",
		 "*T::waits()", NULL},
		/* With the debug information of the library at hand. */
		{"syscall", "+g_cond_wait@../../../glib/gthread-posix.c",
		 "*+g_main_loop_run@../../../glib/gmain.c", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_top(cases[i]);
}

static void no_stack_has_no_frame(void **state)
{
	struct task task = {.id = 1};
	struct stack empty = {.nr_frames = 0};

	assert_null(task_top_frame(&task));
	assert_null(task_creator_frame(&task));
	task.stack = &empty;
	assert_null(task_top_frame(&task));
}

/* The tasks of a snapshot that is gone are the memory of the next, cleared; not where that
 * needs more, or much less. */
static void memory_is_used_again(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct task *first;

	(void)state;
	assert_true(snapshot_reserve(s, 5000));
	first = s->tasks;
	for (int i = 0; i < 5000; i++)
		memset(snapshot_add(s), 0x5a, sizeof(struct task));
	snapshot_unref(s);

	s = snapshot_new();
	assert_true(snapshot_reserve(s, 2000));
	assert_ptr_equal(s->tasks, first);
	assert_true(s->cap_tasks >= 2000);
	for (int i = 0; i < 6000; i++) {
		const struct task *task = snapshot_add(s);

		assert_int_equal(task->id, 0);
		assert_null(task->stack);
		assert_int_equal(task->waits.fd, -1);
	}
	snapshot_unref(s);

	s = snapshot_new();
	assert_true(snapshot_reserve(s, 1100));
	assert_int_equal(s->cap_tasks, 1100);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_begins_empty),
		cmocka_unit_test(tasks_are_bounded),
		cmocka_unit_test(references_are_counted_by_all_threads),
		cmocka_unit_test(notes_are_kept_once),
		cmocka_unit_test(counts),
		cmocka_unit_test(ids),
		cmocka_unit_test(others_have_ids),
		cmocka_unit_test(ids_of_several_processes),
		cmocka_unit_test(ages),
		cmocka_unit_test(equal_stacks_are_one),
		cmocka_unit_test(stacks_of_several_processes_are_alike),
		cmocka_unit_test(stacks_stay_when_the_table_grows),
		cmocka_unit_test(deep_stacks_are_cut),
		cmocka_unit_test(equal_ancestries_are_one),
		cmocka_unit_test(the_frame_that_matters),
		cmocka_unit_test(no_stack_has_no_frame),
		cmocka_unit_test(memory_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
