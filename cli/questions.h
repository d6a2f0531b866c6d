/* SPDX-License-Identifier: ISC */
/*
 * Which object of CERTCONF-MIB answers which question.  certconf-snmp(7) shows the same
 * table; tests/lint/test_questions.py compares both with the MIB.
 */
#ifndef CLI_QUESTIONS_H
#define CLI_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct question {
	const char *text;
	const char *object;
	const char
	    *values; /* what its value means: numbers with their labels, or units */
	const char *words; /* by what else people ask for it */
	const uint32_t *oid;
	size_t length;
	/* for snmpset, type and value, when it can be changed; else NULL */
	const char *set;
};

extern const struct question questions[];
extern const size_t nquestions;

#define OID_TEXT_SIZE 96

/* "1.3.6.1.4.1.32473.1.1.1.3.0".  Returns buf. */
const char *question_oid(const struct question *, char *buf, size_t size);

/* Whether it is one instance, to get; a column has many, to walk. */
bool question_is_instance(const struct question *);

/* Whether communities must not see it: it tells who changes what. */
bool question_is_config(const struct question *);

/*
 * How many of count words of a question it has, in text, object or words; which is
 * asked in what form does not matter.  Words such as "the" count for nothing, and are
 * taken off *ret_asked, which is how many do.
 */
size_t question_match(const struct question *, char *const *words, int count,
    size_t *ret_asked);

#endif
