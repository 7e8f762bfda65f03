/* SPDX-License-Identifier: MIT */
/*
 * Counts each value, each beginning of a path or URL, and each way once per member, in one
 * hash table. Entries are told apart by a 64-bit hash with a seed that the target does not
 * know.
 */
#include "core/holds_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define ENTRIES_MAX   (1u << 19)
#define PREFIXES_MAX  6u /* of one text */
#define PREFIX_LEAST  2u /* bytes */
#define CANDIDATE_MAX 4096u
#define NOBODY        UINT32_MAX

enum key_sort {
	KEY_VALUE,
	KEY_PREFIX, /* of a text */
	KEY_REMOTE, /* far end of a connection */
	KEY_WAY,    /* what is found there, whatever its value */
	KEY_SEEN,   /* a value at a way; a text with a prefix */
};

struct entry {
	uint64_t hash;           /* 0 if it is free */
	const struct held *held; /* the first one */
	uint32_t members, last;  /* last: the member that was counted last */
	uint32_t outside, last_outside;
	uint32_t values;
	uint16_t bytes; /* of the prefix */
	uint8_t sort;
};

struct table {
	struct entry *entries;
	size_t capacity, count; /* capacity is a power of two */
	uint64_t seed;
	uint32_t member; /* that is counted now */
	pid_t pid;       /* its process if the target is several */
	bool inside;     /* it is a member of the group */
	bool cut;
};

static struct entry *find(struct table *table, uint64_t hash)
{
	size_t mask = table->capacity - 1, at = hash & mask;

	while (table->entries[at].hash != 0 && table->entries[at].hash != hash)
		at = (at + 1) & mask;
	return &table->entries[at];
}

static bool grow(struct table *table)
{
	struct table larger = *table;

	larger.capacity = table->capacity ? table->capacity * 2 : 1024;
	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->entries[i].hash != 0)
			*find(&larger, table->entries[i].hash) = table->entries[i];
	free(table->entries);
	*table = larger;
	return true;
}

/* Counts the current member once. Returns the entry, which is new if its hash was not
 * there before, or NULL for a task outside and when there is no room. */
static struct entry *count(struct table *table, uint64_t hash, enum key_sort sort,
			   const struct held *held, bool *is_new)
{
	struct entry *entry;

	hash = hash_mix(hash ? hash : 1, (uint64_t)sort + 1);
	hash = hash ? hash : 1;
	*is_new = false;
	if (table->inside && (table->count + 1) * 2 > table->capacity &&
	    (table->count >= ENTRIES_MAX || !grow(table)))
		table->cut = true;
	if (table->capacity == 0)
		return NULL;
	entry = find(table, hash);
	if (!table->inside) {
		if (entry->hash != 0 && entry->last_outside != table->member)
			entry->outside++;
		entry->last_outside = table->member;
		return NULL;
	}
	if (entry->hash == 0) {
		if (table->count + 1 >= table->capacity || table->count >= ENTRIES_MAX)
			return NULL;
		*entry = (struct entry){.hash = hash,
					.held = held,
					.last = NOBODY,
					.last_outside = NOBODY,
					.sort = (uint8_t)sort};
		table->count++;
		*is_new = true;
	}
	if (entry->last != table->member)
		entry->members++;
	entry->last = table->member;
	return entry;
}

static uint64_t hash_of(uint64_t seed, const char *text)
{
	return hash_bytes(seed, text, strlen(text));
}

/* Objects are the same if their address is; other things by what they say. */
static uint64_t value_hash(const struct table *table, const struct held *held)
{
	uint64_t hash = hash_mix(table->seed, held->kind);

	switch (held->kind) {
	case HELD_TEXT:
		return hash_of(hash, held->text);
	case HELD_CHANNEL:
	case HELD_LOCK:
	case HELD_TIMER:
	case HELD_CONTEXT:
	case HELD_VALUE:
		if (held->address != 0)
			return hash_mix(hash_mix(hash, held->address),
					(uint64_t)table->pid);
		break;
	default:
		break;
	}
	return hash_of(hash_of(hash, held->name), held->text);
}

static bool may_share_beginning(const struct held *held)
{
	return held->kind == HELD_TEXT &&
	       (held->reads == HELD_TEXT_URL || held->reads == HELD_TEXT_PATH ||
		held->text[0] == '/');
}

/* Counts what the text begins with, up to each slash, question mark or equals sign. */
static void count_prefixes(struct table *table, const struct held *held, bool new_value)
{
	const char *text = held->text, *scheme = strstr(text, "://");
	size_t from = scheme ? (size_t)(scheme - text) + 3 : 0, nr = 0;
	uint64_t hash = hash_mix(table->seed, held->reads + 1u);
	size_t done = 0;
	bool is_new;

	for (size_t at = from; text[at] && nr < PREFIXES_MAX; at++) {
		struct entry *entry;

		if (!strchr("/?=", text[at]) || at + 1 < PREFIX_LEAST || !text[at + 1])
			continue;
		hash = hash_bytes(hash, text + done, at + 1 - done);
		done = at + 1;
		nr++;
		entry = count(table, hash, KEY_PREFIX, held, &is_new);
		if (entry && is_new)
			entry->bytes = (uint16_t)done;
		if (entry && new_value)
			entry->values++;
	}
}

/* Where "tcp 10.0.0.2:50112 → 10.0.0.3:443 (db.example:443), fd 7" leads: up to the comma. */
static const char *remote_of(const struct held *held, size_t *bytes)
{
	static const char *const arrows[] = {" \u2192 ", " -> "};
	const char *at = NULL;

	for (size_t i = 0;
	     held->kind == HELD_CONNECTION && !at && i < ARRAY_COUNT(arrows); i++) {
		at = strstr(held->text, arrows[i]);
		at = at ? at + strlen(arrows[i]) : NULL;
	}
	*bytes = at ? strcspn(at, ",;") : 0;
	return *bytes > 0 && *bytes < HOLDS_TEXT_MAX ? at : NULL;
}

static void count_held(struct table *table, const struct held *held)
{
	uint64_t value = value_hash(table, held), way;
	struct entry *entry;
	const char *remote;
	bool is_new, seen_first;
	size_t bytes;

	/* Names of variables that have no value. */
	if (held->kind == HELD_LOCAL && !held->name[0])
		return;
	count(table, value, KEY_VALUE, held, &is_new);
	if (may_share_beginning(held))
		count_prefixes(table, held, is_new);
	remote = remote_of(held, &bytes);
	if (remote)
		count(table, hash_bytes(table->seed, remote, bytes), KEY_REMOTE, held,
		      &seen_first);
	if (!table->inside)
		return;
	way = hash_of(hash_mix(table->seed, held->kind * 16u + held->reads), held->way);
	if (held->kind != HELD_TEXT)
		way = hash_of(way, held->name);
	entry = count(table, way, KEY_WAY, held, &is_new);
	if (!entry)
		return;
	/* The entry may move when another one is added. */
	if (count(table, hash_mix(way, value), KEY_SEEN, held, &seen_first) &&
	    seen_first) {
		entry = count(table, way, KEY_WAY, held, &is_new);
		if (entry)
			entry->values++;
	}
}

static void count_all(struct table *table, const struct holds *const *list, size_t nr,
		      bool inside, uint32_t *counted)
{
	*counted = 0;
	table->inside = inside;
	for (size_t i = 0; i < nr; i++) {
		table->member = (uint32_t)i;
		table->pid = list[i] ? list[i]->pid : 0;
		for (size_t n = 0; list[i] && n < list[i]->nr; n++)
			count_held(table, &list[i]->list[n]);
		*counted += list[i] && !list[i]->why;
	}
}

/* A variable that is nil, a number or a truth value says little. */
static bool is_plain(const char *text)
{
	static const char *const plain[] = {"nil", "true", "false", "\"\""};

	for (size_t i = 0; i < ARRAY_COUNT(plain); i++)
		if (strcmp(text, plain[i]) == 0)
			return true;
	return text[strspn(text, "-0123456789.")] == '\0';
}

/* How much a thing says to a person, from 0 to 30. */
static int worth(const struct held *held)
{
	static const int of_texts[HELD_TEXTS] = {
		[HELD_TEXT_OTHER] = 0,  [HELD_TEXT_URL] = 30, [HELD_TEXT_HOST] = 26,
		[HELD_TEXT_PATH] = 25,  [HELD_TEXT_SQL] = 29, [HELD_TEXT_ID] = 12,
		[HELD_TEXT_HEADER] = 8,
	};
	static const int of_kinds[HELD_KINDS] = {
		[HELD_LOCAL] = 18,    [HELD_CONNECTION] = 24, [HELD_CHANNEL] = 14,
		[HELD_LOCK] = 16,     [HELD_TIMER] = 10,      [HELD_CONTEXT] = 10,
		[HELD_FUNCTION] = 20, [HELD_VALUE] = 6,
	};

	if ((held->kind == HELD_FUNCTION || held->kind == HELD_LOCAL) &&
	    !held_is_own(held))
		return 2;
	if (held->kind == HELD_LOCAL && (is_plain(held->text) || !held_is_own(held)))
		return 1;
	if (held->kind == HELD_TEXT && held->reads < HELD_TEXTS)
		return of_texts[held->reads];
	return held->kind < HELD_KINDS ? of_kinds[held->kind] : 0;
}

/* Returns whether its values are worth telling when they differ between members. Locks
 * and channels always do. */
static bool may_differ(const struct held *held)
{
	return held->kind == HELD_LOCAL || held->kind == HELD_CONNECTION ||
	       (held->kind == HELD_TEXT && held->reads != HELD_TEXT_OTHER);
}

struct candidate {
	struct holds_shared shared;
	double score;
	size_t bytes; /* of its text */
};

static double share(uint32_t part, uint32_t whole)
{
	return whole > 0 ? (double)part / whole : 0;
}

static int by_score(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return strcmp(a->shared.text, b->shared.text);
}

/* Sets where the text begins and how long it is. */
static void set_text(struct candidate *candidate, const struct entry *entry)
{
	const struct held *held = entry->held;

	candidate->shared.text = held->text;
	candidate->bytes = strlen(held->text);
	if (entry->sort == KEY_PREFIX)
		candidate->bytes = entry->bytes;
	if (entry->sort == KEY_REMOTE)
		candidate->shared.text = remote_of(held, &candidate->bytes);
}

static size_t candidates(const struct table *table)
{
	return table->count < CANDIDATE_MAX ? table->count : CANDIDATE_MAX;
}

static size_t gather(const struct table *table, const struct holds_group *group,
		     struct candidate *list)
{
	size_t most = candidates(table), nr = 0;

	for (size_t i = 0; i < table->capacity && nr < most; i++) {
		const struct entry *entry = &table->entries[i];
		struct candidate *new = &list[nr];

		if (entry->hash == 0 || entry->sort > KEY_REMOTE ||
		    entry->members * 2 <= group->members || entry->members < 2)
			continue;
		/* Of one value, the value itself is listed. */
		if (entry->sort == KEY_PREFIX && entry->values < 2)
			continue;
		*new = (struct candidate){.shared = {.held = entry->held,
						     .prefix = entry->sort == KEY_PREFIX,
						     .remote = entry->sort == KEY_REMOTE,
						     .values = entry->sort == KEY_PREFIX
								       ? entry->values
								       : 1,
						     .members = entry->members,
						     .outside = entry->outside}};
		set_text(new, entry);
		new->shared.worth = (uint8_t)worth(entry->held);
		new->score = 100 * share(entry->members, group->members) -
			     60 * share(entry->outside, group->outsiders) +
			     new->shared.worth - 2.0 * entry->held->steps;
		nr++;
	}
	qsort(list, nr, sizeof(*list), by_score);
	return nr;
}

/* Returns whether `text` is inside of another text that nearly as many members have. */
static bool is_inside(const struct candidate *text, const struct candidate *other)
{
	if (text->bytes == 0 || text->bytes >= other->bytes ||
	    other->shared.members * 10 < text->shared.members * 9 ||
	    text->shared.held->kind != other->shared.held->kind)
		return false;
	return memmem(other->shared.text, other->bytes, text->shared.text, text->bytes) !=
	       NULL;
}

static bool is_told(const struct candidate *list, size_t nr, size_t at)
{
	for (size_t i = 0; i < nr; i++)
		if (i != at && is_inside(&list[at], &list[i]))
			return true;
	return false;
}

static void keep_shared(struct holds_group *group, struct candidate *list, size_t nr,
			struct arena *arena)
{
	struct holds_shared *shared =
		arena_alloc(arena, HOLDS_SHARED_MAX * sizeof(*shared));

	/* Each one is compared with the best, so the cost stays bounded. */
	size_t best = nr < HOLDS_SHARED_MAX * 4 ? nr : HOLDS_SHARED_MAX * 4;

	for (size_t i = 0; shared && i < best && group->nr_shared < HOLDS_SHARED_MAX;
	     i++) {
		struct holds_shared *kept = &shared[group->nr_shared];

		if (is_told(list, best, i))
			continue;
		*kept = list[i].shared;
		kept->text = arena_strndup(arena, kept->text, list[i].bytes);
		if (kept->text)
			group->nr_shared++;
	}
	group->shared = shared;
}

static int by_worth(const void *left, const void *right)
{
	const struct holds_differing *a = left, *b = right;
	int by = worth(b->held) - worth(a->held);

	if (by != 0)
		return by;
	if (a->members != b->members)
		return a->members > b->members ? -1 : 1;
	return strcmp(a->held->way, b->held->way);
}

/* Leaves out a path that is part of a URL before it. Returns how many are left. */
static size_t drop_inside(struct holds_differing *list, size_t nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr && kept < HOLDS_DIFFERING_MAX; i++) {
		size_t n = 0;

		while (n < kept && !strstr(list[n].held->text, list[i].held->text))
			n++;
		if (n == kept)
			list[kept++] = list[i];
	}
	return kept;
}

static void keep_differing(struct holds_group *group, const struct table *table,
			   struct arena *arena)
{
	size_t most = candidates(table), nr = 0;
	struct holds_differing *list = malloc((most + 1) * sizeof(*list));

	for (size_t i = 0; list && i < table->capacity && nr < most; i++) {
		const struct entry *entry = &table->entries[i];

		if (entry->hash != 0 && entry->sort == KEY_WAY && entry->values > 1 &&
		    entry->members * 2 > group->members && may_differ(entry->held))
			list[nr++] = (struct holds_differing){entry->held, entry->values,
							      entry->members};
	}
	if (list)
		qsort(list, nr, sizeof(*list), by_worth);
	nr = drop_inside(list, nr);
	group->differing = nr > 0 ? arena_alloc(arena, nr * sizeof(*list)) : NULL;
	group->nr_differing = group->differing ? nr : 0;
	if (group->differing)
		memcpy((void *)group->differing, list, nr * sizeof(*list));
	free(list);
}

const struct holds_group *holds_group_find(const struct holds *const *members,
					   size_t nr_members,
					   const struct holds *const *outside,
					   size_t nr_outside, struct arena *arena)
{
	struct holds_group *group = arena_alloc(arena, sizeof(*group));
	struct candidate *list = NULL;
	struct table table = {.seed = hash_seed()};

	if (group) {
		count_all(&table, members, nr_members, true, &group->members);
		count_all(&table, outside, nr_outside, false, &group->outsiders);
		group->cut = table.cut;
		list = malloc((candidates(&table) + 1) * sizeof(*list));
	}
	if (list) {
		keep_shared(group, list, gather(&table, group, list), arena);
		keep_differing(group, &table, arena);
	}
	free(table.entries);
	free(list);
	return group && group->members > 0 ? group : NULL;
}
