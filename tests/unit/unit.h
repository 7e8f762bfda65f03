/* SPDX-License-Identifier: MIT */
/* What the unit tests share: cmocka with its headers in the order that it needs. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND       1000000000ll
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define assert_contains(text, part)                                                      \
	do {                                                                             \
		if (!strstr((text), (part)))                                             \
			fail_msg("'%s' is not in '%s'", (part), (text));                 \
	} while (0)

#endif
