/* SPDX-License-Identifier: MIT */
/*
 * Reads the ancestors of goroutines. With GODEBUG=tracebackancestors=N the runtime stores
 * in each g a pointer to a slice of ancestorInfo: the return addresses that the creator's
 * stack had at the go statement, the creator's id, and the go statement that had created
 * the creator; then the same for the creator's creator, and so on. The runtime never
 * changes such a list, so it is read once per goroutine.
 *
 * A list is accepted only if its first stack contains the goroutine's own go statement,
 * and if the g still refers to the list after it was read.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "source/go/sample.h"

#define BATCH      128u /* goroutines at a time */
#define INFO_WORDS 5u   /* pcs: pointer, length, capacity; goid; gopc */
#define INFO_GOID  3u
#define INFO_GOPC  4u
#define PCS_MAX    SNAPSHOT_FRAMES_MAX
#define LENGTH_MAX (1u << 16) /* of the runtime's slices */
#define LISTS_MAX  (BATCH * SNAPSHOT_ANCESTORS_MAX)
#define SLOTS      (LISTS_MAX * 2)
#define GOID_MAX   (1ull << 53)
/* Bytes per sample. Goroutines beyond it have their turn in the next one. */
#define BYTES_MAX  (64u << 20)

/* Return addresses of one stack. */
struct pcs {
	uint64_t address;
	const uint64_t *words; /* NULL if they could not be read */
	size_t nr;
	bool cut; /* there are more */
};

struct family {
	struct go_entry *entry;
	uint64_t infos[SNAPSHOT_ANCESTORS_MAX][INFO_WORDS];
	uint32_t pcs[SNAPSHOT_ANCESTORS_MAX]; /* indexes of lists */
	size_t nr;
	bool whole; /* the runtime has no more than these */
};

struct go_ancestors {
	struct family families[BATCH];
	struct memory_item items[BATCH];
	uint8_t bytes[BATCH * GO_G_BYTES_MAX];
	struct memory_span spans[LISTS_MAX];
	struct pcs lists[LISTS_MAX]; /* each address once */
	size_t nr_lists;
	uint32_t slots[SLOTS]; /* 1 + index of a list; open addressing */
	uint64_t words[LISTS_MAX][PCS_MAX];
	size_t bytes_left;
	uint64_t sample;
};

/* Gets the addresses of the infos of each goroutine, at the start of family->infos. */
static void read_slices(struct go_sampler *sampler, struct go_ancestors *a, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		a->items[i] = (struct memory_item){
			go_entry_more(a->families[i].entry)->ancestors, (uint32_t)i,
			false};
	memory_gather_read(sampler->mem, &sampler->gather, a->items, nr, a->bytes, 24);
	memset(a->spans, 0, nr * sizeof(a->spans[0]));
	for (size_t k = 0; k < nr; k++) {
		size_t i = a->items[k].index;
		struct family *family = &a->families[i];
		uint64_t address = load_u64(a->bytes + i * 24);
		uint64_t length = load_u64(a->bytes + i * 24 + 8);
		uint64_t capacity = load_u64(a->bytes + i * 24 + 16);

		if (!a->items[k].ok || length == 0 || length > capacity ||
		    capacity > LENGTH_MAX || (address & 7))
			continue;
		family->whole = length <= SNAPSHOT_ANCESTORS_MAX;
		family->nr = family->whole ? length : SNAPSHOT_ANCESTORS_MAX;
		a->spans[i] = (struct memory_span){address, family->infos,
						   family->nr * sizeof(family->infos[0]),
						   false};
		a->bytes_left -= a->spans[i].bytes < a->bytes_left ? a->spans[i].bytes
								   : a->bytes_left;
	}
	memory_read_spans(sampler->mem, a->spans, nr);
	for (size_t i = 0; i < nr; i++)
		if (!a->spans[i].ok)
			a->families[i].nr = 0;
}

/* Returns the index of the list of return addresses. Siblings share the lists of their
 * creator's ancestors. */
static uint32_t list_of(struct go_ancestors *a, uint64_t address, uint64_t length)
{
	size_t nr = length < PCS_MAX ? (size_t)length : PCS_MAX;
	size_t at = hash_mix(address, length) & (SLOTS - 1);

	for (; a->slots[at]; at = (at + 1) & (SLOTS - 1)) {
		const struct pcs *list = &a->lists[a->slots[at] - 1];

		if (list->address == address && list->nr == nr)
			return a->slots[at] - 1;
	}
	a->lists[a->nr_lists] = (struct pcs){address, NULL, nr, length > nr};
	a->slots[at] = (uint32_t)++a->nr_lists;
	return a->slots[at] - 1;
}

static void read_lists(struct go_sampler *sampler, struct go_ancestors *a, size_t nr)
{
	a->nr_lists = 0;
	memset(a->slots, 0, sizeof(a->slots));
	for (size_t i = 0; i < nr; i++) {
		struct family *family = &a->families[i];

		for (size_t k = 0; k < family->nr; k++) {
			const uint64_t *info = family->infos[k];

			if (info[1] == 0 || info[1] > info[2] || info[2] > LENGTH_MAX ||
			    (info[0] & 7) || info[INFO_GOID] >= GOID_MAX) {
				family->nr = k;
				family->whole = false;
				break;
			}
			family->pcs[k] = list_of(a, info[0], info[1]);
		}
	}
	for (size_t i = 0; i < a->nr_lists; i++) {
		const struct pcs *list = &a->lists[i];

		a->spans[i] = (struct memory_span){list->address, a->words[i],
						   list->nr * 8, false};
		a->bytes_left -=
			list->nr * 8 < a->bytes_left ? list->nr * 8 : a->bytes_left;
	}
	memory_read_spans(sampler->mem, a->spans, a->nr_lists);
	for (size_t i = 0; i < a->nr_lists; i++)
		a->lists[i].words = a->spans[i].ok ? a->words[i] : NULL;
}

static bool has_word(const struct pcs *list, uint64_t word)
{
	for (size_t i = 0; list->words && i < list->nr; i++)
		if (list->words[i] == word)
			return true;
	return false;
}

/* bytes is the g, which was read after its ancestors. */
static void keep(struct go_sampler *sampler, struct go_ancestors *a,
		 const struct family *family, const uint8_t *bytes)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	const struct stack *stacks[SNAPSHOT_ANCESTORS_MAX];
	uint64_t ids[SNAPSHOT_ANCESTORS_MAX], gopc = load_u64(bytes + layout->gopc);
	struct go_entry *entry = family->entry;
	struct go_more *more;
	size_t nr = 0;

	if (family->nr == 0 || !has_word(&a->lists[family->pcs[0]], gopc) ||
	    (entry->parent && entry->parent != family->infos[0][INFO_GOID]))
		return;
	for (; nr < family->nr; nr++) {
		const struct pcs *list = &a->lists[family->pcs[nr]];

		if (!has_word(list, gopc))
			break;
		stacks[nr] = go_stacks_recorded(sampler->stacks, list->words, list->nr,
						gopc, list->cut);
		if (!stacks[nr])
			break;
		ids[nr] = family->infos[nr][INFO_GOID];
		gopc = family->infos[nr][INFO_GOPC];
	}
	if (nr == 0)
		return;
	/* Of the next one, only the go statement is known. Nothing in the program has
	 * created the first goroutine. */
	if (nr == family->nr && family->whole && nr < SNAPSHOT_ANCESTORS_MAX &&
	    ids[nr - 1] != 1) {
		stacks[nr] = go_stacks_site(sampler->stacks, gopc);
		ids[nr] = 0;
		nr += stacks[nr] != NULL;
	}
	more = entry->more;
	more->ancestry = stack_intern_ancestry(sampler->stacks->table, stacks, nr);
	if (!more->ancestry)
		return;
	entry->created_by = stacks[0];
	entry->parent = ids[0];
	more->ancestor_ids = malloc(nr * sizeof(*ids));
	if (more->ancestor_ids)
		memcpy(more->ancestor_ids, ids, nr * sizeof(*ids));
}

/* A goroutine that has ended in the meantime may have lost its list to another object. */
static void keep_lists(struct go_sampler *sampler, struct go_ancestors *a, size_t nr)
{
	const struct go_g_layout *layout = &sampler->layout->g;

	for (size_t i = 0; i < nr; i++)
		a->items[i] = (struct memory_item){
			go_sampler_address(sampler, a->families[i].entry), (uint32_t)i,
			false};
	memory_gather_read(sampler->mem, &sampler->gather, a->items, nr, a->bytes,
			   layout->bytes);
	for (size_t k = 0; k < nr; k++) {
		struct family *family = &a->families[a->items[k].index];
		const uint8_t *bytes = a->bytes + a->items[k].index * layout->bytes;
		struct go_more *more = family->entry->more;

		if (a->items[k].ok && !go_status_is_dead(go_g_status(bytes, layout)) &&
		    load_u64(bytes + layout->goid) == family->entry->goid &&
		    load_u64(bytes + layout->ancestors) == more->ancestors)
			keep(sampler, a, family, bytes);
		more->ancestors = 0;
	}
}

static void read_batch(struct go_sampler *sampler, struct go_ancestors *a, size_t nr)
{
	read_slices(sampler, a, nr);
	read_lists(sampler, a, nr);
	keep_lists(sampler, a, nr);
}

void go_ancestors_find(struct go_sampler *sampler, struct go_entry *chunk)
{
	struct go_ancestors *a = sampler->ancestors;
	size_t nr = 0;

	for (size_t i = 0; i < sampler->nr_pending; i++) {
		struct go_entry *entry = &chunk[sampler->pending[i].at];

		if (!entry->live || !go_entry_more(entry)->ancestors)
			continue;
		if (!a)
			a = sampler->ancestors = calloc(1, sizeof(*a));
		if (!a)
			return;
		if (a->sample != sampler->samples + 1) {
			a->sample = sampler->samples + 1;
			a->bytes_left = BYTES_MAX;
		}
		if (a->bytes_left == 0) {
			entry->searched = false;
			continue;
		}
		a->families[nr++] = (struct family){.entry = entry};
		if (nr == BATCH) {
			read_batch(sampler, a, nr);
			nr = 0;
		}
	}
	if (nr > 0)
		read_batch(sampler, a, nr);
}
