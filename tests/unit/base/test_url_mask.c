/* SPDX-License-Identifier: MIT */
/* Passwords in texts that are URLs. */
#include "unit.h"

#include "base/url_mask.h"

static const struct {
	const char *text, *shown;
	bool cut;
} rows[] = {
	{"https://user:secret@host.example/a", "https://user:xxxxx@host.example/a",
	 false},
	{"redis://:secret@r.example:6379/0", "redis://:xxxxx@r.example:6379/0", false},
	{"HTTP://U:secret@H/", "HTTP://U:xxxxx@H/", false},
	{"amqp+ssl://u:s:e:c@mq", "amqp+ssl://u:xxxxx@mq", false},
	{"http://u:sec@ret@h/a@b", "http://u:xxxxx@h/a@b", false},
	{"http://u:sec ret@h/", "http://u:xxxxx@h/", false},
	{"http://u:@h/", "http://u:xxxxx@h/", false},
	{"http://u:s?c#t@h", "http://u:xxxxx@h", false},
	{"http://u:se/cret@h/x", "http://u:xxxxx@h/x", false},
	{"http://u:s@[::1]:80/", "http://u:xxxxx@[::1]:80/", false},
	/* The rest is not here. */
	{"http://u:secr", "http://u:xxxxx", true},
	{"http://u:secret@ho", "http://u:xxxxx@ho", true},
	{"http://u:se/cret", "http://u:xxxxx", true},
	{"http://h:8080/path", "http://h:8080/path", true},
	/* There is none. */
	{"http://u:secr", "http://u:secr", false},
	{"http://user@host/a:b@c", "http://user@host/a:b@c", false},
	{"http://user@host:80/", "http://user@host:80/", false},
	{"http://host:80/a:b@c", "http://host:80/a:b@c", false},
	{"http://[fe80::1]:80/a@b", "http://[fe80::1]:80/a@b", false},
	{"http://host/a:b@c", "http://host/a:b@c", false},
	{"http://host", "http://host", false},
	{"://u:p@h", "://u:p@h", false},
	{"a://", "a://", false},
	{"a:/", "a:/", false},
	{"", "", false},
	/* Only texts that begin as a URL. */
	{"see http://u:p@h", "see http://u:p@h", false},
	{"root:p@tcp(127.0.0.1:3306)/db", "root:p@tcp(127.0.0.1:3306)/db", false},
};

static void masks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* Exactly as long, so that a sanitizer sees a byte too many. */
		size_t length = strlen(rows[i].text), nr;
		char *text = malloc(length + 1),
		     *out = malloc(length + URL_MASK_MORE + 1);

		memcpy(text, rows[i].text, length);
		nr = url_mask_copy(text, length, rows[i].cut, out);
		assert_true(nr <= length + URL_MASK_MORE);
		out[nr] = 0;
		assert_string_equal(out, rows[i].shown);
		free(text);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(masks)};

	return cmocka_run_group_tests_name("passwords in URLs", tests, NULL, NULL);
}
