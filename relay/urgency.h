/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon a thread gets a CPU that others use too. A packet is a few microseconds of work that
 * somebody waits for, so whoever handles one asks for short turns: the scheduler lets short turns
 * begin sooner, and gives no more time for it.
 */
#ifndef USHER_RELAY_URGENCY_H
#define USHER_RELAY_URGENCY_H

/*
 * The calling thread handles packets or their records. Where the kernel knows no turns of a length
 * of one's own (before Linux 6.12) nothing changes; nothing else can fail. Before the sandbox is
 * entered.
 */
void urgency_of_packets(void);

#endif
