/* SPDX-License-Identifier: ISC */
#include "agent/conf_check.h"

#include <grp.h>
#include <unistd.h>

#include "agent/privdrop.h"
#include "agent/service.h"

static int
check_group(const char *option, const char *name, struct err *err)
{
	if (*name != '\0' && getgrnam(name) == NULL)
		return err_set(err, ERR_NOT_FOUND, option, "there is no group \"%s\"",
		    name);
	return 0;
}

/* Says which option it is about, also when that is not in the file. */
static int
check_user(const char *option, const char *user, const char *group, struct err *err)
{
	struct account account;
	struct err why;

	if (geteuid() != 0 || account_find(user, group, &account, &why) == 0)
		return 0;
	if (why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, option, "%s: %s", user, why.text);
	return err_set(err, why.code, option,
	    "%s: there is no such user; \"useradd --system --user-group %s\" makes it",
	    user, user);
}

int
conf_check(const struct conf *conf, struct err *err)
{
	const char *snmp_user = *conf->snmp_user != '\0' ? conf->snmp_user : conf->user;

	if (check_user("user", conf->user, "", err) == -1 ||
	    check_group("snmp-group", conf->snmp_group, err) == -1 ||
	    check_user("snmp-user", snmp_user, conf->snmp_group, err) == -1 ||
	    check_group("write-group", conf->write_group, err) == -1 ||
	    check_group("read-group", conf->read_group, err) == -1)
		return -1;
	if (*conf->agentx_socket != '\0' && access(conf->snmp_program, X_OK) == -1)
		return err_set(err, ERR_NOT_FOUND, conf->snmp_program,
		    "the snmp program cannot be executed");
	return 0;
}

int
conf_check_services(const struct conf *conf)
{
	struct service_set *set =
	    service_set_load(conf->services_dir, conf->features_dir, NULL);
	const int status = set->refused > 0 ? 1 : 0;

	service_set_free(set);
	return status;
}
