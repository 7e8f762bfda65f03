/* SPDX-License-Identifier: MIT */
/*
 * The memory of a hostile process: everything that attaching does, on an image of 64 KB
 * that the input fills. A word whose upper half is 0xfefe0000 becomes an address in the
 * image, so that the fuzzer can make pointers.
 */
// link: -Wl,--wrap=process_vm_readv
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "source/go/label.h"
#include "source/go/layout.h"
#include "source/go/wait.h"

#define IMAGE_BYTES (64u << 10)
#define IMAGE_AT    0x7e0000000000ull
#define POINTER     0xfefe0000u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags);

static uint8_t memory[IMAGE_BYTES];

/* As the kernel does it: up to the first range that is not mapped. */
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags)
{
	ssize_t total = 0;

	(void)pid, (void)flags;
	for (unsigned long i = 0; i < nr_remote && i < nr_local; i++) {
		uint64_t at = (uint64_t)(uintptr_t)remote[i].iov_base - IMAGE_AT;
		size_t bytes = remote[i].iov_len;

		if (bytes != local[i].iov_len)
			abort();
		if (at >= IMAGE_BYTES)
			break;
		if (bytes > IMAGE_BYTES - at)
			bytes = IMAGE_BYTES - at;
		memcpy(local[i].iov_base, memory + at, bytes);
		total += (ssize_t)bytes;
		if (bytes < remote[i].iov_len)
			break;
	}
	if (total > 0)
		return total;
	errno = EFAULT;
	return -1;
}

static void fill(const uint8_t *bytes, size_t size)
{
	memset(memory, 0, IMAGE_BYTES);
	memcpy(memory, bytes, size < IMAGE_BYTES ? size : IMAGE_BYTES);
	for (size_t i = 0; i < IMAGE_BYTES && i < size; i += 8) {
		uint64_t word = load_u64(memory + i);

		if (word >> 32 != POINTER)
			continue;
		word = IMAGE_AT + (word & (IMAGE_BYTES - 1));
		memcpy(memory + i, &word, 8);
	}
}

static void attach(struct memory *mem, const struct go_elf *elf, struct intern *intern)
{
	struct go_module module;
	struct go_layout layout;
	struct go_reasons reasons;
	struct err e;

	if (go_module_read(&module, elf, mem, &e) == 0) {
		if (!go_module_holds(&module, mem))
			abort(); /* it is not changed */
		go_layout_read(&layout, &module, elf, mem, &e);
		go_reasons_read(&reasons, &module, mem, intern);
	}
	go_module_release(&module);
}

static void labels(struct memory *mem, unsigned minor)
{
	struct snapshot *out = snapshot_new();
	struct go_labels sets;
	size_t nr;

	go_labels_init(&sets, minor);
	for (size_t at = 0; at < 256; at += 8)
		go_labels_get(&sets, mem, IMAGE_AT + at, out, &nr);
	go_labels_release(&sets);
	snapshot_unref(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct memory mem = {.process = process_named(getpid())};
	struct go_elf elf = {.nr_segments = 1, .sections = true};
	struct intern *intern = intern_new(1 << 20);
	struct go_g_sample *sample = calloc(1, sizeof(*sample));
	struct go_pclntab table = {0};
	struct go_g_layout g;

	fill(bytes, size);
	elf.segments[0] = (struct go_segment){IMAGE_AT, IMAGE_AT + IMAGE_BYTES,
					      IMAGE_AT + IMAGE_BYTES, true, false};
	elf.pclntab = (struct go_range){IMAGE_AT, IMAGE_AT + IMAGE_BYTES};
	elf.buildinfo = elf.pclntab;
	attach(&mem, &elf, intern);
	labels(&mem, size > 0 && bytes[0] & 1 ? 26 : 20);
	if (size > 4) {
		sample->nr = 1 + bytes[0] % 16;
		for (size_t i = 0; i < sample->nr; i++)
			memcpy(sample->bytes[i], memory + i * GO_G_BYTES_MAX,
			       GO_G_BYTES_MAX);
		go_layout_derive(&g, sample, &table, load_u32(bytes), bytes[1] % 32);
	}
	free(sample);
	intern_free(intern);
	return 0;
}
