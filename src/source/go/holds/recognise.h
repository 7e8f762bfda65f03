/* SPDX-License-Identifier: MIT */
/* The recognisers; see reach.h. Each is in a file of its own. */
#ifndef SOURCE_GO_HOLDS_RECOGNISE_H
#define SOURCE_GO_HOLDS_RECOGNISE_H

#include "source/go/holds/reach.h"

/* Each list ends with NULL. The first that returns true ends the list. */
extern const go_recognise_object go_recognisers[];
extern const go_recognise_frame go_frame_recognisers[];

/* Objects of the runtime itself, which lead everywhere: a g, a sudog. */
bool go_recognise_runtime(struct go_reach *reach, struct go_reached *object);
bool go_recognise_channel(struct go_reach *reach, struct go_reached *object);
/* Closures and method values. */
bool go_recognise_function(struct go_reach *reach, struct go_reached *object);

#endif
