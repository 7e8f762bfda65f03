/* SPDX-License-Identifier: MIT */
/* What the members of a group hold in common, from holds made by hand. */
#include "unit.h"

#include "core/holds_group.h"

#define MEMBERS_MAX 1000

struct member {
	struct held list[HOLDS_LIST_MAX];
	struct holds holds;
};

static struct member *members, *others;
static const struct holds *inside[MEMBERS_MAX], *outside[MEMBERS_MAX];
static struct arena arena;

static int setup(void **state)
{
	(void)state;
	members = calloc(MEMBERS_MAX, sizeof(*members));
	others = calloc(MEMBERS_MAX, sizeof(*others));
	arena_init(&arena, 0);
	for (size_t i = 0; i < MEMBERS_MAX; i++) {
		members[i].holds.list = members[i].list;
		others[i].holds.list = others[i].list;
		inside[i] = &members[i].holds;
		outside[i] = &others[i].holds;
	}
	return members && others ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	free(members);
	free(others);
	return 0;
}

static struct held *add(struct member *member, enum held_kind kind, const char *text)
{
	struct held *held = &member->list[member->holds.nr++];

	assert_true(member->holds.nr <= HOLDS_LIST_MAX);
	*held = (struct held){.kind = kind,
			      .frame = -1,
			      .steps = 1,
			      .way = "way",
			      .name = "",
			      .text = text};
	return held;
}

static void add_text(struct member *member, enum held_text reads, const char *text)
{
	add(member, HELD_TEXT, text)->reads = reads;
}

#define number(...) arena_printf(&arena, __VA_ARGS__)

static const char *sentence(size_t nr, size_t nr_outside)
{
	static char text[HOLDS_GROUP_TEXT_MAX];
	const struct holds_group *group =
		holds_group_find(inside, nr, outside, nr_outside, &arena);

	assert_non_null(group);
	return holds_group_text(group, HOLDS_SENTENCE, false, text);
}

static void all_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < 822; i++) {
		add_text(&members[i], HELD_TEXT_HOST, "registry.example:443");
		add_text(&members[i], HELD_TEXT_OTHER, "GET");
	}
	assert_string_equal(sentence(822, 0), "all 822: host registry.example:443");
}

static void most_of_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++) {
		add_text(&members[i], HELD_TEXT_HOST, "registry.example:443");
		if (i % 10)
			add_text(&members[i], HELD_TEXT_PATH, "/v2/_catalog");
		if (i % 3 == 0)
			add_text(&members[i], HELD_TEXT_PATH, "/rare");
	}
	assert_string_equal(sentence(100, 0), "all 100: host registry.example:443; "
					      "90 of 100: path /v2/_catalog");
}

static void nothing_in_common(void **state)
{
	const struct holds_group *group;
	char line[HELD_LINE_MAX + 64];

	(void)state;
	for (size_t i = 0; i < 50; i++)
		add_text(&members[i], HELD_TEXT_ID, number("req-%zu", i));
	assert_string_equal(sentence(50, 0), "");
	group = holds_group_find(inside, 50, NULL, 0, &arena);
	assert_int_equal(group->nr_differing, 1);
	assert_string_equal(holds_differing_text(&group->differing[0], false, line),
			    "50 different ids, such as req-0");
	assert_null(holds_group_find(inside, 0, NULL, 0, &arena));
}

static void common_beginnings(void **state)
{
	char text[HOLDS_GROUP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 822; i++) {
		add_text(&members[i], HELD_TEXT_HOST, "registry.example:443");
		add_text(&members[i], HELD_TEXT_PATH,
			 number("/v2/image-%zu/manifests", i % 412));
	}
	assert_string_equal(sentence(822, 0), "all 822: host registry.example:443, "
					      "path /v2/\u2026 (412 different)");
	holds_group_text(holds_group_find(inside, 822, NULL, 0, &arena), 4, true, text);
	assert_contains(text, "path /v2/... (412 different)");
}

static void beginnings_of_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++)
		add_text(&members[i], HELD_TEXT_URL,
			 number("https://a.example/img/%zu?size=1", i));
	assert_string_equal(sentence(20, 0),
			    "all 20: url https://a.example/img/\u2026 (20 different)");
}

/* What everybody reaches says nothing about the group. */
static void others_reach_it_too(void **state)
{
	const struct holds_group *group;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		add_text(&members[i], HELD_TEXT_HOST, "db.example:5432");
		add_text(&members[i], HELD_TEXT_PATH, "/jobs/images");
		add_text(&others[i], HELD_TEXT_HOST, "db.example:5432");
	}
	assert_string_equal(sentence(40, 40), "all 40: path /jobs/images");
	group = holds_group_find(inside, 40, outside, 40, &arena);
	assert_string_equal(group->shared[0].text, "/jobs/images");
	assert_int_equal(group->shared[0].outside, 0);
	assert_int_equal(group->shared[1].outside, 40);
}

static void same_object_and_far_end(void **state)
{
	const char *text;

	(void)state;
	for (size_t i = 0; i < 30; i++) {
		add(&members[i], HELD_CONNECTION,
		    number("tcp 10.0.0.2:%zu \u2192 10.0.0.3:443 (a.example:443), fd 7",
			   40000 + i));
		add(&members[i], HELD_LOCK, number("sync.Mutex, %zu waiters", i))
			->address = 0xc000010000;
	}
	text = sentence(30, 0);
	assert_contains(text, "all 30: connections to 10.0.0.3:443 (a.example:443)");
	assert_contains(text, "lock sync.Mutex, 0 waiters");
}

/* A target can make everything differ, or everything begin alike. It takes a second; if
 * every thing were compared with every other, it would take hours. */
/* Go's heap is at the same addresses in every process. */
static void processes_share_no_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		add(&members[i], HELD_CHANNEL, "chan cap 0")->address = 0xc000012340;
		members[i].holds.pid = i < 10 ? 4711 : 4712;
	}
	assert_string_equal(sentence(10, 0), "all 10: channel chan cap 0");
	assert_null(strstr(sentence(20, 0), "all 20"));
}

static void hostile_things(void **state)
{
	const struct holds_group *group;
	char *longest;

	(void)state;
	for (size_t i = 0; i < MEMBERS_MAX; i++)
		for (size_t n = 0; n < HOLDS_LIST_MAX; n++) {
			longest = arena_alloc(&arena, HOLDS_TEXT_MAX);
			memset(longest, n % 2 ? '/' : 'a', HOLDS_TEXT_MAX - 1);
			snprintf(longest + HOLDS_TEXT_MAX - 24, 24, "/%zu/%zu/", n, i);
			add_text(&members[i], HELD_TEXT_PATH, longest);
			members[i].list[n].way = longest + HOLDS_TEXT_MAX - 23;
		}
	group = holds_group_find(inside, MEMBERS_MAX, inside, MEMBERS_MAX, &arena);
	assert_non_null(group);
	assert_int_equal(group->members, MEMBERS_MAX);
	assert_true(group->nr_shared <= HOLDS_SHARED_MAX);
}

static void asks_for_the_oldest(void **state)
{
	static struct holds_wish ids[HOLDS_ASK_MAX];
	struct group group = {.by = GROUP_STATE, .state = STATE_SELECT};
	struct snapshot *s = snapshot_new();
	size_t nr, nr_members, all;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		struct task *task = snapshot_add(s);

		task->kind = TASK_GOROUTINE;
		task->id = i + 1;
		task->state = i % 2 ? STATE_SELECT : STATE_IO_READ;
		task->since_ns = i == 7 ? 0 : (int64_t)(5000 - i);
	}
	nr = holds_group_ask(s, (struct holds_who){.group = &group}, ids, &nr_members,
			     &all);
	assert_int_equal(all, 1500);
	assert_int_equal(nr_members, HOLDS_TASKS_MAX);
	/* All others have the same stack: none. */
	assert_int_equal(nr, HOLDS_TASKS_MAX + HOLDS_OUTSIDE_STACK);
	assert_int_equal(ids[0].id, 3000);
	for (size_t i = 0; i < nr_members; i++)
		assert_int_equal(ids[i].id % 2, 0);
	for (size_t i = nr_members; i < nr; i++)
		assert_int_equal(ids[i].id % 2, 1);
	snapshot_unref(s);
}

static void formats(void **state)
{
	struct held held = {
		.kind = HELD_LOCAL, .name = "n", .text = "3", .way = "a \u2192 b"};
	struct holds holds = {.compared = 64};
	char out[HELD_LINE_MAX];

	(void)state;
	assert_string_equal(held_format(&held, false, out), "n = 3");
	assert_string_equal(held_format_way(&held, true, out, sizeof(out)), "a -> b");
	assert_string_equal(held_format_way(&held, false, out, sizeof(out)),
			    "a \u2192 b");
	assert_string_equal(held_format_way(&held, false, out, 3), "a ");
	/* Variables are not compared with those of others. */
	assert_string_equal(held_format_others(&holds, &held, out), "");
	held.way = "main.main";
	assert_true(held_is_own(&held));
	held.way = "net/http.(*persistConn).readLoop";
	assert_false(held_is_own(&held));
	held.kind = HELD_VALUE;
	assert_string_equal(held_format_others(&holds, &held, out), "none of 64 others");
	held.others = 3;
	assert_string_equal(held_format_others(&holds, &held, out), "3 of 64 others");
	assert_string_equal(held_format_steps(&held, out), "on the stack");
	held = (struct held){.kind = HELD_VALUE, .name = "*T", .text = "{1}", .way = ""};
	assert_string_equal(held_format(&held, false, out), "*T {1}");
	held.text = "*T {1}";
	assert_string_equal(held_format(&held, false, out), "*T {1}");
	for (int i = 0; i < HELD_KINDS; i++)
		assert_int_equal(held_kind_by_name(held_kind_name((enum held_kind)i)), i);
	for (int i = 0; i < HELD_TEXTS; i++)
		assert_int_equal(held_text_by_name(held_text_name((enum held_text)i)), i);
	assert_int_equal(held_kind_by_name("nothing"), -1);
	held = (struct held){
		.kind = HELD_FUNCTION, .name = "", .text = "main.run.func1", .way = ""};
	assert_true(held_is_own(&held));
	held.text = "net/http.(*Transport).dialConn method value";
	assert_false(held_is_own(&held));
	held.text = "context.WithCancelCause.func1";
	assert_false(held_is_own(&held));
	held.text = "github.com/a/b.(*T).run";
	assert_true(held_is_own(&held));
	held = (struct held){
		.kind = HELD_LOCAL, .name = "pc", .text = "1", .way = "net/http.get"};
	assert_false(held_is_own(&held));
	held.way = "main.run";
	assert_true(held_is_own(&held));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(most_of_them, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_in_common, setup, teardown),
		cmocka_unit_test_setup_teardown(common_beginnings, setup, teardown),
		cmocka_unit_test_setup_teardown(beginnings_of_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(others_reach_it_too, setup, teardown),
		cmocka_unit_test_setup_teardown(same_object_and_far_end, setup, teardown),
		cmocka_unit_test_setup_teardown(processes_share_no_objects, setup,
						teardown),
		cmocka_unit_test_setup_teardown(hostile_things, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_for_the_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(formats, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
