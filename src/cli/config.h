/* SPDX-License-Identifier: MIT */
/* $XDG_CONFIG_HOME/grmon-c/config.json, which is read at start and written by the key
 * W. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stddef.h>

#include "base/err.h"
#include "core/settings.h"

/* Finds the path of the file, which need not exist. ERR_NOTFOUND if there is neither
 * XDG_CONFIG_HOME nor a home directory. */
int config_path(char *path, size_t size, struct err *e);
/* Applies the settings in the file; a missing file is not an error. On any error the
 * settings are unchanged. ERR_FORMAT comes with a message that names file, line and
 * key. */
int config_load(const char *path, struct settings *settings, struct err *e);
/*
 * Writes the settings that differ from the defaults and those that the file had before.
 * Other keys are preserved. A file that is not valid JSON is left alone (ERR_FORMAT).
 */
int config_save(const char *path, const struct settings *settings, struct err *e);

#endif
