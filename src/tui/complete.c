/* SPDX-License-Identifier: MIT */
#include "tui/complete.h"

#include <stdio.h>
#include <string.h>

#define NOTHING    SIZE_MAX
#define ROWS_MAX   8
#define CELLS_MAX  48 /* of a candidate in a list of several columns */
#define BODY_LEAST 3  /* lines of the body that stay visible */

void complete_init(struct complete *complete)
{
	memset(complete, 0, sizeof(*complete));
	query_completion_init(&complete->found);
}

void complete_close(struct complete *complete)
{
	query_completion_release(&complete->found);
	complete->open = false;
	complete->said = NULL;
}

/* Puts a text in the place of what is being completed. Returns false if it is too long. */
static bool put(struct complete *complete, struct prompt *prompt, const char *text,
		size_t bytes)
{
	struct query_completion *found = &complete->found;

	if (!prompt_replace(prompt, found->from, found->to, text, bytes))
		return false;
	found->to = found->from + bytes;
	return true;
}

static bool take(struct complete *complete, struct prompt *prompt, bool back)
{
	size_t count = complete->found.count;
	const char *text;

	if (complete->at == NOTHING)
		complete->at = back ? count - 1 : 0;
	else
		complete->at = (complete->at + (back ? count - 1 : 1)) % count;
	text = complete->found.list[complete->at];
	return put(complete, prompt, text, strlen(text));
}

bool complete_key(struct complete *complete, struct prompt *prompt, bool back,
		  const struct snapshot *snapshot)
{
	struct query_completion *found = &complete->found;
	size_t common;

	if (complete->open)
		return take(complete, prompt, back);
	query_complete(found, prompt->text, prompt->at, snapshot);
	complete->at = NOTHING;
	complete->first = 0;
	complete->said = found->count == 0 ? "nothing here completes this" : NULL;
	complete->open = found->count > 1;
	common = query_completion_common(found);
	if (found->count == 1)
		return put(complete, prompt, found->list[0], common);
	if (found->count > 1 && found->from_start && common > found->to - found->from)
		return put(complete, prompt, found->list[0], common);
	return false;
}

void complete_draw(struct complete *complete, struct area body)
{
	const struct query_completion *found = &complete->found;
	size_t here = complete->at == NOTHING ? 0 : complete->at, columns, rows, shown;
	int widest = 1, room = body.height - BODY_LEAST;

	if (!complete->open || room < 1 || body.width < 4)
		return;
	for (size_t i = 0; i < found->count; i++) {
		int cells = text_cells(found->list[i], CELLS_MAX, draw_ascii());

		widest = cells > widest ? cells : widest;
	}
	widest = widest + 2 < body.width ? widest + 2 : body.width;
	columns = (size_t)(body.width / widest);
	rows = (found->count + columns - 1) / columns;
	rows = rows < ROWS_MAX ? rows : ROWS_MAX;
	rows = rows < (size_t)room ? rows : (size_t)room;
	shown = rows * columns;
	if (shown > 0 && (here < complete->first || here >= complete->first + shown))
		complete->first = here / shown * shown;
	for (size_t row = 0; row < rows; row++) {
		int y = body.y + body.height - (int)(rows - row);

		draw_fill(y, body.x, body.width, ROLE_NORMAL, false);
		for (size_t column = 0; column < columns; column++) {
			size_t i = complete->first + column * rows + row;

			if (i < found->count)
				draw_cell(y, body.x + (int)column * widest, widest - 2,
					  ALIGN_LEFT, ROLE_KEY, i == complete->at,
					  found->list[i]);
		}
	}
}

void complete_status(const struct complete *complete, char *out, size_t size)
{
	const struct query_completion *found = &complete->found;

	out[0] = '\0';
	if (complete->said)
		snprintf(out, size, "%s", complete->said);
	else if (complete->open && complete->at == NOTHING)
		snprintf(out, size, "%zu%s: Tab takes the first", found->count,
			 found->more ? " and more" : "");
	else if (complete->open)
		snprintf(out, size, "%zu of %zu%s: Tab next  shift-Tab previous",
			 complete->at + 1, found->count, found->more ? " and more" : "");
}
