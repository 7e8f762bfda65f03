/* SPDX-License-Identifier: MIT */
/* Text of the target as text of a page. */
#include "out/escape.h"
#include "out/html.h"

void html_put_cut(struct buf *out, const char *text, size_t cells)
{
	struct buf plain;

	buf_init(&plain, 0);
	escape_text(&plain, text, cells, false);
	for (const char *at = plain.bytes; !plain.failed && at && *at; at++) {
		if (*at == '<')
			buf_puts(out, "&lt;");
		else if (*at == '>')
			buf_puts(out, "&gt;");
		else if (*at == '&')
			buf_puts(out, "&amp;");
		else if (*at == '"')
			buf_puts(out, "&quot;");
		else if (*at == '\'')
			buf_puts(out, "&#39;");
		else
			buf_append(out, at, 1);
	}
	buf_release(&plain);
}

void html_put(struct buf *out, const char *text)
{
	html_put_cut(out, text, 0);
}
