/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two halves of sandbox.c that are long: files (Landlock) and system calls (seccomp). */
#ifndef USHER_RELAY_SANDBOX_PARTS_H
#define USHER_RELAY_SANDBOX_PARTS_H

#include "relay/sandbox.h"

/* The sanitizers' own system calls are not on any list, nor what they read on any other. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif

/*
 * From now on the thread, and what it begins, opens no file; a loader opens any for reading, a
 * keeper what `files` names. What is open stays so. False: the kernel, or the build, cannot do it.
 */
bool sandbox_forbid_files(enum sandbox_of who, const struct sandbox_files *files);

/* From now on the process does what its list of system calls has. False as above. */
bool sandbox_forbid_calls(enum sandbox_of who);

#endif
