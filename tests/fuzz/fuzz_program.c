/* SPDX-License-Identifier: MIT */
/* A file of arbitrary bytes that a user wants to run or to watch: its machine, linker and
 * sanitizer, whether it is a Go program, and the symbols in it. */
// sources: src/cli/program.c
// link: -Wl,--wrap=target_file_open_exe
// max_len: 16384
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/program.h"
#include "source/child/sanitizer.h"
#include "source/go/elf.h"
#include "source/proc/target_file.h"
#include "source/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
bool __wrap_target_file_open_exe(struct target_file *file, const struct process *process);

static int program = -1;

static void require(int holds)
{
	if (!holds)
		abort();
}

bool __wrap_target_file_open_exe(struct target_file *file, const struct process *process)
{
	(void)process;
	memset(file, 0, sizeof(*file));
	file->fd = dup(program);
	return file->fd >= 0;
}

/* The segments are those of this process, the sections those of the file. */
static void read_symbols(void)
{
	static const char *const names[] = {"runtime.allgs", "main.main", "start"};
	struct memory mem = {.process = process_named(getpid())};
	uint64_t addresses[3];
	struct go_elf elf;
	struct err e = {0};

	if (go_elf_read(&elf, &mem, &e) != 0) {
		require(e.text[0]);
		return;
	}
	require(elf.nr_segments <= GO_SEGMENTS_MAX);
	go_elf_is_go(&elf);
	go_elf_symbols(&elf, &mem.process, names, 3, addresses);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[32];
	struct err e = {0};

	program = memfd_create("program", MFD_CLOEXEC);
	require(program >= 0 && write(program, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
	require((unsigned)program_inspect(path) <= PROGRAM_UNKNOWN);
	program_is_go(path);
	sanitizer_comes_first(path);
	sanitizer_traces(getpid());
	if (source_sniff_file(path, &e) == SNIFF_UNKNOWN)
		require(memchr(e.text, '\0', sizeof(e.text)) != NULL);
	read_symbols();
	close(program);
	return 0;
}
