/* SPDX-License-Identifier: MIT */
/* The poller on real child processes. The files of cli are not part of the client library,
 * so they are compiled in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "session/poller_internal.h"

#define PATIENCE_MS 10000

struct fixture {
	struct settings settings;
	struct session session;
	struct poller_options options;
	struct poller *poller;
	struct feed feed;
	pid_t children[4];
	size_t nr_children;
};

static pid_t start_program(struct fixture *fixture, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp(path, path, "600", (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	fixture->children[fixture->nr_children++] = pid;
	return pid;
}

static pid_t start_child(struct fixture *fixture)
{
	return start_program(fixture, "sleep");
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	settings_default(&fixture->settings);
	fixture->options.interval_ns = 20000000;
	fixture->options.settings = &fixture->settings;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->poller)
		poller_stop(fixture->poller);
	session_release(&fixture->session);
	for (size_t i = 0; i < fixture->nr_children; i++) {
		kill(fixture->children[i], SIGKILL);
		waitpid(fixture->children[i], NULL, 0);
	}
	free(fixture);
	return 0;
}

static void start_poller(struct fixture *fixture, pid_t pid)
{
	struct session_options options = {.rule = fixture->settings.rule};
	struct err e = {0};

	assert_int_equal(session_init(&fixture->session, &options, &e), 0);
	if (pid > 0)
		assert_int_equal(session_attach(&fixture->session, pid, &e), 0);
	fixture->options.live = pid > 0;
	fixture->poller = poller_start(&fixture->options, &fixture->session, &e);
	assert_non_null(fixture->poller);
	fixture->feed = poller_feed(fixture->poller);
}

/* Wait as the view does, by the descriptor, until the feed is in this state. The snapshot,
 * if there is one, is the caller's. */
static struct snapshot *wait_for(struct fixture *fixture, enum feed_status status,
				 uint64_t polls, struct feed_state *state)
{
	struct pollfd fresh = {.fd = fixture->feed.ops->fd(fixture->feed.ctx),
			       .events = POLLIN};
	int64_t limit_ns = clock_mono_ns() + PATIENCE_MS * 1000000ll;

	for (;;) {
		struct snapshot *snapshot =
			fixture->feed.ops->latest(fixture->feed.ctx, state);

		if (state->status == status && state->polls >= polls)
			return snapshot;
		snapshot_unref(snapshot);
		if (clock_mono_ns() > limit_ns)
			fail_msg("status %d after %llu polls: %s", state->status,
				 (unsigned long long)state->polls, state->message);
		poll(&fresh, 1, 100);
		fixture->feed.ops->clear(fixture->feed.ctx);
	}
}

static void publishes_at_its_interval(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start_child(fixture);
	int64_t begin_ns = clock_mono_ns(), took_ns;
	struct feed_state feed_state;
	struct snapshot *snapshot;

	start_poller(fixture, pid);
	snapshot = wait_for(fixture, FEED_LIVE, 10, &feed_state);
	took_ns = clock_mono_ns() - begin_ns;
	assert_non_null(snapshot);
	assert_int_equal(snapshot->target.pid, pid);
	assert_int_equal(snapshot->nr_tasks, 1);
	assert_string_equal(feed_state.message, "");
	assert_true(feed_state.poll_ns > 0);
	/* Late samples are dropped and not made up for. */
	assert_true((int64_t)feed_state.polls <= took_ns / 20000000 + 2);
	snapshot_unref(snapshot);
}

static void refresh_does_not_wait(void **state)
{
	struct fixture *fixture = *state;
	struct feed_state feed_state;

	fixture->options.interval_ns = SETTINGS_INTERVAL_MAX_NS;
	start_poller(fixture, start_child(fixture));
	snapshot_unref(wait_for(fixture, FEED_LIVE, 1, &feed_state));
	for (uint64_t polls = 2; polls < 5; polls++) {
		fixture->feed.ops->refresh(fixture->feed.ctx);
		snapshot_unref(wait_for(fixture, FEED_LIVE, polls, &feed_state));
	}
	fixture->feed.ops->set_interval(fixture->feed.ctx, 1);
	snapshot_unref(wait_for(fixture, FEED_LIVE, 8, &feed_state));
}

static void the_last_snapshot_stays(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start_child(fixture);
	struct feed_state feed_state;
	struct snapshot *before, *last;
	char number[16];

	/* A long interval: the end must be seen at once, not at the next sample. */
	fixture->options.interval_ns = SETTINGS_INTERVAL_MAX_NS;
	start_poller(fixture, pid);
	before = wait_for(fixture, FEED_LIVE, 1, &feed_state);
	kill(pid, SIGKILL);
	last = wait_for(fixture, FEED_ENDED, 1, &feed_state);
	snprintf(number, sizeof(number), "%d", (int)pid);
	assert_non_null(strstr(feed_state.message, number));
	assert_non_null(strstr(feed_state.message, "ended at"));
	assert_true(last->target.ended);
	/* A snapshot that a view still holds does not change. */
	assert_false(before->target.ended);
	assert_int_equal(last->nr_tasks, before->nr_tasks);
	assert_string_equal(last->target.name, before->target.name);
	snapshot_unref(before);
	assert_string_equal(last->target.sources, "native");
	assert_int_equal(last->counts.tasks, 1);
	snapshot_unref(last);
}

static void attaches_to_another(void **state)
{
	struct fixture *fixture = *state;
	pid_t first = start_child(fixture), second = start_child(fixture);
	struct feed_state feed_state;
	struct snapshot *snapshot;
	struct err e = {0};

	start_poller(fixture, 0);
	assert_null(fixture->feed.ops->latest(fixture->feed.ctx, &feed_state));
	assert_int_equal(feed_state.status, FEED_CONNECTING);
	assert_int_equal(fixture->feed.ops->attach(fixture->feed.ctx, first, &e), 0);
	snapshot = wait_for(fixture, FEED_LIVE, 1, &feed_state);
	assert_int_equal(snapshot->target.pid, first);
	snapshot_unref(snapshot);
	assert_int_equal(fixture->feed.ops->attach(fixture->feed.ctx, second, &e), 0);
	do {
		snapshot = wait_for(fixture, FEED_LIVE, 1, &feed_state);
		if (snapshot && snapshot->target.pid == second)
			break;
		snapshot_unref(snapshot);
	} while (feed_state.polls < 1000);
	assert_int_equal(snapshot->target.pid, second);
	snapshot_unref(snapshot);
	assert_int_equal(fixture->feed.ops->attach(fixture->feed.ctx, 4194999, &e),
			 ERR_NOTFOUND);
}

/* A program under a name that no other process of this machine has. */
static void make_program(char *path, size_t size)
{
	char command[128];

	snprintf(path, size, "/tmp/grmonw-%d", (int)getpid());
	snprintf(command, sizeof(command), "cp \"$(command -v sleep)\" %s", path);
	assert_int_equal(system(command), 0);
}

static bool is_named(pid_t pid, const char *name)
{
	char path[32], comm[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fdio_read_small(AT_FDCWD, path, comm, sizeof(comm));
	return strncmp(comm, name, strlen(name)) == 0;
}

static void waits_for_the_next_of_its_name(void **state)
{
	struct fixture *fixture = *state;
	struct feed_state feed_state;
	struct snapshot *snapshot;
	char path[64];
	pid_t pid;

	make_program(path, sizeof(path));
	pid = start_program(fixture, path);
	while (!is_named(pid, "grmonw"))
		sched_yield();
	fixture->options.wait = true;
	start_poller(fixture, pid);
	snapshot_unref(wait_for(fixture, FEED_LIVE, 2, &feed_state));
	kill(pid, SIGKILL);
	snapshot = wait_for(fixture, FEED_WAITING, 1, &feed_state);
	assert_true(snapshot->target.ended);
	assert_non_null(strstr(feed_state.message, "waiting for the next grmonw-"));
	snapshot_unref(snapshot);
	/* The first one is a zombie still: it must not be found again. */
	pid = start_program(fixture, path);
	snapshot = wait_for(fixture, FEED_LIVE, 1, &feed_state);
	assert_int_equal(snapshot->target.pid, pid);
	assert_false(snapshot->target.ended);
	snapshot_unref(snapshot);
	unlink(path);
}

static void lists_processes_and_writes_dumps(void **state)
{
	struct fixture *fixture = *state;
	char path[256], folder[] = "/tmp/grmon-poller-XXXXXX", before[4096];
	pid_t pid = start_child(fixture);
	const struct process_row *rows;
	struct history_entry history[4];
	struct feed_state feed_state;
	struct snapshot *snapshot;
	struct err e = {0};
	size_t count, seen = 0;
	json_t *root;

	start_poller(fixture, pid);
	snapshot = wait_for(fixture, FEED_LIVE, 2, &feed_state);
	assert_int_equal(
		fixture->feed.ops->processes(fixture->feed.ctx, &rows, &count, &e), 0);
	for (size_t i = 0; i < count; i++)
		seen += rows[i].pid == pid && rows[i].allowed;
	assert_int_equal(seen, 1);
	assert_true(fixture->feed.ops->history(fixture->feed.ctx, TASK_THREAD,
					       (uint64_t)pid, snapshot->tasks[0].serial,
					       history, 4) > 0);

	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	/* Twice in one second: two files. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fixture->feed.ops->write_dump(fixture->feed.ctx,
							       snapshot, path,
							       sizeof(path), &e),
				 0);
		root = json_load_file(path, 0, NULL);
		assert_non_null(root);
		assert_int_equal(json_integer_value(json_object_get(
					 json_object_get(root, "target"), "pid")),
				 pid);
		json_decref(root);
		if (i == 1)
			assert_non_null(strstr(path, "-1.json"));
		else
			assert_null(strstr(path, "-1.json"));
		if (i == 1) {
			unlink(path);
			memmove(strstr(path, "-1.json"), ".json", sizeof(".json"));
			unlink(path);
		}
	}
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(folder), 0);
	snapshot_unref(snapshot);
}

/* A source that says of each task that was asked for what it holds. */
static struct source_ops holding;

static int sample_with_holds(void *ctx, const struct source_focus *focus,
			     struct snapshot *out, struct err *e)
{
	static const struct held thing = {.kind = HELD_TEXT,
					  .frame = -1,
					  .way = "way",
					  .name = "",
					  .text = "thing"};
	int rc = source_native.sample(ctx, focus, out, e);

	for (size_t i = 0; rc == 0 && i < focus->nr_holds; i++)
		for (size_t n = 0; n < out->nr_tasks; n++) {
			struct holds *holds =
				arena_alloc(&out->arena, sizeof(struct holds));

			assert_non_null(holds);
			*holds = (struct holds){.list = &thing, .nr = 1};
			if (out->tasks[n].id == focus->holds[i].id)
				task_edit(&out->tasks[n], &out->arena)->holds = holds;
		}
	return rc;
}

static void start_holding(struct fixture *fixture, pid_t pid)
{
	struct session_options options = {.rule = fixture->settings.rule,
					  .source = "native"};
	struct err e = {0};

	assert_int_equal(session_init(&fixture->session, &options, &e), 0);
	assert_int_equal(session_attach(&fixture->session, pid, &e), 0);
	holding = source_native;
	holding.sample = sample_with_holds;
	fixture->session.access.ops = &holding;
	fixture->options.live = pid > 0;
	fixture->poller = poller_start(&fixture->options, &fixture->session, &e);
	assert_non_null(fixture->poller);
	fixture->feed = poller_feed(fixture->poller);
}

/* Waits for a snapshot that answers the request. The caller drops it. */
static struct snapshot *wait_for_answer(struct fixture *fixture, uint64_t request)
{
	int64_t limit_ns = clock_mono_ns() + PATIENCE_MS * 1000000ll;
	struct feed_state state;
	struct snapshot *snapshot;

	while (clock_mono_ns() < limit_ns) {
		snapshot = fixture->feed.ops->latest(fixture->feed.ctx, &state);
		if (snapshot && state.holds == request)
			return snapshot;
		snapshot_unref(snapshot);
		clock_sleep_ns(1000000);
	}
	fail_msg("no snapshot answers request %llu", (unsigned long long)request);
	return NULL;
}

static void asks_for_holds_until_told_otherwise(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start_child(fixture);
	struct holds_wish *list = calloc(2, sizeof(*list));
	uint64_t request = 0;
	struct feed_state feed_state;
	struct snapshot *snapshot;

	start_holding(fixture, pid);
	snapshot = wait_for(fixture, FEED_LIVE, 2, &feed_state);
	assert_null(task_more(&snapshot->tasks[0])->holds);
	snapshot_unref(snapshot);
	/* Many requests, of which the thread takes some; the ids are copied. */
	for (int i = 0; i < 100; i++) {
		list[0].id = 1;
		list[1].id = (uint64_t)pid;
		request = fixture->feed.ops->holds(fixture->feed.ctx, list, 2);
		list[1].id = 0;
	}
	free(list);
	snapshot = wait_for_answer(fixture, request);
	assert_non_null(task_more(&snapshot->tasks[0])->holds);
	assert_string_equal(task_more(&snapshot->tasks[0])->holds->list[0].text, "thing");
	snapshot_unref(snapshot);
	/* The last snapshot of a process that has ended keeps them. */
	kill(pid, SIGKILL);
	snapshot = wait_for(fixture, FEED_ENDED, 2, &feed_state);
	assert_non_null(snapshot);
	assert_non_null(task_more(&snapshot->tasks[0])->holds);
	assert_string_equal(task_more(&snapshot->tasks[0])->holds->list[0].text, "thing");
	snapshot_unref(snapshot);
}

static void withdraws_the_wish_for_holds(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start_child(fixture);
	struct holds_wish wish = {.id = (uint64_t)pid};
	uint64_t request;
	struct snapshot *snapshot;

	start_holding(fixture, pid);
	request = fixture->feed.ops->holds(fixture->feed.ctx, &wish, 1);
	snapshot = wait_for_answer(fixture, request);
	assert_non_null(task_more(&snapshot->tasks[0])->holds);
	snapshot_unref(snapshot);
	request = fixture->feed.ops->holds(fixture->feed.ctx, NULL, 0);
	snapshot = wait_for_answer(fixture, request);
	assert_null(task_more(&snapshot->tasks[0])->holds);
	snapshot_unref(snapshot);
	/* One that the thread may not have taken is freed with the poller. */
	fixture->feed.ops->holds(fixture->feed.ctx, &wish, 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(publishes_at_its_interval),
		WITH(refresh_does_not_wait),
		WITH(the_last_snapshot_stays),
		WITH(attaches_to_another),
		WITH(waits_for_the_next_of_its_name),
		WITH(lists_processes_and_writes_dumps),
		WITH(asks_for_holds_until_told_otherwise),
		WITH(withdraws_the_wish_for_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
