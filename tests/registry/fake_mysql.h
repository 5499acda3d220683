/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that speaks just enough of MySQL's protocol to misbehave in it: a thread of the test on
 * a unix socket. Its table usher_users has two users, HW_ADDR 01 and 02.
 */
#ifndef USHER_TESTS_REGISTRY_FAKE_MYSQL_H
#define USHER_TESTS_REGISTRY_FAKE_MYSQL_H

#include "registry/source_mysql.h"
#include "tests/registry/temp.h"

#include <pthread.h>
#include <stdatomic.h>

enum fake_mood {
	FAKE_GOOD,
	FAKE_MUTE,           /* takes the connection and says nothing */
	FAKE_REFUSE,         /* knows no such user */
	FAKE_ASKS_PASSWORD,  /* wants the password in the clear */
	FAKE_ASKS_PLUGIN,    /* wants a plugin of a name that is a path */
	FAKE_ASKS_FILE,      /* answers every question by asking for a file of the client's */
	FAKE_HANGS,          /* stops after the first of the users */
	FAKE_HANGS_IN_ROW,   /* stops in the middle of the second */
	FAKE_CUTS,           /* hangs up after the first */
	FAKE_DRIBBLES,       /* one byte of the users at a time, slowly */
	FAKE_ENDLESS,        /* never stops sending users */
	FAKE_HUGE,           /* a row of 64 MiB */
	FAKE_FEW_COLUMNS,    /* rows with fewer values than there should be */
	FAKE_NOISE,          /* random bytes for an answer */
	FAKE_ERROR,          /* an error of the server's for the users, with a newline in it */
};

struct fake_mysql {
	struct temp temp;    /* temp.path is the socket */
	atomic_int mood;
	atomic_bool stop;
	atomic_uint connections;
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	char heard[65536];   /* all that clients sent */
	size_t heard_len;
};

void fake_mysql_start(struct fake_mysql *f, enum fake_mood mood);
void fake_mysql_stop(struct fake_mysql *f);

/* Whether a client has ever sent that text. */
bool fake_mysql_heard(struct fake_mysql *f, const char *text);

struct source_mysql_options fake_mysql_options(const struct fake_mysql *f);

#endif
