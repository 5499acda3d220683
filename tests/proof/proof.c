/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proof capture PREFIX, or proof cost: for scripts/vectors-check and tests/cost. */
#include "tests/proof/proof.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "capture") == 0) {
		proof_capture(argv[2]);
	} else if (argc == 2 && strcmp(argv[1], "cost") == 0) {
		proof_cost();
	} else {
		fprintf(stderr, "usage: proof capture PREFIX, or proof cost\n");
		return 2;
	}
	return 0;
}
