/* SPDX-License-Identifier: MIT */
/*
 * A real Go process whose memory is read with false words: its goroutines, what they wait
 * on, their stacks, and the proof over its heap. The process itself is never changed.
 * Input: a byte of ways; then for each false word three bytes that choose it among the
 * words of the process's memory that are not zero, a byte that says how it is changed,
 * and a byte of what. Without Go there is nothing to do; fuzz_go_process.seeds.sh builds
 * the program.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 256
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/source.h"

#define WORDS_MAX  (1u << 22)
#define LIES_MAX   24u
#define PROVE_MS   20000
#define READY_BYTE '.'

/* What takes long is rare: a proof in a fifth of the runs, opening in a fiftieth. */
enum way {
	PROVE = 0, /* the lower four bits */
	FRESH = 1, /* it is opened with false words too */
	FRESH_THREADS = 2,
	WAY_BITS = 15,
	FICKLE = 16, /* every other read is true */
};

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
	} lies[LIES_MAX];
	size_t nr_lies;
	bool fickle;
	unsigned reads; /* atomic */
	struct intern *intern;
	struct stack_table *stacks;
	void *open; /* kept from input to input */
} world;

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Changes the part of a range that is false. */
static void lie_in(uint64_t start, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < world.nr_lies; i++) {
		const struct lie *lie = &world.lies[i];

		for (size_t k = 0; k < 8; k++)
			if (lie->address + k >= start &&
			    lie->address + k < start + length)
				bytes[lie->address + k - start] =
					(uint8_t)(lie->word >> 8 * k);
	}
}

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long nr_local, const struct iovec *remote,
				unsigned long nr_remote, unsigned long flags)
{
	ssize_t got =
		__real_process_vm_readv(pid, local, nr_local, remote, nr_remote, flags);
	unsigned read = __atomic_fetch_add(&world.reads, 1, __ATOMIC_RELAXED);
	size_t left = got > 0 ? (size_t)got : 0;

	if (world.fickle && read % 2)
		return got;
	/* Both lists have the same pieces wherever there are several. */
	for (unsigned long i = 0; i < nr_remote && i < nr_local && left > 0; i++) {
		size_t length = remote[i].iov_len < left ? remote[i].iov_len : left;

		require(nr_local == 1 || local[i].iov_len == remote[i].iov_len);
		lie_in((uint64_t)(uintptr_t)remote[i].iov_base, local[i].iov_base,
		       length);
		left -= length;
		if (nr_local == 1)
			break;
	}
	return got;
}

static void add_words(uint64_t start, uint64_t end)
{
	static uint64_t page[512];

	for (; start < end && world.nr_words < WORDS_MAX; start += sizeof(page)) {
		struct iovec local = {page, sizeof(page)};
		struct iovec remote = {(void *)(uintptr_t)start, sizeof(page)};

		if (__real_process_vm_readv(world.pid, &local, 1, &remote, 1, 0) !=
		    sizeof(page))
			continue;
		for (size_t i = 0; i < 512 && world.nr_words < WORDS_MAX; i++)
			if (page[i])
				world.words[world.nr_words++] = start + 8 * i;
	}
}

static void list_words(void)
{
	char path[32], line[512];
	unsigned long long start, end;
	FILE *maps;

	world.words = malloc(WORDS_MAX * sizeof(*world.words));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)world.pid);
	maps = fopen(path, "r");
	require(world.words && maps);
	/* Reserved ranges are large and empty. */
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx rw", &start, &end) == 2 &&
		    strstr(line, " rw-p ") && end - start <= 64u << 20)
			add_words(start, end);
	fclose(maps);
}

static void start_target(const char *program)
{
	int ends[2];
	char ready;

	require(pipe(ends) == 0);
	world.pid = fork();
	require(world.pid >= 0);
	if (world.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		setenv("GODEBUG", "tracebackancestors=5", 1);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	require(read(ends[0], &ready, 1) == 1 && ready == READY_BYTE);
	close(ends[0]);
}

static void *open_source(bool threads)
{
	struct source_target target = {.pid = world.pid,
				       .text = "target",
				       .intern = world.intern,
				       .stacks = world.stacks,
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

static void close_source(void *ctx)
{
	source_goruntime.close(ctx);
	free(ctx);
}

static void stop_target(void)
{
	kill(world.pid, SIGKILL);
	waitpid(world.pid, NULL, 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char program[4096];

	(void)argc;
	snprintf(program, sizeof(program), "%s.target", (*argv)[0]);
	if (access(program, X_OK) != 0) {
		printf("There is no %s: is Go installed?\n", program);
		exit(0);
	}
	start_target(program);
	atexit(stop_target);
	list_words();
	require(world.nr_words > 1000);
	world.intern = intern_new(64u << 20);
	world.stacks = stack_table_new(100000);
	world.open = open_source(false);
	require(world.open != NULL);
	return 0;
}

static void check_picture(const struct snapshot *picture)
{
	for (size_t i = 0; i < picture->nr_tasks; i++) {
		const struct task *task = &picture->tasks[i];
		size_t texts = strlen(task->name);

		require(task->state < STATE_COUNT && task->waits.fd >= -1);
		require(task->nr_labels <= SNAPSHOT_LABELS_MAX);
		for (size_t k = 0; k < task->nr_labels; k++)
			texts += strlen(task->labels[k].key) +
				 strlen(task->labels[k].text);
		require(!task->waits.kind || task->waits.text);
		require(texts < 1u << 20);
	}
}

/* Nothing is beyond the address space, and only a percentage and a time may be more. */
static void check_heap(const struct go_heap_figures *heap)
{
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++) {
		int64_t value = go_heap_value(heap, field);

		require(value >= (value == heap->percent ? GO_GC_OFF : -1));
		require(!field->unit || value < 1ll << 47);
	}
}

/* Samples until the proof has ended, or once. */
static void look(void *ctx, bool prove)
{
	const struct source_focus focus = {.all = true};
	bool more = true;

	if (prove)
		source_goruntime.prove(ctx, true);
	for (int ms = 0; more && ms < PROVE_MS; ms++) {
		struct snapshot *picture = snapshot_new();
		struct err e = {0};

		require(picture != NULL);
		if (source_goruntime.sample(ctx, &focus, picture, &e) == 0) {
			check_picture(picture);
			check_heap(&picture->resources.go_heap);
		} else {
			require(e.text[0]);
		}
		more = prove && !e.code && picture->proving.state == PROVING_RUNNING;
		snapshot_unref(picture);
		if (more)
			usleep(1000);
	}
	require(!more);
	if (prove)
		source_goruntime.prove(ctx, false);
}

static uint64_t word_at(uint64_t address)
{
	struct iovec remote = {(void *)(uintptr_t)address, 8};
	uint64_t word = 0;
	struct iovec local = {&word, 8};

	__real_process_vm_readv(world.pid, &local, 1, &remote, 1, 0);
	return word;
}

static void add_lie(const uint8_t bytes[5])
{
	size_t at = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
	uint64_t address = world.words[at % world.nr_words], word = word_at(address);
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
		word = world.words[(at + what * 64u) % world.nr_words];
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
		word = word_at(world.words[(at + what) % world.nr_words]);
		break;
	}
	world.lies[world.nr_lies++] = (struct lie){address, word};
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *ctx = world.open;
	unsigned way;

	if (size < 6)
		return -1;
	way = bytes[0] & WAY_BITS;
	for (size_t at = 1; at + 5 <= size && world.nr_lies < LIES_MAX; at += 5)
		add_lie(bytes + at);
	world.fickle = bytes[0] & FICKLE;
	if (way == FRESH || way == FRESH_THREADS)
		ctx = open_source(way == FRESH_THREADS);
	if (ctx)
		look(ctx, way == PROVE);
	if (ctx && ctx != world.open)
		close_source(ctx);
	world.nr_lies = 0;
	return 0;
}
