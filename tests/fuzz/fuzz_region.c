/* SPDX-License-Identifier: MIT */
/* The agent source on a region that the input rewrites between the samples, as a hostile
 * writer would. Input: pieces, each a kind, an offset, a length and bytes. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/verdict.h"
#include "source/agent/private.h"

#define SLOTS 32u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Kept from input to input, because reading the symbols of this program takes a
 * second. */
struct session {
	struct kernel kernel;
	struct intern *intern;
	struct stack_table *stacks;
	struct symbols *symbols;
	struct wire_header layout;
	uint8_t *map;
	int fd;
};

static struct session *session(void)
{
	static struct session only;

	if (only.map)
		return &only;
	if (kernel_open(&only.kernel, getpid(), NULL) != 0)
		abort();
	only.intern = intern_new(1u << 20);
	only.stacks = stack_table_new(1000);
	only.symbols = symbols_new(&only.kernel, only.intern, only.stacks);
	wire_layout(&only.layout, SLOTS, SLOTS, SLOTS);
	only.layout.pid = getpid();
	only.fd = memfd_create("fuzz", MFD_ALLOW_SEALING);
	if (ftruncate(only.fd, (off_t)only.layout.region_bytes) != 0)
		abort();
	only.map = mmap(NULL, only.layout.region_bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED, only.fd, 0);
	if (only.map == MAP_FAILED)
		abort();
	return &only;
}

/* Valid contents, which are worth breaking. */
static void fill(struct session *s)
{
	struct wire_slot *slots = (struct wire_slot *)(s->map + s->layout.slots_offset);
	struct wire_chan *chans = (struct wire_chan *)(s->map + s->layout.chans_offset);
	struct wire_header *header = (struct wire_header *)s->map;

	memset(s->map, 0, s->layout.region_bytes);
	*header = s->layout;
	header->nr_slots_used = SLOTS;
	header->nr_chans_used = SLOTS;
	for (uint32_t i = 0; i < SLOTS; i++) {
		slots[i].kind = i % 2 ? WIRE_COROUTINE : WIRE_THREAD;
		slots[i].tid = getpid() + (int32_t)i;
		slots[i].serial = i + 1;
		slots[i].state = i;
		slots[i].flags = WIRE_SLOT_CREATOR | WIRE_SLOT_LABELS;
		slots[i].object = 0x1000 + i;
		chans[i].id = i + 1;
		chans[i].address = 0x1000 + i;
	}
}

/* Applies one piece. Returns how many bytes it used, 0 at the end. */
static size_t apply(struct session *s, const uint8_t *bytes, size_t size)
{
	const uint64_t areas[4] = {0, s->layout.slots_offset, s->layout.labels_offset,
				   s->layout.creators_offset};
	uint64_t offset;
	size_t length;

	if (size < 4)
		return 0;
	offset = areas[bytes[0] % 4] + (uint64_t)bytes[1] + ((uint64_t)bytes[2] << 8);
	length = bytes[3] % 65;
	if (length > size - 4)
		length = size - 4;
	if (offset + length <= s->layout.region_bytes)
		memcpy(s->map + offset, bytes + 4, length);
	return length + 4;
}

static void look(struct agent *agent, struct track *track, struct verdicts *verdicts)
{
	struct source_focus focus = {.kind = TASK_COROUTINE, .id = 2};
	struct snapshot *snapshot = snapshot_new();
	struct err e;

	err_clear(&e);
	if (source_agent.sample(agent, &focus, snapshot, &e) == 0) {
		track_update(track, snapshot, &e);
		verdicts_update(verdicts, track, snapshot);
	}
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];
		size_t texts = strlen(task->name);

		/* Every text is terminated, and every value is in its range. */
		if (task->waits.kind)
			texts += strlen(task->waits.text);
		for (size_t label = 0; label < task->nr_labels; label++)
			texts += strlen(task->labels[label].key) +
				 strlen(task->labels[label].text);
		if (task->state >= STATE_COUNT || task->since_ns > snapshot->mono_ns ||
		    texts > 4096)
			abort();
	}
	snapshot_unref(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct session *s = session();
	struct agent *agent = calloc(1, sizeof(*agent));
	struct thresholds rule;
	struct err e;
	int fd = dup(s->fd);

	fill(s);
	/* The first pieces are applied before the region is checked, the others after
	 * it. */
	for (int i = 0; i < 2 && size; i++) {
		size_t used = apply(s, bytes, size);

		bytes += used;
		size -= used;
		if (!used)
			break;
	}
	err_clear(&e);
	if (kernel_open(&agent->kernel, getpid(), &e) != 0 ||
	    region_adopt(&agent->region, &agent->kernel, fd, &e) != 0) {
		close(fd);
		kernel_close(&agent->kernel);
		free(agent);
		return 0;
	}
	agent->attached = true;
	agent->intern = s->intern;
	agent->stacks = s->stacks;
	agent->symbols = s->symbols;
	thread_table_init(&agent->threads, &agent->kernel, NULL);
	resource_init(&agent->resources, &agent->kernel);
	thresholds_init(&rule);
	struct track *track = track_new();
	struct verdicts *verdicts = verdicts_new(&rule);

	for (int looks = 0; looks < 4; looks++) {
		look(agent, track, verdicts);
		size_t used = apply(s, bytes, size);

		bytes += used;
		size -= used;
	}
	track_free(track);
	verdicts_free(verdicts);
	agent->symbols = NULL;
	source_agent.close(agent);
	free(agent);
	return 0;
}
