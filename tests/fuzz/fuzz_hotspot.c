/* SPDX-License-Identifier: MIT */
/*
 * The tables and threads of a hostile Java machine. The image is a complete one of three
 * threads; the input is patches of it, each a place (two bytes, in words), a length and
 * bytes. A zero length ends a round, after which the monitors are searched. A word whose
 * upper half is 0xfefe0000 becomes an address in the image.
 */
// link: -Wl,--wrap=pages_read,--wrap=symbols_address
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/java/hotspot.h"
#include "source/proc/pages.h"
#include "source/symbols/private.h"

#define IMAGE_AT    0x7e0000000000ull
#define IMAGE_BYTES (16u << 10)
#define TABLE       0x400u
#define STRIDE      48u
#define NAMES       0x1000u
#define NAME_BYTES  32u
#define LIST        0x2000u
#define THREADS     0x2400u
#define THREAD      0x400u
#define MONITORS    0x3800u
#define POINTER     0xfefe0000u
#define ROUNDS_MAX  8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait);
uint64_t __wrap_symbols_address(struct symbols *symbols, const char *library,
				const char *name);

static uint8_t image[IMAGE_BYTES];

static void require(int holds)
{
	if (!holds)
		abort();
}

ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait)
{
	uint64_t at = address - IMAGE_AT;

	(void)pages, (void)process, (void)wait;
	if (at >= IMAGE_BYTES)
		return -EFAULT;
	if (bytes > IMAGE_BYTES - at)
		bytes = IMAGE_BYTES - at;
	memcpy(out, image + at, bytes);
	return (ssize_t)bytes;
}

/* The words at the beginning of the image, by name. */
static const struct {
	const char *name;
	uint64_t value;
} symbols_of_image[] = {
	{"gHotSpotVMStructs", IMAGE_AT + TABLE},
	{"gHotSpotVMStructEntryArrayStride", STRIDE},
	{"gHotSpotVMStructEntryTypeNameOffset", 0},
	{"gHotSpotVMStructEntryFieldNameOffset", 8},
	{"gHotSpotVMStructEntryIsStaticOffset", 24},
	{"gHotSpotVMStructEntryOffsetOffset", 32},
	{"gHotSpotVMStructEntryAddressOffset", 40},
};
#define SYMBOLS (sizeof(symbols_of_image) / sizeof(symbols_of_image[0]))

uint64_t __wrap_symbols_address(struct symbols *symbols, const char *library,
				const char *name)
{
	(void)symbols, (void)library;
	for (size_t i = 0; i < SYMBOLS; i++)
		if (strcmp(symbols_of_image[i].name, name) == 0)
			return IMAGE_AT + 8 * i;
	return 0;
}

/* The places of the fields; for a static field, its address. */
static const struct {
	const char *type, *name;
	uint64_t offset;
	bool is_static;
} fields[] = {
	{"ThreadsSMRSupport", "_java_thread_list", IMAGE_AT + LIST, true},
	{"ThreadsList", "_length", 8, false},
	{"ThreadsList", "_threads", 16, false},
	{"JavaThread", "_osthread", 8, false},
	{"OSThread", "_thread_id", 16, false},
	{"JavaThread", "_current_pending_monitor", 16, false},
	{"ObjectMonitor", "_owner", 8, false},
	{"JavaThread", "_stack_base", 24, false},
	{"JavaThread", "_stack_size", 32, false},
	{"JavaThread", "_monitor_owner_id", 40, false},
	{"ObjectMonitor", "_object", 16, false},
	{"JavaThread", "_lock_stack", 48, false},
	{"LockStack", "_top", 0, false},
	{"LockStack", "_base[0]", 8, false},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void put(uint64_t at, uint64_t word)
{
	require(at + 8 <= IMAGE_BYTES);
	memcpy(image + at, &word, 8);
}

static void fill_image(void)
{
	memset(image, 0, sizeof(image));
	for (size_t i = 0; i < SYMBOLS; i++)
		put(8 * i, symbols_of_image[i].value);
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t name = NAMES + i * 2 * NAME_BYTES, entry = TABLE + i * STRIDE;

		strcpy((char *)image + name, fields[i].type);
		strcpy((char *)image + name + NAME_BYTES, fields[i].name);
		put(entry, IMAGE_AT + name);
		put(entry + 8, IMAGE_AT + name + NAME_BYTES);
		put(entry + 24, fields[i].is_static);
		put(entry + 32, fields[i].offset);
		put(entry + 40, fields[i].offset);
	}
	put(LIST, IMAGE_AT + LIST + 64);
	put(LIST + 64 + 8, 3);
	put(LIST + 64 + 16, IMAGE_AT + LIST + 128);
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t thread = THREADS + i * THREAD, os = thread + 512;

		put(LIST + 128 + 8 * i, IMAGE_AT + thread);
		put(thread + 8, IMAGE_AT + os);
		put(os + 16, 100 + i);
		put(thread + 16, IMAGE_AT + MONITORS + (i + 1) % 3 * 64);
		put(thread + 24, IMAGE_AT + thread + 1024);
		put(thread + 32, 512);
		put(thread + 40, i == 2 ? 7 : 0);
		put(thread + 48, 48 + 16); /* one lock in its list */
		put(thread + 56, IMAGE_AT + MONITORS + 512);
		put(MONITORS + i * 64 + 8, i == 1 ? 1 : IMAGE_AT + thread);
		put(MONITORS + i * 64 + 16, IMAGE_AT + MONITORS + 256);
	}
	put(MONITORS + 256, IMAGE_AT + MONITORS + 512);
}

/* Applies patches up to the end of a round. Returns how much of the input it used. */
static size_t apply(const uint8_t *bytes, size_t size)
{
	size_t used = 0;

	while (used + 3 <= size) {
		size_t at =
			(bytes[used] | (size_t)bytes[used + 1] << 8) * 8 % IMAGE_BYTES;
		size_t length = bytes[used + 2];

		used += 3;
		if (length == 0)
			return used;
		length = length < size - used ? length : size - used;
		length = length < IMAGE_BYTES - at ? length : IMAGE_BYTES - at;
		memcpy(image + at, bytes + used, length);
		used += length;
		for (size_t i = at; i < at + length; i += 8) {
			uint64_t word;

			memcpy(&word, image + i, 8);
			if (word >> 32 == POINTER)
				put(i, IMAGE_AT + (word & (IMAGE_BYTES - 1)));
		}
	}
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct kernel kernel = {.process = process_named(1)};
	struct hotspot *hotspot = hotspot_new(&kernel, NULL);

	require(hotspot != NULL);
	fill_image();
	for (int round = 0; round < ROUNDS_MAX && (round == 0 || size > 0); round++) {
		size_t used = apply(bytes, size);
		pid_t owner;

		bytes += used;
		size -= used;
		kernel.now_ns += CLOCK_SECOND_NS;
		for (pid_t tid = 99; tid <= 102; tid++) {
			uint64_t monitor = hotspot_monitor(hotspot, tid, &owner);

			require(owner >= 0 && (monitor || !owner));
		}
	}
	hotspot_free(hotspot);
	kernel_close(&kernel);
	return 0;
}
