/* SPDX-License-Identifier: MIT */
/* What the files that print values share. */
#ifndef SOURCE_GO_TYPE_PRINT_H
#define SOURCE_GO_TYPE_PRINT_H

#include "source/go/type/value.h"

#define GO_UNREADABLE "(unreadable)"
#define GO_COPY_BYTES 1024u /* of what a pointer leads to */
#define GO_KNOWN_MAX  512u  /* bytes of a value in words */

struct go_known;

struct go_print {
	struct go_values *values;
	struct oneline *text;
	/* Prints any value; levels: of structures that are still to be followed. */
	void (*any)(struct go_print *print, const struct go_type *type,
		    const struct go_place *place, unsigned levels, bool typed);
	/* Returns how a type is printed in words, or NULL. */
	const struct go_known *(*known)(const struct go_type *type);
};

/* Reads memory within the limits of one value. */
bool go_print_read(struct go_values *values, uint64_t address, void *out, size_t bytes);
/* Of a channel or map: stores the pointer at the place in word, and what it points to in
 * out. Prints the type if typed. Returns false if nothing is left to print: it is nil, or
 * cannot be read. */
bool go_print_header(struct go_print *print, const struct go_type *type,
		     const struct go_place *place, bool typed, uint64_t *word, void *out,
		     size_t bytes);
/* Reads the pointers at the place again; if they differ from `before`, the whole value
 * has changed. */
void go_print_confirm(struct go_values *values, const struct go_place *place,
		      const void *before, size_t bytes);
void go_print_map(struct go_print *print, const struct go_type *type,
		  const struct go_place *place, unsigned levels, bool typed);

/* Appends a value in words. Returns false if it cannot; what was appended then does not
 * count. */
typedef bool (*go_print_known)(struct go_print *print, const struct go_type *type,
			       const struct go_place *place);
struct go_known {
	const char *name, *package;
	go_print_known print;
	bool quoted; /* a text that is quoted among other values */
};
/* value_known.c. Returns NULL if the type is not a known one. */
const struct go_known *go_known_of(const struct go_type *type);
/* value_error.c */
const struct go_known *go_known_error(const struct go_type *type);

/* Reads a field; false if there is none of that name and size. */
bool go_print_field(struct go_values *values, const struct go_type *type,
		    const struct go_place *place, const char *name, void *out,
		    size_t bytes);
/* Appends bytes, whose address and number these are. */
bool go_print_bytes(struct go_print *print, const uint64_t words[2]);
/* Appends a string field without quotes. Returns false if there is none. */
bool go_print_string(struct go_print *print, const struct go_type *type,
		     const struct go_place *place, const char *name);
/* value_time.c, value_net.c, value_sync.c, value_error.c */
bool go_print_time(struct go_print *print, const struct go_type *type,
		   const struct go_place *place);
bool go_print_duration(struct go_print *print, const struct go_type *type,
		       const struct go_place *place);
bool go_print_ip(struct go_print *print, const struct go_type *type,
		 const struct go_place *place);
bool go_print_netip(struct go_print *print, const struct go_type *type,
		    const struct go_place *place);
bool go_print_endpoint(struct go_print *print, const struct go_type *type,
		       const struct go_place *place);
bool go_print_unix(struct go_print *print, const struct go_type *type,
		   const struct go_place *place);
bool go_print_url(struct go_print *print, const struct go_type *type,
		  const struct go_place *place);
bool go_print_userinfo(struct go_print *print, const struct go_type *type,
		       const struct go_place *place);
bool go_print_request(struct go_print *print, const struct go_type *type,
		      const struct go_place *place);
bool go_print_mutex(struct go_print *print, const struct go_type *type,
		    const struct go_place *place);
bool go_print_rwmutex(struct go_print *print, const struct go_type *type,
		      const struct go_place *place);
bool go_print_waitgroup(struct go_print *print, const struct go_type *type,
			const struct go_place *place);
bool go_print_once(struct go_print *print, const struct go_type *type,
		   const struct go_place *place);
bool go_print_atomic(struct go_print *print, const struct go_type *type,
		     const struct go_place *place);
bool go_print_errno(struct go_print *print, const struct go_type *type,
		    const struct go_place *place);

#endif
