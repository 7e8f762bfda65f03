/* SPDX-License-Identifier: MIT */
/* What TARGET names, and messages if it cannot be watched. */
#include "cli/target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "source/processes.h"
#include "source/sniff.h"
#include "source/words.h"

#define WAITING_S 2

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

bool target_is_several(const struct options *options)
{
	return options->pid == 0 &&
	       (options->nr_words > 1 ||
		(options->nr_words == 1 && words_is_form(options->words[0])));
}

const char *target_other(const struct options *options)
{
	const char *text = options->nr_words > 0 ? options->words[0] : NULL;
	enum sniff sniff;
	pid_t pid;

	if (!text || options->pid > 0 || target_is_several(options))
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

/* In a handler, because reading blocks. */
static void on_waiting(int number)
{
	static const char text[] =
		"grmon-c: waiting for the standard input, which is still open.\n";
	int errno_before = errno;
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	(void)number;
	errno = errno_before;
}

void target_say_waiting(const char *other)
{
	struct sigaction action = {.sa_handler = on_waiting, .sa_flags = SA_RESTART};

	alarm(0);
	if (!other || strcmp(other, "-") != 0)
		return;
	sigaction(SIGALRM, &action, NULL);
	alarm(WAITING_S);
}

/* A word may have been meant as a command. Returns true if it was probably. */
static bool complain_of_target(const struct options *options, const struct err *e)
{
	const char *text = options->nr_words > 0 ? options->words[0] : "";
	struct suggest suggest;

	suggest_init(&suggest, text, strlen(text));
	for (int i = 0; i < COMMAND_COUNT && !options->command_named; i++)
		suggest_offer(&suggest, command_table[i].name);
	if (e->code == ERR_NOTFOUND && suggest.best && suggest.distance > 0) {
		cli_complain("%s; or did you mean 'grmon-c %s'?", e->text, suggest.best);
		return true;
	}
	if (options->command == COMMAND_CHECK && options->nr_words > 1)
		cli_complain("%s; put a command to start after --: grmon-c check -- %s "
			     "%s",
			     e->text, options->words[0], options->words[1]);
	else
		cli_complain("%s", e->text);
	return false;
}

static int say_no_target(const struct options *options)
{
	cli_complain("'grmon-c %s' needs TARGET, a pid or a process name%s; 'grmon-c ls' "
		     "lists the processes",
		     command_table[options->command].name,
		     options->command == COMMAND_CHECK ? ", or a command after --" : "");
	return CLI_USAGE;
}

void target_release(struct target *target)
{
	words_free(target->words);
	target->words = NULL;
}

/* A word that no process has as its pid or name may be the id of a container. */
static bool find_container(const char *text, struct target *target)
{
	const struct words_process *found;
	size_t count = 0;

	target->words = words_may_be_container(text) ? words_new() : NULL;
	if (target->words && words_add(target->words, text, NULL) == 0 &&
	    words_find(target->words, &found, &count, NULL) == 0 && count > 0)
		return true;
	target_release(target);
	return false;
}

static int find_process(const struct options *options, struct target *target)
{
	const char *text =
		options->pid > 0 ? options->value[OPTION_PID] : options->words[0];
	struct err e = {0};

	if (target_foreign(text, &e)) {
		cli_complain("'%s': %s", text, e.text);
		return CLI_UNWATCHABLE;
	}
	if (source_resolve(text, options->pid > 0, &target->pid, &e) == 0)
		return CLI_FINE;
	if (e.code == ERR_NOTFOUND && options->pid == 0 && find_container(text, target))
		return CLI_FINE;
	if (e.code == ERR_NOTFOUND && options->pid == 0 && access(text, F_OK) == 0) {
		file_problem(text, &e);
		cli_complain("'%s': %s", text, e.text);
	} else {
		complain_of_target(options, &e);
	}
	return CLI_UNWATCHABLE;
}

/* Only processes can be watched together. */
static int add_word(struct words *words, const char *text, struct err *e)
{
	struct err why = {0};

	if (source_is_url(text) || strcmp(text, "-") == 0 ||
	    (!words_is_form(text) && source_sniff_file(text, NULL) != SNIFF_UNKNOWN))
		return err_set(e, ERR_USAGE,
			       "'%.80s' is not a process, and only processes can be "
			       "watched together; give it as the only TARGET",
			       text);
	if (!words_is_form(text) && target_foreign(text, &why))
		return err_set(e, ERR_USAGE, "'%.80s': %s", text, why.text);
	return words_add(words, text, e);
}

/* Each word must mean a process, so that a mistyped one is noticed. */
static int check_words(const struct options *options, struct words *words, struct err *e)
{
	const struct words_process *found;
	char text[ERR_TEXT_MAX];
	size_t count;
	int rc = words_find(words, &found, &count, e);

	if (rc == 0 && !options->value[OPTION_WAIT] && words_empty(words, text))
		rc = err_set(e, ERR_NOTFOUND, "%s", text);
	return rc;
}

static int find_several(const struct options *options, struct target *target)
{
	struct err e = {0};
	int rc = 0;

	target->words = words_new();
	if (!target->words)
		rc = err_set(&e, ERR_NOMEM, "out of memory for the names of targets");
	for (int i = 0; rc == 0 && i < options->nr_words; i++)
		rc = add_word(target->words, options->words[i], &e);
	if (rc == 0)
		rc = check_words(options, target->words, &e);
	if (rc == 0)
		return CLI_FINE;
	return complain_of_target(options, &e) || rc == ERR_USAGE ? CLI_USAGE
								  : CLI_UNWATCHABLE;
}

int target_find(const struct options *options, struct target *target)
{
	*target = (struct target){0};
	if (options->pid == 0 && options->nr_words == 0)
		return say_no_target(options);
	if (target_is_several(options))
		return find_several(options, target);
	target->other = target_other(options);
	return target->other ? CLI_FINE : find_process(options, target);
}

int target_attach(struct target *target, struct session *session, int input_fd,
		  struct err *e)
{
	struct words *words = target->words;
	int rc;

	target->words = NULL;
	if (words)
		return session_attach_several(session, words, e);
	if (!target->other)
		return session_attach(session, target->pid, e);
	target_say_waiting(target->other);
	rc = session_attach_other(session, target->other, input_fd, e);
	target_say_waiting(NULL);
	return rc;
}
