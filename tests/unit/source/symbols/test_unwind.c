/* SPDX-License-Identifier: MIT */
/* How stacks are followed where the kernel shows too little: calls before return
 * addresses, the first instructions of functions, the frame pointer that is searched for,
 * stacks that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <alloca.h>
#include <cmocka.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "source/symbols/private.h"
#include "source_child.h"

#define NOINLINE  __attribute__((noinline))
#define USE(room) __asm__ volatile("" : : "r"(room) : "memory")

static struct kernel kernel;
static struct symbols *symbols;

static int set_up(void **state)
{
	(void)state;
	if (kernel_open(&kernel, getpid(), NULL) != 0)
		return -1;
	symbols = symbols_new(&kernel, intern_new(1u << 20), stack_table_new(1000));
	return symbols && symbols_module(symbols, (uint64_t)(uintptr_t)set_up) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct intern *intern = symbols->intern;
	struct stack_table *stacks = symbols->stacks;

	(void)state;
	symbols_free(symbols);
	stack_table_free(stacks);
	intern_free(intern);
	kernel_close(&kernel);
	return 0;
}

NOINLINE static uint64_t where_from(void)
{
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}
static uint64_t (*volatile by_pointer)(void) = where_from;

static uint64_t address_of(uint64_t (*function)(void))
{
	return (uint64_t)(uintptr_t)function;
}

static void calls_before(void **state)
{
	uint64_t target = 1;
	uint64_t direct = where_from();
	uint64_t indirect = by_pointer();

	(void)state;
	assert_true(symbols_call_before(symbols, direct, &target));
#if defined(__x86_64__)
	assert_int_equal(target, address_of(where_from));
	assert_true(symbols_call_before(symbols, indirect, &target));
	assert_int_equal(target, 0);
	/* Bytes that are not code follow no call; the stack is behind the last module. */
	assert_null(symbols_module(symbols, (uint64_t)(uintptr_t)&target));
	assert_false(symbols_call_before(symbols, (uint64_t)(uintptr_t)&target, NULL));
	assert_false(symbols_call_before(symbols, 16, NULL));
#endif
	(void)indirect;
}

static void starts(void **state)
{
	Dwfl_Module *mod = symbols_module(symbols, address_of(where_from));
	uint64_t start = symbols_function_start(symbols, mod, address_of(where_from) + 3);

	(void)state;
	/* 0 where the linker wrote no table. */
	assert_true(start == 0 || start == address_of(where_from));
	assert_true(symbols_may_start(16, 16, 100000000));
	assert_false(symbols_may_start(16, 32, 40));
	assert_true(symbols_may_start(16, 0, 40));
	assert_false(symbols_may_start(48, 0, 40));
}

#if defined(__x86_64__)
static void prologues(void **state)
{
	static const struct {
		uint8_t code[128];
		bool framed, exact;
		uint64_t room, slack;
		size_t pc; /* where it is in the code */
	} cases[] = {
		/* push %rbp; mov %rsp,%rbp; sub $0x30,%rsp */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x30},
		 true,
		 true,
		 0x30,
		 0,
		 8},
		/* endbr64; push %rbp; mov %rsp,%rbp; push %r15; push %rbx; sub $0x1008,%rsp */
		{{0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x53, 0x48,
		  0x81, 0xec, 0x08, 0x10, 0x00, 0x00},
		 true,
		 true,
		 0x1018,
		 0,
		 18},
		/* push %rbp; mov %rdi,%rsi; mov %rsp,%rbp; push %rbx; and $-128,%rsp;
		 * sub $0x100,%rsp */
		{{0x55, 0x48, 0x89, 0xfe, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xe4, 0x80,
		  0x48, 0x81, 0xec, 0x00, 0x01, 0x00, 0x00},
		 true,
		 true,
		 0x108,
		 128,
		 19},
		/* push %rbp; mov %rsp,%rbp; sub $0x10,%rsp; push $0; push $1; call: the
		 * arguments of a call are below */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x6a, 0, 0x6a, 1, 0xe8,
		  0, 0, 0, 0},
		 true,
		 true,
		 0x20,
		 0,
		 17},
		/* ...; add $0x10,%rsp; call: they are no longer */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x6a, 0, 0x6a, 1, 0xe8,
		  0,    0,    0,    0,    0x48, 0x83, 0xc4, 0x10, 0xe8, 0, 0,    0, 0},
		 true,
		 true,
		 0x10,
		 0,
		 26},
		/* ...; leave; ret; call: an early return changes nothing behind it */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x74, 2, 0xc9, 0xc3,
		  0xe8, 0, 0, 0, 0},
		 true,
		 true,
		 0x10,
		 0,
		 17},
		/* push %rbp; mov %rsp,%rbp; sub $0x10,%rsp; sub %rax,%rsp; call: alloca() */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x48, 0x29, 0xc4, 0xe8,
		  0, 0, 0, 0},
		 true,
		 false,
		 0x10,
		 0,
		 16},
		/* ...; mov %rsp,%rcx; sub $0x1000,%rsp; cmp %rcx,%rsp; jne: alloca() that
		 * touches each page */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x48, 0x89,
		  0xe1, 0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, 0x48, 0x39,
		  0xcc, 0x75, 0xf4, 0xe8, 0,    0,    0,    0},
		 true,
		 false,
		 0x10,
		 0,
		 28},
		/* push %rbp; mov %rsp,%rbp; sub $0x1000,%rsp; orq $0,(%rsp); sub
		 * $0x18,%rsp; call: a large frame whose pages are touched */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0,    0x10, 0, 0, 0x48, 0x83,
		  0x0c, 0x24, 0,    0x48, 0x83, 0xec, 0x18, 0xe8, 0,    0, 0, 0},
		 true,
		 true,
		 0x1018,
		 0,
		 25},
		/* ...; jmp with arguments pushed; call: what follows is reached from
		 * elsewhere */
		{{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x6a, 0, 0xeb, 4, 0xe8,
		  0, 0, 0, 0},
		 true,
		 false,
		 0x10,
		 0,
		 17},
		/* push %rbp; mov %rsp,%rbp; push %r14; ret: at least the bytes that are
		 * pushed */
		{{0x55, 0x48, 0x89, 0xe5, 0x41, 0x56, 0xc3}, true, false, 8, 0, 6},
		/* push %rbp; push %rbx; sub $8,%rsp: no frame pointer */
		{{0x55, 0x53, 0x48, 0x83, 0xec, 0x08}, false, false, 0, 0, 6},
		{{0xc3}, false, false, 0, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prologue found;
		uint64_t start = (uint64_t)(uintptr_t)cases[i].code;
		bool framed =
			symbols_prologue(symbols, start, start + cases[i].pc, &found);

		assert_int_equal(framed, cases[i].framed);
		if (!framed)
			continue;
		assert_int_equal(found.exact, cases[i].exact);
		assert_int_equal(found.room, cases[i].room);
		assert_int_equal(found.slack, cases[i].slack);
	}
	assert_false(symbols_prologue(symbols, 0, 0, &(struct prologue){0}));
	assert_false(symbols_prologue(symbols, 4096, 4100, &(struct prologue){0}));
}
#else
static void prologues(void **state)
{
	(void)state;
	skip();
}
#endif

struct shared {
	int word;
	pid_t tid;
	int bytes, direct;
};

NOINLINE static void repair_wait(struct shared *shared)
{
	__atomic_store_n(&shared->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* Its caller is found by the frame pointer alone, and its local data looks like a stack
 * that never existed: words that point upwards below return addresses. */
NOINLINE static void repair_middle(struct shared *shared, size_t words)
{
	uint64_t *room = alloca(words * 2 * sizeof(*room));

	for (size_t i = 0; i < words; i++) {
		room[2 * i] = (uint64_t)(uintptr_t)&room[2 * i + 2];
		room[2 * i + 1] = by_pointer();
	}
	USE(room);
	repair_wait(shared);
	USE(room);
}

NOINLINE static void repair_outer(struct shared *shared, size_t words)
{
	repair_middle(shared, words);
	USE(shared);
}

static void *repair_thread(void *arg)
{
	repair_outer(arg, 20);
	return NULL;
}

static void in_repair(void *arg)
{
	struct shared *shared = arg;
	pthread_t thread;

	for (size_t i = 0; i < 3; i++)
		pthread_create(&thread, NULL, repair_thread, &shared[i]);
	pause();
}

static void assert_functions(const struct stack *stack)
{
	static const char *const functions[] = {"syscall", "repair_wait", "repair_middle",
						"repair_outer", "repair_thread"};

	assert_non_null(stack);
	assert_false(stack->truncated);
	assert_true(stack->nr_frames >= 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(stack->frames[i].function, functions[i]);
}

/* Returns the stack of the thread that waits there. */
static const struct stack *waiting_stack(struct looker *looker, struct shared *shared)
{
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	const struct task *task = NULL;

	while (!__atomic_load_n(&shared->tid, __ATOMIC_ACQUIRE) &&
	       clock_mono_ns() < deadline_ns)
		usleep(1000);
	while ((!task || task->state != STATE_FUTEX || !task->stack) &&
	       clock_mono_ns() < deadline_ns) {
		struct source_focus focus = {.all = true};

		usleep(1000);
		assert_int_equal(looker_look(looker, &focus), 0);
		task = looker_task(looker, shared->tid);
	}
	assert_non_null(task);
	assert_non_null(task->stack);
	return task->stack;
}

static void finds_the_frame_pointer(void **state)
{
	struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = child_start(in_repair, shared);
	struct looker looker;
	const struct stack *first = NULL;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	for (size_t i = 0; i < 3; i++) {
		const struct stack *stack = waiting_stack(&looker, &shared[i]);

		assert_functions(stack);
		/* The same place, on another stack. */
		if (first)
			assert_ptr_equal(stack, first);
		first = stack;
	}
	looker_close(&looker);
	child_stop(pid);
	munmap(shared, 4096);
}

NOINLINE static int stale_deep(int calls);
static int (*volatile stale_call)(int) = stale_deep;

/* Frames of different sizes, as many calls by a pointer leave them behind. */
NOINLINE static int stale_deep(int calls)
{
	volatile char room[40];
	int result;

	room[calls % 8] = 1;
	result = calls > 0 ? stale_call(calls - 1) + room[calls % 8] : 0;
	USE(room);
	return result;
}

/* The same by direct calls, which tell more than one through a pointer does. */
NOINLINE static int stale_direct(int calls)
{
	char *room = alloca((size_t)calls * 13 + 20);
	int result;

	USE(room);
	result = calls > 0 ? stale_direct(calls - 1) + 1 : stale_deep(2);
	USE(&result);
	return result;
}

/* Its caller is found by the frame pointer alone, and its local data was frames. */
NOINLINE static void stale_data(struct shared *shared, size_t bytes)
{
	char *room = alloca(bytes);

	USE(room);
	repair_wait(shared);
	USE(room);
}
static void (*volatile stale_by_pointer)(struct shared *, size_t) = stale_data;

NOINLINE static void stale_caller(struct shared *shared, size_t bytes)
{
	stale_by_pointer(shared, bytes);
	USE(shared);
}
static void (*volatile stale_caller_by_pointer)(struct shared *, size_t) = stale_caller;

static void *stale_thread(void *arg)
{
	struct shared *shared = arg;

	(void)(shared->direct ? stale_direct(7) : stale_deep(20));
	stale_caller_by_pointer(shared, 100 + (size_t)shared->bytes);
	USE(shared);
	return NULL;
}

#define STALE_THREADS 16

static void in_stale(void *arg)
{
	struct shared *shared = arg;
	pthread_t thread;

	for (size_t i = 0; i < STALE_THREADS; i++) {
		shared[i].bytes = (int)(i / 2) * 100;
		shared[i].direct = i % 2;
		pthread_create(&thread, NULL, stale_thread, &shared[i]);
	}
	pause();
}

/* Nothing tells such frames from those of callers: the rest of the stack is unknown. */
static void local_data_is_no_caller(void **state)
{
	struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = child_start(in_stale, shared);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	for (size_t i = 0; i < STALE_THREADS; i++) {
		const struct stack *stack = waiting_stack(&looker, &shared[i]);

		assert_true(stack->nr_frames >= 3);
		assert_string_equal(stack->frames[2].function, "stale_data");
		for (size_t at = 3; at < stack->nr_frames; at++) {
			assert_string_not_equal(stack->frames[at].function, "stale_deep");
			assert_string_not_equal(stack->frames[at].function,
						"stale_direct");
		}
		if (stack->nr_frames == 3)
			assert_true(stack->truncated);
		else
			assert_string_equal(stack->frames[3].function, "stale_caller");
	}
	looker_close(&looker);
	child_stop(pid);
	munmap(shared, 4096);
}

/* A stack that was unwound is known again, at another address too, but only if every word
 * is the same. */
static void known_stacks(void **state)
{
	uint64_t words[8] = {0, 0, where_from(), 0};
	struct unwind_start start = {.pc = where_from(),
				     .sp = 0x7000,
				     .bytes = (const uint8_t *)words,
				     .nr_bytes = sizeof(words),
				     .live = true};
	struct unwind_job *job = calloc(1, sizeof(*job));
	struct frame frame = {.function = "known"};
	const struct stack *stack = stack_intern(symbols->stacks, &frame, 1, false);

	(void)state;
	words[1] = start.sp + 32;
	job->start = &start;
	job->nr_pcs = 2;
	job->whole = true;
	job->nr_reads = 2;
	job->reads[0] = (struct unwind_read){words[1], 8};
	job->reads[1] = (struct unwind_read){words[2], 16};
	assert_null(unwind_recipe_find(symbols, &start));
	unwind_recipe_keep(symbols, job, stack);
	assert_ptr_equal(unwind_recipe_find(symbols, &start), stack);
	start.sp = 0x9000;
	assert_null(unwind_recipe_find(symbols, &start));
	words[1] = start.sp + 32;
	assert_ptr_equal(unwind_recipe_find(symbols, &start), stack);
	start.nr_bytes = 23;
	assert_null(unwind_recipe_find(symbols, &start));
	start.nr_bytes = sizeof(words);
	words[2]++;
	assert_null(unwind_recipe_find(symbols, &start));
	words[2]--;
	unwind_recipes_release(symbols);
	assert_null(unwind_recipe_find(symbols, &start));
	/* Words from other places were not compared: the stack is not kept. */
	job->elsewhere = true;
	unwind_recipe_keep(symbols, job, stack);
	assert_null(unwind_recipe_find(symbols, &start));
	free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_before),
		cmocka_unit_test(starts),
		cmocka_unit_test(prologues),
		cmocka_unit_test(finds_the_frame_pointer),
		cmocka_unit_test(local_data_is_no_caller),
		cmocka_unit_test(known_stacks),
	};

	return cmocka_run_group_tests_name("source: following stacks", tests, set_up,
					   tear_down);
}
