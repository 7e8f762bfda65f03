/* SPDX-License-Identifier: MIT */
/*
 * Recognisers of objects whose types are known: from the header that the runtime keeps
 * with large ones, from interface values that lead to them, from the receivers of methods
 * on the stack, or because a field leads to them. See reach.h.
 */
#ifndef SOURCE_GO_HOLDS_TYPED_H
#define SOURCE_GO_HOLDS_TYPED_H

#include "source/go/holds/holds.h"
#include "source/go/holds/plan.h"
#include "source/go/type/value.h"

/* Says what types objects have. */
bool go_recognise_header(struct go_reach *reach, struct go_reached *object);
bool go_recognise_receiver(struct go_reach *reach, struct go_reached *object);
/* Follows an object of a known type. */
bool go_recognise_typed(struct go_reach *reach, struct go_reached *object);
/* Follows the interface values in an object of an unknown type, or in a frame. */
bool go_recognise_interfaces(struct go_reach *reach, struct go_reached *object);
void go_recognise_pairs(struct go_reach *reach, const struct go_reach_frame *frame);

/* Reads values by the budget of a walk. The goroutine does not run meanwhile, which the
 * walk checks at its end: what it holds is neither freed nor used for something else. */
struct go_values go_typed_values(struct go_reach *reach);
/* The pointer's element, if the type is a pointer without a name; else the type. */
const struct go_type *go_typed_target(const struct go_type *type);
/* Returns the type of what the second word points to, if both are an interface value;
 * and NULL if they are not or it is unknown. */
const struct go_type *go_typed_pair(const struct go_holds *holds,
				    const uint64_t words[2]);

/* What a type is known to be. Adds what it says of the value at the place, which is in
 * the object. Returns true if that is all to be said of the value itself; what it leads
 * to is followed in any case. */
typedef bool (*go_typed_special)(struct go_reach *reach, const struct go_reached *object,
				 const struct go_type *type,
				 const struct go_place *place);
/* special.c */
go_typed_special go_special_of(const struct go_type *type);

bool go_special_connection(struct go_reach *reach, const struct go_reached *object,
			   const struct go_type *type, const struct go_place *place);
bool go_special_holder(struct go_reach *reach, const struct go_reached *object,
		       const struct go_type *type, const struct go_place *place);
bool go_special_file(struct go_reach *reach, const struct go_reached *object,
		     const struct go_type *type, const struct go_place *place);
bool go_special_context(struct go_reach *reach, const struct go_reached *object,
			const struct go_type *type, const struct go_place *place);
bool go_special_timer(struct go_reach *reach, const struct go_reached *object,
		      const struct go_type *type, const struct go_place *place);
bool go_special_url(struct go_reach *reach, const struct go_reached *object,
		    const struct go_type *type, const struct go_place *place);
bool go_special_lock(struct go_reach *reach, const struct go_reached *object,
		     const struct go_type *type, const struct go_place *place);

#endif
