/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left after all privileges were given away: in a child, as they do not come back. */
#include "relay/privileges.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The number of the first thing that is not as it should be; 0: all is. */
static int look(void)
{
	gid_t wanted[] = { 4711 }, groups[8];
	int count;

	if (privileges_drop(wanted, 1) != 0)
		return 1;
	count = getgroups(8, groups);
	if (count != 1 || groups[0] != 4711)
		return 2;
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getegid() == 0)
		return 3;
	if (setresuid(0, 0, 0) == 0 || setgroups(1, (gid_t[]){ 0 }) == 0)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	if (open("/etc/shadow", O_RDONLY) >= 0 || errno != EACCES)
		return 6;
	if (socket(AF_INET, SOCK_RAW, 1) >= 0 || errno != EPERM)
		return 7;
	return privileges_drop(wanted, 1) == 0 ? 0 : 8; /* who has none keeps what he has */
}

Test(privileges, are_gone)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("not root: there is nothing to give away");
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0)
		_exit(look());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}
