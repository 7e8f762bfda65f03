/* SPDX-License-Identifier: MIT */
/* Names of files come from the target: they are arguments of the editor, never a part of
 * the command, and only regular files are opened. */
#include "tui/editor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

#define COPY_MAX 49152 /* terminals refuse much more */

static const char *editor_command(void)
{
	const char *command = getenv("VISUAL");

	if (!command || *command == '\0')
		command = getenv("EDITOR");
	return command && *command != '\0' ? command : "vi";
}

/* Most take +LINE FILE; these take FILE:LINE. */
static bool takes_colon(const char *command)
{
	static const char *const names[] = {"code",  "codium", "cursor", "hx",
					    "helix", "subl",   "zed"};
	size_t word = strcspn(command, " ");
	const char *name = memrchr(command, '/', word);

	name = name ? name + 1 : command;
	word -= (size_t)(name - command);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strlen(names[i]) == word && strncmp(names[i], name, word) == 0)
			return true;
	return false;
}

static bool is_readable(const char *file)
{
	struct stat status;

	return stat(file, &status) == 0 && S_ISREG(status.st_mode) &&
	       access(file, R_OK) == 0;
}

void editor_open(struct tui *t, const char *file, int line)
{
	const char *command = editor_command();
	bool colon = takes_colon(command);
	char script[1024], path[4200], at[16];
	int rc;

	if (!file || line <= 0) {
		tui_say(t, ROLE_WARN, "no line of source code is known here");
		return;
	}
	if (!is_readable(file)) {
		tui_say(t, ROLE_WARN, "%.200s is not here, or cannot be read", file);
		return;
	}
	snprintf(script, sizeof(script), "exec %.900s \"$@\"", command);
	/* A name is not an option. */
	snprintf(path, sizeof(path), "%s%.4000s", file[0] == '/' ? "" : "./", file);
	snprintf(at, sizeof(at), "+%d", line);
	if (colon)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), ":%d", line);
	rc = terminal_run(
		&t->terminal,
		colon ? (const char *const[]){"sh", "-c", script, "sh", path, NULL}
		      : (const char *const[]){"sh", "-c", script, "sh", at, path, NULL});
	if (rc != 0)
		tui_say(t, ROLE_WARN,
			"'%.60s' has ended with status %d; $EDITOR names it", command,
			rc);
}

void editor_copy(struct tui *t, const char *what, const char *text)
{
	size_t length = strlen(text);
	char *clean = strndup(text, COPY_MAX);

	if (!clean)
		return;
	/* Pasted into a shell, it must not act. */
	for (char *byte = clean; *byte != '\0'; byte++)
		if ((unsigned char)*byte < ' ' && (*byte != '\n' || byte[1] == '\0'))
			*byte = byte[1] == '\0' ? '\0' : '?';
	if (terminal_copy(&t->terminal, clean))
		tui_say(t, ROLE_GOOD, "%s is copied%s", what,
			length > COPY_MAX ? ", its beginning only" : "");
	else
		tui_say(t, ROLE_WARN, "this terminal cannot copy");
	free(clean);
}
