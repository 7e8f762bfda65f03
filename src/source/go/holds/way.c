/* SPDX-License-Identifier: MIT */
/* Writes a way as "persistConn → cacheKey.addr": by the names of types and fields where
 * they are known, else by offsets, as in "sp+8 → +128 → +272". */
#include "base/buf.h"
#include "source/go/holds/rank.h"

#define ARROW " → "

/* "*net/http.persistConn" is persistConn here. */
static const char *short_name(const struct go_type *type)
{
	const char *name = type->name, *bracket = strchr(name, '[');
	const char *end = bracket && bracket != name ? bracket : name + strlen(name);

	for (const char *at = name; at < end; at++)
		if (*at == '.' || *at == '/' || *at == '*')
			name = at + 1;
	return name;
}

static void write_place(struct buf *out, const char *field, uint32_t at, bool stack)
{
	if (field)
		buf_puts(out, field);
	else
		buf_printf(out, stack ? "sp+%u" : "+%u", at);
}

void go_way_write(const struct go_reach *reach, const struct go_found *found,
		  struct buf *out)
{
	const struct go_reached *chain[HOLDS_STEPS_MAX + 1];
	size_t nr = 0;

	for (int32_t at = found->object; at >= 0 && nr <= HOLDS_STEPS_MAX;
	     at = reach->objects[at].parent)
		chain[nr++] = &reach->objects[at];
	if (nr == 0) {
		write_place(out, found->field, found->at, true);
		return;
	}
	for (size_t i = nr; i-- > 0;) {
		const struct go_reached *object = chain[i];

		if (i + 1 < nr)
			buf_puts(out, ARROW);
		if (i + 1 == nr && object->type)
			buf_puts(out, short_name(object->type));
		else
			write_place(out, object->field, object->at, i + 1 == nr);
	}
	if (found->placed || found->field) {
		buf_puts(out, ARROW);
		write_place(out, found->field, found->at, false);
	}
}
