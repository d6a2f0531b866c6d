/* SPDX-License-Identifier: ISC */
/*
 * How a notification comes about:
 *
 *   alarms    judges rows and the device: which alarm has which level now
 *   events    what a commit changed
 *   sources   one state for each (class, row): what was told, what is true now, and
 *             whether the difference may be told already
 *   outbox    numbers it, makes it durable, and passes it on until a master took it
 *   notices   says it in one sentence
 *
 * Nothing here is lost because there is no room: what cannot be told yet stays a
 * difference in its source, and is told when there is.
 */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include "agent/engine.h"
#include "agent/outbox_file.h"

/* Alarms first, then events; the numbers are in state/outbox. */
enum source_class {
	SOURCE_EXPIRY,
	SOURCE_NOT_YET_VALID,
	SOURCE_KEY,
	SOURCE_CHAIN,
	SOURCE_TRUST_EXPIRY,
	SOURCE_CLOCK,
	SOURCE_RESTART,
	SOURCE_STUCK,
	SOURCE_SERVICE,
	SOURCE_FILES,
	SOURCE_FACTORY,
	SOURCE_REPLACED,
	SOURCE_TRUST,
	SOURCE_MODE,
	SOURCE_DONE,
	SOURCE_FAILED,
	SOURCE_CLASS_MAX
};
#define SOURCE_FIRST_EVENT SOURCE_FACTORY

extern const enum source_class notify_class_of[NOTIFY_KIND_MAX];

/* --- sources --- */
/*
 * The level this alarm has now, 0 being none.  values may be NULL: they are taken when
 * it is told.
 */
void source_set(struct engine *, enum source_class, uint32_t index, uint32_t level,
    const struct notification *values);
/* Level 0 for all rows of this class that are gone, with the values they had. */
typedef bool source_gone(struct engine *, const void *context, enum source_class,
    uint32_t index, struct notification *ret_values);
void sources_drop(struct engine *, source_gone *, const void *context);
/* Tells what may be told now, and comes back for the rest. */
void sources_pump(struct engine *);
bool source_is_raised(const struct engine *, enum source_class, uint32_t index);
/* As after this was told; at start. */
void source_restore(struct engine *, enum source_class, uint32_t index, uint32_t level,
    int64_t sent);
int sources_save(const struct engine *, struct buf *, struct err *);

/* --- alarms --- */
/*
 * What an alarm at this level is told with: these values, or with NULL those it has
 * now.
 */
void alarms_fill(struct engine *, enum source_class, uint32_t index, uint32_t level,
    const struct notification *values, struct notification *ret_notification);
/* The values of a row of this snapshot; false: there is none. */
bool alarms_fill_row(const struct engine *, const struct snapshot *, enum source_class,
    uint32_t index, struct notification *);

/* --- outbox --- */
enum room { ROOM_NONE, ROOM_EVENTS, ROOM_ALL };
enum room outbox_room(const struct engine *);
/* Gives it time and number. */
void outbox_add(struct engine *, struct notification *);

/* --- notices --- */
void notice_make(const struct notification *, struct status_notice *ret_notice);

#endif
