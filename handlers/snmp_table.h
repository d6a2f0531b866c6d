/* SPDX-License-Identifier: ISC */
/*
 * Tables and groups of scalars as lists of columns over sorted rows.  This module alone
 * knows how net-snmp asks; whoever defines a table knows only rows and values.
 *
 * Each subtree is registered once, for good, with all its columns known or absent.
 */
#ifndef HANDLERS_SNMP_TABLE_H
#define HANDLERS_SNMP_TABLE_H

#include "handlers/snmp_view.h"

/* Structs of the net-snmp library. */
struct netsnmp_agent_request_info_s;
struct netsnmp_request_info_s;

/* What a value is asked for. */
struct snmp_cell {
	struct snmp_view *view;
	const void *row;  /* as the table gave it; NULL for scalars */
	unsigned int arg; /* of the column */
};

struct snmp_column {
	unsigned int number;
	void (*get)(const struct snmp_cell *, struct snmp_value *);
	unsigned int arg; /* tells columns apart that have one function */
};

struct snmp_table {
	const char *name; /* for the library's messages */
	const unsigned long *oid;
	size_t oid_len;
	const struct snmp_column *columns; /* in ascending order */
	size_t ncolumns;
	size_t (*count)(const struct snmp_view *);
	/* Row n, and its index: they ascend with n. */
	const void *(*row)(const struct snmp_view *, size_t n, uint32_t *ret_index);
};

struct snmp_group {
	const char *name;
	const unsigned long *oid;
	size_t oid_len;
	const struct snmp_column *columns; /* in ascending order */
	size_t ncolumns;
	/*
	 * One phase of a SET, with all its variables that are of this group.  NULL: all
	 * of it is read-only.
	 */
	void (*set)(void *context, const struct snmp_group *,
	    struct netsnmp_agent_request_info_s *, struct netsnmp_request_info_s *);
};

/* A registered subtree: one of table and group. */
struct snmp_subtree {
	const struct snmp_table *table;
	const struct snmp_group *group;
	struct snmp_view *view;
	void *set_context; /* for the group's set */
};

/* The subtree must live as long as the process.  -1 when the library refuses. */
int snmp_subtree_register(struct snmp_subtree *);

/* Which scalar of the group it is about: its number; 0 when it names none. */
unsigned int snmp_group_scalar(const struct snmp_group *, const unsigned long *name,
    size_t len);

#endif
