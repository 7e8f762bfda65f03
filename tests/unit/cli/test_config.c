/* SPDX-License-Identifier: MIT */
/* The configuration file: what it accepts and refuses, and that nothing in it is lost.
 * The files of cli are not part of the client library, so they are compiled in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../src/cli/config.c"
#include "../../../src/cli/values.c"

static char folder[64], file[96];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/grmon-config-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/config.json", folder);
	return 0;
}

static int teardown(void **state)
{
	unlink(file);
	return rmdir(folder);
}

static void put_file(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void check_file(const char *expected)
{
	struct buf text;

	buf_init(&text, 0);
	assert_int_equal(fdio_read_file(file, &text, 65536, NULL), 0);
	assert_string_equal(text.length ? text.bytes : "", expected);
	buf_release(&text);
}

static void takes_every_key(void **state)
{
	struct settings settings;
	struct err e = {0};

	settings_default(&settings);
	put_file("{\"interval\": 0.25, \"stuck\": \"5s,poll=1m\", \"filter\": "
		 "\"state:lock\",\n"
		 "\"sort\": \"name:asc\", \"columns\": \"id,age\", \"hide_idle\": true,\n"
		 "\"no_color\": true, \"ascii\": true, \"mouse\": false, \"preview\": "
		 "false, \"preview_rows\": 12, \"preview_columns\": 70}");
	assert_int_equal(config_load(file, &settings, &e), 0);
	assert_int_equal(settings.interval_ns, 250000000);
	assert_int_equal(settings.rule.threshold_ns[STATE_MUTEX], 5 * CLOCK_SECOND_NS);
	assert_int_equal(settings.rule.threshold_ns[STATE_POLL], 60 * CLOCK_SECOND_NS);
	assert_string_equal(settings.filter, "state:lock");
	assert_int_equal(settings.sort.column, COLUMN_NAME);
	assert_false(settings.sort.descending);
	assert_int_equal(settings.columns.count, 2);
	assert_true(settings.hide_idle && settings.no_color && settings.ascii);
	assert_false(settings.mouse);
	assert_false(settings.preview);
	assert_int_equal(settings.preview_rows, 12);
	assert_int_equal(settings.preview_columns, 70);
}

/* Lists on the command line may be arrays here, and stay arrays. */
static void takes_arrays(void **state)
{
	struct settings settings;
	struct err e = {0};

	settings_default(&settings);
	put_file("{\"columns\": [\"id\", \"age\"], \"stuck\": [\"5s\", \"poll=1m\"]}");
	assert_int_equal(config_load(file, &settings, &e), 0);
	assert_int_equal(settings.columns.count, 2);
	assert_int_equal(settings.columns.ids[1], COLUMN_AGE);
	assert_int_equal(settings.rule.threshold_ns[STATE_MUTEX], 5 * CLOCK_SECOND_NS);
	assert_int_equal(settings.rule.threshold_ns[STATE_POLL], 60 * CLOCK_SECOND_NS);
	assert_int_equal(config_save(file, &settings, &e), 0);
	check_file("{\n  \"columns\": [\n    \"id\",\n    \"age\"\n  ],\n  \"stuck\": "
		   "[\n    \"5s\",\n    \"poll=1m\"\n  ]\n}\n");
}

static void missing_file_is_fine(void **state)
{
	struct settings settings, before;
	struct err e = {0};

	settings_default(&settings);
	before = settings;
	assert_int_equal(config_load(file, &settings, &e), 0);
	assert_memory_equal(&settings, &before, sizeof(settings));
}

static void refuses_with_line_and_key(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"{\"interval\": ", "line 1"},
		{"{\n\"interval\": 1,\n\"stuck\": 7}", "line 3: \"stuck\""},
		{"{\"hide_idle\": \"yes\"}", "true or false"},
		{"{\"intervall\": 1}", "did you mean \"interval\""},
		{"{\"something\": 1}", "the keys are interval, stuck"},
		{"{\n\n\"filter\": \"state:lock)\"}", "line 3: \"filter\""},
		{"{\"columns\": \"nosuch\"}", "\"columns\""},
		{"{\"columns\": [\"id\", \"nosuch\"]}", "\"columns\""},
		{"{\"columns\": [\"id\", 7]}", "entry 2 must be a string"},
		{"{\"columns\": [\"id,age\"]}", "without a comma"},
		{"{\"columns\": []}", "\"columns\""},
		{"{\"sort\": [\"age\"]}", "\"sort\""},
		{"{\"sort\": \"nosuch\"}", "\"sort\""},
		{"{\"interval\": 0}", "between 10ms and 1h"},
		{"{\"interval\": -3}", "between 10ms and 1h"},
		{"{\"interval\": 1, \"interval\": 2}", "duplicate"},
		{"{\"preview_rows\": -1}", "a number from 0 to 1000"},
		{"{\"preview_columns\": 1001}", "a number from 0 to 1000"},
		{"[]", "one JSON object"},
		{"", "line 1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings settings, before;
		struct err e = {0};

		settings_default(&settings);
		before = settings;
		put_file(cases[i].text);
		if (config_load(file, &settings, &e) != ERR_FORMAT)
			fail_msg("%s is accepted", cases[i].text);
		if (!strstr(e.text, cases[i].said) || !strstr(e.text, file))
			fail_msg("%s gives: %s", cases[i].text, e.text);
		/* One wrong key: nothing of the file counts, and the file stays. */
		assert_memory_equal(&settings, &before, sizeof(settings));
		check_file(cases[i].text);
	}
}

static void writes_what_differs_and_keeps_the_rest(void **state)
{
	struct settings settings;
	struct err e = {0};

	settings_default(&settings);
	settings.hide_idle = true;
	settings.interval_ns = 2500000000;
	put_file("{\"later\": {\"a\": [1, 2]}, \"mouse\": true}");
	assert_int_equal(config_save(file, &settings, &e), 0);
	check_file(
		"{\n  \"later\": {\n    \"a\": [\n      1,\n      2\n    ]\n  },\n"
		"  \"mouse\": true,\n  \"interval\": 2.5,\n  \"hide_idle\": true\n}\n");
}

static void what_it_writes_it_reads(void **state)
{
	struct settings settings, again;
	struct err e = {0};

	settings_default(&settings);
	assert_int_equal(value_apply(&settings, OPTION_STUCK, "5s,poll=1m", &e), 0);
	assert_int_equal(
		value_apply(&settings, OPTION_FILTER, "state:\"lock\" !name:x", &e), 0);
	assert_int_equal(value_apply(&settings, OPTION_SORT, "cpu:desc", &e), 0);
	assert_int_equal(value_apply(&settings, OPTION_COLUMNS, "id,cpu,labels", &e), 0);
	assert_int_equal(value_apply(&settings, OPTION_INTERVAL, "100ms", &e), 0);
	settings.ascii = true;
	settings.preview = false;
	settings.preview_columns = 81;
	settings.mouse = false;
	snprintf(settings.acknowledge, sizeof(settings.acknowledge), "%s",
		 "fn=\"one\"\nfn:two\n");
	snprintf(settings.suppress, sizeof(settings.suppress), "%s", "name:pool-\n");
	assert_int_equal(config_save(file, &settings, &e), 0);
	settings_default(&again);
	assert_int_equal(config_load(file, &again, &e), 0);
	assert_int_equal(again.interval_ns, settings.interval_ns);
	assert_string_equal(again.stuck, settings.stuck);
	assert_string_equal(again.filter, settings.filter);
	assert_int_equal(again.sort.column, COLUMN_CPU);
	assert_int_equal(again.columns.count, 3);
	assert_int_equal(again.columns.ids[2], COLUMN_LABELS);
	assert_true(again.ascii);
	assert_false(again.mouse);
	assert_string_equal(again.acknowledge, "fn=\"one\"\nfn:two\n");
	assert_string_equal(again.suppress, "name:pool-\n");
}

static void never_writes_over_what_it_cannot_read(void **state)
{
	struct settings settings;
	struct err e = {0};

	settings_default(&settings);
	settings.ascii = true;
	put_file("{\"interval\": 1, }");
	assert_int_equal(config_save(file, &settings, &e), ERR_FORMAT);
	check_file("{\"interval\": 1, }");
}

static void a_link_stays_a_link(void **state)
{
	char link_path[160];
	struct settings settings;
	struct stat status;
	struct err e = {0};

	settings_default(&settings);
	settings.ascii = true;
	put_file("{}");
	snprintf(link_path, sizeof(link_path), "%s/link.json", folder);
	assert_int_equal(symlink(file, link_path), 0);
	assert_int_equal(config_save(link_path, &settings, &e), 0);
	assert_int_equal(lstat(link_path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	check_file("{\n  \"ascii\": true\n}\n");
	unlink(link_path);
}

static void makes_its_folders(void **state)
{
	struct settings settings;
	struct stat status;
	struct err e = {0};
	char path[160], deep[128];

	settings_default(&settings);
	snprintf(deep, sizeof(deep), "%s/a", folder);
	snprintf(path, sizeof(path), "%s/b.json", deep);
	assert_int_equal(config_save(path, &settings, &e), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	unlink(path);
	rmdir(deep);
}

static void path_follows_the_environment(void **state)
{
	char path[256];

	setenv("XDG_CONFIG_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	assert_int_equal(config_path(path, sizeof(path), NULL), 0);
	assert_string_equal(path, "/x/grmon-c/config.json");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	assert_int_equal(config_path(path, sizeof(path), NULL), 0);
	assert_string_equal(path, "/h/.config/grmon-c/config.json");
	assert_int_equal(config_path(path, 10, NULL), ERR_NOTFOUND);
}

static void suggests_the_nearest(void **state)
{
	static const char *const words[] = {"filter", "format", "interval", "threads"};
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"fliter", "filter"}, {"intervall", "interval"},
		{"int", "interval"},  {"thread", "threads"},
		{"xyz", NULL},        {"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct suggest suggest;

		suggest_init(&suggest, cases[i].word, strlen(cases[i].word));
		for (size_t j = 0; j < 4; j++)
			suggest_offer(&suggest, words[j]);
		if (cases[i].best)
			assert_string_equal(suggest.best, cases[i].best);
		else
			assert_null(suggest.best);
	}
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(takes_every_key),
		WITH_FILE(takes_arrays),
		WITH_FILE(missing_file_is_fine),
		WITH_FILE(refuses_with_line_and_key),
		WITH_FILE(writes_what_differs_and_keeps_the_rest),
		WITH_FILE(what_it_writes_it_reads),
		WITH_FILE(never_writes_over_what_it_cannot_read),
		WITH_FILE(a_link_stays_a_link),
		WITH_FILE(makes_its_folders),
		cmocka_unit_test(path_follows_the_environment),
		cmocka_unit_test(suggests_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
