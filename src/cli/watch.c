/* SPDX-License-Identifier: MIT */
/* The view of a process, or of the list to choose one from. Whatever can be seen to fail
 * is tried before the screen is taken. */
#include "cli/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/build.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/session_options.h"
#include "cli/target.h"
#include "source/code_file.h"
#include "source/processes.h"
#include "source/sniff.h"
#include "tui/tui.h"

static int save_settings(void *save_ctx, const struct settings *settings, char *path,
			 size_t size, struct err *e)
{
	const struct watch *watch = save_ctx;
	const char *no_color = getenv("NO_COLOR");
	struct settings saved = *settings, there;
	int rc = config_path(path, size, e);

	if (rc != 0)
		return rc;
	/* Values from the environment are not settings of the user: keep those in the
	 * file. */
	settings_default(&there);
	if (no_color && *no_color && !watch->options->value[OPTION_NO_COLOR] &&
	    config_load(path, &there, NULL) == 0)
		saved.no_color = there.no_color;
	return config_save(path, &saved, e);
}

int watch_target(struct watch *watch, struct session *session)
{
	const struct options *options = watch->options;
	struct poller_options poller_options = {
		.interval_ns = options->settings.interval_ns,
		.live = session_has_target(session),
		.wait = options->value[OPTION_WAIT] != NULL,
		.wait_name = watch->wait_name,
		.describe_end = watch->describe_end,
		.end_ctx = watch->end_ctx,
		.settings = &options->settings,
	};
	struct tui_options tui = {
		.settings = options->settings,
		.title = watch->title,
		.choose = watch->choose,
		.save = save_settings,
		.save_ctx = watch,
		.read_code = code_file_read,
		.stopped = watch->stopped,
	};
	struct err e = {0};
	struct poller *poller = poller_start(&poller_options, session, &e);
	int rc;

	if (!poller) {
		cli_complain("%s", e.text);
		return CLI_UNWATCHABLE;
	}
	tui.feed = poller_feed(poller);
	rc = tui_run(&tui, &e);
	poller_stop(poller);
	if (rc != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	return CLI_FINE;
}

/* Returns true if several processes have this name: the list then asks which one is
 * meant. */
static bool several_fit(const char *name)
{
	struct err e = {0};
	pid_t pid;

	return cli_has_terminal() && name[0] && !target_foreign(name, NULL) &&
	       source_resolve(name, false, &pid, &e) == ERR_USAGE;
}

/* Finds the pid of TARGET, or a name to wait for (pid 0), or opens the list to choose. */
static int find_target(struct watch *watch)
{
	const struct options *options = watch->options;
	bool wait = options->value[OPTION_WAIT] != NULL;
	struct err e = {0};
	pid_t pid;

	watch->choose = options->nr_words == 0 && options->pid == 0;
	if (watch->choose && wait) {
		cli_complain("--wait needs the name of the process to wait for: grmon-c "
			     "--wait NAME");
		return CLI_USAGE;
	}
	if (watch->choose)
		return CLI_FINE;
	watch->title = options->pid > 0 ? options->value[OPTION_PID] : options->words[0];
	if (target_is_several(options))
		return target_find(options, &watch->target);
	if (target_other(options) && wait) {
		cli_complain("--wait is for processes; a URL is tried again without it");
		return CLI_USAGE;
	}
	if (!target_other(options) && wait && options->pid == 0 &&
	    !target_foreign(watch->title, NULL) &&
	    watch->title[strspn(watch->title, "0123456789")] != '\0') {
		watch->wait_name = watch->title;
		if (source_resolve(watch->title, false, &pid, &e) == ERR_NOTFOUND)
			return CLI_FINE;
	}
	if (!target_other(options) && !wait && options->pid == 0 &&
	    several_fit(watch->title)) {
		watch->choose = true;
		return CLI_FINE;
	}
	return target_find(options, &watch->target);
}

static bool has_target(const struct watch *watch)
{
	const struct target *target = &watch->target;

	return target->pid > 0 || target->other || target->words;
}

static int attach(struct watch *watch, struct session *session)
{
	struct err e = {0};

	if (!has_target(watch) ||
	    target_attach(&watch->target, session, watch->input_fd, &e) == 0)
		return CLI_FINE;
	cli_complain("%s", e.text);
	return cli_exit_of(&e);
}

/* Returns true for a URL in a build that cannot query it. Attaching says so, and 'dump'
 * could not print it either. */
static bool is_left_out(const struct target *target)
{
	return !GRMON_WITH_HTTP && target->other && source_is_url(target->other);
}

int command_watch(struct options *options)
{
	struct watch watch = {.options = options, .title = "", .input_fd = -1};
	struct session_options session_options = session_options_from(options);
	struct session session;
	struct err e = {0};
	int rc = find_target(&watch);

	if (rc != CLI_FINE) {
		target_release(&watch.target);
		return rc;
	}
	if (watch.target.other && strcmp(watch.target.other, "-") == 0)
		watch.input_fd = target_take_stdin();
	if (!cli_has_terminal() && !is_left_out(&watch.target)) {
		if (watch.choose)
			cli_complain("the view needs a terminal; 'grmon-c ls' lists the "
				     "processes without one");
		else
			cli_complain(
				"the view needs a terminal; without one, 'grmon-c dump "
				"%s' prints a snapshot",
				watch.title);
		target_release(&watch.target);
		return CLI_USAGE;
	}
	if (session_init(&session, &session_options, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_UNWATCHABLE;
	} else {
		rc = attach(&watch, &session);
	}
	if (rc == CLI_FINE)
		rc = watch_target(&watch, &session);
	session_release(&session);
	target_release(&watch.target);
	return rc;
}
