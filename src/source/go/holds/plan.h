/* SPDX-License-Identifier: MIT */
/*
 * What values of a type lead to: its pointers, strings and interfaces with the names of
 * the fields, flat, however deep they are in structs. Made once for each type.
 */
#ifndef SOURCE_GO_HOLDS_PLAN_H
#define SOURCE_GO_HOLDS_PLAN_H

#include "source/go/elf.h"
#include "source/go/type/table.h"

#define GO_PLAN_ITEMS_MAX 128u
#define GO_PLANS_MAX      8192u

struct go_plan_item {
	uint32_t offset;
	enum go_kind kind; /* a struct: a lock */
	const struct go_type *type;
	const char *name; /* "cacheKey.addr"; NULL for the value itself */
};

struct go_plan {
	const struct go_type *type;
	const struct go_plan_item *items;
	uint32_t nr_items;
	bool quiet; /* it says nothing by itself */
};

struct go_plans;

struct go_plans *go_plans_new(void);
void go_plans_free(struct go_plans *plans);
/* Returns NULL at a limit. The plan lives as long as the types. */
const struct go_plan *go_plans_get(struct go_plans *plans, const struct go_type *type);
/* The type T of the receiver of a method "net/http.(*T).readLoop" or "pkg.T.name"; NULL if
 * it is no method, or its type is unknown. function must stay valid. */
const struct go_type *go_plans_receiver(struct go_plans *plans, struct go_types *types,
					const char *function);

/* Types that are looked for in objects of unknown type, because they say much and their
 * fields make them certain. NULL if the program does not have it. */
#define GO_PLAN_SOUGHT 8u
const struct go_type *go_plans_sought(struct go_plans *plans, struct go_types *types,
				      size_t index);

/*
 * Compares a value with its type: interfaces must hold a type that fits, strings and
 * slices must be possible, pointers must be addresses. Returns -1 if it is not a value of
 * this type, otherwise how many parts speak for it; 0 says nothing.
 */
int go_plan_check(const struct go_plan *plan, struct go_types *types,
		  const uint8_t *bytes, size_t nr);
#define GO_PLAN_CERTAIN 3 /* no coincidence from here on, if the type is suggested */
#define GO_PLAN_SEEN    5 /* or even if it is not */

#endif
