/* SPDX-License-Identifier: MIT */
/* Dumps in one piece inside other text, in another order or encoding, or with text around
 * them: each gives the same rows as the plain text. */
#include "wrapped_dump.h"

FORMAT_LINE(journald, "Jan  2 03:04:%02u host-1 shopd[17]: ", l->number)
JSON_LINE(docker, "{\"log\":\"",
	  "\\n\",\"stream\":\"stderr\",\"time\":\"2030-01-02T03:04:05.1Z\"}")

static void newest_first(struct buf *out, const char *text)
{
	backwards(out, text, as_it_is);
}

static void newest_first_journald(struct buf *out, const char *text)
{
	backwards(out, text, journald);
}

static void newest_first_docker(struct buf *out, const char *text)
{
	backwards(out, text, docker);
}

static void newest_first_no_indent(struct buf *out, const char *text)
{
	backwards(out, text, no_indent);
}

static void logfmt(struct buf *out, const char *text)
{
	buf_puts(out, "time=\"2030-01-02T03:04:05Z\" level=info msg=\"=== dump ===\\n");
	put_json(out, text, strlen(text));
	buf_puts(out,
		 "\" took=3ms\ntime=\"2030-01-02T03:04:06Z\" level=info msg=\"next\"\n");
}

static void zap(struct buf *out, const char *text)
{
	buf_puts(out, "{\"level\":\"error\",\"msg\":\"started\",\"n\":1}\n"
		      "{\"level\":\"error\",\"ts\":1.5,\"msg\":\"");
	put_json(out, text, strlen(text));
	buf_puts(out, "\",\"stacktrace\":\"main.f\\n\\t/src/main.go:1\"}\n"
		      "{\"level\":\"info\",\"msg\":\"main.next(0x1)\"}\n");
}

static void zap_field(struct buf *out, const char *text)
{
	buf_puts(out, "2030-01-02T03:04:05Z\tERROR\tshop/x.go:12\tfailed\t{\"err\": "
		      "\"boom\", \"goroutines\": \"");
	put_json(out, text, strlen(text));
	buf_puts(out, "\"}\n");
}

static void twice_escaped(struct buf *out, const char *text)
{
	struct buf inner;

	buf_init(&inner, 0);
	buf_puts(&inner, "{\"level\":\"error\",\"msg\":\"");
	put_json(&inner, text, strlen(text));
	buf_puts(&inner, "\"}\n");
	buf_puts(out, "{\"log\":\"");
	put_json(out, inner.bytes, inner.length);
	buf_puts(out, "\",\"stream\":\"stderr\"}\n");
	buf_release(&inner);
}

static void escaped_in_logfmt(struct buf *out, const char *text)
{
	struct buf inner;

	buf_init(&inner, 0);
	put_json(&inner, text, strlen(text));
	buf_puts(out, "level=error msg=\"error: \\\"");
	put_json(out, inner.bytes, inner.length);
	buf_puts(out, "\\\"\"\n");
	buf_release(&inner);
}

static void python_bytes(struct buf *out, const char *text)
{
	buf_puts(out, "stderr was b'");
	for (; *text; text++)
		if (*text == '\n')
			buf_puts(out, "\\n");
		else if (*text == '\t')
			buf_puts(out, "\\t");
		else
			buf_append(out, text, 1);
	buf_puts(out, "' of 17\n");
}

static void put_forms(struct buf *out, const char *text, const char *line,
		      const char *tab)
{
	for (; *text; text++)
		if (*text == '\n')
			buf_puts(out, line);
		else if (*text == '\t')
			buf_puts(out, tab);
		else
			buf_append(out, text, 1);
	buf_puts(out, "\n");
}

static void rsyslog(struct buf *out, const char *text)
{
	buf_puts(out, "Jan  2 03:04:05 host shop[17]: ");
	put_forms(out, text, "#012", "#011");
}

static void octal(struct buf *out, const char *text)
{
	put_forms(out, text, "\\012", "\\011");
}

static void annotation(struct buf *out, const char *text)
{
	buf_puts(out, "::error file=x.go::");
	put_forms(out, text, "%0A", "%09");
}

static void html_breaks(struct buf *out, const char *text)
{
	put_forms(out, text, "<br>", "&#9;");
}

static void only_cr(struct buf *out, const char *text)
{
	put_forms(out, text, "\xe2\x80\xa8", "\t");
}

/* All blanks, tabs and line ends are one blank. */
static void flat(struct buf *out, const char *text)
{
	bool blank = false;

	for (; *text; text++) {
		bool is_blank = strchr(" \t\n", *text) != NULL;

		if (is_blank && !blank)
			buf_puts(out, " ");
		else if (!is_blank)
			buf_append(out, text, 1);
		blank = is_blank;
	}
	buf_puts(out, "\n");
}

static void json_array(struct buf *out, const char *text)
{
	buf_puts(out, "{\"events\":[");
	for (unsigned number = 0; *text; number++) {
		size_t length = strcspn(text, "\n");

		buf_printf(out, "%s{\"timestamp\":%u,\"message\":\"", number ? "," : "",
			   number);
		put_json(out, text, length);
		buf_puts(out, "\"}");
		text += length + (text[length] == '\n');
	}
	buf_puts(out, "]}\n");
}

static void loki_json(struct buf *out, const char *text)
{
	buf_puts(out, "{\"streams\":[{\"stream\":{\"app\":\"shop\"},\"values\":[");
	for (unsigned number = 0; *text; number++) {
		size_t length = strcspn(text, "\n");

		buf_printf(out, "%s[\"18935534450000%05u\",\"", number ? "," : "",
			   number);
		put_json(out, text, length);
		buf_puts(out, "\"]");
		text += length + (text[length] == '\n');
	}
	buf_puts(out, "]}]}\n");
}

static void put_utf16(struct buf *out, const char *text, bool big)
{
	for (; *text; text++) {
		char both[2] = {big ? 0 : *text, big ? *text : 0};

		buf_append(out, both, 2);
	}
}

static void utf16_little(struct buf *out, const char *text)
{
	buf_append(out, "\xff\xfe", 2);
	put_utf16(out, text, false);
}

static void utf16_big(struct buf *out, const char *text)
{
	buf_append(out, "\xfe\xff", 2);
	put_utf16(out, text, true);
}

static void utf16_bare(struct buf *out, const char *text)
{
	put_utf16(out, text, false);
}

static void utf8_mark(struct buf *out, const char *text)
{
	buf_puts(out, "\xef\xbb\xbf");
	buf_puts(out, text);
}

static void teamcity_failure(struct buf *out, const char *text)
{
	buf_puts(out, "##teamcity[testFailed name='TestX' message='Failed' details='");
	put_teamcity(out, text, strlen(text));
	buf_puts(out, "']\n");
}

static void old_ends(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_append(out, *text == '\n' ? "\r" : text, 1);
}

/* The first line of the text is in another value, too. */
static void gelf(struct buf *out, const char *text)
{
	buf_puts(out, "{\"version\":\"1.1\",\"short_message\":\"");
	put_json(out, text, strcspn(text, "\n"));
	buf_puts(out, "\",\"full_message\":\"");
	put_json(out, text, strlen(text));
	buf_puts(out, "\"}\n");
}

/* As PowerShell prints the properties of an object. */
static void event_log(struct buf *out, const char *text)
{
	buf_puts(out, "TimeCreated  : 1/2/2030 3:04:05 AM\nMessage      : ");
	for (; *text; text++) {
		buf_append(out, text, 1);
		if (*text == '\n')
			buf_puts(out, "               ");
	}
	buf_puts(out, "\n");
}

static void json_lines(struct buf *out, const char *text)
{
	buf_puts(out, "{\"level\":\"error\",\"lines\":[");
	for (unsigned number = 0; *text; number++) {
		size_t length = strcspn(text, "\n");

		buf_printf(out, "%s\n    \"", number ? "," : "");
		put_json(out, text, length);
		buf_puts(out, "\"");
		text += length + (text[length] == '\n');
	}
	buf_puts(out, "\n]}\n");
}

static void truncated_log(struct buf *out, const char *text)
{
	for (int i = 0; i < 5000; i++)
		buf_append(out, "\0", 1);
	buf_puts(out, text);
}

static void fenced(struct buf *out, const char *text)
{
	buf_printf(out, "The server hangs:\n\n```\n%s```\n\nWhat is it?\n", text);
}

static void folded_issue(struct buf *out, const char *text)
{
	buf_printf(out,
		   "<details>\n<summary>dump</summary>\n\n```go\n%s```\n\n</details>\n",
		   text);
}

static void jira(struct buf *out, const char *text)
{
	buf_printf(out, "h3. Dump\n{noformat}%s{noformat}\n", text);
}

static void in_quotes(struct buf *out, const char *text)
{
	buf_printf(out, "panic text: \"%s\"\n", text);
}

static void words_behind(struct buf *out, const char *text)
{
	buf_printf(out, "%sKilled\nFAIL\tshop\t0.007s\nFAIL\nexit status 2\nok (1.3s)\n",
		   text);
}

static void after_recovered(struct buf *out, const char *text)
{
	buf_printf(out,
		   "2030/01/02 03:04:05 recovered: boom goroutine 4 [running]:\n"
		   "shop.serve(0x1)\n\t/src/shop/serve.go:5 +0x11\n\n"
		   "2030/01/02 03:04:06 http: panic serving 10.0.0.1:5: x\n"
		   "goroutine 5 [running]:\nnet/http.(*conn).serve.func1()\n"
		   "\t/usr/local/go/src/net/http/server.go:1 +0x1\n\nSIGQUIT: quit\n\n%s",
		   text);
}

static void between_recovered(struct buf *out, const char *text)
{
	buf_printf(out,
		   "%s\n2030/01/02 03:04:05 http: panic serving 10.0.0.1:5: x\n"
		   "goroutine 500 [running]:\nnet/http.(*conn).serve.func1()\n"
		   "\t/usr/local/go/src/net/http/server.go:1 +0x1\n\n",
		   text);
}

static void after_time(struct buf *out, const char *text)
{
	buf_printf(out, "2030/01/02 03:04:05 main.go:12: %s", text);
}

static void in_a_log(struct buf *out, const char *text)
{
	for (int i = 0; i < 3000; i++)
		buf_printf(out,
			   "2030/01/02 03:04:05 request %d of goroutine pool: f(%d)\n", i,
			   i);
	buf_puts(out, text);
	for (int i = 0; i < 300; i++)
		buf_printf(out, "2030/01/02 03:04:05 request %d\n", i);
}

static const struct wrapping wrappings[] = {
	{"TeamCity", NULL, teamcity_failure, ALL},
	{"carriage returns", NULL, old_ends, ALL},
	{"GELF", NULL, gelf, DUMP | DEEP | GROUPED},
	{"event log", NULL, event_log, ALL},
	{"JSON list of lines", NULL, json_lines, ALL},
	{"newest first", NULL, newest_first, ALL},
	{"newest first, journald", NULL, newest_first_journald, ALL},
	{"newest first, docker", NULL, newest_first_docker, ALL},
	{"newest first, no indentation", NULL, newest_first_no_indent, ALL},
	{"logfmt", NULL, logfmt, ALL},
	{"zap", NULL, zap, ALL},
	{"field of zap console", NULL, zap_field, DUMP | DEEP | GROUPED},
	{"zap in docker", NULL, twice_escaped, ALL},
	{"escaped in logfmt", NULL, escaped_in_logfmt, ALL},
	{"Python bytes", NULL, python_bytes, ALL},
	{"rsyslog", NULL, rsyslog, ALL},
	{"octal", NULL, octal, DUMP | DEEP | RACE},
	{"annotation", NULL, annotation, ALL},
	{"HTML breaks", NULL, html_breaks, DUMP | DEEP | RACE},
	{"line separators", NULL, only_cr, ALL},
	{"one blank for all", NULL, flat, DUMP | DEEP},
	{"JSON array", NULL, json_array, ALL},
	{"loki JSON", NULL, loki_json, ALL},
	{"UTF-16, little", NULL, utf16_little, ALL},
	{"UTF-16, big", NULL, utf16_big, ALL},
	{"UTF-16, no mark", NULL, utf16_bare, ALL},
	{"UTF-8 mark", NULL, utf8_mark, ALL},
	{"truncated log", NULL, truncated_log, ALL},
	{"fence", NULL, fenced, ALL},
	{"folded issue", NULL, folded_issue, ALL},
	{"noformat", NULL, jira, ALL},
	{"in quotes", NULL, in_quotes, ALL},
	{"words behind", NULL, words_behind, ALL},
	{"after recovered panics", NULL, after_recovered, ALL},
	{"a recovered panic behind", NULL, between_recovered, ALL},
	{"after the time", NULL, after_time, ALL},
	{"in a log", NULL, in_a_log, ALL},
};

static void test_wrappings(void **state)
{
	check_wrappings(wrappings, sizeof(wrappings) / sizeof(wrappings[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wrappings)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
