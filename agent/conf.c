/* SPDX-License-Identifier: ISC */
#include "agent/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/cfgfile.h"
#include "agent/log.h"

static const char *const log_levels[LOG_LEVEL_MAX] = {
	[LOG_LEVEL_ERR] = "error",
	[LOG_LEVEL_WARN] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static int
find_level(const char *text)
{
	int i;

	for (i = 0; i < LOG_LEVEL_MAX; i++)
		if (strcmp(log_levels[i], text) == 0)
			return i;
	return -1;
}

/* --- rules --- */

static const char *
value_of(cfg_opt_t *opt)
{
	const char *text = cfg_opt_getnstr(opt, 0);

	return text == NULL ? "" : text;
}

static int
check_path(cfg_t *cfg, cfg_opt_t *opt)
{
	if (value_of(opt)[0] == '/' && strlen(value_of(opt)) < STATUS_TEXT)
		return 0;
	cfg_error(cfg, "%s must be an absolute path of at most %d octets",
	    cfg_opt_name(opt), STATUS_TEXT - 1);
	return -1;
}

static int
check_path_or_none(cfg_t *cfg, cfg_opt_t *opt)
{
	return value_of(opt)[0] == '\0' ? 0 : check_path(cfg, opt);
}

static int
check_short(cfg_t *cfg, cfg_opt_t *opt)
{
	if (strlen(value_of(opt)) < STATUS_NAME)
		return 0;
	cfg_error(cfg, "%s is longer than %d octets", cfg_opt_name(opt),
	    STATUS_NAME - 1);
	return -1;
}

static int
check_user(cfg_t *cfg, cfg_opt_t *opt)
{
	if (value_of(opt)[0] != '\0')
		return check_short(cfg, opt);
	cfg_error(cfg, "%s is empty", cfg_opt_name(opt));
	return -1;
}

static int
check_interval(cfg_t *cfg, cfg_opt_t *opt)
{
	long seconds = cfg_opt_getnint(opt, 0);

	if (seconds >= 0 && seconds <= 86400)
		return 0;
	cfg_error(cfg, "%s is outside of 0 to 86400", cfg_opt_name(opt));
	return -1;
}

static int
check_level(cfg_t *cfg, cfg_opt_t *opt)
{
	if (find_level(value_of(opt)) != -1)
		return 0;
	cfg_error(cfg, "log-level must be error, warning, info or debug");
	return -1;
}

static cfg_opt_t options[] = {
	CFG_STR("user", "_certconf", CFGF_NONE),
	CFG_STR("snmp-user", "", CFGF_NONE),
	CFG_STR("snmp-group", "", CFGF_NONE),
	CFG_STR("write-group", "", CFGF_NONE),
	CFG_STR("read-group", "", CFGF_NONE),
	CFG_STR("state-dir", STATE_DIR, CFGF_NONE),
	CFG_STR("run-dir", RUN_DIR, CFGF_NONE),
	CFG_STR("services-dir", CONF_DIR "/services.d", CFGF_NONE),
	CFG_STR("features-dir", CONF_DIR "/features.d", CFGF_NONE),
	CFG_STR("agentx-socket", "/var/agentx/master", CFGF_NONE),
	CFG_STR("snmp-program", LIBEXEC_DIR "/certconf-snmp", CFGF_NONE),
	CFG_STR("model", "", CFGF_NONE),
	CFG_STR("host-name", "", CFGF_NONE),
	CFG_INT("restart-interval", 10, CFGF_NONE),
	CFG_INT("verify-interval", 900, CFGF_NONE),
	CFG_INT("retry-interval", 3600, CFGF_NONE),
	CFG_STR("log-level", "info", CFGF_NONE),
	CFGFILE_END,
};
static const struct cfgfile_rule rules[] = {
	{ "user", check_user },
	{ "snmp-user", check_short },
	{ "snmp-group", check_short },
	{ "write-group", check_short },
	{ "read-group", check_short },
	{ "state-dir", check_path },
	{ "run-dir", check_path },
	{ "services-dir", check_path },
	{ "features-dir", check_path },
	{ "agentx-socket", check_path_or_none },
	{ "snmp-program", check_path },
	{ "model", check_short },
	{ "host-name", check_short },
	{ "restart-interval", check_interval },
	{ "verify-interval", check_interval },
	{ "retry-interval", check_interval },
	{ "log-level", check_level },
};

/* Where each text goes. */
static const struct {
	const char *option;
	size_t offset, size;
} texts[] = {
	{ "user", offsetof(struct conf, user), STATUS_NAME },
	{ "snmp-user", offsetof(struct conf, snmp_user), STATUS_NAME },
	{ "snmp-group", offsetof(struct conf, snmp_group), STATUS_NAME },
	{ "write-group", offsetof(struct conf, write_group), STATUS_NAME },
	{ "read-group", offsetof(struct conf, read_group), STATUS_NAME },
	{ "state-dir", offsetof(struct conf, state_dir), STATUS_TEXT },
	{ "run-dir", offsetof(struct conf, run_dir), STATUS_TEXT },
	{ "services-dir", offsetof(struct conf, services_dir), STATUS_TEXT },
	{ "features-dir", offsetof(struct conf, features_dir), STATUS_TEXT },
	{ "agentx-socket", offsetof(struct conf, agentx_socket), STATUS_TEXT },
	{ "snmp-program", offsetof(struct conf, snmp_program), STATUS_TEXT },
	{ "model", offsetof(struct conf, model), STATUS_NAME },
	{ "host-name", offsetof(struct conf, host_name), STATUS_NAME },
};

static void
copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

static void
take(cfg_t *cfg, struct conf *conf)
{
	char host[HOST_NAME_MAX + 1] = "";
	size_t i;

	for (i = 0; i < nitems(texts); i++)
		copy((char *)conf + texts[i].offset, texts[i].size,
		    cfg_getstr(cfg, texts[i].option));
	if (conf->snmp_user[0] == '\0')
		copy(conf->snmp_user, sizeof(conf->snmp_user), conf->user);
	if (conf->host_name[0] == '\0' && gethostname(host, sizeof(host) - 1) == 0)
		copy(conf->host_name, sizeof(conf->host_name), host);
	conf->restart_interval = (uint32_t)cfg_getint(cfg, "restart-interval");
	conf->verify_interval = (uint32_t)cfg_getint(cfg, "verify-interval");
	conf->retry_interval = (uint32_t)cfg_getint(cfg, "retry-interval");
	conf->log_level = (uint32_t)find_level(cfg_getstr(cfg, "log-level"));
}

int
conf_load(const char *path, struct conf *ret_conf, struct err *err)
{
	struct conf conf = { .foreground = 0 };
	cfg_t *cfg;

	if ((cfg = cfgfile_load(AT_FDCWD, path, options, rules, nitems(rules), err)) ==
	    NULL)
		return -1;
	take(cfg, &conf);
	(void)cfg_free(cfg);
	*ret_conf = conf;
	return 0;
}
