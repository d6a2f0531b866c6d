/* SPDX-License-Identifier: ISC */
/*
 * What sessions ask of the engine, one function a request; each answers its session.
 *
 *   requests         the configuration: read, edit, validate, discard, lock
 *   requests_commit  what puts it in force
 */
#ifndef AGENT_REQUESTS_H
#define AGENT_REQUESTS_H

#include "agent/sessions.h"

/* What a session says is text for people only once it is terminated. */
struct err *request_terminated(struct err *);
void request_refuse(struct session *, uint32_t id, const struct err *);
/* The base it was built on is not what it is now: it does it again. */
void request_refuse_stale(struct session *, uint32_t id);
/* Whether it may change anything now; refuses otherwise. */
bool request_may_write(struct session *, uint32_t id);
/* What it made, with its keys on their way to the monitor; NULL: it was refused. */
struct held *request_take(struct session *, const struct ses_edit *, struct msg *);
/* A document was taken: what was refused before is history. */
void request_taken(struct engine *);

/* --- requests_commit --- */
void request_commit(struct session *, struct msg *);
void request_confirm(struct session *, struct msg *);
void request_cancel(struct session *, struct msg *);
void request_restart(struct session *, struct msg *);

#endif
