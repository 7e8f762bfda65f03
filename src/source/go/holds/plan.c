/* SPDX-License-Identifier: MIT */
#include "source/go/holds/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"

#define SLOTS        (GO_PLANS_MAX * 2)
#define ARENA_BYTES  (16u << 20)
#define DEPTH_MAX    6u
#define ARRAY_MAX    8u /* elements of an array in a struct */
#define NAME_MAX     96u
#define LOWEST       4096u
#define STRING_BYTES (1ull << 32)
#define RECEIVERS    1024u /* a power of two */

struct receiver {
	const char *function;
	const struct go_type *type;
};

struct go_plans {
	struct arena arena;
	struct go_plan *slots[SLOTS]; /* by type */
	size_t nr;
	uint64_t seed;
	struct receiver receivers[RECEIVERS];
	const struct go_type *sought[GO_PLAN_SOUGHT];
	bool searched;
};

/* With interfaces among their fields. */
static const struct {
	const char *name, *package;
} sought[GO_PLAN_SOUGHT] = {
	{"http.transportRequest", "net/http"},
	{"http.Request", "net/http"},
	{"http.Response", "net/http"},
	{"http.persistConn", "net/http"},
	{"http.conn", "net/http"},
	{"net.netFD", "net"},
	{"sql.driverConn", "database/sql"},
	{"sql.Rows", "database/sql"},
};

struct building {
	struct go_plans *plans;
	struct go_plan_item items[GO_PLAN_ITEMS_MAX];
	uint32_t nr;
};

struct go_plans *go_plans_new(void)
{
	struct go_plans *plans = calloc(1, sizeof(*plans));

	if (!plans)
		return NULL;
	arena_init(&plans->arena, ARENA_BYTES);
	plans->seed = hash_seed();
	return plans;
}

void go_plans_free(struct go_plans *plans)
{
	if (!plans)
		return;
	arena_release(&plans->arena);
	free(plans);
}

static bool is_lock(const struct go_type *type)
{
	return type->named && strcmp(type->package, "sync") == 0 &&
	       (strcmp(type->name, "sync.Mutex") == 0 ||
		strcmp(type->name, "sync.RWMutex") == 0 ||
		strcmp(type->name, "sync.WaitGroup") == 0);
}

static const char *join(struct building *building, const char *outer, const char *field)
{
	return outer ? arena_printf(&building->plans->arena, "%.*s.%.*s", (int)NAME_MAX,
				    outer, (int)NAME_MAX, field)
		     : field;
}

static void add_value(struct building *building, const struct go_type *type,
		      uint64_t offset, const char *name, unsigned depth)
{
	const struct go_field *fields;
	const struct go_type *element;
	size_t nr;

	if (!type || building->nr == GO_PLAN_ITEMS_MAX || offset > UINT32_MAX ||
	    depth > DEPTH_MAX ||
	    (type->pointer_bytes == 0 && !is_lock(type) && type->kind != GO_KIND_STRUCT))
		return;
	if (type->kind == GO_KIND_STRUCT && !is_lock(type)) {
		fields = go_type_fields(type, &nr);
		for (size_t i = 0; i < nr; i++)
			add_value(building, fields[i].type, offset + fields[i].offset,
				  join(building, name, fields[i].name), depth + 1);
		return;
	}
	if (type->kind == GO_KIND_ARRAY) {
		element = go_type_element(type);
		for (uint64_t i = 0; element && i < type->length && i < ARRAY_MAX; i++)
			add_value(building, element, offset + i * element->bytes, name,
				  depth + 1);
		return;
	}
	building->items[building->nr++] =
		(struct go_plan_item){(uint32_t)offset, type->kind, type, name};
}

/* Types of packages that every program is made of. */
static bool is_quiet(const struct go_type *type)
{
	static const char *const packages[] = {"internal/",      "runtime", "sync",
					       "reflect",        "unicode", "unique",
					       "crypto/internal"};

	if (!type->named || !type->package[0])
		return true;
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strncmp(type->package, packages[i], strlen(packages[i])) == 0)
			return true;
	return false;
}

static struct go_plan *build(struct go_plans *plans, const struct go_type *type)
{
	struct building building = {.plans = plans};
	struct go_plan *plan = arena_alloc(&plans->arena, sizeof(*plan));
	struct go_plan_item *items;

	add_value(&building, type, 0, NULL, 0);
	items = arena_alloc(&plans->arena, (building.nr + 1) * sizeof(*items));
	if (!plan || !items)
		return NULL;
	memcpy(items, building.items, building.nr * sizeof(*items));
	*plan = (struct go_plan){type, items, building.nr, is_quiet(type)};
	return plan;
}

const struct go_plan *go_plans_get(struct go_plans *plans, const struct go_type *type)
{
	size_t at = hash_mix((uintptr_t)type, plans->seed) & (SLOTS - 1);

	while (plans->slots[at] && plans->slots[at]->type != type)
		at = (at + 1) & (SLOTS - 1);
	if (!plans->slots[at] && plans->nr < GO_PLANS_MAX) {
		plans->slots[at] = build(plans, type);
		plans->nr += plans->slots[at] != NULL;
	}
	return plans->slots[at];
}

/* "net/http.(*persistConn).readLoop" has the package "net/http" and the type
 * "http.persistConn". */
static const struct go_type *find_receiver(struct go_types *types, const char *function)
{
	const char *slash = strrchr(function, '/');
	const char *start = slash ? slash + 1 : function;
	const char *dot = strchr(start, '.'), *type = dot ? dot + 1 : NULL, *end;
	char name[GO_TYPE_NAME_MAX], package[GO_TYPE_NAME_MAX];
	bool pointer = type && strncmp(type, "(*", 2) == 0;

	if (!dot || strlen(function) >= sizeof(name))
		return NULL;
	type += pointer ? 2 : 0;
	end = strchr(type, pointer ? ')' : '.');
	if (!end || end == type || strpbrk(function, "["))
		return NULL;
	snprintf(package, sizeof(package), "%.*s", (int)(dot - function), function);
	snprintf(name, sizeof(name), "%.*s.%.*s", (int)(dot - start), start,
		 (int)(end - type), type);
	/* The name of a program's own package is "main" in functions too. */
	return go_types_named(types, name, package);
}

const struct go_type *go_plans_receiver(struct go_plans *plans, struct go_types *types,
					const char *function)
{
	struct receiver *slot =
		&plans->receivers[hash_mix((uintptr_t)function, plans->seed) &
				  (RECEIVERS - 1)];

	if (slot->function != function)
		*slot = (struct receiver){function, find_receiver(types, function)};
	return slot->type;
}

const struct go_type *go_plans_sought(struct go_plans *plans, struct go_types *types,
				      size_t index)
{
	for (size_t i = 0; i < GO_PLAN_SOUGHT && !plans->searched; i++)
		plans->sought[i] =
			go_types_named(types, sought[i].name, sought[i].package);
	plans->searched = true;
	return plans->sought[index];
}

static bool is_address(uint64_t word)
{
	return word >= LOWEST && word >> 47 == 0;
}

static int check_interface(struct go_types *types, const struct go_type *type,
			   const uint64_t words[2])
{
	struct go_itab itab;

	if (words[0] == 0)
		return words[1] == 0 ? 0 : -1;
	if (words[1] && !is_address(words[1]))
		return -1;
	if (type->length == 0)
		return go_types_at(types, words[0]) ? 2 : -1;
	return go_types_itab(types, words[0], &itab) && itab.interface == type ? 2 : -1;
}

static int check_item(struct go_types *types, const struct go_plan_item *item,
		      const uint8_t *at)
{
	uint64_t words[3];

	memcpy(words, at,
	       item->type->bytes < sizeof(words) ? item->type->bytes : sizeof(words));
	switch (item->kind) {
	case GO_KIND_INTERFACE:
		return check_interface(types, item->type, words);
	case GO_KIND_STRING:
		if (words[1] == 0)
			return words[0] == 0 || is_address(words[0]) ? 0 : -1;
		return is_address(words[0]) && words[1] < STRING_BYTES ? 1 : -1;
	case GO_KIND_SLICE:
		if (words[1] > words[2] || (words[2] && !is_address(words[0])))
			return -1;
		return words[2] > 0;
	case GO_KIND_STRUCT:
		return 0;
	default:
		return words[0] == 0 ? 0 : is_address(words[0]) ? 1 : -1;
	}
}

int go_plan_check(const struct go_plan *plan, struct go_types *types,
		  const uint8_t *bytes, size_t nr)
{
	int total = 0;

	for (uint32_t i = 0; i < plan->nr_items; i++) {
		const struct go_plan_item *item = &plan->items[i];
		int fits;

		if (item->offset + item->type->bytes > nr)
			break;
		fits = check_item(types, item, bytes + item->offset);
		if (fits < 0)
			return -1;
		total += fits;
	}
	return total;
}
