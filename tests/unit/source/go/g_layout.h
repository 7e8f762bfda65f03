/* SPDX-License-Identifier: MIT */
/* A g as the tests make it: where its fields are. The runtime's own fields, such as those of
 * its stack, are where every Go has them. */
#ifndef TESTS_G_LAYOUT_H
#define TESTS_G_LAYOUT_H

#include "source/go/layout.h"

#define G_BYTES  368u
#define G_STATUS 144u
#define G_ID     152u
#define G_SINCE  168u
#define G_REASON 176u

static const struct go_g_layout g_layout = {.syscallsp = 112,
					    .status = G_STATUS,
					    .goid = G_ID,
					    .waitsince = G_SINCE,
					    .waitreason = G_REASON,
					    .gopc = 280,
					    .startpc = 296,
					    .waiting = 312,
					    .bytes = G_BYTES};

#endif
