/* SPDX-License-Identifier: ISC */
/* certconfd.conf: what root decides about the daemon itself; certconfd.conf(5). */
#ifndef AGENT_CONF_H
#define AGENT_CONF_H

#include <sys/types.h>

#include "lib/err.h"
#include "lib/status.h"

struct conf {
	char user[STATUS_NAME];      /* of engine, nursery, sessions and probes; default
					_certconf */
	char snmp_user[STATUS_NAME]; /* of the snmp process; default: user */
	/* group of the AgentX socket; "": the user's own */
	char snmp_group[STATUS_NAME];
	char write_group[STATUS_NAME]; /* may change the configuration; "": root and own
					  uid only */
	char read_group[STATUS_NAME];  /* may read it; "": who may write */
	char state_dir[STATUS_TEXT];   /* default STATE_DIR */
	char run_dir[STATUS_TEXT]; /* default RUN_DIR; netconf.sock and certconfd.pid */
	char services_dir[STATUS_TEXT];  /* default CONF_DIR "/services.d" */
	char features_dir[STATUS_TEXT];  /* default CONF_DIR "/features.d" */
	char agentx_socket[STATUS_TEXT]; /* default /var/agentx/master; "": no SNMP */
	char snmp_program[STATUS_TEXT];  /* default LIBEXEC_DIR "/certconf-snmp" */
	char model[STATUS_NAME];     /* certconfModel, first line of the status page */
	char host_name[STATUS_NAME]; /* default: gethostname() */
	uint32_t restart_interval;   /* seconds between two restarts of one service;
					default 10 */
	uint32_t verify_interval;    /* seconds between comparisons of the live files
					with their manifest; default 900; 0: never */
	uint32_t retry_interval;     /* seconds between tries to put in force what is in
					the spool; default 3600; 0: never */
	uint32_t log_level;          /* enum log_level */
	int foreground;              /* from the command line */
	int ready_fd;                /* told when all has started; 0: nobody waits */
};

/*
 * Reads the file.  Refused: an unknown option, a value out of range, a path that is not
 * absolute, a file that belongs to neither root nor the caller or is writable by
 * others.
 */
int conf_load(const char *path, struct conf *ret_conf, struct err *);

#endif
