/* SPDX-License-Identifier: MIT */
/* What TARGET names, and messages if it cannot be watched. */
#include "cli/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "source/processes.h"
#include "source/sniff.h"

static int file_problem(const char *path, struct err *e)
{
	if (access(path, R_OK) != 0 && errno == EACCES)
		return err_set(e, ERR_PERM,
			       "you do not have permission to read the file");
	source_sniff_file(path, e);
	return e && e->code ? e->code : ERR_FORMAT;
}

bool target_foreign(const char *text, struct err *e)
{
	if (strstr(text, "://")) {
		err_set(e, ERR_USAGE,
			"only http://, https:// and unix:/ URLs can be watched");
		return true;
	}
	if (!strchr(text, '/') || faccessat(AT_FDCWD, text, F_OK, AT_SYMLINK_NOFOLLOW))
		return false;
	file_problem(text, e);
	return true;
}

const char *target_other(const struct options *options)
{
	const char *text = options->nr_words > 0 ? options->words[0] : NULL;
	enum sniff sniff;
	pid_t pid;

	if (!text || options->pid > 0)
		return NULL;
	if (source_is_url(text) || strcmp(text, "-") == 0)
		return text;
	/* The default address of the agent of Go's grmon. */
	if (strcmp(text, "grmon") == 0 &&
	    source_resolve(text, false, &pid, NULL) == ERR_NOTFOUND)
		return "http://localhost:1234";
	if (text[strspn(text, "0123456789")] == '\0')
		return NULL;
	sniff = source_sniff_file(text, NULL);
	return sniff != SNIFF_UNKNOWN ? text : NULL;
}

int target_take_stdin(void)
{
	int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), terminal;

	terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal >= 0) {
		dup2(terminal, STDIN_FILENO);
		close(terminal);
	}
	return input;
}

/* A single word may have been meant as a command. */
static void complain_of_target(const struct options *options, const char *text,
			       const struct err *e)
{
	struct suggest suggest;

	suggest_init(&suggest, text, strlen(text));
	for (int i = 0; i < COMMAND_COUNT; i++)
		suggest_offer(&suggest, command_table[i].name);
	if (e->code == ERR_NOTFOUND && suggest.best && suggest.distance > 0 &&
	    !options->command_named)
		cli_complain("%s; or did you mean 'grmon-c %s'?", e->text, suggest.best);
	else
		cli_complain("%s", e->text);
}

int target_resolve(const struct options *options, pid_t *pid)
{
	const char *text = options->nr_words > 0 ? options->words[0] : NULL;
	struct err e = {0};

	if (options->pid > 0) {
		text = options->value[OPTION_PID];
	} else if (!text) {
		cli_complain("'grmon-c %s' needs TARGET, a pid or a process name%s; "
			     "'grmon-c ls' lists the processes",
			     command_table[options->command].name,
			     options->command == COMMAND_CHECK ? ", or a command after --"
							       : "");
		return CLI_USAGE;
	}
	if (target_foreign(text, &e)) {
		cli_complain("'%s': %s", text, e.text);
		return CLI_UNWATCHABLE;
	}
	if (source_resolve(text, options->pid > 0, pid, &e) == 0)
		return CLI_FINE;
	if (e.code == ERR_NOTFOUND && options->pid == 0 && access(text, F_OK) == 0) {
		file_problem(text, &e);
		cli_complain("'%s': %s", text, e.text);
	} else {
		complain_of_target(options, text, &e);
	}
	return CLI_UNWATCHABLE;
}
