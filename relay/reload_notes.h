/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person should know about a config that was read, or read anew. */
#ifndef USHER_RELAY_RELOAD_NOTES_H
#define USHER_RELAY_RELOAD_NOTES_H

#include "relay/config.h"

/* What the config allows and probably does not mean. */
void reload_say_warnings(const struct config *c);

/* Keys that take effect at a start only and have changed, so that nobody waits for them. */
void reload_say_unchanged(const struct config *boot, const struct config *c);

#endif
