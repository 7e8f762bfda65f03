/* SPDX-License-Identifier: MIT */
/* What strings of programs read like, which of them say nothing, and that no byte that
 * could harm a terminal is in what is shown. */
#include "unit.h"

#include "base/array.h"
#include "source/go/holds/words.h"

static const struct {
	const char *text;
	enum held_text reads;
} kinds[] = {
	{"http://registry.example/v2/", HELD_TEXT_URL},
	{"https://user:secret@host.example:8443/a/b?c=d&e=%20#f", HELD_TEXT_URL},
	{"postgres://app@10.0.0.7:5432/orders?sslmode=disable", HELD_TEXT_URL},
	{"amqp+ssl://mq.internal", HELD_TEXT_URL},
	{"unix:///run/docker.sock", HELD_TEXT_URL},
	{"file:///etc/passwd", HELD_TEXT_URL},
	{"https://bücher.example/größe", HELD_TEXT_URL},
	{"http://", HELD_TEXT_OTHER},
	{"see https://a.example for more", HELD_TEXT_OTHER},
	{"a://b", HELD_TEXT_OTHER},
	{"registry.example:443", HELD_TEXT_HOST},
	{"db-1.prod.svc.cluster.local:5432", HELD_TEXT_HOST},
	{"redis:6379", HELD_TEXT_HOST},
	{"my_service_1:8080", HELD_TEXT_HOST},
	{"localhost", HELD_TEXT_HOST},
	{"api.example.com", HELD_TEXT_HOST},
	{"xn--bcher-kva.example", HELD_TEXT_HOST},
	{"127.0.0.1:44990", HELD_TEXT_HOST},
	{"192.168.0.254", HELD_TEXT_HOST},
	{"[::1]:8080", HELD_TEXT_HOST},
	{"fe80::1%eth0", HELD_TEXT_HOST},
	{"2001:db8:0:0:0:0:2:1", HELD_TEXT_HOST},
	{":8080", HELD_TEXT_HOST},
	{"main.go:88", HELD_TEXT_OTHER},
	{"12:30", HELD_TEXT_OTHER},
	{"256.1.1.1", HELD_TEXT_OTHER},
	{"1.2.3", HELD_TEXT_OTHER},
	{"host:0", HELD_TEXT_OTHER},
	{"host:70000", HELD_TEXT_OTHER},
	{"main.worker", HELD_TEXT_OTHER},
	{"etcdserverpb.KV", HELD_TEXT_OTHER},
	{"index.html", HELD_TEXT_OTHER},
	{"hello", HELD_TEXT_OTHER},
	{"a..b.com", HELD_TEXT_OTHER},
	{"-x.com", HELD_TEXT_OTHER},
	{"/v2/library/image/manifests/latest", HELD_TEXT_PATH},
	{"/", HELD_TEXT_OTHER},
	{"//", HELD_TEXT_OTHER},
	{"/etc/passwd", HELD_TEXT_PATH},
	{"./data/a", HELD_TEXT_PATH},
	{"../x", HELD_TEXT_PATH},
	{"~/.config/app", HELD_TEXT_PATH},
	{"/größe", HELD_TEXT_PATH},
	{"/search?q=a&n=1", HELD_TEXT_PATH},
	{"GET /v2/ HTTP/1.1", HELD_TEXT_PATH},
	{"POST /orders", HELD_TEXT_PATH},
	{"/not a path", HELD_TEXT_OTHER},
	{"a/b", HELD_TEXT_OTHER},
	{"SELECT * FROM users WHERE id = $1", HELD_TEXT_SQL},
	{"select\n\tname\nfrom\n\tt", HELD_TEXT_SQL},
	{"INSERT INTO t (a) VALUES (?)", HELD_TEXT_SQL},
	{"UPDATE t SET a = 1", HELD_TEXT_SQL},
	{"DELETE FROM t", HELD_TEXT_SQL},
	{"WITH x AS (SELECT 1) SELECT * FROM x", HELD_TEXT_SQL},
	{"CREATE TABLE t (id int)", HELD_TEXT_SQL},
	{"SELECT 1", HELD_TEXT_SQL},
	{"SELECT now()", HELD_TEXT_SQL},
	{"select one of them", HELD_TEXT_OTHER},
	{"update the row", HELD_TEXT_OTHER},
	{"6ba7b810-9dad-11d1-80b4-00c04fd430c8", HELD_TEXT_ID},
	{"urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", HELD_TEXT_ID},
	{"507f1f77bcf86cd799439011", HELD_TEXT_ID},
	{"4bf92f3577b34da6a3ce929d0e0e4736", HELD_TEXT_ID},
	{"01ARZ3NDEKTSV4RRFFQ69G5FAV", HELD_TEXT_ID},
	{"req_8f3k20sk1m4k", HELD_TEXT_ID},
	{"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	 HELD_TEXT_ID},
	{"471108150816", HELD_TEXT_ID},
	{"6ba7b810-9dad-11d1-80b4-00c04fd430cg", HELD_TEXT_ID}, /* a token all the same */
	{"12", HELD_TEXT_OTHER},
	{"goroutine", HELD_TEXT_OTHER},
	{"Content-Type: application/json", HELD_TEXT_HEADER},
	{"X-Request-Id: 17", HELD_TEXT_HEADER},
	{"Host: a.example", HELD_TEXT_HEADER},
	{"X-Request-Id", HELD_TEXT_HEADER},
	{"Content-Type", HELD_TEXT_HEADER},
	{"Content-", HELD_TEXT_OTHER},
	{"Error: not found", HELD_TEXT_HEADER},
	{"error: not found", HELD_TEXT_OTHER},
	{"Monday", HELD_TEXT_OTHER},
	{"Grüße aus Köln", HELD_TEXT_OTHER},
};

static void reads_as(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		enum held_text reads =
			go_words_read(kinds[i].text, strlen(kinds[i].text));

		if (reads != kinds[i].reads)
			print_error("'%s' reads as %d\n", kinds[i].text, (int)reads);
		assert_int_equal(reads, kinds[i].reads);
	}
}

static void noise(void **state)
{
	static const char *const list[] = {"/usr/local/go/src/net/http/server.go",
					   "map[string]interface {}",
					   "*http.persistConn",
					   "func(string) error",
					   "[]uint8",
					   "PATH=/usr/bin:/bin",
					   "HOME=/root",
					   "github.com/owner/name/pkg",
					   "net/http",
					   "%s: %v",
					   "}{@!",
					   "ab"};
	static const char *const told[] = {"hello world",
					   "Grüße",
					   "/path/x",
					   "a.example:1",
					   "x=1",
					   "user-17",
					   "{\"id\": 17, \"name\": \"x\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(list); i++) {
		if (!go_words_are_noise(list[i], strlen(list[i])))
			print_error("'%s' is taken for something\n", list[i]);
		assert_true(go_words_are_noise(list[i], strlen(list[i])));
	}
	for (size_t i = 0; i < ARRAY_COUNT(told); i++) {
		if (go_words_are_noise(told[i], strlen(told[i])))
			print_error("'%s' is dropped\n", told[i]);
		assert_false(go_words_are_noise(told[i], strlen(told[i])));
	}
}

static bool valid(const char *bytes)
{
	return go_words_valid(bytes, strlen(bytes), false);
}

static void bytes_that_are_no_text(void **state)
{
	(void)state;
	assert_true(valid("plain"));
	assert_true(valid("tabs\tand\r\nlines"));
	assert_true(valid("äöü €, 漢字, 🙂"));
	assert_false(valid(""));
	assert_false(go_words_valid("a\0b", 3, false));
	assert_false(valid("\x1b[31m"));
	assert_false(valid("bell\a"));
	assert_false(valid("\x7f"));
	assert_false(valid("C1 \xc2\x9b"));
	assert_false(valid("\xff"));
	assert_false(valid("overlong \xc0\xaf"));
	assert_false(valid("overlong \xe0\x80\xaf"));
	assert_false(valid("surrogate \xed\xa0\x80"));
	assert_false(valid("beyond \xf4\x90\x80\x80"));
	assert_false(valid("short \xe2\x82"));
	assert_false(valid("turned \xe2\x80\xae"));
	assert_false(valid("hidden \xe2\x80\x8b"));
	assert_false(valid("none \xef\xbf\xbf"));
	/* The beginning of a longer text may end within a character. */
	assert_true(go_words_valid("short \xe2\x82", 8, true));
	assert_false(go_words_valid("short \xe2\x28", 8, true));
}

static void one_line(void **state)
{
	char out[GO_WORDS_SIZE], longer[2 * HOLDS_TEXT_MAX];
	size_t nr;

	(void)state;
	go_words_copy("  SELECT a\n\t FROM b \n", 21, false, out);
	assert_string_equal(out, "SELECT a FROM b");
	assert_int_equal(go_words_copy(" \n ", 3, false, out), 0);
	go_words_copy("begin", 5, true, out);
	assert_string_equal(out, "begin…");
	/* A character is never cut in two. */
	for (size_t i = 0; i < sizeof(longer); i += 2)
		memcpy(longer + i, "\xc3\xa4", 2);
	for (size_t i = 0; i < 3; i++) {
		longer[0] = longer[1] = 'x';
		nr = go_words_copy(longer + i, sizeof(longer) - 4, false, out);
		assert_true(nr <= HOLDS_TEXT_MAX + strlen("…"));
		assert_int_equal(nr, strlen(out));
		assert_true(nr < 4 || go_words_valid(out, nr, false));
	}
}

static void many_bytes(void **state)
{
	uint64_t random = 1;
	char bytes[64], out[GO_WORDS_SIZE];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t nr = 1 + random % 40, copied;

		for (size_t i = 0; i < nr; i++) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			bytes[i] = (char)(random >> 56);
			if (random >> 40 & 3)
				bytes[i] = (char)(' ' + (random >> 50 & 63));
		}
		if (!go_words_valid(bytes, nr, true))
			continue;
		copied = go_words_copy(bytes, nr, true, out);
		assert_true(go_words_valid(out, copied, false));
		assert_true(go_words_read(out, copied) < HELD_TEXTS);
		go_words_are_noise(out, copied);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_as), cmocka_unit_test(noise),
		cmocka_unit_test(bytes_that_are_no_text), cmocka_unit_test(one_line),
		cmocka_unit_test(many_bytes)};

	return cmocka_run_group_tests_name("what strings read like", tests, NULL, NULL);
}
