/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for source_mysql.c where usher is built without libmariadb, so that a config with a
 * database is refused in words.
 */
#include "registry/source_mysql_demand.h"

enum reg_err source_mysql_new(const struct source_mysql_options *options, struct source **ret,
	struct reg_error *err)
{
	(void)ret;
	reg_error_set(err, options->database, 0, "this usher was built without MySQL: build it "
		"where pkg-config finds libmariadb (Debian: libmariadb-dev)");
	return REG_E_KIND;
}

enum reg_err source_mysql_demand_new(const struct source_mysql_options *options,
	const struct demand_options *demand, struct source **ret, struct reg_error *err)
{
	(void)demand;
	return source_mysql_new(options, ret, err);
}
