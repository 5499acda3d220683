/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built for a version of the interface that is not there yet. */
#include "usher/hooks.h"

int version(void)
{
	return (USHER_HOOKS_MAJOR + 1) * 1000;
}
