/* SPDX-License-Identifier: ISC */
/* Documents for tests, with certificates and keys of tests/data/make-pki in them. */
#ifndef TESTS_UNIT_DOCUMENTS_H
#define TESTS_UNIT_DOCUMENTS_H

#include "lib/document.h"
#include "lib/schema.h"

#define NOW ((time_t)1800000000) /* 2027-01-15 */
#define MISSING                                                                        \
	{                                                                              \
		NULL, 0                                                                \
	}

#define HEAD "<certconf xmlns='" CERTCONF_NS "' xmlns:nc='" NETCONF_NS "'>\n"
#define DOC(inside) HEAD inside "</certconf>"
#define CERT(file) "<certificate>@" file "@</certificate>"
#define KEY(file) "<private-key>@" file "@</private-key>"
#define PASSWORD(text) "<private-key-password>" text "</private-key-password>"
#define CREDENTIAL(inside) "<credential><name>local</name>" inside "</credential>"
#define LOCAL CREDENTIAL(CERT("p256.crt inter.crt") KEY("p256.key"))
#define TRUST                                                                          \
	"<trust-store><certificates>@ca.crt other.crt@</certificates></trust-store>"
#define MODE "<verification-mode>outgoing</verification-mode>"
#define WEB "<service><name>web</name><enabled>true</enabled></service>"
#define OPERATION(name) " nc:operation='" name "'"

struct run {
	struct arena arena;
	struct text text;
	struct xml_node *root;
	struct document *document;
	struct err err;
};

/*
 * Reads a document in which "@a.crt b.crt@" stands for what is in those files.  Returns
 * -1 with run->err set when it is refused.
 */
int run_read(struct run *, const char *template, const struct document_options *);
void run_clear(struct run *);

struct row {
	const char *name;
	const char *before; /* the configuration it meets, as a document; or NULL */
	const char *document;
	const char *expect; /* what there is then, or the refusal's beginning */
	const char *at;     /* the refusal's line is that of this text */
	const char *operation;
	const char *password;
};

/*
 * Reads and applies each; fails the test at the end, after telling of each that fails.
 */
void check_rows(const struct row *rows, size_t count);

/*
 * What there is in a configuration, shortly, and of that what is not monitored as by
 * default; to be freed.
 */
char *describe(const struct config *);
char *describe_monitoring(const struct config *);
/*
 * "CODE WHERE, line N: TEXT", to be freed; "L CODE WHERE: TEXT" when the line is that
 * of the text "at".
 */
char *describe_refusal(const struct run *, const char *at);
/* 1, and tells of it, unless they are equal, or the one begins with the other. */
int compare(const char *name, const char *got, const char *expect, bool whole);

/* Where the files are. */
const char *documents_directory(void);

int documents_setup(void **state);
int documents_teardown(void **state);

#endif
