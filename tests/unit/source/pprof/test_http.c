/* SPDX-License-Identifier: MIT */
/* Addresses of this machine, which no proxy is asked for, and addresses of others. */
#include "unit.h"

#include "source/pprof/http.h"

static void loopback_urls(void **state)
{
	static const char *const here[] = {
		"http://localhost:6060",
		"http://LOCALHOST/debug/pprof",
		"https://localhost.:6060/",
		"http://me:secret@localhost:6060/?x=http://other/",
		"http://api.localhost",
		"http://127.0.0.1:6060",
		"http://127.1",
		"http://2130706433/",
		"http://0x7f.1",
		"http://0.0.0.0:6060",
		"http://[::1]:6060/x",
		"http://[::ffff:127.0.0.1]",
		"unix:/run/x.sock",
	};
	static const char *const elsewhere[] = {
		"http://localhost.example",    "http://127.0.0.1.example",
		"http://notlocalhost",         "http://me@example/localhost",
		"http://localhost:x@example/", "http://10.0.0.1",
		"http://[2001:db8::1]",        "http://[::ffff:10.0.0.1]",
		"http://example/#@localhost",  "http://",
	};

	for (size_t i = 0; i < COUNT(here); i++)
		if (!pprof_http_is_local(here[i]))
			fail_msg("%s is on this machine", here[i]);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (pprof_http_is_local(elsewhere[i]))
			fail_msg("%s is on another machine", elsewhere[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_urls),
	};

	return cmocka_run_group_tests_name("source: addresses", tests, NULL, NULL);
}
