/* SPDX-License-Identifier: MIT */
/* What "and", "or" and "!" say together is what each term says, in filters of any shape. */
#include "unit.h"

#include <stdlib.h>

#include "core/query.h"

#define TERMS   4u
#define DEPTH   4
#define FILTERS 3000

/* Of different cost, so that they are matched in another order than they are written. */
static const char *const terms[TERMS] = {"orders", "cpu>5", "name:worker", "switches=3"};

/* A filter, and for which tasks it is true. Each bit of a task's number is what a term
 * says of it. */
struct filter {
	char text[QUERY_TEXT_MAX];
	size_t length;
	bool is_true[1u << TERMS];
};

static void append(struct filter *filter, const char *text)
{
	filter->length +=
		(size_t)snprintf(filter->text + filter->length,
				 sizeof(filter->text) - filter->length, "%s", text);
}

static void add_part(struct filter *filter, int depth);

/* In parentheses, parts that must all be true, or one of them. */
static void add_group(struct filter *filter, int depth)
{
	bool all = rand() % 2, is_true[1u << TERMS];
	int parts = 1 + rand() % 3;

	for (size_t i = 0; i < COUNT(is_true); i++)
		is_true[i] = all;
	append(filter, "(");
	for (int part = 0; part < parts; part++) {
		append(filter, part == 0 ? "" : all ? " " : " | ");
		add_part(filter, depth - 1);
		for (size_t i = 0; i < COUNT(is_true); i++)
			is_true[i] = all ? is_true[i] && filter->is_true[i]
					 : is_true[i] || filter->is_true[i];
	}
	append(filter, ")");
	memcpy(filter->is_true, is_true, sizeof(is_true));
}

static void add_part(struct filter *filter, int depth)
{
	bool negated = rand() % 3 == 0;
	size_t term = (size_t)rand() % TERMS;

	append(filter, negated ? "!" : "");
	if (depth > 0 && rand() % 3 != 0) {
		add_group(filter, depth);
	} else {
		append(filter, terms[term]);
		for (size_t i = 0; i < COUNT(filter->is_true); i++)
			filter->is_true[i] = i >> term & 1;
	}
	for (size_t i = 0; i < COUNT(filter->is_true); i++)
		filter->is_true[i] ^= negated;
}

static void filters_of_any_shape(void **state)
{
	srand(1);
	for (int i = 0; i < FILTERS; i++) {
		struct filter filter = {.length = 0};
		struct query *query;

		add_part(&filter, DEPTH);
		if (filter.length + 1 >= sizeof(filter.text))
			continue;
		query = query_new(filter.text, NULL);
		assert_non_null(query);
		for (unsigned number = 0; number < COUNT(filter.is_true); number++) {
			const struct label label = {"path", "/orders/7"};
			const struct task task = {
				.name = number & 4 ? "worker" : "",
				.labels = &label,
				.nr_labels = number & 1,
				.cpu_percent = number & 2 ? 50 : 1,
				.switches = number & 8 ? 3 : 2,
			};

			if (query_match(query, &task, 0) != filter.is_true[number])
				fail_msg("%s of %u", filter.text, number);
		}
		query_free(query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_of_any_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
