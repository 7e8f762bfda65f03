/* SPDX-License-Identifier: MIT */
/* Any user may create the file, so it is read only if it belongs to the target's user or
 * to root, and only up to a limit. */
#include "source/symbols/perf_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/order.h"
#include "base/text.h"
#include "source/proc/target_file.h"

#define FILE_MAX    (32u << 20)
#define CODES_MAX   (1u << 19)
#define AGAIN_NS    CLOCK_SECOND_NS
#define AGAIN_SHARE 50   /* reading may take one part in this many of the time */
#define NAME_BYTES  500u /* longer names are truncated */
#define LOOK_BACK   16u  /* how many earlier pieces may overlap an address */

/* A piece of code. */
struct code {
	uint64_t start, size;
	uint32_t name, length; /* position in text */
	uint32_t order;        /* position in the file; later ones are newer */
};

struct perf_map {
	const struct kernel *kernel;
	int64_t next_ns;         /* when the file may be checked again */
	struct timespec changed; /* modification time of the file that was read */
	off_t size;
	struct buf text;
	struct code *codes; /* sorted by start, then by order */
	size_t nr_codes, cap_codes;
};

struct perf_map *perf_map_new(const struct kernel *kernel)
{
	struct perf_map *map = calloc(1, sizeof(*map));

	if (map) {
		map->kernel = kernel;
		buf_init(&map->text, FILE_MAX);
	}
	return map;
}

void perf_map_free(struct perf_map *map)
{
	if (!map)
		return;
	buf_release(&map->text);
	free(map->codes);
	free(map);
}

static int compare_codes(const void *a, const void *b)
{
	const struct code *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return ORDER(left->order, right->order);
}

/* Parses "7f12a0 40 name"; the name is an offset into the line. Returns false for any
 * other line. */
static bool parse_line(const char *line, size_t length, struct code *code)
{
	uint64_t numbers[2] = {0, 0};
	size_t at = 0;

	for (int i = 0; i < 2; i++) {
		size_t digits = 0;

		if (length - at > 2 && line[at] == '0' && line[at + 1] == 'x')
			at += 2;
		for (; at < length && digits <= 16; at++, digits++) {
			int digit = byte_hex_value(line[at]);

			if (digit < 0)
				break;
			numbers[i] = numbers[i] << 4 | (unsigned)digit;
		}
		if (digits == 0 || digits > 16 || at >= length || line[at] != ' ')
			return false;
		at++;
	}
	if (numbers[1] == 0 || numbers[0] + numbers[1] < numbers[0] || at >= length)
		return false;
	code->start = numbers[0];
	code->size = numbers[1];
	code->name = (uint32_t)at;
	code->length = (uint32_t)(length - at < NAME_BYTES ? length - at : NAME_BYTES);
	return true;
}

static bool add_code(struct perf_map *map, const struct code *code)
{
	if (!array_reserve_most(&map->codes, &map->cap_codes, map->nr_codes + 1,
				CODES_MAX))
		return false;
	map->codes[map->nr_codes++] = *code;
	return true;
}

static void parse_file(struct perf_map *map)
{
	struct code code = {.order = 0};

	map->nr_codes = 0;
	for (size_t at = 0; at < map->text.length;) {
		const char *line = map->text.bytes + at;
		const char *end = memchr(line, '\n', map->text.length - at);

		/* The last line may be incomplete, because the target is writing it. */
		if (!end)
			break;
		if (parse_line(line, (size_t)(end - line), &code)) {
			code.name += (uint32_t)at;
			code.order++;
			if (!add_code(map, &code))
				break;
		}
		at += (size_t)(end - line) + 1;
	}
	if (map->nr_codes)
		qsort(map->codes, map->nr_codes, sizeof(*map->codes), compare_codes);
}

/* Opens the file if it is a regular file of the target's user or of root. */
static bool open_file(const struct perf_map *map, struct target_file *file)
{
	char path[48];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map",
		 (int)map->kernel->facts.inner_pid);
	if (!target_file_open_nofollow(file, &map->kernel->process, path))
		return false;
	if (file->st.st_uid == 0 || file->st.st_uid == map->kernel->facts.uid)
		return true;
	close(file->fd);
	return false;
}

static void reread_file(struct perf_map *map)
{
	int64_t begin_ns = clock_mono_ns();
	struct target_file file;

	if (begin_ns < map->next_ns)
		return;
	map->next_ns = begin_ns + AGAIN_NS;
	if (!open_file(map, &file))
		return;
	const struct stat *st = &file.st;

	if (st->st_size != map->size || !clock_same_timespec(st->st_mtim, map->changed)) {
		map->size = st->st_size;
		map->changed = st->st_mtim;
		buf_clear(&map->text);
		/* If the file is too large, the beginning is used. */
		(void)fdio_read_all(file.fd, &map->text, FILE_MAX, NULL);
		parse_file(map);
		map->next_ns += (clock_mono_ns() - begin_ns) * AGAIN_SHARE;
	}
	close(file.fd);
}

void perf_map_set(struct perf_map *map, const char *bytes, size_t length)
{
	map->next_ns = INT64_MAX;
	buf_clear(&map->text);
	buf_append(&map->text, bytes, length);
	parse_file(map);
}

static const struct code *find_code(const struct perf_map *map, uint64_t address)
{
	const struct code *best = NULL;
	size_t low = ORDER_COUNT_UP_TO(map->codes, map->nr_codes, start, address);

	/* Memory is reused: of all pieces that contain the address, the newest is valid.
	 * */
	for (size_t back = 0; back < LOOK_BACK && back < low; back++) {
		const struct code *code = &map->codes[low - 1 - back];

		if (address - code->start < code->size &&
		    (!best || code->order > best->order))
			best = code;
	}
	return best;
}

/* Parses ":10:20" or ":10" at the end of a name. Sets the line; returns where it begins.
 * */
static size_t take_line(const char *text, size_t length, int *line)
{
	size_t at = length;

	for (int i = 0; i < 2; i++) {
		size_t first = at;
		int number = 0;

		while (first > 0 && byte_is_digit(text[first - 1]))
			first--;
		if (first == at || first == 0 || text[first - 1] != ':' || at - first > 9)
			break;
		for (size_t digit = first; digit < at; digit++)
			number = number * 10 + (text[digit] - '0');
		*line = number;
		at = first - 1;
	}
	return at;
}

void perf_map_name(const char *text, size_t length, struct intern *intern,
		   struct frame *out)
{
	static const char python[] = "py::";
	/* V8 before version 11 uses the longer ones. */
	static const char *const kinds[] = {
		"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};
	const char *end = text + length, *file;
	size_t path;

	out->function = intern_text(intern, text, length);
	if (length > sizeof(python) && memcmp(text, python, sizeof(python) - 1) == 0) {
		text += sizeof(python) - 1;
		file = memchr(text, ':', (size_t)(end - text));
		if (!file || file == text)
			return;
		out->function = intern_text(intern, text, (size_t)(file - text));
		out->file = intern_text(intern, file + 1, (size_t)(end - file - 1));
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		size_t bytes = strlen(kinds[i]);

		if (length <= bytes || memcmp(text, kinds[i], bytes) != 0)
			continue;
		text += bytes;
		/* Skip the mark for the level of optimisation. */
		while (text < end && strchr("~*^+'", *text))
			text++;
		file = memchr(text, ' ', (size_t)(end - text));
		if (!file)
			return;
		out->function =
			file == text ? intern_text(intern, "(anonymous)", 11)
				     : intern_text(intern, text, (size_t)(file - text));
		file++;
		path = take_line(file, (size_t)(end - file), &out->line);
		if (path > 0)
			out->file = intern_text(intern, file, path);
		return;
	}
}

bool perf_map_find(struct perf_map *map, uint64_t address, struct intern *intern,
		   struct frame *out, uint64_t *start)
{
	const struct code *code;

	if (!map)
		return false;
	reread_file(map);
	code = find_code(map, address);
	if (!code)
		return false;
	*start = code->start;
	perf_map_name(map->text.bytes + code->name, code->length, intern, out);
	return true;
}
