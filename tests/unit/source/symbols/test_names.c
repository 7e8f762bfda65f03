/* SPDX-License-Identifier: MIT */
/* Names as people write them, what functions on a stack say about a wait, and waits in a
 * loop, as the native source sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/symbols/private.h"
#include "source_child.h"

static struct symbols *new_symbols(struct kernel *kernel)
{
	assert_int_equal(kernel_open(kernel, getpid(), NULL), 0);
	struct symbols *symbols =
		symbols_new(kernel, intern_new(1u << 20), stack_table_new(100));

	assert_non_null(symbols);
	return symbols;
}

static void free_symbols(struct symbols *symbols, struct kernel *kernel)
{
	struct intern *intern = symbols->intern;
	struct stack_table *stacks = symbols->stacks;

	symbols_free(symbols);
	stack_table_free(stacks);
	intern_free(intern);
	kernel_close(kernel);
}

static void readable_names(void **state)
{
	static const char *const cases[][2] = {
		{"serve", "serve"},
		{"serve.isra.0", "serve"},
		{"serve.constprop.12", "serve"},
		{"serve.part.3.cold", "serve"},
		{"serve.cold", "serve"},
		{"serve.lto_priv.0", "serve"},
		{"main.particle", "main.particle"},
		{"main.(*T).part", "main.(*T).part"},
		{".cold", ".cold"},
		{"_ZN2ns5serveEi", "ns::serve(int)"},
		{"_ZN2ns5serveEi.isra.0", "ns::serve(int)"},
		{"_ZN4demo5serve17h0123456789abcdefE", "demo::serve"},
		{"_ZN47_$LT$demo..Queue$u20$as$u20$core..ops..Drop$GT$"
		 "4drop17h0123456789abcdefE",
		 "<demo::Queue as core::ops::Drop>::drop"},
		{"_ZN", "_ZN"},
		{"_R", "_R"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"_RINvC1a1fTllEE.llvm.123", "a::f::<(i32, i32)>"},
		{"_RNvMs0_NtNtNtCsjrHSEGnQ3l9_3std3sys6thread4unixNtB5_6Thread4join",
		 "<std::sys::thread::unix::Thread>::join"},
	};
	struct kernel kernel;
	struct symbols *symbols = new_symbols(&kernel);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(symbols_readable(symbols, cases[i][0]), cases[i][1]);
	assert_string_equal(symbols_source_file(symbols, "src/a.c", "/home/x"),
			    "/home/x/src/a.c");
	assert_string_equal(symbols_source_file(symbols, "./a.c", "/home/x"),
			    "/home/x/a.c");
	assert_string_equal(symbols_source_file(symbols, "/a.c", "/home/x"), "/a.c");
	assert_string_equal(symbols_source_file(symbols, "a.c", NULL), "a.c");
	assert_null(symbols_source_file(symbols, NULL, "/home/x"));
	free_symbols(symbols, &kernel);
}

/* A pair of pairs of pairs …: the text would not fit into any memory. */
static void endless_names(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char name[1024] = "_Z1fSt4pairIiiE";
	struct kernel kernel;
	struct symbols *symbols = new_symbols(&kernel);

	(void)state;
	for (size_t i = 0; i < 36; i++) {
		size_t length = strlen(name);

		snprintf(name + length, sizeof(name) - length, "S_IS%c_S%c_E", digits[i],
			 digits[i]);
	}
	const char *text = symbols_readable(symbols, name);

	assert_int_equal(strncmp(text, "f(std::pair<int, int>, std::pair<std::pair", 42),
			 0);
	assert_in_range(strlen(text), 500, 1024);
	char *longest = malloc(4u << 20);

	assert_non_null(longest);
	memset(longest, 'a', (4u << 20) - 1);
	longest[(4u << 20) - 1] = '\0';
	assert_in_range(strlen(symbols_readable(symbols, longest)), 1, 1024);
	memcpy(longest, "_Z", 2);
	assert_in_range(strlen(symbols_readable(symbols, longest)), 1, 1024);
	free(longest);
	free_symbols(symbols, &kernel);
}

static void what_stacks_say(void **state)
{
	static const struct {
		const char *functions[4]; /* innermost first */
		enum task_state call, says;
	} cases[] = {
		{{"__pthread_cond_wait", "serve"}, STATE_FUTEX, STATE_COND},
		{{"std::condition_variable::wait(std::unique_lock<std::mutex>&)"},
		 STATE_FUTEX,
		 STATE_COND},
		/* The innermost lock counts, but a channel around it takes precedence. */
		{{"sem_wait", "pthread_cond_wait"}, STATE_FUTEX, STATE_SEMAPHORE},
		{{"pthread_cond_wait", "chan_recv"}, STATE_FUTEX, STATE_CHAN_RECV},
		{{"std::thread::park", "std::sync::mpsc::Receiver<T>::recv"},
		 STATE_FUTEX,
		 STATE_CHAN_RECV},
		{{"syscall", "<std::thread::thread::Thread>::park",
		  "<std::sync::mpsc::Receiver<i32>>::recv"},
		 STATE_FUTEX,
		 STATE_CHAN_RECV},
		{{"syscall", "<std::sync::barrier::Barrier>::wait"},
		 STATE_FUTEX,
		 STATE_BARRIER},
		{{"pthread_cond_timedwait", "take_gil"}, STATE_FUTEX, STATE_MUTEX},
		{{"poll", "getaddrinfo"}, STATE_POLL, STATE_DNS},
		{{"poll", "pthread_cond_wait"}, STATE_POLL, STATE_UNKNOWN},
		{{"epoll_wait", "dill_chsend"}, STATE_POLL, STATE_CHAN_SEND},
		{{"sem_wait_statistics"}, STATE_SLEEP, STATE_UNKNOWN},
		{{"futex", "serve"}, STATE_FUTEX, STATE_UNKNOWN},
		{{"syscall", "QMutex::lock()", "T::waits()"}, STATE_FUTEX, STATE_MUTEX},
		{{"pthread_cond_wait", "QWaitCondition::wait(QMutex*, QDeadlineTimer)",
		  "QReadWriteLock::tryLockForWrite(int)"},
		 STATE_FUTEX,
		 STATE_RWLOCK_WRITE},
		{{"pthread_cond_wait", "QSemaphore::acquire(int)"},
		 STATE_FUTEX,
		 STATE_SEMAPHORE},
		{{"syscall", "g_cond_wait", "g_async_queue_pop"},
		 STATE_FUTEX,
		 STATE_CHAN_RECV},
		{{"syscall", "parking_lot::raw_rwlock::RawRwLock::wait_for_readers",
		  "parking_lot::raw_rwlock::RawRwLock::lock_exclusive_slow"},
		 STATE_FUTEX,
		 STATE_RWLOCK_WRITE},
		{{"syscall", "parking_lot::raw_rwlock::RawRwLock::lock_common",
		  "parking_lot::raw_rwlock::RawRwLock::lock_shared_slow"},
		 STATE_FUTEX,
		 STATE_RWLOCK_READ},
		{{"syscall", "std::__detail::__platform_wait<int>(int const*, int)"},
		 STATE_FUTEX,
		 STATE_FUTEX},
		{{"syscall", "std::__detail::__platform_wait<int>(int const*, int)",
		  "std::counting_semaphore<9l>::acquire()"},
		 STATE_FUTEX,
		 STATE_SEMAPHORE},
		/* A lock for the first function only; what it calls may wait for
		 * anything. */
		{{"syscall", "__cxa_guard_acquire"}, STATE_FUTEX, STATE_MUTEX},
		{{"syscall", "g_cond_wait", "g_once_impl"}, STATE_FUTEX, STATE_MUTEX},
		{{"pthread_cond_wait", "load_settings", "g_once_impl"},
		 STATE_FUTEX,
		 STATE_COND},
		{{"futex_wait", "__pthread_once_slow"}, STATE_FUTEX, STATE_MUTEX},
		{{"pthread_cond_wait", "load_settings", "__pthread_once_slow"},
		 STATE_FUTEX,
		 STATE_COND},
		{{"pthread_cond_timedwait", "mariadbd+0xd21752",
		  "handler::ha_index_read_map(unsigned char*)"},
		 STATE_FUTEX,
		 STATE_MUTEX},
		/* A table of another server. */
		{{"recv", "ha_federatedx.so+0x1752",
		  "handler::ha_index_read_map(unsigned char*)"},
		 STATE_IO_READ,
		 STATE_UNKNOWN},
		/* Databases wait for rows in a poll, or on a condition. */
		{{"epoll_wait", "WaitLatch", "ProcSleep"}, STATE_POLL, STATE_MUTEX},
		{{"epoll_wait", "WaitEventSetWait", "secure_read"},
		 STATE_POLL,
		 STATE_UNKNOWN},
		{{"pthread_cond_timedwait", "lock_wait(que_thr_t*)"},
		 STATE_FUTEX,
		 STATE_MUTEX},
		{{"pthread_cond_timedwait",
		  "MDL_context::acquire_lock(MDL_request*, double)"},
		 STATE_FUTEX,
		 STATE_MUTEX},
		/* The user's own rule comes before all. */
		{{"pthread_cond_wait", "my_queue_pop_front"},
		 STATE_FUTEX,
		 STATE_CHAN_RECV},
		{{"nanosleep", "my_queue_pop"}, STATE_SLEEP, STATE_CHAN_RECV},
	};
	struct stack_rules user = {1, {{"my_queue_*pop*", STATE_CHAN_RECV}}};
	struct kernel kernel;
	struct symbols *symbols = new_symbols(&kernel);

	(void)state;
	symbols_set_rules(symbols, &user);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame frames[4] = {{0}};
		size_t count = 0;

		while (count < 4 && cases[i].functions[count]) {
			frames[count].function = cases[i].functions[count];
			count++;
		}
		struct stack_says says = symbols_stack_says(
			symbols, stack_intern(symbols->stacks, frames, count, false),
			cases[i].call);

		if (says.state != cases[i].says)
			fail_msg("case %zu says %s", i, state_info(says.state)->name);
	}
	assert_int_equal(symbols_stack_says(symbols, NULL, STATE_FUTEX).state,
			 STATE_UNKNOWN);
	free_symbols(symbols, &kernel);
}

/* A worker of a pool in a stripped library is known by its place; others are left
 * alone. */
static void names_by_place(void **state)
{
	static const char *const pooled[] = {
		"pthread_cond_wait",
		"QWaitCondition::wait(QMutex*, QDeadlineTimer)",
		"libQt5Core.so.5.15.8+0xcf0e5",
		"libQt5Core.so.5.15.8+0xcbd83",
		"start_thread",
		"__clone3"};
	static const char *const own[] = {
		"pthread_cond_wait", "QWaitCondition::wait(QMutex*, QDeadlineTimer)",
		"Worker::run()",     "libQt5Core.so.5.15.8+0xcbd83",
		"start_thread",      "__clone3"};
	struct frame frames[6];
	struct kernel kernel;
	struct symbols *symbols = new_symbols(&kernel);

	(void)state;
	memset(frames, 0, sizeof(frames));
	for (size_t i = 0; i < 6; i++)
		frames[i].function = pooled[i];
	symbols_name_places(symbols, frames, 6);
	assert_string_equal(frames[2].function, "QThreadPoolThread::run()");
	assert_string_equal(frames[3].function, "QThreadPrivate::start(void*)");
	for (size_t i = 0; i < 6; i++)
		frames[i].function = own[i];
	symbols_name_places(symbols, frames, 6);
	assert_ptr_equal(frames[2].function, own[2]);
	assert_ptr_equal(frames[3].function, own[3]);
	for (size_t count = 0; count < 4; count++)
		symbols_name_places(symbols, frames, count);
	free_symbols(symbols, &kernel);
}

static void in_short_sleeps(void *arg)
{
	(void)arg;
	for (;;)
		usleep(50000);
}

/* The same call with the same arguments, but it woke in between. */
static void sleeps_in_a_loop(void **state)
{
	pid_t pid = child_start(in_short_sleeps, NULL);
	struct looker looker;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	const struct task *task = looker_wait(&looker, pid, STATE_SLEEP);

	assert_non_null(task);
	uint64_t before = task->switches;

	assert_true(before > 0);
	do {
		assert_int_equal(looker_look(&looker, NULL), 0);
		task = looker_task(&looker, pid);
		assert_non_null(task);
	} while (task->switches <= before && clock_mono_ns() < deadline_ns);
	assert_true(task->switches > before);
	looker_close(&looker);
	child_stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readable_names),   cmocka_unit_test(endless_names),
		cmocka_unit_test(what_stacks_say),  cmocka_unit_test(names_by_place),
		cmocka_unit_test(sleeps_in_a_loop),
	};

	return cmocka_run_group_tests_name("source: names and waits", tests, NULL, NULL);
}
