/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides signalfd(2). The kernel merges equal signals that wait, so that a storm of them costs one
 * action; nothing is done in signal context.
 */
#include "relay/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void act(struct signals *s, uint32_t number)
{
	for (size_t i = 0; i < s->count; i++)
		if ((uint32_t)s->actions[i].number == number)
			s->actions[i].fn(s->ctx);
}

static void on_signal(void *ctx, uint32_t events)
{
	struct signals *s = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(s->source.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		act(s, info.ssi_signo);
}

int signals_open(struct signals *s, struct loop *l, const struct signal_action *actions,
	size_t count, void *ctx)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++)
		sigaddset(&set, actions[i].number);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	err = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (err != 0)
		return -err;
	*s = (struct signals){ { signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, s },
		actions, count, ctx };
	if (s->source.fd < 0)
		return -errno;
	err = loop_add(l, &s->source);
	if (err != 0)
		close(s->source.fd);
	return err;
}

void signals_close(struct signals *s, struct loop *l)
{
	loop_remove(l, &s->source);
	close(s->source.fd);
}
