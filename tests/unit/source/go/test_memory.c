/* SPDX-License-Identifier: MIT */
/* Reads of much memory in few calls, and what is read by them: wait reasons and labels. The
 * memory is this process's own. */
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/go/label.h"
#include "source/go/wait.h"

#define PAGE 4096u

static uint64_t address_of(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static struct memory self(void)
{
	return (struct memory){.process = process_named(getpid())};
}

/* Three pages, the middle one not readable. */
static uint8_t *pages_with_hole(void)
{
	uint8_t *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	for (size_t i = 0; i < 3 * PAGE; i++)
		pages[i] = (uint8_t)(i / 64);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void test_spans(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole(), out[5][64];
	struct memory_span spans[] = {
		{address_of(pages + 64), out[0], 64, false},
		{address_of(pages + PAGE), out[1], 64, true},
		{address_of(pages), out[2], 0, true},
		{address_of(pages + PAGE - 32), out[3], 64, true},
		{address_of(pages + 2 * PAGE), out[4], 64, false},
	};

	memory_read_spans(&mem, spans, 5);
	assert_true(spans[0].ok);
	assert_int_equal(out[0][0], 1);
	assert_false(spans[1].ok);
	assert_false(spans[2].ok);
	assert_false(spans[3].ok);
	assert_true(spans[4].ok);
	assert_int_equal(out[4][63], 128);
	munmap(pages, 3 * PAGE);
}

static void test_process_gone(void **state)
{
	struct memory mem = {.process = process_named(0x3fffffff)};
	uint8_t out[2][8];
	struct memory_span spans[] = {{4096, out[0], 8, true}, {8192, out[1], 8, true}};

	memory_read_spans(&mem, spans, 2);
	assert_false(spans[0].ok || spans[1].ok);
	assert_int_equal(mem.failed, ESRCH);
	assert_int_equal(mem.calls, 1);
}

static void test_gather(void **state)
{
	enum { COUNT = 3000, BYTES = 104, STRIDE = 112 };
	struct memory mem = self();
	uint8_t *objects = malloc(COUNT * STRIDE), *out = malloc(COUNT * BYTES);
	struct memory_item *items = malloc(COUNT * sizeof(*items));
	struct memory_gather gather;
	bool *seen = calloc(COUNT, sizeof(*seen));

	for (size_t i = 0; i < COUNT * STRIDE; i++)
		objects[i] = (uint8_t)(i * 7 + i / 251);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t which = i * 1013u % COUNT; /* in no order */

		items[i] = (struct memory_item){
			address_of(objects + (size_t)which * STRIDE), which, false};
	}
	items[5].address = 0x1000;
	items[6].address = UINT64_MAX - 20;
	items[7].address = items[8].address; /* one object twice */
	assert_true(memory_gather_init(&gather));
	memory_gather_read(&mem, &gather, items, COUNT, out, BYTES);
	for (size_t i = 0; i < COUNT; i++) {
		const struct memory_item *item = &items[i];

		assert_false(seen[item->index]);
		seen[item->index] = true;
		assert_int_equal(item->ok, item->address != 0x1000 &&
						   item->address < UINT64_MAX - 20);
		if (item->ok)
			assert_memory_equal(out + (size_t)item->index * BYTES,
					    (void *)(uintptr_t)item->address, BYTES);
	}
	/* Neighbours are read together. */
	assert_true(mem.calls < 40);
	memory_gather_release(&gather);
	free(items);
	free(objects);
	free(out);
	free(seen);
}

/* An object that cannot be read does not spoil its neighbours. */
static void test_gather_hole(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole(), out[3 * 64];
	struct memory_item items[] = {{address_of(pages + PAGE - 64), 0, false},
				      {address_of(pages + PAGE), 1, true},
				      {address_of(pages + PAGE - 128), 2, false}};
	struct memory_gather gather;

	assert_true(memory_gather_init(&gather));
	memory_gather_read(&mem, &gather, items, 3, out, 64);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(items[i].ok, items[i].index != 1);
	assert_int_equal(out[0], 63);
	assert_int_equal(out[2 * 64], 62);
	memory_gather_release(&gather);
	munmap(pages, 3 * PAGE);
}

struct needle {
	const uint8_t *at;
	unsigned calls;
	uint64_t found;
};

static bool find_needle(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct needle *needle = ctx;
	const uint8_t *at = memmem(bytes, size, "needle in hay", 13);

	needle->calls++;
	if (at)
		needle->found = address + (uint64_t)(at - bytes);
	return at != NULL;
}

static void test_scan(void **state)
{
	struct memory mem = self();
	size_t bytes = (2u << 20) + 3 * PAGE;
	uint8_t *hay = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct needle needle = {0};

	/* Across the end of the first piece; then behind a hole. */
	memcpy(hay + (1u << 20) - 5, "needle in hay", 13);
	assert_true(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				find_needle, &needle));
	assert_int_equal(needle.found, address_of(hay) + (1u << 20) - 5);
	memset(hay + (1u << 20) - 5, 0, 13);
	memcpy(hay + bytes - 13, "needle in hay", 13);
	mprotect(hay + (1u << 20), PAGE, PROT_NONE);
	assert_true(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				find_needle, &needle));
	assert_int_equal(needle.found, address_of(hay) + bytes - 13);
	memset(hay + bytes - 13, 0, 13);
	assert_false(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				 find_needle, &needle));
	munmap(hay, bytes);
}

struct go_string {
	const char *text;
	uint64_t length;
};

static void test_reasons(void **state)
{
	static struct go_string list[] = {{"x", 0},
					  {"GC assist marking", 17},
					  {"IO wait", 7},
					  {"chan receive", 12},
					  {"sync.Mutex.Lock", 15},
					  {"brand new reason", 16},
					  {NULL, 3}};
	struct memory mem = self();
	struct go_module module = {.data = {{address_of(list), address_of(list + 7)},
					    {address_of(list), address_of(list + 7)}}};
	struct intern *intern = intern_new(1 << 20);
	struct go_reasons reasons;

	assert_true(go_reasons_read(&reasons, &module, &mem, intern));
	assert_int_equal(reasons.nr, 6);
	assert_string_equal(reasons.list[0].text, "waiting");
	assert_int_equal(reasons.list[2].object, GO_OBJECT_FD);
	assert_int_equal(reasons.list[3].state, STATE_CHAN_RECV);
	assert_int_equal(reasons.list[4].state, STATE_MUTEX);
	/* Kept as it is. */
	assert_string_equal(reasons.list[5].text, "brand new reason");
	assert_int_equal(reasons.list[5].state, STATE_UNKNOWN);
	list[2].length = 6;
	assert_false(go_reasons_read(&reasons, &module, &mem, intern));
	list[2].length = 7;
	intern_free(intern);
}

static void assert_reason(const char *text, enum task_state state, enum go_object object)
{
	struct go_reason reason = {.text = text};

	go_reason_explain(&reason);
	assert_int_equal(reason.state, state);
	assert_int_equal(reason.object, object);
}

static void test_meanings(void **state)
{
	assert_reason("chan send", STATE_CHAN_SEND, GO_OBJECT_CHAN);
	assert_reason("chan send (nil chan)", STATE_CHAN_SEND, GO_OBJECT_NONE);
	assert_reason("chan receive (durable)", STATE_CHAN_RECV, GO_OBJECT_CHAN);
	assert_reason("select", STATE_SELECT, GO_OBJECT_SELECT);
	assert_reason("select (no cases)", STATE_SELECT, GO_OBJECT_NONE);
	assert_reason("sync.RWMutex.RLock", STATE_RWLOCK_READ, GO_OBJECT_LOCK);
	assert_reason("sync.WaitGroup.Wait", STATE_WAITGROUP, GO_OBJECT_LOCK);
	assert_reason("semacquire", STATE_SEMAPHORE, GO_OBJECT_LOCK);
	assert_reason("sleep", STATE_SLEEP, GO_OBJECT_NONE);
	assert_reason("GC worker (idle)", STATE_GC, GO_OBJECT_NONE);
}

static void test_stack_state(void **state)
{
	struct stack *stack = calloc(1, sizeof(*stack) + 2 * sizeof(struct frame));

	stack->nr_frames = 2;
	stack->frames[0].function = "sync.runtime_Semacquire";
	stack->frames[1].function = "sync.(*WaitGroup).Wait";
	assert_int_equal(go_stack_state(stack, STATE_SEMAPHORE), STATE_WAITGROUP);
	assert_int_equal(go_stack_state(stack, STATE_CHAN_RECV), STATE_CHAN_RECV);
	stack->frames[1].function = "internal/poll.(*FD).Accept";
	assert_int_equal(go_stack_state(stack, STATE_POLL), STATE_ACCEPT);
	assert_int_equal(go_stack_state(stack, STATE_SEMAPHORE), STATE_SEMAPHORE);
	assert_int_equal(go_stack_state(NULL, STATE_POLL), STATE_POLL);
	free(stack);
}

static void test_label_list(void **state)
{
	static const struct go_string pairs[] = {
		{"request", 7}, {"/api/7", 6}, {"user", 4}, {"ann", 3}};
	const uint64_t slice[3] = {address_of(pairs), 2, 2};
	const uint64_t huge[3] = {address_of(pairs), 1ull << 60, 1ull << 60};
	struct memory mem = self();
	struct snapshot *out = snapshot_new();
	struct go_labels labels;
	const struct label *list;
	size_t nr;

	go_labels_init(&labels, 26);
	list = go_labels_get(&labels, &mem, address_of(slice), out, &nr);
	assert_int_equal(nr, 2);
	assert_string_equal(list[0].key, "request");
	assert_string_equal(list[1].text, "ann");
	assert_ptr_equal(go_labels_get(&labels, &mem, address_of(slice), out, &nr), list);
	assert_int_equal(nr, 2);
	assert_null(go_labels_get(&labels, &mem, address_of(huge), out, &nr));
	assert_null(go_labels_get(&labels, &mem, 0x1000, out, &nr));
	assert_int_equal(nr, 0);
	go_labels_begin(&labels);
	assert_non_null(go_labels_get(&labels, &mem, address_of(slice), out, &nr));
	go_labels_release(&labels);
	snapshot_unref(out);
}

static void test_label_map(void **state)
{
	struct {
		uint8_t hashes[8];
		struct go_string keys[8], values[8];
		uint64_t overflow;
	} bucket = {.hashes = {0, 77, 1, 200}};
	uint64_t header[3] = {2, 0, address_of(&bucket)};
	const uint64_t map = address_of(header);
	struct memory mem = self();
	struct snapshot *out = snapshot_new();
	struct go_labels labels;
	const struct label *list;
	size_t nr;

	bucket.keys[1] = (struct go_string){"a", 1};
	bucket.values[1] = (struct go_string){"one", 3};
	bucket.keys[3] = (struct go_string){"b", 1};
	bucket.values[3] = (struct go_string){"two", 3};
	bucket.overflow = address_of(&bucket); /* in circles */
	go_labels_init(&labels, 21);
	list = go_labels_get(&labels, &mem, address_of(&map), out, &nr);
	assert_int_equal(nr, SNAPSHOT_LABELS_MAX);
	assert_string_equal(list[0].key, "a");
	assert_string_equal(list[1].text, "two");
	go_labels_begin(&labels);
	bucket.overflow = 0;
	go_labels_get(&labels, &mem, address_of(&map), out, &nr);
	assert_int_equal(nr, 2);
	go_labels_release(&labels);
	snapshot_unref(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),      cmocka_unit_test(test_process_gone),
		cmocka_unit_test(test_gather),     cmocka_unit_test(test_gather_hole),
		cmocka_unit_test(test_scan),       cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_meanings),   cmocka_unit_test(test_stack_state),
		cmocka_unit_test(test_label_list), cmocka_unit_test(test_label_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
