/* SPDX-License-Identifier: MIT */
/* A process is killed during samples: a sample has all goroutines, or says that the
 * process has ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/go/sample.h"

#define GOROUTINES 20000u
#define WORDS      46u
#define TURNS      40
#define SAMPLES    100000

struct killer {
	pid_t pid;
	useconds_t wait_us;
};

struct world {
	uint64_t slice[3];
	uint64_t addresses[GOROUTINES];
	uint64_t gs[GOROUTINES][WORDS];
};

static void *kill_later(void *arg)
{
	const struct killer *killer = arg;

	usleep(killer->wait_us);
	kill(killer->pid, SIGKILL);
	return NULL;
}

static struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->slice[0] = (uintptr_t)world->addresses;
	world->slice[1] = world->slice[2] = GOROUTINES;
	for (size_t i = 0; i < GOROUTINES; i++) {
		world->addresses[i] = (uintptr_t)world->gs[i];
		world->gs[i][144 / 8] = GO_STATUS_WAITING;
		world->gs[i][152 / 8] = i + 1;
	}
	return world;
}

static size_t count_live(const struct go_sampler *sampler)
{
	size_t count = 0;

	for (size_t i = 0; i < sampler->nr_entries; i++)
		count += sampler->entries[i].live;
	return count;
}

/* Its memory is a copy of ours, at the same addresses. */
static void kill_one(const struct go_layout *layout, useconds_t wait_us)
{
	struct memory mem = {0};
	static const struct go_reasons reasons;
	struct go_module module = {0};
	struct intern *intern = intern_new(1 << 20);
	struct stack_table *table = stack_table_new(1000);
	struct go_stacks stacks;
	struct go_sampler sampler;
	struct killer killer = {fork(), wait_us};
	pthread_t thread;
	struct err e = {0};
	int rc = 0;

	if (killer.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(killer.pid > 0);
	mem.process = process_named(killer.pid);
	assert_true(go_stacks_init(&stacks, &module, &mem, intern, table));
	assert_true(go_sampler_init(&sampler, &mem, layout, &reasons, &stacks));
	assert_int_equal(pthread_create(&thread, NULL, kill_later, &killer), 0);
	for (int i = 0; i < SAMPLES && rc == 0; i++) {
		for (size_t at = 0; at < sampler.nr_entries; at++)
			sampler.kept[at].hash = 0;
		rc = go_sampler_run(&sampler, 1000, &e);
		if (rc == 0)
			assert_int_equal(count_live(&sampler), GOROUTINES);
	}
	assert_int_equal(rc, ERR_GONE);
	pthread_join(thread, NULL);
	assert_int_equal(waitpid(killer.pid, NULL, 0), killer.pid);
	go_sampler_release(&sampler);
	go_stacks_release(&stacks);
	stack_table_free(table);
	intern_free(intern);
}

static void all_goroutines_or_none(void **state)
{
	struct world *world = world_new();
	struct go_layout layout = {.allgs.slice = (uintptr_t)world->slice,
				   .g = {.status = 144,
					 .goid = 152,
					 .waitsince = 168,
					 .waitreason = 176,
					 .gopc = 288,
					 .startpc = 304,
					 .bytes = WORDS * 8}};

	for (useconds_t turn = 0; turn < TURNS; turn++)
		kill_one(&layout, 5000 + turn * 500);
	free(world);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_goroutines_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
