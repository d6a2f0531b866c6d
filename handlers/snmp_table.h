/* SPDX-License-Identifier: ISC */
/*
 * Tables as lists of columns over sorted rows.  This module alone knows how net-snmp
 * asks; whoever defines a table knows only rows and values, and nothing of the process
 * that registers it.
 *
 * A group of scalars is a table with one row, whose index is 0: RFC 2578 7 makes their
 * OIDs just that.  Each table is registered once, for good, with all its columns known
 * or absent.
 */
#ifndef HANDLERS_SNMP_TABLE_H
#define HANDLERS_SNMP_TABLE_H

#include "handlers/snmp_view.h"

#define SNMP_INDICES 2 /* the most that any table has */
#define NO_CERT UINT32_MAX

/*
 * Of what is registered without SETs, which is what a plugin of snmpd does.  It is
 * better than the 127 of AgentX: with both in one snmpd the subagent's registration is
 * taken too, and the plugin answers.
 */
#define SNMP_READ_ONLY_PRIORITY 100

/* Structs of the net-snmp library. */
struct netsnmp_agent_request_info_s;
struct netsnmp_request_info_s;

/* What a value is asked for. */
struct snmp_cell {
	struct snmp_view *view;
	const struct snmp_table *table;
	const struct snmp_column *column;
	const void *row; /* as the table gave it */
	uint32_t index[SNMP_INDICES];
};

struct snmp_column {
	unsigned int number;
	void (*get)(const struct snmp_cell *, struct snmp_value *);
	/* What tells columns apart that have one function. */
	size_t arg;
	size_t size;               /* of the member, see snmp_field.h */
	const struct names *names; /* of an enumeration */
};

/* The lines of a list of columns; see also snmp_field.h and snmp_fact.h. */
#define GETTER(n, function)                                                            \
	{                                                                              \
		.number = (n), .get = (function)                                       \
	}
#define GETTER_OF(n, function, what)                                                   \
	{                                                                              \
		.number = (n), .get = (function), .arg = (what)                        \
	}

struct snmp_table {
	const char *name; /* for the library's messages */
	/* The node right above the columns: the entry of a table, or the group. */
	const unsigned long *oid;
	size_t oid_len;
	const struct snmp_column *columns; /* in ascending order */
	size_t ncolumns;
	bool writable;    /* some of it: whoever is given a set decides which */
	unsigned indices; /* how many numbers name a row; 0: a group of scalars */
	/* These are called only while the view is ready; count: of tables. */
	size_t (*count)(const struct snmp_view *);
	/* Row n, and its index: they ascend with n, as OIDs do. */
	const void *(
	    *row)(const struct snmp_view *, size_t n, uint32_t ret_index[SNMP_INDICES]);
	/*
	 * The certificate a row is about, for snmp_fact(): its number in the snapshot,
	 * or NO_CERT.
	 */
	uint32_t (*cert)(const struct snmp_cell *);
};

/* What every table says of itself; OIDs and columns are arrays. */
#define SNMP_TABLE(its_name, its_oid, its_columns)                                     \
	.name = (its_name), .oid = (its_oid), .oid_len = nitems(its_oid),              \
	.columns = (its_columns), .ncolumns = nitems(its_columns)

/* A registered table. */
struct snmp_subtree {
	const struct snmp_table *table;
	struct snmp_view *view;
	/*
	 * One phase of a SET, with all its variables that are of this table.  NULL: all
	 * of it is read-only.
	 */
	void (*set)(void *context, const struct snmp_subtree *,
	    struct netsnmp_agent_request_info_s *, struct netsnmp_request_info_s *);
	void *set_context;
	size_t answered; /* the row a GETNEXT got last: where a walk goes on */
};

/* The subtree must live as long as the process.  -1 when the library refuses. */
int snmp_subtree_register(struct snmp_subtree *);
void snmp_subtree_unregister(const struct snmp_subtree *);

/* The column an OID is in, whatever row it names; NULL when it is in none. */
const struct snmp_column *snmp_table_column(const struct snmp_table *,
    const unsigned long *name, size_t len);

/* Whether an OID names a row that is there: which, and its index. */
bool snmp_table_row(const struct snmp_subtree *, const unsigned long *name, size_t len,
    uint32_t ret_index[SNMP_INDICES]);

#endif
