/* SPDX-License-Identifier: MIT */
/* What the user types as a target: an address, or something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "source/sniff.h"

static void test_addresses(void **state)
{
	static const char *const addresses[] = {
		"http://host", "HTTP://host:6060", "https://host/x",
		"Https://h",   "unix:/run/pprof",  "localhost:6060",
		"10.0.0.1:80", "[::1]:6060",       "web-1.example.org:6060/debug/pprof",
	};
	static const char *const others[] = {
		"",          "server",      "4711",   "localhost",  ":6060",
		"a/b:6060",  "host:",       "host:x", "host:6060x", "host:123456",
		"[::1]",     "[]:1x",       "tree:4", "-",          "ftp://host",
		"cgroup:/a", "kworker/0:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
		if (!source_is_url(addresses[i]))
			fail_msg("%s is no address", addresses[i]);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		if (source_is_url(others[i]))
			fail_msg("%s is an address", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
