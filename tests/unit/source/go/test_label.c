/* SPDX-License-Identifier: MIT */
/* Labels of goroutines, as a list and as a map. The target is this process itself. */
#include "own_memory.h"
#include "unit.h"

#include <unistd.h>

#include "source/go/label.h"

struct go_string {
	const char *text;
	uint64_t length;
};

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
		cmocka_unit_test(test_label_list),
		cmocka_unit_test(test_label_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
