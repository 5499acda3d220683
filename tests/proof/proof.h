/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two proofs that need another program to look on: a parser that is not ours, and callgrind. */
#ifndef USHER_TESTS_PROOF_H
#define USHER_TESTS_PROOF_H

/*
 * Every message of the corpus and every prefix of it, in both directions, through the pipeline;
 * whatever was edited, and the answers to it, go as pairs to the capture files PREFIX
 * (tests/capture_file.h).
 */
void proof_capture(const char *prefix);

/*
 * Packets one at a time, ordinary ones, the corpus, and the dearest that could be thought of; under
 * valgrind --tool=callgrind --toggle-collect=pipeline_run the instructions of each are a part of
 * callgrind's output, which is called "<class> <name> <length>". tests/cost judges them.
 */
void proof_cost(void);

#endif
