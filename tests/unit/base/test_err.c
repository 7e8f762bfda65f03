/* SPDX-License-Identifier: MIT */
/* base/err: codes, offsets, texts that are too long. */
#include "unit.h"

#include <errno.h>

#include "base/err.h"

static void set_keeps_code_and_text(void **state)
{
	struct err e;

	assert_int_equal(err_set(&e, ERR_NOTFOUND, "no process %d", 42), ERR_NOTFOUND);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(e.sys, 0);
	assert_int_equal(e.at, -1);
	assert_string_equal(e.text, "no process 42");
}

static void sys_maps_errno(void **state)
{
	static const struct {
		int errnum, code;
	} cases[] = {{EPERM, ERR_PERM}, {EACCES, ERR_PERM}, {ENOMEM, ERR_NOMEM},
		     {ESRCH, ERR_GONE}, {EIO, ERR_SYS},     {ENOENT, ERR_SYS}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e;

		assert_int_equal(err_sys(&e, cases[i].errnum, "cannot open %s", "x"),
				 cases[i].code);
		assert_int_equal(e.sys, cases[i].errnum);
		assert_contains(e.text, "cannot open x: ");
		assert_contains(e.text, strerror(cases[i].errnum));
	}
}

static void long_text_keeps_the_reason(void **state)
{
	char path[2 * ERR_TEXT_MAX];
	struct err e;

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	err_sys(&e, ENOENT, "cannot open %s", path);
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
	assert_contains(e.text, ": No such file or directory");
	err_set(&e, ERR_USAGE, "%s", path);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

static void at_and_clear(void **state)
{
	struct err e;

	assert_int_equal(err_at(&e, 7, "here"), ERR_USAGE);
	assert_int_equal(e.at, 7);
	err_clear(&e);
	assert_int_equal(e.code, ERR_OK);
	assert_int_equal(e.at, -1);
	assert_string_equal(e.text, "");
}

static void null_is_accepted(void **state)
{
	assert_int_equal(err_set(NULL, ERR_FORMAT, "x"), ERR_FORMAT);
	assert_int_equal(err_sys(NULL, EPERM, "x"), ERR_PERM);
	assert_int_equal(err_at(NULL, 3, "x"), ERR_USAGE);
	err_clear(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_code_and_text),
		cmocka_unit_test(sys_maps_errno),
		cmocka_unit_test(long_text_keeps_the_reason),
		cmocka_unit_test(at_and_clear),
		cmocka_unit_test(null_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
