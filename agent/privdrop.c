/* SPDX-License-Identifier: ISC */
#include "agent/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int
account_find(const char *user, const char *group, struct account *ret_account,
    struct err *err)
{
	struct account account = { .ngroups = 1 };
	const struct passwd *pw;
	const struct group *gr;

	if ((pw = getpwnam(user)) == NULL)
		return err_set(err, ERR_NOT_FOUND, user, "there is no such user");
	if (pw->pw_uid == 0)
		return err_set(err, ERR_DENIED, user, "the user must not be root");
	account.uid = pw->pw_uid;
	account.gid = account.groups[0] = pw->pw_gid;
	if (group[0] != '\0') {
		if ((gr = getgrnam(group)) == NULL)
			return err_set(err, ERR_NOT_FOUND, group,
			    "there is no such group");
		account.groups[account.ngroups++] = gr->gr_gid;
	}
	*ret_account = account;
	return 0;
}

static int
become(const struct account *account, struct err *err)
{
	if (setgroups(account->ngroups, account->groups) == -1 ||
	    setresgid(account->gid, account->gid, account->gid) == -1 ||
	    setresuid(account->uid, account->uid, account->uid) == -1)
		return err_set(err, ERR_OTHER, "", "change of user: %s",
		    strerror(errno));
	if (setresuid((uid_t)-1, 0, (uid_t)-1) != -1 || geteuid() != account->uid ||
	    getegid() != account->gid)
		return err_set(err, ERR_OTHER, "",
		    "change of user: root can be regained");
	return 0;
}

int
privdrop(const struct account *account, struct err *err)
{
	if (geteuid() == 0 && become(account, err) == -1)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_set(err, ERR_OTHER, "", "prctl: %s", strerror(errno));
	return 0;
}
