/* SPDX-License-Identifier: MIT */
/* $XDG_CONFIG_HOME/grmon-c/config.json: read at the start, written by W in the view. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stddef.h>

#include "base/err.h"
#include "core/settings.h"

/* Where the file is or would be. ERR_NOTFOUND when there is neither XDG_CONFIG_HOME nor a
 * home directory. */
int config_path(char *path, size_t size, struct err *e);
/* Take over what the file says; a missing file is no error. The settings are unchanged
 * unless the result is 0. ERR_FORMAT: the sentence names file, line and key. */
int config_load(const char *path, struct settings *settings, struct err *e);
/*
 * Write what differs from the defaults and what the file named before; other keys are kept
 * as they are. A file that cannot be read as JSON is left alone (ERR_FORMAT).
 */
int config_save(const char *path, const struct settings *settings, struct err *e);

#endif
