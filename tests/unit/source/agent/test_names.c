/* SPDX-License-Identifier: MIT */
/* Names that are read again cost the same per second, however often samples are taken. New
 * threads do not wait for them. */
#include "unit.h"

#include <unistd.h>

#include "source/agent/private.h"

#define ROWS 400u
#define OLD  200u /* rows that had a name before; the others are new */

struct fixture {
	struct agent agent;
	struct row rows[ROWS];
	struct row_more more[ROWS];
	struct row_block blocks[ROWS / REST_ROWS + 1];
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(kernel_open(&f->agent.kernel, getpid(), NULL), 0);
	f->agent.rows = f->rows;
	f->agent.blocks = f->blocks;
	f->agent.nr_rows = ROWS;
	f->agent.polls = 3;
	f->agent.now_ns = clock_mono_ns();
	for (uint32_t i = 0; i < ROWS; i++) {
		f->rows[i] = (struct row){.more = &f->more[i],
					  .kind = WIRE_THREAD,
					  .tid = getpid(),
					  .name_due_ns = i < OLD};
		f->more[i].name_kept_ns = CLOCK_SECOND_NS;
	}
}

static unsigned names(const struct fixture *f, uint32_t from, uint32_t to)
{
	unsigned nr = 0;

	for (uint32_t i = from; i < to; i++)
		nr += f->more[i].name[0] != '\0';
	return nr;
}

static void few_again(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned looks = 0;

	(void)state;
	begin(f);
	f->agent.before_ns = f->agent.now_ns;
	while (names(f, OLD, ROWS) == 0 && looks++ < OLD)
		agent_read_names(&f->agent, false);
	assert_true(names(f, OLD, ROWS) > 0);
	assert_int_equal(names(f, 0, OLD), looks);
	kernel_close(&f->agent.kernel);
	free(f);
}

/* After a second, as many as there is time for. */
static void many_again(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned looks = 0, most = 0;

	(void)state;
	begin(f);
	f->agent.before_ns = f->agent.now_ns - CLOCK_SECOND_NS;
	while (most < 2 && looks++ < OLD) {
		unsigned before = names(f, 0, OLD);

		agent_read_names(&f->agent, false);
		most = names(f, 0, OLD) - before;
	}
	assert_true(most >= 2);
	kernel_close(&f->agent.kernel);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_again),
		cmocka_unit_test(many_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
