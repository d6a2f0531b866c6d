/* SPDX-License-Identifier: ISC */
/* certconf(1): the command line, and which verb it means. */
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <libxml/parser.h>

#include "cli/cli.h"
#include "lib/names.h"

struct option_spec {
	const char *name;
	int letter;           /* 0: none */
	const char *argument; /* NULL: takes no value */
	const char *summary;
};

/* Every verb takes these. */
#define OPTIONS_ALWAYS                                                                 \
	(1u << OPTION_SOCKET | 1u << OPTION_JSON | 1u << OPTION_HELP |                 \
	    1u << OPTION_VERSION)
#define OPTIONS_TERMS                                                                  \
	(1u << OPTION_COMMENT | 1u << OPTION_CONFIRM | 1u << OPTION_DEFER_RESTART)
#define OPTIONS_COMMIT (1u << OPTION_COMMIT | OPTIONS_TERMS)

static const struct option_spec options[OPTION_MAX] = {
	[OPTION_SOCKET] = { "socket", 's', "PATH", "the agent's socket" },
	[OPTION_JSON] = { "json", 'j', NULL, "print JSON" },
	[OPTION_HELP] = { "help", 'h', NULL, "show usage and an example" },
	[OPTION_VERSION] = { "version", 'V', NULL, "show the version" },
	[OPTION_ALL] = { "all", 'a', NULL, "show the whole trust store" },
	[OPTION_ALLOW_EXPIRED] = { "allow-expired", 0, NULL,
	    "do not refuse for dates" },
	[OPTION_CERT] = { "cert", 0, "FILE",
	    "certificate and intermediates, PEM or DER" },
	[OPTION_COMMENT] = { "comment", 'm', "TEXT", "what the history says about it" },
	[OPTION_COMMIT] = { "commit", 'c', NULL,
	    "put it in force at once, on its own" },
	[OPTION_CONFIRM] = { "confirm", 0, "TIME",
	    "undo it after TIME unless confirmed: 90s, 10m, 2h" },
	[OPTION_DEFER_RESTART] = { "defer-restart", 0, NULL,
	    "leave services as they are: certconf restart" },
	[OPTION_ID] = { "id", 0, "ID", "what another's confirmed commit is called" },
	[OPTION_KEY] = { "key", 0, "FILE", "private key, PEM or DER" },
	[OPTION_KEY_PASSWORD_FILE] = { "key-password-file", 0, "FILE",
	    "the same as --password-file" },
	[OPTION_MODE] = { "mode", 0, "MODE",
	    "none, outgoing or outgoing-and-incoming" },
	[OPTION_NAME] = { "name", 0, "NAME", "name of the credential; default local" },
	[OPTION_PASSWORD_FILE] = { "password-file", 'p', "FILE",
	    "first line is the password of encrypted keys; - is standard input" },
	[OPTION_SPOOL] = { "spool", 0, "DIR",
	    "where --wait keeps what failed; default " STATE_DIR "/spool" },
	[OPTION_TRUST_STORE] = { "trust-store", 0, "FILE",
	    "the whole trust store, PEM" },
	[OPTION_WAIT] = { "wait", 0, "TIME",
	    "wait so long while the agent is busy, and keep what failed" },
};

static int help(struct cli *);

const struct verb verbs[] = {
	{ "status", verb_status, 1u << OPTION_ALL, 0, 0, "[--all]",
	    "show certificates, trust store, services and what to do next",
	    "Shows what is in force. --all lists the whole trust store.",
	    "certconf status" },
	{ "import", verb_import,
	    OPTIONS_COMMIT | 1u << OPTION_ALLOW_EXPIRED | 1u << OPTION_CERT |
		1u << OPTION_KEY | 1u << OPTION_KEY_PASSWORD_FILE | 1u << OPTION_MODE |
		1u << OPTION_NAME | 1u << OPTION_PASSWORD_FILE | 1u << OPTION_SPOOL |
		1u << OPTION_TRUST_STORE | 1u << OPTION_WAIT,
	    0, 1, "FILE | --cert FILE --key FILE [--trust-store FILE] [--mode MODE]",
	    "take an XML document, or certificate and key files",
	    "Changes the candidate; with --commit the change is put in force at once, on "
	    "its own.\nFILE - is standard input; --comment needs --commit.\n"
	    "--wait is for programs: it waits for a commit under way, and what fails all "
	    "the same is kept and tried again every hour.",
	    "certconf import --cert fullchain.pem --key privkey.pem --commit" },
	{ "template", verb_template, 0, 0, 0, "",
	    "print a commented document to fill in",
	    "Fill it in, then: certconf check FILE", "certconf template > device.xml" },
	{ "check", verb_check, 1u << OPTION_PASSWORD_FILE | 1u << OPTION_ALLOW_EXPIRED,
	    1, 1, "FILE", "judge a document without an agent",
	    "Judges FILE as the first document on a new device, and sends nothing.",
	    "certconf check device.xml" },
	{ "set", verb_set, OPTIONS_COMMIT, 2, 3,
	    "verification-mode MODE | service NAME enabled|disabled | monitoring SETTING "
	    "VALUE | certificate|trust-anchor NAME monitored|unmonitored",
	    "change the verification mode, switch a service, or say when to warn",
	    "MODE is none, outgoing or outgoing-and-incoming. SETTING is warning-days, "
	    "warning-percent, critical-days, critical-percent, repeat-hours, "
	    "minimum-interval or notify; VALUE can be default.",
	    "certconf set verification-mode outgoing" },
	{ "delete", verb_delete, OPTIONS_COMMIT, 1, 1, "certificate | trust-store",
	    "go back to the factory certificate, or empty the trust store",
	    "Changes the candidate; with --commit the change is put in force at once.",
	    "certconf delete certificate --commit" },
	{ "validate", verb_validate, 0, 0, 0, "", "judge the candidate",
	    "Changes nothing.", "certconf validate" },
	{ "commit", verb_commit, OPTIONS_TERMS, 0, 0,
	    "[--comment TEXT] [--confirm TIME] [--defer-restart]",
	    "put the candidate in force",
	    "Services are restarted and probed; if one does not serve the new certificate, "
	    "everything is put back.\nWith --confirm it is also put back when the time is "
	    "over, unless certconf confirm was given; another commit --confirm begins the "
	    "time anew.",
	    "certconf commit --confirm 10m --comment 'renewed for 2027'" },
	{ "confirm", verb_confirm, 1u << OPTION_ID, 0, 0, "[--id ID]",
	    "keep what a commit with --confirm has put in force",
	    "Another user's is kept with the id it was begun with; this command's is "
	    "certconf-cli:USER.",
	    "certconf confirm" },
	{ "cancel", verb_cancel, 1u << OPTION_ID, 0, 0, "[--id ID]",
	    "go back from a commit with --confirm now",
	    "What was in force before it is put in force again, as when its time is "
	    "over.",
	    "certconf cancel" },
	{ "discard", verb_discard, 0, 0, 0, "", "throw the candidate away",
	    "What is in force stays as it is.", "certconf discard" },
	{ "rollback", verb_rollback, OPTIONS_TERMS, 0, 1,
	    "[N] [--comment TEXT] [--confirm TIME] [--defer-restart]",
	    "put an earlier generation in force again",
	    "Without N, the generation before the one in force.", "certconf rollback" },
	{ "history", verb_history, 0, 0, 0, "", "list the last commits",
	    "Newest first: who, when, from where, how it ended and what it changed.",
	    "certconf history" },
	{ "oid", verb_oid, 0, 0, INT_MAX, "[WORD ...]",
	    "show what to ask over SNMP, and how",
	    "Without words, all questions it knows. Needs no agent and no MIB files.",
	    "certconf oid days until a certificate expires" },
	{ "restart", verb_restart, 0, 0, 0, "", "restart all enabled services",
	    "Finishes a commit with --defer-restart.", "certconf restart" },
	{ "version", verb_version, 0, 0, 0, "", "show the version",
	    "Of this command and, where one runs, of the agent.", "certconf version" },
	{ "help", help, 0, 0, 1, "[VERB]", "show this, or how to use a verb", "",
	    "certconf help import" },
	{ .name = NULL },
};

const struct verb *
verb_find(const char *name)
{
	const struct verb *v;

	for (v = verbs; v->name != NULL; v++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

/* --- help --- */

static void
help_options(uint32_t mask)
{
	const struct option_spec *o;
	char left[40], letter[8];
	int i;

	for (i = 0; i < OPTION_MAX; i++) {
		o = &options[i];
		if ((mask & 1u << i) == 0)
			continue;
		(void)snprintf(letter, sizeof(letter), o->letter != 0 ? "-%c," : "   ",
		    o->letter);
		(void)snprintf(left, sizeof(left), "%s --%s %s", letter, o->name,
		    o->argument != NULL ? o->argument : "");
		(void)printf("  %-29s %s\n", left, o->summary);
	}
}

static int
help_verb(const struct verb *v)
{
	(void)printf("usage: certconf %s%s%s\n\n%c%s.\n", v->name,
	    *v->usage != '\0' ? " " : "", v->usage, v->summary[0] - 'a' + 'A',
	    v->summary + 1);
	if (*v->about != '\0')
		(void)puts(v->about);
	(void)puts("");
	help_options(v->options | OPTIONS_ALWAYS);
	(void)printf("\nexample: %s\n", v->example);
	return EXIT_DONE;
}

static int
help_all(void)
{
	const struct verb *v;

	(void)puts("usage: certconf VERB [options]\n");
	for (v = verbs; v->name != NULL; v++)
		(void)printf("  %-10s %s\n", v->name, v->summary);
	(void)puts("");
	help_options(OPTIONS_ALWAYS);
	(void)puts("\nexample: certconf import device.xml --commit\n"
		   "See certconf help VERB, and certconf(1).");
	return EXIT_DONE;
}

static int
help(struct cli *cli)
{
	const struct verb *v;

	if (cli->noperands == 0)
		return help_all();
	if ((v = verb_find(cli->operands[0])) == NULL)
		return cli_misuse(cli, "there is no verb %s", cli->operands[0]);
	return help_verb(v);
}

/* --- the command line --- */

static void
fill_getopt(struct option *longs, char *shorts)
{
	int i;

	for (i = 0; i < OPTION_MAX; i++) {
		longs[i] = (struct option){ .name = options[i].name,
			.has_arg = options[i].argument != NULL,
			.val = 256 + i };
		if (options[i].letter == 0)
			continue;
		*shorts++ = (char)options[i].letter;
		if (options[i].argument != NULL)
			*shorts++ = ':';
	}
	*shorts = '\0';
}

static int
option_index(int value)
{
	int i;

	if (value >= 256)
		return value - 256;
	for (i = 0; i < OPTION_MAX && options[i].letter != value; i++)
		;
	return i;
}

/* Options may stand anywhere; the first operand is the verb. */
static int
read_options(struct cli *cli, int argc, char **argv)
{
	struct option longs[OPTION_MAX + 1] = { { .name = NULL } };
	char shorts[2 * OPTION_MAX + 1];
	int value, i;

	fill_getopt(longs, shorts);
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if ((i = option_index(value)) >= OPTION_MAX)
			return cli_misuse(cli, "the command line is not understood");
		cli->option[i] = optarg != NULL ? optarg : "";
	}
	if (optind < argc)
		cli->verb = verb_find(argv[optind]);
	if (optind < argc && cli->verb == NULL)
		return cli_misuse(cli, "there is no verb %s", argv[optind]);
	cli->operands = argv + optind + (optind < argc);
	cli->noperands = argc - optind - (optind < argc);
	return EXIT_DONE;
}

static int
check_options(const struct cli *cli)
{
	uint32_t mask = cli->verb->options | OPTIONS_ALWAYS;
	int i;

	for (i = 0; i < OPTION_MAX; i++) {
		if (cli->option[i] != NULL && (mask & 1u << i) == 0)
			return cli_misuse(cli, "%s takes no --%s", cli->verb->name,
			    options[i].name);
	}
	if (cli->noperands < cli->verb->min || cli->noperands > cli->verb->max)
		return cli_misuse(cli, "usage: certconf %s %s", cli->verb->name,
		    cli->verb->usage);
	return EXIT_DONE;
}

static int
run(struct cli *cli)
{
	int status;

	if (cli->verb == NULL && cli_has(cli, OPTION_VERSION))
		return verb_version(cli);
	if (cli->verb == NULL && cli_has(cli, OPTION_HELP))
		return help_all();
	if (cli->verb == NULL)
		return cli_misuse(cli,
		    "what is to be done? for instance: certconf status");
	if (cli_has(cli, OPTION_HELP))
		return help_verb(cli->verb);
	if ((status = check_options(cli)) != EXIT_DONE)
		return status;
	return cli->verb->run(cli);
}

int
main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	struct cli cli = { .verb = NULL };
	int status;

	/* Keys and passwords pass through: no core files, no debugger of other
	 * programs. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setlocale(LC_ALL, "");
	if ((status = read_options(&cli, argc, argv)) == EXIT_DONE)
		status = run(&cli);
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		status = EXIT_FAILED;
	xmlCleanupParser();
	return status;
}
