/* SPDX-License-Identifier: MIT */
/* Numbers as users write them: decimal digits and nothing else, whatever the locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* "0" … "999999". False if it is not a number or is larger than most. */
bool number_parse(const char *text, int64_t most, int64_t *number);
/* "500k", "1.5M", "1G", of 1024 each: bytes. False: it is no size, or does not fit. */
bool number_parse_size(const char *text, int64_t *bytes);

#endif
