/* SPDX-License-Identifier: ISC */
/*
 * The view of a process that is not ours: snapshot and status from the files certconfd
 * publishes in its run directory (lib/published.h).  Nothing here waits.
 */
#ifndef HANDLERS_SNMP_FILES_H
#define HANDLERS_SNMP_FILES_H

#include <sys/stat.h>

#include "agent/memfile.h"
#include "handlers/snmp_view.h"
#include "lib/published.h"

/* A file that another one may take the place of. */
struct snmp_file {
	int fd; /* -1: none; while it is open no other file has its number */
	dev_t device;
	ino_t inode;
	bool gone;    /* there is none now, or none that could be read */
	bool foreign; /* of another version of certconf */
	bool usable;
};

struct snmp_files {
	struct snmp_view view;
	char dir[STATUS_TEXT];
	/* given by who has the library */
	void (*log)(const char *text);
	uint32_t (*uptime)(void);
	struct snmp_file snapshot_file, status_file;
	struct mapping mapping; /* of the view's snapshot */
	bool has_snapshot, has_status;
	bool stale;           /* the engine is down, and the view says so */
	int64_t refreshed_ms; /* CLOCK_MONOTONIC_COARSE */
	int64_t look_ms;      /* when the files are looked for again */
	uint64_t snapshots;   /* the number the status had then */
	struct published last, scratch;
};

/* From now on in this directory; what was read elsewhere is forgotten. */
void snmp_files_open(struct snmp_files *, const char *dir);
void snmp_files_close(struct snmp_files *);

#endif
