/* SPDX-License-Identifier: MIT */
/* Whether ThreadSanitizer is active in the program. It must know every running thread. */
#ifndef AGENT_SANITIZER_H
#define AGENT_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define AGENT_THREAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define AGENT_THREAD_SANITIZED 1
#endif
#endif

#endif
