/* SPDX-License-Identifier: ISC */
/*
 * certconf.so for snmpd's dlmod: the same tables as certconf-snmp, inside of snmpd.  A
 * walk is several times faster so, since no question has to cross a socket; but all is
 * read-only, and notifications and SETs go through AgentX.
 */
#include <stdio.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "handlers/snmp_files.h"
#include "handlers/snmp_tables.h"

#define TOKEN "certconfRunDirectory"
#define EXPORTED __attribute__((visibility("default")))

/* Called by snmpd. */
EXPORTED void init_certconf(void);
EXPORTED void deinit_certconf(void);

static struct snmp_files files = {
	.snapshot_file.fd = -1,
	.status_file.fd = -1,
};

static void
on_log(const char *text)
{
	(void)snmp_log(LOG_WARNING, "%s\n", text);
}

static uint32_t
uptime(void)
{
	return (uint32_t)netsnmp_get_agent_uptime();
}

static void
on_directory(const char *token, char *line)
{
	if (line[0] == '/' && strlen(line) < sizeof(files.dir))
		snmp_files_open(&files, line);
	else
		netsnmp_config_error("%s must be an absolute path", token);
}

void
init_certconf(void)
{
	files.log = on_log;
	files.uptime = uptime;
	snmp_files_open(&files, RUN_DIR);
	(void)snmpd_register_config_handler(TOKEN, on_directory, NULL, "DIRECTORY");
	if (snmp_tables_register(&files.view, NULL, NULL) == -1)
		on_log("certconf: not all of CERTCONF-MIB can be registered");
}

/* Nothing of snmpd may point into the plugin afterwards: it is unloaded. */
void
deinit_certconf(void)
{
	snmpd_unregister_config_handler(TOKEN);
	snmp_tables_unregister();
	snmp_files_close(&files);
}
