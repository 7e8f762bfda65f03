/* SPDX-License-Identifier: MIT */
/* Reads the file of source code that a frame of a stack names. */
#ifndef SOURCE_CODE_FILE_H
#define SOURCE_CODE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

#define CODE_FILE_MAX (8u << 20)

/* Appends the whole file. Looks for it first on this machine (a relative name starts at
 * the working directory of grmon-c), then in the target's mount namespace; if that is
 * another one, in the reverse order. pid: the target, or 0 if there is none. Returns 0,
 * or -1 if there is no such regular file or it has more than CODE_FILE_MAX bytes. */
int code_file_read(pid_t pid, const char *name, struct buf *out);

#endif
