/* SPDX-License-Identifier: MIT */
/* Our own streams and profiles are recognised by a few fixed beginnings. A goroutine's
 * header may be anywhere in a log. */
#include "source/sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"

#define READ_BYTES    (1u << 20)
#define READ_MAX      (256u << 20)
#define OVERLAP_BYTES 128u
#define BINARY_BYTES  4096u
#define HEAD_BYTES    4096u
#define GRMON_BEGIN   "{\"grmon\""

static size_t skip_blanks(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at;
}

/* Matches {"grmon" with any blanks in between. */
static bool is_grmon(const char *text, size_t length)
{
	size_t at = skip_blanks(text, length);

	if (at == length || text[at] != '{')
		return false;
	at++;
	at += skip_blanks(text + at, length - at);
	return length - at >= 8 && memcmp(text + at, "\"grmon\":", 8) == 0;
}

/* Returns the length of a blank of any kind, or of what colours and escapes leave there.
 * */
static size_t odd_blank_bytes(const char *at, const char *end)
{
	static const char *const kinds[] = {" ", "\t", "\xc2\xa0", "&nbsp;", "\\", "|"};

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		size_t bytes = strlen(kinds[i]);

		if ((size_t)(end - at) >= bytes && memcmp(at, kinds[i], bytes) == 0)
			return bytes;
	}
	return 0;
}

static const char *skip_odd_blanks(const char *at, const char *end)
{
	size_t bytes;

	while ((bytes = odd_blank_bytes(at, end)) > 0)
		at += bytes;
	return at;
}

/* Matches "goroutine 17 [", possibly with the pointers that newer runtimes put between,
 * or the first line of debug=1 or of a race report. */
static bool has_goroutine(const char *text, size_t length)
{
	static const char word[] = "goroutine", profile[] = "profile:";
	static const char leak[] = "goroutineleak profile:";
	static const char race[] = "WARNING:";
	const char *at = text, *end = text + length;

	while ((at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1))) {
		const char *digit = at = skip_odd_blanks(at + sizeof(word) - 1, end),
			   *behind;

		if ((size_t)(end - at) >= sizeof(profile) - 1 &&
		    memcmp(at, profile, sizeof(profile) - 1) == 0)
			return true;
		while (digit < end && byte_is_digit(*digit))
			digit++;
		behind = skip_odd_blanks(digit, end);
		if (digit > at && behind > digit && behind < end &&
		    (*behind == '[' || *behind == 'g'))
			return true;
	}
	for (at = text; (at = memmem(at, (size_t)(end - at), race, sizeof(race) - 1));) {
		at = skip_odd_blanks(at + sizeof(race) - 1, end);
		if (end - at >= 4 && memcmp(at, "DATA", 4) == 0)
			return true;
	}
	return memmem(text, length, leak, sizeof(leak) - 1) != NULL;
}

/* Returns true for UTF-16, or for the zero bytes that a truncated log begins with:
 * without the zero bytes it is plain text. */
static bool is_text_with_zeros(const char *bytes, size_t length)
{
	size_t kept = 0, odd = 0;

	for (size_t i = 0; i < length && kept < BINARY_BYTES; i++) {
		unsigned char c = (unsigned char)bytes[i];

		kept += c != 0;
		odd += c && ((c < ' ' && !strchr("\t\r\n\033", c)) || c == 0x7f);
	}
	return kept > 0 && odd <= kept / 64;
}

static bool has_goroutine_between_zeros(const char *bytes, size_t length)
{
	char *text = malloc(length);
	size_t kept = 0;
	bool found;

	for (size_t i = 0; text && i < length; i++)
		if (bytes[i])
			text[kept++] = bytes[i];
	found = text && has_goroutine(text, kept);
	free(text);
	return found;
}

/* Field 1 or 11 of a profile (sample_type or period_type) is a message of two small
 * numbers. */
static bool is_profile(const unsigned char *bytes, size_t length)
{
	if (length >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8)
		return true;
	return length >= 4 && (bytes[0] == 0x0a || bytes[0] == 0x5a) && bytes[1] >= 2 &&
	       bytes[1] <= 12 && bytes[2] == 0x08;
}

enum sniff source_sniff(const void *bytes, size_t length)
{
	if (is_grmon(bytes, length))
		return SNIFF_GRMON;
	if (is_profile(bytes, length))
		return SNIFF_PROFILE;
	/* Executables contain these words, too. */
	if (memchr(bytes, '\0', length < BINARY_BYTES ? length : BINARY_BYTES))
		return is_text_with_zeros(bytes, length) &&
				       has_goroutine_between_zeros(bytes, length)
			       ? SNIFF_GOROUTINES
			       : SNIFF_UNKNOWN;
	return has_goroutine(bytes, length) ? SNIFF_GOROUTINES : SNIFF_UNKNOWN;
}

/* Recognises a recording whose first line is damaged or truncated. */
static bool is_damaged_grmon(const char *bytes, size_t length)
{
	static const char begin[] = "\n" GRMON_BEGIN ": ";

	if (length < sizeof(GRMON_BEGIN))
		return length > 1 && memcmp(bytes, GRMON_BEGIN, length) == 0;
	return memmem(bytes, length, begin, sizeof(begin) - 1) != NULL;
}

/* Checks FILE.1 and FILE.2: a recorder may have been killed between renames, or may have
 * just created a new FILE. */
static bool has_older(const char *path)
{
	char name[HEAD_BYTES], bytes[HEAD_BYTES];
	bool found = false;

	for (int number = 1; number <= 2 && !found; number++) {
		struct stat status;
		ssize_t got = -1;
		int fd;

		if (snprintf(name, sizeof(name), "%s.%d", path, number) >=
		    (int)sizeof(name))
			return false;
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			got = pread(fd, bytes, sizeof(bytes), 0);
		found = got > 0 && (is_grmon(bytes, (size_t)got) ||
				    is_damaged_grmon(bytes, (size_t)got));
		close(fd);
	}
	return found;
}

/* Reads in blocks. Each block is preceded by the end of the one before, so that a header
 * across the boundary is found. */
static enum sniff sniff_fd(int fd, char *bytes, int *failed)
{
	size_t kept = 0, total = 0;
	enum sniff found = SNIFF_UNKNOWN;
	bool zeros = false;

	while (total < READ_MAX) {
		ssize_t got = read(fd, bytes + kept, READ_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			*failed = errno;
		if (got <= 0)
			break;
		if (total == 0) {
			found = source_sniff(bytes, (size_t)got);
			if (found == SNIFF_UNKNOWN &&
			    is_damaged_grmon(bytes, (size_t)got))
				found = SNIFF_GRMON;
			if (found != SNIFF_UNKNOWN)
				break;
			zeros = memchr(bytes, '\0', (size_t)got) != NULL;
			if (zeros && !is_text_with_zeros(bytes, (size_t)got))
				break;
		} else if (zeros ? has_goroutine_between_zeros(bytes, kept + (size_t)got)
				 : has_goroutine(bytes, kept + (size_t)got)) {
			found = SNIFF_GOROUTINES;
		}
		if (found != SNIFF_UNKNOWN)
			break;
		total += (size_t)got;
		got += (ssize_t)kept;
		kept = (size_t)got < OVERLAP_BYTES ? (size_t)got : OVERLAP_BYTES;
		memmove(bytes, bytes + got - kept, kept);
	}
	return found;
}

enum sniff source_sniff_file(const char *path, struct err *e)
{
	enum sniff found = SNIFF_UNKNOWN;
	struct stat status;
	int failed = 0, fd;
	char *bytes;

	/* Reading a pipe would consume data that is needed later. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && has_older(path))
		return SNIFF_GRMON;
	if (fd < 0 || fstat(fd, &status) != 0) {
		err_sys(e, errno, "cannot read %s", path);
		if (fd >= 0)
			close(fd);
		return SNIFF_UNKNOWN;
	}
	if (!S_ISREG(status.st_mode)) {
		err_set(e, ERR_UNSUPPORTED,
			S_ISDIR(status.st_mode)
				? "it is a directory; give a file in it"
				: "it is not a regular file; pass its contents on "
				  "stdin: grmon-c - <FILE");
		close(fd);
		return SNIFF_UNKNOWN;
	}
	if (status.st_size == 0 && has_older(path)) {
		close(fd);
		return SNIFF_GRMON;
	}
	bytes = malloc(READ_BYTES + OVERLAP_BYTES);
	if (bytes)
		found = sniff_fd(fd, bytes, &failed);
	if (!bytes || failed)
		err_sys(e, bytes ? failed : ENOMEM, "cannot read %s", path);
	else if (found == SNIFF_UNKNOWN && status.st_size == 0)
		err_set(e, ERR_FORMAT,
			"the file is empty: nothing has been recorded to it yet");
	else if (found == SNIFF_UNKNOWN)
		err_set(e, ERR_FORMAT,
			"the file is not a recording, a dump or a list of goroutines; "
			"give a pid or a process name, or start it with 'grmon-c run'");
	free(bytes);
	close(fd);
	return found;
}

/* Matches HOST:PORT, with an address of IPv6 in brackets, and perhaps a path behind it. */
static bool is_address(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_";
	size_t host = strspn(text, letters), digits;

	if (text[0] == '[') {
		host = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		host = text[host] == ']' ? host + 1 : 0;
	}
	if (host == 0 || text[host] != ':' || text_starts_with(text, "tree:"))
		return false;
	digits = strspn(text + host + 1, "0123456789");
	text += host + 1 + digits;
	return digits > 0 && digits <= 5 && (*text == '\0' || *text == '/');
}

bool source_is_url(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 ||
	       strncasecmp(text, "https://", 8) == 0 ||
	       text_starts_with(text, "unix:/") || is_address(text);
}
