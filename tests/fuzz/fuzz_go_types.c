/* SPDX-License-Identifier: MIT */
/*
 * Types and values in the memory of a hostile Go program. The image has a small set of
 * types that refer to each other in rings, and values of them; the input patches any of
 * its words. A word whose upper half is 0xfefe0000 becomes an address in the image. What
 * is printed is clean, and types and time are bounded whatever the image contains.
 */
// link: -Wl,--wrap=process_vm_readv
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "source/go/holds/plan.h"
#include "source/go/type/value.h"

#define IMAGE_BYTES (32u << 10)
#define IMAGE_AT    0x7e0000000000ull
#define POINTER     0xfefe0000u
#define TYPES       0x400u
#define VALUES      0x4000u
#define NAMES       0x6000u
#define PATCH_BYTES 10u
#define PATCHES_MAX 64u
#define READS_MAX   200000u /* of one input */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags);

static uint8_t image[IMAGE_BYTES];
static unsigned names_used, reads;

static void require(bool holds)
{
	if (!holds)
		abort();
}

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags)
{
	uint64_t at = (uint64_t)(uintptr_t)remote[0].iov_base - IMAGE_AT;

	(void)pid, (void)flags, (void)nr_local;
	require(nr_remote == 1 && ++reads < READS_MAX);
	if (at >= IMAGE_BYTES || remote[0].iov_len > IMAGE_BYTES - at) {
		errno = EFAULT;
		return -1;
	}
	memcpy(local[0].iov_base, image + at, remote[0].iov_len);
	return (ssize_t)remote[0].iov_len;
}

static void put(unsigned at, uint64_t word)
{
	memcpy(image + at, &word, sizeof(word));
}

static void put_pointer(unsigned at, unsigned to)
{
	put(at, IMAGE_AT + to);
}

/* Returns the offset of the name in the image. */
static unsigned name(const char *text)
{
	unsigned at = NAMES + names_used;

	image[at + 1] = (uint8_t)strlen(text);
	memcpy(image + at + 2, text, strlen(text));
	names_used += 2 + (unsigned)strlen(text);
	return at;
}

static void type(unsigned at, enum go_kind kind, unsigned bytes, const char *text)
{
	put(at, bytes);
	put(at + 8, bytes >= 8 ? bytes & ~7u : 0);
	put(at + 16, 0x1234 |
			     (uint64_t)(bytes >= 8 ? 8
					: bytes    ? 1
						   : 1)
				     << 40 |
			     (uint64_t)kind << 56 | 4ull << 32);
	put(at + 40, name(text) - TYPES);
}

/* Types at these offsets. */
enum {
	INT = TYPES + 8,
	STRING = INT + 48,
	POINTER_TO = STRING + 48,
	SLICE = POINTER_TO + 56,
	ARRAY = SLICE + 56,
	MAP = ARRAY + 72,
	GROUP = MAP + 136,
	CHAN = GROUP + 80,
	FUNC = CHAN + 64,
	ANY = FUNC + 56,
	FAULT = ANY + 80,
	STRUCT = FAULT + 80, /* with a package and a field of each type */
	ERROR = STRUCT + 96, /* contains another error */
	TIME = ERROR + 96,
	URL = TIME + 96,
	END = URL + 96,
};
#define FIELDS 0x1000u
#define ITAB   0x3f00u

static unsigned field(unsigned at, const char *text, unsigned of, unsigned offset)
{
	put_pointer(at, name(text));
	put_pointer(at + 8, of);
	put(at + 16, offset);
	return at + 24;
}

static void structure(unsigned at, unsigned bytes, const char *text, const char *package,
		      unsigned fields, unsigned nr)
{
	type(at, GO_KIND_STRUCT, bytes, text);
	image[at + 20] |= 1;
	put_pointer(at + 56, fields);
	put(at + 64, nr);
	put(at + 72, nr);
	put(at + 80, name(package) - TYPES);
}

static void put_types(void)
{
	static const unsigned all[] = {INT, STRING, POINTER_TO, SLICE, ARRAY,
				       MAP, CHAN,   FUNC,       ANY,   FAULT};
	unsigned at = FIELDS, offset = 0;

	type(INT, GO_KIND_INT, 8, "int");
	type(STRING, GO_KIND_STRING, 16, "string");
	type(POINTER_TO, GO_KIND_POINTER, 8, "*main.T");
	put_pointer(POINTER_TO + 48, STRUCT);
	type(SLICE, GO_KIND_SLICE, 24, "[]main.T");
	put_pointer(SLICE + 48, STRUCT);
	type(ARRAY, GO_KIND_ARRAY, 32, "[4]int");
	put_pointer(ARRAY + 48, INT);
	put(ARRAY + 64, 4);
	type(MAP, GO_KIND_MAP, 8, "map[string]interface {}");
	put_pointer(MAP + 48, STRING);
	put_pointer(MAP + 56, ANY);
	put_pointer(MAP + 64, GROUP);
	type(GROUP, GO_KIND_STRUCT, 264, "group");
	put(MAP + 80, 264);
	put(MAP + 88, 8);
	put(MAP + 96, 32);
	put(MAP + 104, 24);
	put(MAP + 112, 32);
	type(CHAN, GO_KIND_CHAN, 8, "chan int");
	put_pointer(CHAN + 48, INT);
	type(FUNC, GO_KIND_FUNC, 8, "func()");
	type(ANY, GO_KIND_INTERFACE, 16, "interface {}");
	type(FAULT, GO_KIND_INTERFACE, 16, "error");
	put(FAULT + 64, 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		at = field(at, "f", all[i], offset);
		offset += (unsigned)load_u64(image + all[i]);
	}
	structure(STRUCT, offset, "main.T", "main", FIELDS, 10);
	structure(ERROR, 32, "fs.PathError", "io/fs", at, 3);
	at = field(at, "Op", STRING, 0);
	at = field(at, "Path", STRING, 0);
	at = field(at, "Err", FAULT, 16);
	structure(TIME, 24, "time.Time", "time", at, 3);
	at = field(at, "wall", INT, 0);
	at = field(at, "ext", INT, 8);
	at = field(at, "loc", POINTER_TO, 16);
	structure(URL, 32, "url.URL", "net/url", at, 2);
	at = field(at, "Host", STRING, 0);
	field(at, "Path", STRING, 16);
}

/* Values that point to themselves. */
static void put_values(void)
{
	for (unsigned at = VALUES; at < VALUES + 0x1000; at += 8)
		put_pointer(at, VALUES + (at * 7) % 0x1000);
	put_pointer(ITAB, FAULT);
	put_pointer(ITAB + 8, ERROR);
	put(ITAB + 16, 0x1234);
	put(ITAB + 24, 1);
	for (unsigned at = VALUES; at < VALUES + 0x800; at += 0x100) {
		put(at + 8, 12); /* a string's length */
		put_pointer(at + 16, ITAB);
		put_pointer(at + 24, at);
		put(at + 40, 2); /* a slice's length and capacity */
		put(at + 48, 2);
		put_pointer(at + 88, VALUES + 0x800); /* a map */
		put_pointer(at + 112, STRUCT);
		put_pointer(at + 120, at);
		put_pointer(at + 128, ITAB);
		put_pointer(at + 136, at);
	}
	put(VALUES + 0x800, 7); /* elements */
	put_pointer(VALUES + 0x810, VALUES + 0x900);
	put(VALUES + 0x818, 0);
	put(VALUES + 0x900, 0); /* all slots are in use */
}

static void build(void)
{
	memset(image, 0, sizeof(image));
	names_used = 0;
	put_types();
	put_values();
	/* moduledata of Go 1.27, and of the versions before it. */
	put_pointer(37 * 8, TYPES);
	put(38 * 8, END - TYPES);
	put_pointer(39 * 8, IMAGE_BYTES - 1);
}

static void patch(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; size >= PATCH_BYTES && i < PATCHES_MAX; i++) {
		unsigned at = (bytes[0] | (unsigned)bytes[1] << 8) % (IMAGE_BYTES - 8);
		uint64_t word = load_u64(bytes + 2);

		if (word >> 32 == POINTER)
			word = IMAGE_AT + (word & (IMAGE_BYTES - 1));
		put(at, word);
		bytes += PATCH_BYTES;
		size -= PATCH_BYTES;
	}
}

static void check_clean(const char *text)
{
	for (; *text; text++)
		require((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void look_at(struct go_values *values, struct go_plans *plans,
		    const struct go_type *seen, uint64_t address)
{
	char text[512];
	struct oneline line;
	struct go_place place = {.address = address};
	size_t nr;
	const struct go_field *fields = go_type_fields(seen, &nr);
	const struct go_plan *plan = go_plans_get(plans, seen);

	check_clean(seen->name);
	check_clean(seen->package);
	for (size_t i = 0; i < nr; i++)
		require(fields[i].offset <= seen->bytes);
	oneline_init(&line, text, sizeof(text));
	go_value_print(values, seen, &place, true, &line);
	require(strlen(text) < sizeof(text));
	check_clean(text);
	if (plan)
		go_plan_check(plan, values->types, image + VALUES, 512);
}

static void look_at_all(struct go_values *values, struct go_plans *plans)
{
	struct go_itab itab;

	for (unsigned at = TYPES; at < END + 64; at += 8) {
		const struct go_type *seen = go_types_at(values->types, IMAGE_AT + at);

		if (seen)
			look_at(values, plans, seen,
				IMAGE_AT + VALUES + at / 8 % 8 * 0x100);
	}
	go_types_itab(values->types, IMAGE_AT + ITAB, &itab);
	go_types_named(values->types, "main.T", "main");
	go_types_named(values->types, "*main.T", NULL);
	go_plans_receiver(plans, values->types, "main.(*T).method");
	require(go_types_bytes(values->types) < 80u << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint8_t minors[] = {27, 27, 26, 24, 22, 18, 17, 16, 0};
	struct memory mem = {.process = process_named(getpid())};
	struct go_module module = {.moduledata = IMAGE_AT, .minor = 27};
	struct go_values values = {
		.module = &module, .read = go_values_read_memory, .ctx = &mem};
	struct go_plans *plans = go_plans_new();

	if (size > 0)
		module.minor = minors[bytes[0] % sizeof(minors)];
	module.table.era = module.minor && module.minor < 18   ? GO_ERA_116
			   : module.minor && module.minor < 20 ? GO_ERA_118
							       : GO_ERA_120;
	reads = 0;
	build();
	if (size > 1)
		patch(bytes + 1, size - 1);
	values.types = go_types_new(&mem, &module);
	require(values.types && plans);
	look_at_all(&values, plans);
	go_types_free(values.types);
	go_plans_free(plans);
	return 0;
}
