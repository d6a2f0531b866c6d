/* SPDX-License-Identifier: ISC */
/*
 * Asks an agent as fast as one manager can, one question after the other:
 *
 *   snmp_client PORT get|next OID MS     how often in so many milliseconds
 *   snmp_client PORT walk OID MS         GETBULK of 25, from the first row again
 *
 * and prints how many answers or rows in how many seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define REPETITIONS 25

static void *
connect_to(const char *port)
{
	static char peer[64], community[] = "public";
	netsnmp_session session;

	snprintf(peer, sizeof(peer), "udp:127.0.0.1:%s", port);
	snmp_sess_init(&session);
	session.version = SNMP_VERSION_2c;
	session.peername = peer;
	session.community = (u_char *)community;
	session.community_len = strlen(community);
	session.timeout = 5000000;
	return snmp_sess_open(&session);
}

static netsnmp_pdu *
ask(void *session, int command, const oid *name, size_t len)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command), *answer = NULL;

	if (command == SNMP_MSG_GETBULK) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = REPETITIONS;
	}
	snmp_add_null_var(pdu, name, len);
	if (snmp_sess_synch_response(session, pdu, &answer) != STAT_SUCCESS ||
	    answer->errstat != SNMP_ERR_NOERROR || answer->variables == NULL ||
	    answer->variables->type == SNMP_NOSUCHOBJECT ||
	    answer->variables->type == SNMP_NOSUCHINSTANCE) {
		fprintf(stderr, "no answer\n");
		exit(1);
	}
	return answer;
}

/*
 * How many rows are in an answer, and where to go on.  What follows the last row costs
 * as much as a row, and counts; then it begins again.
 */
static size_t
take_rows(const netsnmp_pdu *answer, const oid *root, size_t root_len,
    oid next[MAX_OID_LEN], size_t *next_len)
{
	const netsnmp_variable_list *v;
	size_t rows = 0;
	int beyond = 0;

	for (v = answer->variables; v != NULL; v = v->next_variable) {
		if (v->type == SNMP_ENDOFMIBVIEW || v->name_length < root_len ||
		    snmp_oid_compare(v->name, root_len, root, root_len) != 0)
			beyond = 1;
		rows++;
		memcpy(next, v->name, v->name_length * sizeof(oid));
		*next_len = v->name_length;
	}
	if (beyond) {
		memcpy(next, root, root_len * sizeof(oid));
		*next_len = root_len;
	}
	return rows;
}

static double
seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(int argc, char *argv[])
{
	oid root[MAX_OID_LEN], next[MAX_OID_LEN];
	size_t root_len = MAX_OID_LEN, next_len, done = 0;
	const int bulk = argc == 5 && strcmp(argv[2], "walk") == 0;
	double begin, now, end;
	netsnmp_pdu *answer;
	void *session;
	int command;

	(void)setenv("MIBS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS,
	    1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
	    1);
	init_snmp("bench");
	if (argc != 5 || (session = connect_to(argv[1])) == NULL ||
	    !read_objid(argv[3], root, &root_len))
		return 2;
	command = bulk                    ? SNMP_MSG_GETBULK
	    : strcmp(argv[2], "get") == 0 ? SNMP_MSG_GET
					  : SNMP_MSG_GETNEXT;
	memcpy(next, root, sizeof(root));
	next_len = root_len;
	begin = now = seconds();
	end = begin + atof(argv[4]) / 1000;
	for (; now < end; now = seconds()) {
		answer = ask(session, command, next, next_len);
		done += bulk ? take_rows(answer, root, root_len, next, &next_len) : 1;
		snmp_free_pdu(answer);
	}
	printf("%zu %.6f\n", done, now - begin);
	return 0;
}
