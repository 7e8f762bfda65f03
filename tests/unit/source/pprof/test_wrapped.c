/* SPDX-License-Identifier: MIT */
/* Dumps whose lines logs, terminals, tools and people have changed one by one: each gives
   the same rows as the plain text. */
#include "wrapped_dump.h"

FORMAT_LINE(compose, "%s", "shop-1  | ")
FORMAT_LINE(compose_two, "%s%s", "shop-1-a  | ", "app: ")
FORMAT_LINE(utc, "2030-01-02T03:04:%02u.%0*uZ ", 5 + l->number / 9,
	    1 + (int)(l->number % 7), l->number % 10)
FORMAT_LINE(journald, "Jan  2 03:04:%02u host-1 shopd[17]: ", l->number)
FORMAT_LINE(syslog, "<13>1 2030-01-02T03:04:05.%06uZ host shop 17 %u - ", l->number,
	    l->number * 37)
FORMAT_LINE(kubectl, "[pod/shop-7d9f/app] 2030-01-02T03:04:05.%09u+01:00 ",
	    l->number * 1234567)
FORMAT_LINE(cri, "2030-01-02T03:04:05.%uZ stderr F ", 10 + l->number * 7)
FORMAT_LINE(heroku, "2030-01-02T03:04:05.%06u+00:00 app[web.%u]: ", l->number, 1u)
FORMAT_LINE(levels, "[%s] [thread-%u] ",
	    l->number % 3 == 0   ? "ERROR"
	    : l->number % 3 == 1 ? "WARN"
				 : "INFO",
	    l->number * 3 + 1)
FORMAT_LINE(logcat, "01-02 03:04:05.678  %u  5678 E shop    : ", 1000 + l->number)
FORMAT_LINE(loki, "2030-01-02 03:04:%02u {app=\"shop\", pod=\"a-%u\"} ", l->number,
	    l->number)
FORMAT_LINE(zap_console, "2030-01-02T03:04:05.%03uZ\tINFO\tshop/main.go:12\t", l->number)
FORMAT_LINE(quoted_mail, "%s", "> ")
FORMAT_LINE(quoted_twice, "%s", ">> ")
FORMAT_LINE(list_item, "%s", "- ")
FORMAT_LINE(commented, "%s", "// ")
FORMAT_LINE(diff_added, "%s", "+")
FORMAT_LINE(indented, "%s", "        ")
FORMAT_LINE(verbose,
	    "Thu 2030-01-02 03:04:%02u CET [s=1]\n    _PID=17\n    PRIORITY=6\n"
	    "    MESSAGE=",
	    l->number)
FORMAT_LINE(epoch, "1893553445.%06u 17 shop ", l->number)
FORMAT_LINE(bracketed, "[%u.%06u] shop[17]: ", 1000 + l->number, l->number * 99)
FORMAT_LINE(container, "shop-%x/app: ", 0xbeef)
FORMAT_LINE(procid, "%u ", l->number + 1)

static void grep_numbers(const struct line *l)
{
	bool found = l->length > 9 && memcmp(l->text, "goroutine", 9) == 0;

	buf_printf(l->out, "%u%c%.*s\n", l->number + 12, found ? ':' : '-', l->length,
		   l->text);
}

static void double_spaced(const struct line *l)
{
	buf_printf(l->out, "%.*s\n\n", l->length, l->text);
}

static void triple_spaced(const struct line *l)
{
	buf_printf(l->out, "%.*s\n\n\n", l->length, l->text);
}

static void double_spaced_journal(const struct line *l)
{
	buf_printf(l->out, "03:04:%02u shop: %.*s\n03:04:%02u shop: \n", l->number,
		   l->length, l->text, l->number);
}

static void crlf(const struct line *l)
{
	buf_printf(l->out, "%.*s\r\n", l->length, l->text);
}

static void crcrlf(const struct line *l)
{
	buf_printf(l->out, "%.*s\r\r\n", l->length, l->text);
}

static void padded(const struct line *l)
{
	buf_printf(l->out, "%-100.*s \n", l->length, l->text);
}

static void colored(const struct line *l)
{
	buf_printf(l->out, "\033[%u;1m%.*s\033[0m\033[K\n", 31 + l->number % 5, l->length,
		   l->text);
}

static void colors_printed(const struct line *l)
{
	buf_printf(l->out, "^[[%um%.*s^[[0m\n", 31 + l->number % 5, l->length, l->text);
}

static void colored_prefix(const struct line *l)
{
	buf_printf(l->out, "\033[36mshop-1  |\033[0m %.*s\n", l->length, l->text);
}

static void no_indent_journald(const struct line *l)
{
	int skip = 0;

	while (skip < l->length && (l->text[skip] == '\t' || l->text[skip] == ' '))
		skip++;
	buf_printf(l->out, "Jan 02 03:04:05 host-1 shopd[17]: %.*s\n", l->length - skip,
		   l->text + skip);
}

/* Every byte but some as it is. */
static void put_replaced(const struct line *l, char from, const char *to)
{
	for (int i = 0; i < l->length; i++)
		if (l->text[i] == from)
			buf_puts(l->out, to);
		else
			buf_append(l->out, &l->text[i], 1);
}

static void tabs_are_blanks(const struct line *l)
{
	put_replaced(l, '\t', "        ");
	buf_puts(l->out, "\n");
}

static void tabs_are_two(const struct line *l)
{
	buf_puts(l->out, "    ");
	put_replaced(l, '\t', "  ");
	buf_puts(l->out, "\n");
}

static void non_breaking(const struct line *l)
{
	put_replaced(l, ' ', "\xc2\xa0");
	buf_puts(l->out, "\n");
}

static void two_blanks(const struct line *l)
{
	put_replaced(l, ' ', "  ");
	buf_puts(l->out, "\n");
}

static void two_blanks_prefixed(const struct line *l)
{
	buf_printf(l->out, "Jan  2 03:04:%02u  host:  ", l->number);
	put_replaced(l, ' ', "  ");
	buf_puts(l->out, "\n");
}

static void cat_shows(const struct line *l)
{
	put_replaced(l, '\t', "^I");
	buf_puts(l->out, "$\n");
}

static void zero_bytes(const struct line *l)
{
	buf_append(l->out, "\0", 1);
	buf_append(l->out, l->text, (size_t)l->length);
	buf_append(l->out, "\0\n", 2);
}

static void put_html(const struct line *l)
{
	for (int i = 0; i < l->length; i++) {
		const char *to = l->text[i] == '<'   ? "&lt;"
				 : l->text[i] == '>' ? "&gt;"
				 : l->text[i] == '+' ? "&#43;"
				 : l->text[i] == '"' ? "&#34;"
						     : NULL;

		buf_append(l->out, to ? to : &l->text[i], to ? strlen(to) : 1);
	}
}

static void html(const struct line *l)
{
	put_html(l);
	buf_puts(l->out, "\n");
}

static void html_item(const struct line *l)
{
	buf_puts(l->out, "<div>");
	put_html(l);
	buf_puts(l->out, "</div>\n");
}

static void log_between(const struct line *l)
{
	buf_printf(l->out, "%.*s\n2030/01/02 03:04:%02u GET /healthz?x=%u 200\n",
		   l->length, l->text, l->number, l->number);
}

static void log_in_journal(const struct line *l)
{
	buf_printf(
		l->out,
		"Jan 02 03:04:05 h shopd[17]: %.*s\nJan 02 03:04:05 h cron[9]: run %u\n",
		l->length, l->text, l->number);
}

static void table_row(const struct line *l)
{
	buf_printf(l->out, "| %u | %.*s |\n", l->number + 1, l->length, l->text);
}

static void csv(const struct line *l)
{
	buf_printf(l->out, "\"2030-01-02T03:04:%02uZ\",\"%.*s\"\n", l->number, l->length,
		   l->text);
}

JSON_LINE(docker, "{\"log\":\"",
	  "\\n\",\"stream\":\"stderr\",\"time\":\"2030-01-02T03:04:05.1Z\"}")
JSON_LINE(fluentd, "{\"date\":1.5,\"kubernetes\":{\"labels\":{\"app\":\"x\"}},\"log\":\"",
	  "\"}")
JSON_LINE(go_test,
	  "{\"Time\":\"2030\",\"Action\":\"output\",\"Package\":\"shop\",\"Output\":\"",
	  "\\n\"}")
JSON_LINE(zerolog, "{\"level\":\"error\",\"time\":\"2030\",\"message\":\"", "\"}")
JSON_LINE(bunyan, "{\"name\":\"shop\",\"pid\":17,\"level\":50,\"msg\":\"", "\",\"v\":0}")
JSON_LINE(cloud, "{\"insertId\":\"1\",\"jsonPayload\":{\"stream\":\"err\",\"message\":\"",
	  "\"},\"severity\":\"ERROR\"}")
JSON_LINE(journal_json, "{\"PRIORITY\":\"6\",\"MESSAGE\":\"", "\",\"_PID\":\"17\"}")
JSON_LINE(other_key, "{\"ts\":\"2030\",\"was_gesagt\":\"", "\"}")
JSON_LINE(json_after_time,
	  "2030-01-02T03:04:05Z stderr F {\"level\":\"error\",\"msg\":\"", "\"}")
JSON_LINE(pretty, "    {\n        \"timestamp\": 1893553445000,\n        \"message\": \"",
	  "\"\n    },")
JSON_LINE(pretty_ends, "  {\n    \"message\" : \"", "\\n\",\n    \"x\" : \"y\"\n  },")
JSON_LINE(logfmt_line, "time=\"2030-01-02T03:04:05Z\" level=error msg=\"", "\"")

FORMAT_LINE(numbered, "%6u\t", l->number + 1)
FORMAT_LINE(python_log, "%s", "ERROR:root:")
FORMAT_LINE(caller, "%s:%u: ", l->number % 2 ? "a_b.go" : "main.go", l->number + 3)
FORMAT_LINE(java_log, "2030-01-02 03:04:05,%03u %-5s [main] c.e.Foo - ", l->number,
	    l->number % 2 ? "WARN" : "ERROR")
FORMAT_LINE(colors_lost, "%s", "[1;31m")

static void boxed(const struct line *l)
{
	buf_printf(l->out, "\xe2\x94\x82 %-130.*s \xe2\x94\x82\n", l->length, l->text);
}

static void source_line(const struct line *l)
{
	buf_puts(l->out, "\t\"");
	put_json(l->out, l->text, (size_t)l->length);
	buf_puts(l->out, "\\n\" +\n");
}

static void markdown_escaped(const struct line *l)
{
	for (int i = 0; i < l->length; i++)
		buf_printf(l->out, "%s%c", strchr("[]*_", l->text[i]) ? "\\" : "",
			   l->text[i]);
	buf_puts(l->out, "\n");
}

static void teamcity(const struct line *l)
{
	buf_puts(l->out, "##teamcity[testStdOut name='TestX' out='");
	put_teamcity(l->out, l->text, (size_t)l->length);
	buf_puts(l->out, "|n']\n");
}

static void html_breaks_lines(const struct line *l)
{
	put_html(l);
	buf_puts(l->out, "<br>\n");
}

static void python_dict(const struct line *l)
{
	buf_puts(l->out, "{'log': '");
	put_replaced(l, '\t', "\\t");
	buf_puts(l->out, "\\n', 'stream': 'stderr'}\n");
}

/* At 78 columns, as mail does; tabs are blanks. */
static void broken_lines(const struct line *l)
{
	int column = 0;

	for (int i = 0; i < l->length; i++, column++) {
		if (column == 78) {
			buf_puts(l->out, "\n");
			column = 0;
		}
		if (l->text[i] == '\t') {
			buf_puts(l->out, "        ");
			column += 7;
		} else {
			buf_append(l->out, &l->text[i], 1);
		}
	}
	buf_puts(l->out, "\n");
}

/* Each entry has many fields and an empty line behind it. */
static void journal_export(const struct line *l)
{
	if (l->length > 0)
		buf_printf(l->out,
			   "__CURSOR=s=%u\n_PID=17\nPRIORITY=3\nMESSAGE=%.*s\n"
			   "_COMM=shopd\n\n",
			   l->number, l->length, l->text);
}

/* journald prints lines with control characters as lists of their bytes. */
static void journal_bytes(const struct line *l)
{
	bool listed = memchr(l->text, '\t', (size_t)l->length) != NULL;

	buf_puts(l->out, listed ? "{\"MESSAGE\":[" : "{\"MESSAGE\":\"");
	for (int i = 0; listed && i < l->length; i++)
		buf_printf(l->out, "%s%d", i ? "," : "", (unsigned char)l->text[i]);
	if (!listed)
		put_json(l->out, l->text, (size_t)l->length);
	buf_puts(l->out, listed ? "],\"_PID\":\"17\"}\n" : "\",\"_PID\":\"17\"}\n");
}

/* Numbers that get longer take the blanks before them. */
static void right_aligned(const struct line *l)
{
	buf_printf(l->out, "%4u | %.*s\n", l->number + 990, l->length, l->text);
}

static void zap_lines_in_docker(const struct line *l)
{
	struct buf inner;

	buf_init(&inner, 0);
	buf_puts(&inner, "{\"level\":\"error\",\"msg\":\"");
	put_json(&inner, l->text, (size_t)l->length);
	buf_puts(&inner, "\"}\n");
	buf_puts(l->out, "{\"log\":\"");
	put_json(l->out, inner.bytes, inner.length);
	buf_puts(l->out, "\",\"stream\":\"stderr\"}\n");
	buf_release(&inner);
}

/* Control characters as rsyslog writes them, a colour and the end of a line among them. */
static void rsyslog_lines(const struct line *l)
{
	buf_puts(l->out, "Jan  2 03:04:05 host shop[17]: #033[31m");
	put_replaced(l, '\t', "#011");
	buf_puts(l->out, "#033[0m#015\n");
}

/* A container's log cuts long lines; another stream writes between the parts. */
static void cri_cut(const struct line *l)
{
	int at = 0;

	for (; l->length - at > 25; at += 25)
		buf_printf(l->out,
			   "2030-01-02T03:04:05.67Z stderr P %.25s\n"
			   "2030-01-02T03:04:05.67Z stdout F request %u\n",
			   l->text + at, l->number);
	buf_printf(l->out, "2030-01-02T03:04:05.67Z stderr F %.*s\n", l->length - at,
		   l->text + at);
}

static const struct wrapping wrappings[] = {
	{"as it is", as_it_is, NULL, ALL},
	{"docker compose", compose, NULL, ALL},
	{"docker compose, two names", compose_two, NULL, ALL},
	{"UTC with fractions of any length", utc, NULL, ALL},
	{"journald", journald, NULL, ALL},
	{"syslog", syslog, NULL, ALL},
	{"kubectl --timestamps --prefix", kubectl, NULL, ALL},
	{"CRI", cri, NULL, ALL},
	{"heroku", heroku, NULL, ALL},
	{"levels and threads", levels, NULL, ALL},
	{"logcat", logcat, NULL, ALL},
	{"loki", loki, NULL, ALL},
	{"zap console", zap_console, NULL, ALL},
	{"quoted mail", quoted_mail, NULL, ALL},
	{"quoted twice", quoted_twice, NULL, ALL},
	{"list", list_item, NULL, ALL},
	{"comment", commented, NULL, ALL},
	{"diff", diff_added, NULL, ALL},
	{"indented", indented, NULL, ALL},
	{"journalctl -o verbose", verbose, NULL, ALL},
	{"epoch", epoch, NULL, ALL},
	{"kernel log", bracketed, NULL, ALL},
	{"container id", container, NULL, ALL},
	{"line numbers", procid, NULL, ALL},
	{"grep -n", grep_numbers, NULL, ALL},
	{"blank line after each", double_spaced, NULL, DUMP | DEEP | GROUPED},
	{"two blank lines after each", triple_spaced, NULL, DUMP | DEEP | GROUPED},
	{"blank line after each, prefix", double_spaced_journal, NULL,
	 DUMP | DEEP | GROUPED},
	{"CRLF", crlf, NULL, ALL},
	{"CRCRLF", crcrlf, NULL, ALL},
	{"padded", padded, NULL, ALL},
	{"colours", colored, NULL, ALL},
	{"colours printed", colors_printed, NULL, ALL},
	{"coloured prefix", colored_prefix, NULL, ALL},
	{"no indentation", no_indent, NULL, ALL},
	{"no indentation, journald", no_indent_journald, NULL, ALL},
	{"tabs are blanks", tabs_are_blanks, NULL, ALL},
	{"tabs are two blanks, indented", tabs_are_two, NULL, ALL},
	{"non-breaking blanks", non_breaking, NULL, ALL},
	{"two blanks", two_blanks, NULL, ALL},
	{"two blanks, prefix", two_blanks_prefixed, NULL, ALL},
	{"cat -A", cat_shows, NULL, DUMP | DEEP | RACE},
	{"zero bytes", zero_bytes, NULL, ALL},
	{"HTML", html, NULL, ALL},
	{"HTML, each line", html_item, NULL, ALL},
	{"log lines between", log_between, NULL, ALL},
	{"log lines of others between", log_in_journal, NULL, ALL},
	{"rows of a table", table_row, NULL, ALL},
	{"CSV", csv, NULL, DUMP | RACE},
	{"docker json-file", docker, NULL, ALL},
	{"fluentd", fluentd, NULL, ALL},
	{"go test -json", go_test, NULL, ALL},
	{"zerolog", zerolog, NULL, ALL},
	{"bunyan", bunyan, NULL, ALL},
	{"cloud logging", cloud, NULL, ALL},
	{"journalctl -o json", journal_json, NULL, ALL},
	{"a key of one's own", other_key, NULL, DUMP},
	{"JSON after a time", json_after_time, NULL, ALL},
	{"JSON over many lines", pretty, NULL, ALL},
	{"JSON over many lines, with ends", pretty_ends, NULL, ALL},
	{"logfmt, each line", logfmt_line, NULL, ALL},
	{"cat -n", numbered, NULL, ALL},
	{"Python's log", python_log, NULL, ALL},
	{"callers", caller, NULL, ALL},
	{"Java's log", java_log, NULL, ALL},
	{"escape bytes lost", colors_lost, NULL, ALL},
	{"a box", boxed, NULL, ALL},
	{"source code", source_line, NULL, DUMP | DEEP},
	{"marks escaped", markdown_escaped, NULL, DUMP | DEEP | RACE},
	{"TeamCity, each line", teamcity, NULL, ALL},
	{"HTML breaks, each line", html_breaks_lines, NULL, ALL},
	{"Python dicts", python_dict, NULL, DUMP | RACE},
	{"broken lines", broken_lines, NULL, DUMP | RACE},
	{"journalctl -o export", journal_export, NULL, ALL},
	{"zap in docker, each line", zap_lines_in_docker, NULL, ALL},
	{"rsyslog, each line", rsyslog_lines, NULL, ALL},
	{"CRI, cut", cri_cut, NULL, ALL},
	{"journalctl -o json, bytes", journal_bytes, NULL, ALL},
	{"numbers that grow", right_aligned, NULL, ALL},
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
