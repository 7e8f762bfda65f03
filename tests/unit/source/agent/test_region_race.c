/* SPDX-License-Identifier: MIT */
/* A region whose writer changes everything all the time, between any two reads of a
 * sample and in the middle of them: counts, offsets, lengths, texts, and the header while
 * it is checked. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/agent/private.h"

#define SLOTS            32u
#define WATCH_NS         (CLOCK_SECOND_NS / 2)
#define SAMPLES_AT_LEAST 20u

struct race {
	struct wire_header layout;
	uint8_t *map;
	int fd;
	pid_t writer;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Runs until it is killed. Most of the header is right most of the time, so that samples
 * get far. */
static void write_nonsense(struct race *race)
{
	static const uint64_t words[] = {
		0,          1,         2,          31,         255,        4096,
		UINT32_MAX, INT32_MAX, UINT64_MAX, 1ull << 31, 1ull << 63, 1ull << 40,
	};
	const struct wire_header *layout = &race->layout;
	uint64_t seed = 88172645463325252ull;

	for (uint64_t turn = 0;; turn++) {
		uint64_t random = next_random(&seed);
		uint64_t word = random & 1 ? words[random / 2 % COUNT(words)]
					   : next_random(&seed);
		bool header = turn % 64 == 0;
		uint64_t most = header ? sizeof(*layout) : layout->region_bytes;
		uint64_t at = next_random(&seed) % (most / 4) * 4;

		memcpy(race->map + at, &word, random & 2 ? 4 : at + 8 <= most ? 8 : 4);
		/* Records that seem to be whole. */
		if (turn % 3 == 0)
			for (uint32_t i = 0; i < SLOTS; i++) {
				struct wire_slot *slot =
					(void *)(race->map + layout->slots_offset +
						 i * sizeof(*slot));

				slot->seq = (uint32_t)random & ~1u;
				slot->kind = 1 + i % 2;
				slot->flags |= WIRE_SLOT_CREATOR | WIRE_SLOT_LABELS;
			}
		if (turn % 16 == 0) {
			struct wire_header now = *layout;

			now.nr_slots_used = (uint32_t)word;
			now.nr_chans_used = (uint32_t)(word >> 8);
			memcpy(race->map, &now, sizeof(now));
		}
	}
}

static void race_begin(struct race *race, bool sealed)
{
	memset(race, 0, sizeof(*race));
	wire_layout(&race->layout, SLOTS, SLOTS, SLOTS);
	race->layout.pid = getpid();
	race->fd = memfd_create("race", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(race->fd, (off_t)race->layout.region_bytes), 0);
	if (sealed)
		assert_int_equal(
			fcntl(race->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	race->map = mmap(NULL, race->layout.region_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, race->fd, 0);
	assert_true(race->map != MAP_FAILED);
	memcpy(race->map, &race->layout, sizeof(race->layout));
	race->writer = fork();
	assert_true(race->writer >= 0);
	if (race->writer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_nonsense(race);
	}
}

static void race_end(struct race *race)
{
	kill(race->writer, SIGKILL);
	waitpid(race->writer, NULL, 0);
	munmap(race->map, race->layout.region_bytes);
	close(race->fd);
}

static void check_snapshot(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		assert_true(task->state < STATE_COUNT && task->waits.fd >= -1);
		assert_true(task->since_ns <= snapshot->mono_ns);
		assert_true(strlen(task->name) < 64);
		assert_true(!task->waits.kind || strlen(task->waits.text) < 1024);
		assert_true(task->nr_labels <= SNAPSHOT_LABELS_MAX);
		for (size_t k = 0; k < task->nr_labels; k++)
			assert_true(strlen(task->labels[k].key) +
					    strlen(task->labels[k].text) <=
				    WIRE_LABEL_BYTES);
	}
}

/* The header is checked and used while it changes: taken again and again. */
static unsigned take_often(struct race *race, struct kernel *kernel)
{
	int64_t end_ns = clock_mono_ns() + WATCH_NS;
	unsigned taken = 0;

	for (unsigned i = 0; i < SAMPLES_AT_LEAST || clock_mono_ns() < end_ns; i++) {
		struct region region;
		struct err e = {0};
		int fd = dup(race->fd);

		if (region_adopt(&region, kernel, fd, &e) != 0) {
			assert_true(e.text[0] != '\0');
			close(fd);
			continue;
		}
		taken++;
		assert_null(wire_check(&region.layout, race->layout.region_bytes));
		if (region_refresh(&region, &e) == 0)
			assert_true(region.nr_slots <= region.layout.nr_slots &&
				    region.nr_chans <= region.layout.nr_chans);
		region_release(&region);
	}
	return taken;
}

static void run(bool sealed)
{
	struct intern *intern = intern_new(1u << 20);
	struct stack_table *stacks = stack_table_new(10000);
	struct agent *agent = calloc(1, sizeof(*agent));
	unsigned samples = 0;
	struct race race;
	struct err e = {0};
	int rc;

	assert_true(intern && stacks && agent);
	assert_int_equal(kernel_open(&agent->kernel, getpid(), &e), 0);
	race_begin(&race, sealed);
	assert_true(take_often(&race, &agent->kernel) > 0);
	/* Sooner or later the header is right at the moment. */
	do {
		int fd = dup(race.fd);

		rc = region_adopt(&agent->region, &agent->kernel, fd, &e);
		if (rc != 0)
			close(fd);
	} while (rc != 0);
	agent->attached = true;
	agent->intern = intern;
	agent->stacks = stacks;
	agent->symbols = symbols_new(&agent->kernel, intern, stacks);
	thread_table_init(&agent->threads, &agent->kernel, agent->symbols);
	resource_init(&agent->resources, &agent->kernel);
	for (int64_t end_ns = clock_mono_ns() + WATCH_NS;
	     samples < SAMPLES_AT_LEAST || clock_mono_ns() < end_ns; samples++) {
		const struct source_focus focus = {.all = true};
		struct snapshot *snapshot = snapshot_new();

		assert_non_null(snapshot);
		if (source_agent.sample(agent, &focus, snapshot, &e) == 0)
			check_snapshot(snapshot);
		snapshot_unref(snapshot);
	}
	source_agent.close(agent);
	free(agent);
	race_end(&race);
	stack_table_free(stacks);
	intern_free(intern);
}

static void mapped(void **state)
{
	run(true);
}

static void copied(void **state)
{
	run(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped),
		cmocka_unit_test(copied),
	};

	return cmocka_run_group_tests_name("source: a region in a race", tests, NULL,
					   NULL);
}
