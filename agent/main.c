/* SPDX-License-Identifier: ISC */
/*
 * certconfd: the options, and what its processes run.  The only file that knows all
 * parts.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent/conf.h"
#include "agent/conf_check.h"
#include "agent/engine.h"
#include "agent/log.h"
#include "agent/nursery.h"
#include "agent/probe.h"
#include "agent/supervisor.h"
#include "handlers/session.h"
#include "handlers/warm.h"
#include "handlers/worker.h"

static const struct nursery_kinds kinds = { session_run, worker_run, probe_run };

static void
nursery(int engine)
{
	struct err err = { 0 };

	if (warm_up(&err) == -1)
		fatal("nursery", "%s", err.text);
	nursery_run(engine, &kinds);
}

static const struct processes processes = { .engine = engine_run, .nursery = nursery };

static int
usage(FILE *out, int status)
{
	fprintf(out,
	    "usage: certconfd [-d] [-f FILE] [-t] [-V]\n"
	    "  -d       stay in the foreground and log to standard error\n"
	    "  -f FILE  configuration, instead of " CONF_DIR "/certconfd.conf\n"
	    "  -t       check the configuration and end\n"
	    "  -V       show the version\n");
	return status;
}

int
main(int argc, char **argv)
{
	const char *file = CONF_DIR "/certconfd.conf";
	int option, foreground = 0, test = 0;
	struct conf conf;
	struct err err = { 0 };

	while ((option = getopt(argc, argv, "df:htV")) != -1) {
		switch (option) {
		case 'd':
			foreground = 1;
			break;
		case 'f':
			file = optarg;
			break;
		case 't':
			test = 1;
			break;
		case 'V':
			puts(PACKAGE_STRING);
			return 0;
		default:
			return usage(option == 'h' ? stdout : stderr,
			    option == 'h' ? 0 : 2);
		}
	}
	log_open("certconfd", 1, LOG_LEVEL_INFO);
	if (conf_load(file, &conf, &err) == -1 || conf_check(&conf, &err) == -1) {
		fprintf(stderr, "certconfd: %s%s%s\n", err.where,
		    *err.where ? ": " : "", err.text);
		return 1;
	}
	conf.foreground = foreground;
	return test ? conf_check_services(&conf) : supervisor_run(&conf, &processes);
}
