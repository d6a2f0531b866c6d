/* SPDX-License-Identifier: ISC */
/*
 * What all verbs of the certconf command share: the command line as it was understood,
 * how a failure is told, and the exit statuses of certconf(1).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/err.h"

enum exit_status {
	EXIT_DONE,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_INVALID,     /* what was given is wrong */
	EXIT_REFUSED,     /* locked, not permitted, busy */
	EXIT_ROLLED_BACK, /* a service did not take it */
	EXIT_UNREACHABLE  /* no agent answers */
};

enum option_id {
	OPTION_SOCKET,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_ALL,
	OPTION_ALLOW_EXPIRED,
	OPTION_CERT,
	OPTION_COMMENT,
	OPTION_COMMIT,
	OPTION_CONFIRM,
	OPTION_DEFER_RESTART,
	OPTION_ID,
	OPTION_KEY,
	OPTION_KEY_PASSWORD_FILE,
	OPTION_MODE,
	OPTION_NAME,
	OPTION_PASSWORD_FILE,
	OPTION_SPOOL,
	OPTION_TRUST_STORE,
	OPTION_WAIT,
	OPTION_MAX
};

struct verb;

struct cli {
	const struct verb *verb;
	const char *option[OPTION_MAX]; /* NULL: not given; "" when it takes no value */
	char **operands;
	int noperands;
	const char *file; /* where lines of an error are counted in; NULL: nowhere */
};

/* A verb returns an enum exit_status, and has told about its failure before. */
struct verb {
	const char *name;
	int (*run)(struct cli *);
	uint32_t options; /* bit n: takes enum option_id n */
	int min, max;     /* operands */
	const char *usage;
	const char *summary;
	const char *about; /* what a person should know before using it */
	const char *example;
};

bool cli_has(const struct cli *, enum option_id);

/*
 * Path of the agent's socket: the option, else CERTCONF_SOCKET, else the built-in one.
 */
const char *cli_socket(const struct cli *);

/* Tells the error on stderr, as one sentence. */
void cli_sentence(const struct cli *, const struct err *);
/* The same for programs; a new reference. */
json_t *cli_error_json(const struct cli *, const struct err *);
/*
 * Tells it on stderr and, with --json, on stdout as { "error": ... }; returns status.
 */
int cli_fail(const struct cli *, int status, const struct err *);

/* The exit status an error of the agent's deserves: what is named and is not there was
 * given wrong. */
int cli_status(const struct err *);

struct client;
/* Connects to the agent.  NULL: the failure has been told; exit EXIT_UNREACHABLE. */
struct client *cli_connect(const struct cli *);
/* cli_fail() for an error of a request: of the agent's, or of a broken connection. */
int cli_fail_request(const struct cli *, const struct client *, const struct err *);

/* A misuse of the command line: one sentence and where to read on.  EXIT_USAGE. */
int cli_misuse(const struct cli *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * What --confirm and --defer-restart say.  Returns EXIT_USAGE, and has told why, when
 * they cannot be.
 */
struct terms;
int cli_terms(const struct cli *, struct terms *ret_terms);

/* cli_misuse() for a verification mode that is none: it lists them. */
int cli_no_mode(const struct cli *, const char *mode);

/* One line on stderr of what is done but should be looked at. */
void cli_warn_incomplete(const char *subject);

int verb_cancel(struct cli *);
int verb_check(struct cli *);
int verb_commit(struct cli *);
int verb_confirm(struct cli *);
int verb_delete(struct cli *);
int verb_discard(struct cli *);
int verb_history(struct cli *);
int verb_import(struct cli *);
int verb_oid(struct cli *);
int verb_restart(struct cli *);
int verb_rollback(struct cli *);
int verb_set(struct cli *);
int verb_status(struct cli *);
int verb_template(struct cli *);
int verb_validate(struct cli *);
int verb_version(struct cli *);

/* All of them, in the order help shows them; ends with a NULL name. */
extern const struct verb verbs[];

/* NULL when there is none. */
const struct verb *verb_find(const char *name);

#endif
