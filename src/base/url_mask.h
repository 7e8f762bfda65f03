/* SPDX-License-Identifier: MIT */
/* Passwords in URLs are not shown. */
#ifndef BASE_URL_MASK_H
#define BASE_URL_MASK_H

#include <stdbool.h>
#include <stddef.h>

#define URL_MASK      "xxxxx"
/* How much longer a text may become. */
#define URL_MASK_MORE (sizeof(URL_MASK) - 1)

/* Copies a text; if it is a URL as scheme://user:password@host, with URL_MASK in place of
 * the password. cut: it is the beginning of a longer text, so that what looks like a port
 * may be a password. out has room for nr + URL_MASK_MORE bytes, and is not terminated.
 * Returns the new length. */
size_t url_mask_copy(const char *text, size_t nr, bool cut, char *out);

#endif
