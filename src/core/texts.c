/* SPDX-License-Identifier: MIT */
#include "core/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* A store of which less is left behind is not replaced. */
#define TEXTS_LEAST_BYTES (256u << 10)
#define TEXTS_MOST_BYTES  (256u << 20)
/* The clock was set if it moved by more than this. */
#define CLOCK_STEP_NS     (CLOCK_SECOND_NS / 4)

struct texts {
	struct arena arena;
	int refs; /* atomic */
};

static struct texts *texts_ref(struct texts *texts)
{
	__atomic_fetch_add(&texts->refs, 1, __ATOMIC_RELAXED);
	return texts;
}

void texts_unref(struct texts *texts)
{
	if (!texts || __atomic_sub_fetch(&texts->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_release(&texts->arena);
	free(texts);
}

static bool is_full(const struct texts_keeper *keeper)
{
	return keeper->now->arena.used_bytes >
	       keeper->in_use_bytes * 2 + TEXTS_LEAST_BYTES;
}

static bool clock_was_set(const struct texts_keeper *keeper, int64_t ahead_ns)
{
	int64_t by_ns = ahead_ns - keeper->ahead_ns;

	return by_ns > CLOCK_STEP_NS || by_ns < -CLOCK_STEP_NS;
}

/* The snapshot keeps these texts as long as it lives. */
static bool share(struct snapshot *snapshot, struct texts *texts)
{
	struct snapshot_texts *shared = arena_alloc(&snapshot->arena, sizeof(*shared));

	if (!shared)
		return false;
	*shared = (struct snapshot_texts){texts_ref(texts), snapshot->texts};
	snapshot->texts = shared;
	return true;
}

bool texts_begin(struct texts_keeper *keeper, struct snapshot *out)
{
	int64_t ahead_ns = out->real_ns - out->mono_ns;

	keeper->began = false;
	if (!keeper->now || is_full(keeper) || clock_was_set(keeper, ahead_ns)) {
		struct texts *fresh = calloc(1, sizeof(*fresh));

		if (!fresh)
			return false;
		arena_init(&fresh->arena, TEXTS_MOST_BYTES);
		fresh->refs = 1;
		texts_unref(keeper->now);
		keeper->now = fresh;
		keeper->generation += keeper->generation == UINT32_MAX ? 2 : 1;
		keeper->began = true;
		keeper->ahead_ns = ahead_ns;
	}
	return share(out, keeper->now);
}

void texts_end(struct texts_keeper *keeper)
{
	if (keeper->began)
		keeper->in_use_bytes = keeper->now->arena.used_bytes;
}

const char *texts_add(struct texts_keeper *keeper, const char *text, size_t max_bytes)
{
	return arena_strndup(&keeper->now->arena, text, max_bytes);
}

const void *texts_add_bytes(struct texts_keeper *keeper, const void *bytes, size_t size)
{
	void *copy = arena_alloc(&keeper->now->arena, size);

	return copy ? memcpy(copy, bytes, size) : NULL;
}

void texts_keeper_release(struct texts_keeper *keeper)
{
	texts_unref(keeper->now);
	memset(keeper, 0, sizeof(*keeper));
}
