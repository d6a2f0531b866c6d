/* SPDX-License-Identifier: ISC */
/* The grammar of services.d/NAME.conf. */
#include "agent/service.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/digest.h"

#include "agent/cfgfile.h"

#define ARGS_MAX 32
#define SUFFIX ".conf"

struct word {
	const char *text;
	uint32_t value;
};

static const struct word directions[] = {
	{ "serves", SERVICE_SERVES },
	{ "calls-out", SERVICE_CALLS_OUT },
	{ "takes-calls", SERVICE_TAKES_CALLS },
};
static const struct word files[] = {
	{ "separate", SERVICE_FILES_SEPARATE },
	{ "combined", SERVICE_FILES_COMBINED },
	{ "ca", SERVICE_FILES_CA },
};
static const struct word required[] = { { "any", 0 }, { "custom", 1 } };

static const struct word *
find_word(const struct word *words, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(words[i].text, text) == 0)
			return &words[i];
	return NULL;
}

/* --- rules of single options --- */

/* What was just parsed: of a list the last element. */
static const char *
last_text(cfg_opt_t *opt)
{
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

	return text == NULL ? "" : text;
}

static int
check_word(cfg_t *cfg, cfg_opt_t *opt, const struct word *words, size_t n)
{
	if (find_word(words, n, last_text(opt)) != NULL)
		return 0;
	cfg_error(cfg, "%s does not know \"%.64s\"", cfg_opt_name(opt), last_text(opt));
	return -1;
}

static int
check_direction(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, directions, nitems(directions));
}

static int
check_file(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, files, nitems(files));
}

static int
check_required(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, required, nitems(required));
}

static int
check_name(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfgfile_is_name(last_text(opt)))
		return 0;
	cfg_error(cfg, "%s is not a name: 1 to %d letters, digits, \"_\", \"-\", \".\"",
	    cfg_opt_name(opt), LIMIT_NAME);
	return -1;
}

static int
check_command(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_getnstr(opt, 0)[0] != '/') {
		cfg_error(cfg, "%s must begin with an absolute path",
		    cfg_opt_name(opt));
		return -1;
	}
	if (cfg_opt_size(opt) > ARGS_MAX) {
		cfg_error(cfg, "%s has more than %d arguments", cfg_opt_name(opt),
		    ARGS_MAX);
		return -1;
	}
	return 0;
}

static int
check_range(cfg_t *cfg, cfg_opt_t *opt, long min, long max)
{
	long value = cfg_opt_getnint(opt, 0);

	if (value >= min && value <= max)
		return 0;
	cfg_error(cfg, "%s is outside of %ld to %ld", cfg_opt_name(opt), min, max);
	return -1;
}

static int
check_order(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, 65535);
}

static int
check_deadline(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 1, 600);
}

static int
check_settle(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, 600);
}

static int
check_interval(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, 7L * 86400);
}

static int
check_mode(cfg_t *cfg, cfg_opt_t *opt)
{
	long mode = cfg_opt_getnint(opt, 0);

	if (mode >= 0 && (mode & ~0660L) == 0 && (mode & 0400) != 0)
		return 0;
	cfg_error(cfg, "mode must be one a private key can have: 0400 to 0660");
	return -1;
}

static int
check_user(cfg_t *cfg, cfg_opt_t *opt)
{
	if (getpwnam(last_text(opt)) != NULL)
		return 0;
	cfg_error(cfg, "there is no user \"%.64s\"", last_text(opt));
	return -1;
}

static int
check_group(cfg_t *cfg, cfg_opt_t *opt)
{
	if (getgrnam(last_text(opt)) != NULL)
		return 0;
	cfg_error(cfg, "there is no group \"%.64s\"", last_text(opt));
	return -1;
}

/* "127.0.0.1:443", "[::1]:443": a number, since nobody here may ask a name server. */
static bool
is_inet_address(const char *text)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	struct in6_addr ignored;
	size_t len;
	long port;
	char *end;

	if (colon == NULL || (len = (size_t)(colon - text)) >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	port = strtol(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 ||
	    port > 65535)
		return false;
	if (host[0] != '[' || host[len - 1] != ']')
		return inet_pton(AF_INET, host, &ignored) == 1;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &ignored) == 1;
}

static int
check_address(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = last_text(opt);

	if (strlen(text) < sizeof(((struct service_facts *)NULL)->probe_address) &&
	    (text[0] == '/' || is_inet_address(text)))
		return 0;
	cfg_error(cfg,
	    "address must be like 127.0.0.1:443, [::1]:443 or a socket's path");
	return -1;
}

static int
check_server_name(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = last_text(opt);

	if (strlen(text) < sizeof(((struct service_facts *)NULL)->probe_name) &&
	    strpbrk(text, " \t\n/:") == NULL)
		return 0;
	cfg_error(cfg, "server-name is not a host name");
	return -1;
}

static int
check_variant(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (name_find(&verify_mode_names, cfg_title(section)) < 0)
		cfg_error(cfg, "variant does not know the mode \"%.64s\"",
		    cfg_title(section));
	else if (cfg_getstr(section, "config") == NULL)
		cfg_error(cfg, "variant %s has no config", cfg_title(section));
	else
		return 0;
	return -1;
}

static cfg_opt_t probe_options[] = {
	CFG_STR("address", NULL, CFGF_NODEFAULT),
	CFG_STR("server-name", "", CFGF_NONE),
	CFG_INT("interval", 900, CFGF_NONE),
	CFG_END(),
};
static cfg_opt_t variant_options[] = {
	CFG_STR("config", NULL, CFGF_NODEFAULT),
	CFG_END(),
};
static cfg_opt_t options[] = {
	CFG_STR("credential", "local", CFGF_NONE),
	CFG_STR("credential-required", "any", CFGF_NONE),
	CFG_STR_LIST("directions", "{serves}", CFGF_NONE),
	CFG_STR_LIST("features", "{}", CFGF_NONE),
	CFG_STR_LIST("files", "{separate}", CFGF_NONE),
	CFG_STR("owner", NULL, CFGF_NODEFAULT),
	CFG_STR("group", NULL, CFGF_NODEFAULT),
	CFG_INT("mode", 0600, CFGF_NODEFAULT),
	CFG_INT("order", 100, CFGF_NONE),
	CFG_STR_LIST("check", "{}", CFGF_NODEFAULT),
	CFG_STR_LIST("restart", "{}", CFGF_NODEFAULT),
	CFG_BOOL("restart-device", cfg_false, CFGF_NONE),
	CFG_STR_LIST("stop", "{}", CFGF_NODEFAULT),
	CFG_BOOL("daemonises", cfg_false, CFGF_NONE),
	CFG_INT("deadline", 30, CFGF_NONE),
	CFG_INT("settle", 2, CFGF_NONE),
	CFG_SEC("probe", probe_options, CFGF_NODEFAULT),
	CFG_SEC("variant", variant_options,
	    CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES),
	CFGFILE_END,
};
static const struct cfgfile_rule rules[] = {
	{ "credential", check_name },
	{ "credential-required", check_required },
	{ "directions", check_direction },
	{ "features", check_name },
	{ "files", check_file },
	{ "owner", check_user },
	{ "group", check_group },
	{ "mode", check_mode },
	{ "order", check_order },
	{ "check", check_command },
	{ "restart", check_command },
	{ "stop", check_command },
	{ "deadline", check_deadline },
	{ "settle", check_settle },
	{ "probe|address", check_address },
	{ "probe|server-name", check_server_name },
	{ "probe|interval", check_interval },
	{ "variant", check_variant },
};

/* --- from options to a service --- */

static void
copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

static uint32_t
take_words(cfg_t *cfg, const char *name, const struct word *words, size_t n)
{
	const struct word *word;
	uint32_t set = 0;
	unsigned int i;

	for (i = 0; i < cfg_size(cfg, name); i++) {
		word = find_word(words, n, cfg_getnstr(cfg, name, i));
		set |= word == NULL ? 0 : word->value;
	}
	return set;
}

static int
take_command(cfg_t *cfg, const char *name, char ***ret_argv, struct err *err)
{
	unsigned int i, n = cfg_size(cfg, name);
	char **argv;

	if (n == 0)
		return 0;
	if ((argv = calloc(n + 1, sizeof(*argv))) == NULL)
		return err_set(err, ERR_MEMORY, "", "out of memory");
	*ret_argv = argv;
	for (i = 0; i < n; i++)
		if ((argv[i] = strdup(cfg_getnstr(cfg, name, i))) == NULL)
			return err_set(err, ERR_MEMORY, "", "out of memory");
	return 0;
}

static void
take_owner(cfg_t *cfg, struct service *s)
{
	const struct passwd *pw;
	const struct group *gr;

	s->uid = geteuid();
	s->gid = getegid();
	s->mode = cfg_getstr(cfg, "group") != NULL ? 0640 : 0600;
	if (cfg_getstr(cfg, "owner") != NULL &&
	    (pw = getpwnam(cfg_getstr(cfg, "owner"))) != NULL)
		s->uid = pw->pw_uid;
	if (cfg_getstr(cfg, "group") != NULL &&
	    (gr = getgrnam(cfg_getstr(cfg, "group"))) != NULL)
		s->gid = gr->gr_gid;
	if (cfg_size(cfg, "mode") > 0)
		s->mode = (mode_t)cfg_getint(cfg, "mode");
}

static int
take_features(cfg_t *cfg, struct service_facts *facts, const char *file,
    struct err *err)
{
	unsigned int i, n = cfg_size(cfg, "features");
	size_t len = 0, room = sizeof(facts->feature_keys);
	const char *key;

	for (i = 0; i < n; i++) {
		key = cfg_getnstr(cfg, "features", i);
		if (len + strlen(key) + 2 >= room)
			return err_set(err, ERR_TOO_LARGE, file,
			    "features are too long together");
		if (i > 0) {
			memcpy(facts->feature_keys + len, ", ", 2);
			len += 2;
		}
		copy(facts->feature_keys + len, room - len, key);
		len += strlen(key);
	}
	facts->feature = n == 0 ? FEATURE_NOT_REQUIRED : FEATURE_MISSING;
	return 0;
}

static int
take_probe(cfg_t *cfg, struct service_facts *facts, const char *file, struct err *err)
{
	cfg_t *probe;

	if (cfg_size(cfg, "probe") == 0)
		return 0;
	probe = cfg_getsec(cfg, "probe");
	if (cfg_getstr(probe, "address") == NULL)
		return err_set(err, ERR_OTHER, file, "probe has no address");
	facts->has_probe = 1;
	facts->probe_interval = (uint32_t)cfg_getint(probe, "interval");
	copy(facts->probe_address, sizeof(facts->probe_address),
	    cfg_getstr(probe, "address"));
	copy(facts->probe_name, sizeof(facts->probe_name),
	    cfg_getstr(probe, "server-name"));
	return 0;
}

static int
take_variants(cfg_t *cfg, struct service *s, struct err *err)
{
	struct digest digest;
	unsigned int i;
	cfg_t *section;
	int mode;

	for (i = 0; i < cfg_size(cfg, "variant"); i++) {
		section = cfg_getnsec(cfg, "variant", i);
		mode = name_find(&verify_mode_names, cfg_title(section));
		if ((s->variants[mode] = strdup(cfg_getstr(section, "config"))) == NULL)
			return err_set(err, ERR_MEMORY, "", "out of memory");
		s->facts.has_variant[mode] = 1;
		digest_begin(&digest);
		digest_add_text(&digest, text_of(s->variants[mode]));
		if (digest_end(&digest, s->facts.variant_sha256[mode], err) == -1)
			return -1;
	}
	return 0;
}

static void
take_facts(cfg_t *cfg, struct service_facts *facts)
{
	copy(facts->credential, sizeof(facts->credential),
	    cfg_getstr(cfg, "credential"));
	facts->directions =
	    take_words(cfg, "directions", directions, nitems(directions));
	facts->files = take_words(cfg, "files", files, nitems(files));
	facts->order = (uint32_t)cfg_getint(cfg, "order");
	facts->deadline_ms = 1000 * (uint32_t)cfg_getint(cfg, "deadline");
	facts->settle_ms = 1000 * (uint32_t)cfg_getint(cfg, "settle");
	facts->custom_credential =
	    (uint8_t)take_words(cfg, "credential-required", required, nitems(required));
	facts->restart_device = cfg_getbool(cfg, "restart-device") == cfg_true;
}

/* The rules that concern several options. */
static int
check_whole(const struct service *s, const char *file, struct err *err)
{
	if (s->facts.restart_device && s->restart != NULL)
		return err_set(err, ERR_OTHER, file,
		    "restart-device and restart exclude each other");
	if (s->check != NULL && s->restart == NULL)
		return err_set(err, ERR_OTHER, file,
		    "check without restart is never run");
	if (s->facts.directions == 0)
		return err_set(err, ERR_OTHER, file, "directions names none");
	return 0;
}

static int
take_all(cfg_t *cfg, const char *file, struct service *s, struct err *err)
{
	take_facts(cfg, &s->facts);
	take_owner(cfg, s);
	s->daemonises = cfg_getbool(cfg, "daemonises") == cfg_true;
	if (take_features(cfg, &s->facts, file, err) == -1 ||
	    take_probe(cfg, &s->facts, file, err) == -1 ||
	    take_variants(cfg, s, err) == -1 ||
	    take_command(cfg, "check", &s->check, err) == -1 ||
	    take_command(cfg, "restart", &s->restart, err) == -1 ||
	    take_command(cfg, "stop", &s->stop, err) == -1)
		return -1;
	s->facts.has_check = s->check != NULL;
	s->facts.has_restart = s->restart != NULL;
	s->facts.has_stop = s->stop != NULL;
	return check_whole(s, file, err);
}

int
service_load(int dirfd, const char *file, struct service *ret_service, struct err *err)
{
	size_t len = strlen(file) - strlen(SUFFIX);
	struct service service;
	cfg_t *cfg;

	memset(&service, 0, sizeof(service)); /* also the padding, which is hashed */
	if (len >= sizeof(service.facts.name))
		return err_set(err, ERR_OTHER, file, "a service's name is too long");
	memcpy(service.facts.name, file, len);
	if (!cfgfile_is_name(service.facts.name))
		return err_set(err, ERR_OTHER, file, "is not named like a service");
	if ((cfg = cfgfile_load(dirfd, file, options, rules, nitems(rules), err)) ==
	    NULL)
		return -1;
	if (take_all(cfg, file, &service, err) == -1) {
		(void)cfg_free(cfg);
		service_clear(&service);
		return -1;
	}
	(void)cfg_free(cfg);
	*ret_service = service;
	return 0;
}

static void
free_command(char **argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

void
service_clear(struct service *s)
{
	size_t i;

	free_command(s->check);
	free_command(s->restart);
	free_command(s->stop);
	for (i = 0; i < VERIFY_MODE_MAX; i++)
		free(s->variants[i]);
	memset(s, 0, sizeof(*s));
}
