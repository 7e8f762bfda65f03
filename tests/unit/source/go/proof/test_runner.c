/* SPDX-License-Identifier: MIT */
/* Which threads ran while a proof read the memory, and what counts as having stopped
 * since. Memory and threads are this process's own. */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/go/processor.h"
#include "source/go/proof/runner.h"

#include "../../../../sanitized.h"

#define WAITREASON 176u
#define M          0xc000080000ull

static uint8_t g[GO_G_BYTES_MAX];
static int never;

static struct go_layout layout_of(void)
{
	struct go_layout layout = {.g = {.syscallsp = 104,
					 .status = 144,
					 .goid = 152,
					 .waitsince = 168,
					 .waitreason = WAITREASON,
					 .bytes = 320}};

	return layout;
}

static const struct go_module *module_of(unsigned minor)
{
	static struct go_module module;

	module.minor = minor;
	return &module;
}

static void put(size_t at, uint64_t word)
{
	memcpy(g + at, &word, sizeof(word));
}

static void build(void)
{
	memset(g, 0, sizeof(g));
	put(GO_G_STACK_LO, 0xc000100000);
	put(GO_G_STACK_HI, 0xc000102000);
	put(GO_G_M, M);
	put(GO_G_PC, 0x460000);
	put(144, GO_STATUS_RUNNING);
	put(152, 7);
}

static void test_turns(void **state)
{
	struct go_layout layout = layout_of();

	(void)state;
	assert_int_equal(go_g_turns(&layout.g, 16), 0);
	assert_int_equal(go_g_turns(&layout.g, 17), WAITREASON + 13);
	assert_int_equal(go_g_turns(&layout.g, 21), WAITREASON + 12);
	assert_int_equal(go_g_turns(&layout.g, 26), WAITREASON + 15);
	assert_int_equal(go_g_turns(&layout.g, 99), 0);
}

static const struct process *named(pid_t pid)
{
	static struct process process;

	process = process_named(pid);
	return &process;
}

/* A goroutine counts if it leaves the processor, not if it is asked to. */
static void test_mark(void **state)
{
	struct go_layout layout = layout_of();
	struct go_runners runners;
	uint64_t before;

	(void)state;
	build();
	go_runners_init(&runners, named(getpid()), false, &layout, module_of(26));
	before = go_runner_mark(&runners, g);
	g[WAITREASON + 1] = 1; /* preempt */
	put(16, 0xfffffffffffffade);
	put(168, 12345);
	assert_true(go_runner_mark(&runners, g) == before);
	g[WAITREASON + 15]++;
	assert_false(go_runner_mark(&runners, g) == before);
	build();
	put(GO_G_SP, 0xc000101f00);
	assert_false(go_runner_mark(&runners, g) == before);
	build();
	put(144, GO_STATUS_WAITING);
	assert_false(go_runner_mark(&runners, g) == before);
	build();
	put(144, GO_STATUS_RUNNING | GO_STATUS_SCAN);
	assert_true(go_runner_mark(&runners, g) == before);
	go_runners_release(&runners);
}

static struct go_heap heap;
static struct memory mem;

static void begin(struct go_mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	mem = (struct memory){.process = process_named(getpid())};
	heap = (struct go_heap){.mem = &mem, .cancel = &never};
	mark->heap = &heap;
}

/* The processor's tick says that it was not the same turn, where the g says nothing. */
static void test_tick(void **state)
{
	struct go_layout layout = layout_of();
	uint64_t record[GO_PROCESSOR_FIELD / 8] = {1ull << 32, 0, 41, [7] = M};
	uint64_t processors[] = {(uint64_t)(uintptr_t)record};
	struct go_runners runners;
	struct go_mark mark;
	struct err e = {0};

	(void)state;
	build();
	begin(&mark);
	mark.processors = processors;
	mark.nr_processors = 1;
	go_runners_init(&runners, named(getpid()), false, &layout, module_of(0));
	go_runners_add(&runners, &mark, (uint64_t)(uintptr_t)g, g);
	assert_false(go_runners_settled(&runners, &mark));
	assert_int_equal(go_runners_explain(&runners, 5000000000, &e), ERR_UNSUPPORTED);
	assert_non_null(strstr(e.text, "goroutine 7 has been running"));
	record[2]++;
	assert_true(go_runners_settled(&runners, &mark));
	go_runners_release(&runners);
}

static void *spin(void *arg)
{
	while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED))
		;
	return NULL;
}

/* A running thread has to make progress; a sleeping one has written everything. */
static void test_threads(void **state)
{
	struct go_layout layout = layout_of();
	struct go_runners runners;
	struct go_mark mark;
	pthread_t thread;
	int stop = 0;

	(void)state;
	if (SANITIZED_THREADS)
		skip(); /* its runtime has a thread of its own */
	begin(&mark);
	pthread_create(&thread, NULL, spin, &stop);
	go_runners_init(&runners, named(getpid()), false, &layout, module_of(26));
	go_runners_read(&runners);
	assert_int_equal(runners.nr_threads, 2);
	while (!go_runners_settled(&runners, &mark))
		usleep(1000);
	assert_false(go_runners_hopeless(&runners));
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	go_runners_release(&runners);
}

/* A child that spins, or sleeps, and is stopped then. */
static pid_t stopped_child(bool sleeps)
{
	int *there = mmap(NULL, sizeof(*there), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[40], text[64] = "";
	pid_t pid = fork();
	FILE *file;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		__atomic_store_n(there, 1, __ATOMIC_RELEASE);
		while (!sleeps)
			__atomic_store_n(there, 1, __ATOMIC_RELEASE);
		pause();
	}
	while (!__atomic_load_n(there, __ATOMIC_ACQUIRE))
		usleep(1000);
	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	while (sleeps && strncmp(text, "34 ", 3) != 0) {
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
	}
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	munmap(there, sizeof(*there));
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_stopped(void **state)
{
	struct go_layout layout = layout_of();
	struct go_runners runners;
	struct go_mark mark;
	struct err e = {0};
	pid_t pid = stopped_child(false);

	(void)state;
	begin(&mark);
	go_runners_init(&runners, named(pid), false, &layout, module_of(26));
	go_runners_read(&runners);
	assert_false(go_runners_settled(&runners, &mark));
	assert_true(go_runners_hopeless(&runners));
	go_runners_explain(&runners, 0, &e);
	assert_non_null(strstr(e.text, "is stopped"));
	/* Its registers can be read: it is our child. */
	runners.ptrace = true;
	go_runners_clear(&runners);
	go_runners_read(&runners);
	if (runners.nr_registers > 0) {
		assert_true(runners.threads[0].sp != 0);
		assert_true(go_runners_settled(&runners, &mark));
	}
	go_runners_release(&runners);
	end_child(pid);
	pid = stopped_child(true);
	go_runners_init(&runners, named(pid), false, &layout, module_of(26));
	go_runners_read(&runners);
	assert_true(go_runners_settled(&runners, &mark));
	go_runners_release(&runners);
	end_child(pid);
}

/* The call that ends the process is on the stack of the thread that made it. */
static void test_end(void **state)
{
	static uint8_t code[64] = {[16] = 0xe8, 11}; /* a call of byte 32 */
	const uint64_t text = (uint64_t)(uintptr_t)code;
	uint64_t stack[16] = {[9] = text + 21, [12] = text + 20};
	const uint64_t low = (uint64_t)(uintptr_t)stack;
	struct go_layout layout = layout_of();
	struct go_runners runners;

	(void)state;
	mem = (struct memory){.process = process_named(getpid())};
	go_runners_init(&runners, named(getpid()), false, &layout, module_of(26));
	runners.text = text;
	runners.text_end = text + sizeof(code);
	runners.exits[0] = text + 32;
	assert_int_equal(go_runners_end(&runners, &mem, low, low + sizeof(stack)), 0);
	runners.held = true;
	assert_int_equal(go_runners_end(&runners, &mem, low, low + sizeof(stack)),
			 low + 72);
	assert_int_equal(go_runners_end(&runners, &mem, low + 80, low + sizeof(stack)),
			 0);
	runners.exits[0] = text + 33;
	assert_int_equal(go_runners_end(&runners, &mem, low, low + sizeof(stack)), 0);
	go_runners_release(&runners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),   cmocka_unit_test(test_mark),
		cmocka_unit_test(test_tick),    cmocka_unit_test(test_threads),
		cmocka_unit_test(test_stopped), cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
