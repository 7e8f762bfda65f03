/* SPDX-License-Identifier: MIT */
/*
 * A real process whose memory is read with false words. The process itself is never
 * changed. A false word is five bytes of the input: three choose it among the words of
 * the process's memory that are not zero, a byte says how it is changed, and a byte to
 * what. A fuzzer that includes this header wraps process_vm_readv in its line "// link:",
 * and its NAME.seeds.sh builds the program, which prints "ready". By default that is a Go
 * program, which is opened. With LIES_OF_READS the fuzzer opens it, and the words are those
 * that it then reads, while lies.recording.
 */
#ifndef FUZZ_LIES_H
#define FUZZ_LIES_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/source.h"

#define WORDS_MAX (1u << 22)
#define LIES_MAX  24u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
ssize_t __real_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags);

static struct {
	pid_t pid;
	uint64_t *words; /* addresses of those that are not zero */
	size_t nr_words;
	struct lie {
		uint64_t address, word;
	} list[LIES_MAX];
	size_t nr;
	bool fickle, recording;
	unsigned reads; /* atomic */
	struct intern *intern;
	struct stack_table *stacks;
	void *open; /* kept from input to input */
} lies;

#define require(holds) require_that((holds), #holds)

static void require_that(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "This does not hold: %s\n", what);
	abort();
}

/* Changes the part of a range that is false. */
static void lie_in(uint64_t start, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < lies.nr; i++) {
		const struct lie *lie = &lies.list[i];

		for (size_t k = 0; k < 8; k++)
			if (lie->address + k >= start &&
			    lie->address + k < start + length)
				bytes[lie->address + k - start] =
					(uint8_t)(lie->word >> 8 * k);
	}
}

/* Notes the words of a range that was read. */
static void lies_note(uint64_t start, size_t length)
{
	for (uint64_t at = start & ~7ull; at < start + length; at += 8)
		if (lies.nr_words < WORDS_MAX)
			lies.words[lies.nr_words++] = at;
}

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags)
{
	ssize_t got =
		__real_process_vm_readv(pid, local, nr_local, remote, nr_remote, flags);
	unsigned read = __atomic_fetch_add(&lies.reads, 1, __ATOMIC_RELAXED);
	size_t left = got > 0 ? (size_t)got : 0;

	if (lies.fickle && read % 2)
		return got;
	/* Both lists have the same pieces wherever there are several. */
	for (unsigned long i = 0; i < nr_remote && i < nr_local && left > 0; i++) {
		size_t length = remote[i].iov_len < left ? remote[i].iov_len : left;

		require(nr_local == 1 || local[i].iov_len == remote[i].iov_len);
		if (lies.recording)
			lies_note((uint64_t)(uintptr_t)remote[i].iov_base, length);
		lie_in((uint64_t)(uintptr_t)remote[i].iov_base, local[i].iov_base,
		       length);
		left -= length;
		if (nr_local == 1)
			break;
	}
	return got;
}

#ifndef LIES_OF_READS
static void add_words(uint64_t start, uint64_t end)
{
	static uint64_t page[512];

	for (; start < end && lies.nr_words < WORDS_MAX; start += sizeof(page)) {
		struct iovec local = {page, sizeof(page)};
		struct iovec remote = {(void *)(uintptr_t)start, sizeof(page)};

		if (__real_process_vm_readv(lies.pid, &local, 1, &remote, 1, 0) !=
		    sizeof(page))
			continue;
		for (size_t i = 0; i < 512 && lies.nr_words < WORDS_MAX; i++)
			if (page[i])
				lies.words[lies.nr_words++] = start + 8 * i;
	}
}

static void list_words(void)
{
	char path[32], line[512];
	unsigned long long start, end;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)lies.pid);
	maps = fopen(path, "r");
	require(maps != NULL);
	/* Reserved ranges are large and empty. */
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx rw", &start, &end) == 2 &&
		    strstr(line, " rw-p ") && end - start <= 64u << 20)
			add_words(start, end);
	fclose(maps);
}
#endif

static void start_target(const char *program)
{
	int ends[2];
	char ready[4096];
	size_t nr = 0;

	require(pipe(ends) == 0);
	lies.pid = fork();
	require(lies.pid >= 0);
	if (lies.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		setenv("GODEBUG", "tracebackancestors=5", 1);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	/* The other end stays open, so that the program may go on printing. */
	while (!memmem(ready, nr, "ready", strlen("ready"))) {
		ssize_t got = read(ends[0], ready + nr, sizeof(ready) - nr);

		require(got > 0);
		nr += (size_t)got;
	}
}

#ifndef LIES_OF_READS
static void *lies_open(bool threads)
{
	struct source_target target = {.pid = lies.pid,
				       .text = "target",
				       .intern = lies.intern,
				       .stacks = lies.stacks,
				       .threads = threads,
				       .runtime = threads};
	void *ctx = calloc(1, source_goruntime.ctx_size);
	struct err e = {0};

	require(ctx != NULL);
	if (source_goruntime.open(ctx, &target, &e) == 0)
		return ctx;
	require(e.text[0]);
	source_goruntime.close(ctx);
	free(ctx);
	return NULL;
}

static void lies_close(void *ctx)
{
	source_goruntime.close(ctx);
	free(ctx);
}

#endif

static void stop_target(void)
{
	kill(lies.pid, SIGKILL);
	waitpid(lies.pid, NULL, 0);
}

/* Starts the program next to the fuzzer. Without it, for example without Go, there is
 * nothing to do. */
static void lies_begin(const char *fuzzer)
{
	char program[4096];

	snprintf(program, sizeof(program), "%s.target", fuzzer);
	if (access(program, X_OK) != 0) {
		printf("There is no %s: is its language installed?\n", program);
		exit(0);
	}
	start_target(program);
	atexit(stop_target);
	lies.words = malloc(WORDS_MAX * sizeof(*lies.words));
	lies.intern = intern_new(64u << 20);
	lies.stacks = stack_table_new(100000);
	require(lies.words && lies.intern && lies.stacks);
}

#ifdef LIES_OF_READS
static int order_words(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Each word that was read is kept once. */
static void lies_end_recording(void)
{
	size_t kept = 0;

	lies.recording = false;
	qsort(lies.words, lies.nr_words, sizeof(*lies.words), order_words);
	for (size_t i = 0; i < lies.nr_words; i++)
		if (i == 0 || lies.words[i] != lies.words[kept - 1])
			lies.words[kept++] = lies.words[i];
	lies.nr_words = kept;
}
#else
/* The same, and opens it. */
static void lies_start(const char *fuzzer)
{
	lies_begin(fuzzer);
	list_words();
	require(lies.nr_words > 1000);
	lies.open = lies_open(false);
	require(lies.open != NULL);
}
#endif

static uint64_t word_at(uint64_t address)
{
	struct iovec remote = {(void *)(uintptr_t)address, 8};
	uint64_t word = 0;
	struct iovec local = {&word, 8};

	__real_process_vm_readv(lies.pid, &local, 1, &remote, 1, 0);
	return word;
}

static void lies_add(const uint8_t bytes[5])
{
	size_t at = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
	uint64_t address = lies.words[at % lies.nr_words], word = word_at(address);
	uint8_t what = bytes[4];

	switch (bytes[3] % 8) {
	case 0:
		word = what;
		break;
	case 1:
		word ^= 1ull << what % 64;
		break;
	case 2:
		word += (uint64_t)(int64_t)(int8_t)what * 8;
		break;
	case 3: /* another object */
		word = lies.words[(at + what * 64u) % lies.nr_words];
		break;
	case 4:
		word = UINT64_MAX - what;
		break;
	case 5:
		word = 1ull << what % 64;
		break;
	case 6: /* itself */
		word = address - what % 16 * 8u;
		break;
	default: /* what another word is */
		word = word_at(lies.words[(at + what) % lies.nr_words]);
		break;
	}
	lies.list[lies.nr++] = (struct lie){address, word};
}

/* Adds the false words that the bytes describe. */
static void lies_read(const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + 5 <= size && lies.nr < LIES_MAX; at += 5)
		lies_add(bytes + at);
}

#endif
