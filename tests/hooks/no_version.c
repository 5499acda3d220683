/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Not a hook library at all. */
int something(void);

int something(void)
{
	return 0;
}
