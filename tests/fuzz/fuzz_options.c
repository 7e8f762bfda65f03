/* SPDX-License-Identifier: MIT */
/* A command line, one word on each line; and its first word as a duration, a number, a
 * size and a time in a recording. Each word is either refused with a message, or its
 * value is in its range. */
// sources: src/cli/options.c src/cli/values.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/when.h"
#include "cli/options.h"

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* An error has a message and points into the text. */
static void check_error(int rc, const struct err *e, const char *text)
{
	if (rc == 0)
		return;
	require(e->code == rc && e->text[0] != '\0');
	require(rc == ERR_NOMEM || !text || (e->at >= -1 && e->at <= (int)strlen(text)));
}

static void read_times(const char *text)
{
	const struct when_range range = {1000000000000, 2000000000000000000,
					 1900000000000000000};
	char out[CLOCK_DURATION_MAX];
	struct err e = {0};
	int64_t ns;
	int rc = clock_parse_duration(text, &ns, &e);

	check_error(rc, &e, text);
	if (rc == 0)
		require(ns >= 0 && strlen(clock_format_duration(ns, out)) <= 7);
	memset(&e, 0, sizeof(e));
	check_error(when_parse(text, &range, &ns, &e), &e, text);
}

static void read_numbers(const char *text)
{
	int64_t number = -1;

	if (number_parse(text, 255, &number))
		require(number >= 0 && number <= 255);
	if (number_parse_size(text, &number))
		require(number >= 0 && number <= 1ll << 50);
}

static void read_options(int argc, char **argv)
{
	struct options options;
	struct err e = {0};
	enum option_id which;
	int rc = options_parse(&options, argc, argv, &e);

	check_error(rc, &e, NULL);
	require(options.nr_words >= 0 && options.nr_words < argc + 1);
	require((unsigned)options.command < COMMAND_COUNT);
	if (rc != 0)
		return;
	settings_default(&options.settings);
	rc = options_apply(&options, &which, &e);
	check_error(rc, &e, NULL);
	require((unsigned)which < OPTION_COUNT);
	if (rc == 0)
		require(options.settings.interval_ns >= SETTINGS_INTERVAL_MIN_NS &&
			options.settings.interval_ns <= SETTINGS_INTERVAL_MAX_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *words[WORDS_MAX + 2] = {NULL}, *copies[WORDS_MAX + 1];
	int nr = 0;

	/* Each word has a block of its own, so that a read one byte too far is found. */
	copies[nr++] = strdup("grmon-c");
	for (size_t at = 0; at < size && nr <= WORDS_MAX;) {
		const uint8_t *end = memchr(bytes + at, '\n', size - at);
		size_t length = end ? (size_t)(end - bytes) - at : size - at;

		copies[nr++] = strndup((const char *)bytes + at, length);
		at += length + 1;
	}
	if (nr > 1) {
		read_times(copies[1]);
		read_numbers(copies[1]);
	}
	/* The words are reordered, and the one behind the last is cleared. */
	memcpy(words, copies, (size_t)nr * sizeof(words[0]));
	read_options(nr, words);
	for (int i = 0; i < nr; i++)
		free(copies[i]);
	return 0;
}
