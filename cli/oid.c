/* SPDX-License-Identifier: ISC */
/*
 * certconf oid: which number to ask for over SNMP.  It needs no agent and no MIB file,
 * since it is where these are missing that numbers are asked for.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/questions.h"

#define COMMAND_SIZE 256
#define NEAREST 3

#define COMMUNITY "-v2c -c public"
#define USER(name) "-v3 -l authPriv -u " name " -a SHA-256 -A PHRASE -x AES -X PHRASE"

/* The line to paste; what communities must not see is asked for with SNMPv3. */
static const char *
command(const struct question *q, char *buf, size_t size)
{
	char oid[OID_TEXT_SIZE];

	(void)snprintf(buf, size, "%s %s localhost .%s",
	    question_is_instance(q) ? "snmpget" : "snmpwalk",
	    question_is_config(q) ? USER("auditor") : COMMUNITY,
	    question_oid(q, oid, sizeof(oid)));
	return buf;
}

/* The line that changes it, of a table that of its first row. */
static const char *
set_command(const struct question *q, char *buf, size_t size)
{
	char oid[OID_TEXT_SIZE];

	(void)snprintf(buf, size, "snmpset " USER("operator") " localhost .%s%s %s",
	    question_oid(q, oid, sizeof(oid)), question_is_instance(q) ? "" : ".1",
	    q->set);
	return buf;
}

static json_t *
question_json(const struct question *q)
{
	char oid[OID_TEXT_SIZE], line[COMMAND_SIZE], change[COMMAND_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "question", q->text,
	    "object", q->object, "oid", question_oid(q, oid, sizeof(oid)), "values",
	    q->values, "command", command(q, line, sizeof(line)), "set",
	    q->set == NULL ? NULL : set_command(q, change, sizeof(change)));
}

static void
print_question(const struct question *q)
{
	char oid[OID_TEXT_SIZE], line[COMMAND_SIZE];

	(void)printf("%s\n", q->text);
	out_field("object", q->object);
	out_field("OID", question_oid(q, oid, sizeof(oid)));
	out_field("value", q->values);
	(void)printf("  %s\n", command(q, line, sizeof(line)));
	if (q->set != NULL)
		(void)printf("  %s\n", set_command(q, line, sizeof(line)));
}

/* The rows that have at least so many of the words. */
static void
print_rows(const struct cli *cli, size_t least)
{
	json_t *list = json_array();
	size_t i, asked, shown = 0;

	for (i = 0; i < nquestions; i++) {
		if (question_match(&questions[i], cli->operands, cli->noperands,
			&asked) < least)
			continue;
		if (cli_has(cli, OPTION_JSON)) {
			(void)json_array_append_new(list, question_json(&questions[i]));
			continue;
		}
		if (shown++ > 0)
			(void)puts("");
		print_question(&questions[i]);
	}
	if (cli_has(cli, OPTION_JSON))
		out_json(json_pack("{s:O}", "question", list));
	json_decref(list);
}

/* Without words: one line each. */
static int
print_all(void)
{
	char oid[OID_TEXT_SIZE];
	size_t i;

	for (i = 0; i < nquestions; i++)
		(void)printf("%-30s %s\n",
		    question_oid(&questions[i], oid, sizeof(oid)), questions[i].text);
	(void)puts(
	    "\nMore about one: certconf oid WORD ...  A number that ends in .0 is for snmpget,\n"
	    "the others are for snmpwalk.");
	return EXIT_DONE;
}

/* Nothing has all the words: what has most of them. */
static int
refuse(const struct cli *cli, size_t best)
{
	char near[256] = "";
	struct err err = { 0 };
	size_t i, asked, shown = 0, at = 0;

	for (i = 0; best > 0 && i < nquestions && shown < NEAREST; i++) {
		if (question_match(&questions[i], cli->operands, cli->noperands,
			&asked) < best)
			continue;
		at += (size_t)snprintf(near + at, sizeof(near) - at, "%s\"%s\"",
		    shown++ > 0 ? ", " : "", questions[i].text);
		if (at >= sizeof(near))
			break;
	}
	if (*near == '\0')
		(void)err_set(&err, ERR_NOT_FOUND, NULL,
		    "no object answers that; certconf oid lists all");
	else
		(void)err_set(&err, ERR_NOT_FOUND, NULL,
		    "no object answers that; nearest: %s", near);
	return cli_fail(cli, cli_status(&err), &err);
}

int
verb_oid(struct cli *cli)
{
	size_t i, n, asked = 0, best = 0;

	for (i = 0; i < nquestions; i++) {
		n = question_match(&questions[i], cli->operands, cli->noperands,
		    &asked);
		best = n > best ? n : best;
	}
	if (asked == 0 && cli->noperands > 0)
		return refuse(cli, 0);
	if (cli->noperands == 0 && !cli_has(cli, OPTION_JSON))
		return print_all();
	if (best < asked)
		return refuse(cli, best);
	print_rows(cli, asked);
	return EXIT_DONE;
}
