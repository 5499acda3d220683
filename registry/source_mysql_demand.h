/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source that reads of a table only the users that somebody asks for, for registries larger
 * than memory. Its registry holds the default users and who was asked for lately; what changes in
 * the table leaves it, and is asked for again: docs/mysql.md.
 */
#ifndef USHER_REGISTRY_SOURCE_MYSQL_DEMAND_H
#define USHER_REGISTRY_SOURCE_MYSQL_DEMAND_H

#include "registry/asked.h"
#include "registry/source_mysql.h"

struct demand_options {
	struct asked_limit limits[ASKED_KINDS];
	unsigned int wait_ms;        /* after so long nobody waits for an answer */
};

/* As source_mysql_new(). The table must have the column _id as registry/schema.sql makes it. */
enum reg_err source_mysql_demand_new(const struct source_mysql_options *options,
	const struct demand_options *demand, struct source **ret, struct reg_error *err);

#endif
