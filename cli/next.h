/* SPDX-License-Identifier: ISC */
/* What a person should do next, told from the state of the agent. */
#ifndef CLI_NEXT_H
#define CLI_NEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/*
 * Sentences, the most urgent first; a new reference to an array that may be empty.  me:
 * who runs this, as the agent calls him.
 */
json_t *next_steps(const json_t *state, const char *me);

/*
 * "nginx, sip": the services that do not use yet what is in force, and that only a
 * restart of the device can help, or not; "" for none.  Returns buf.
 */
const char *pending_names(const json_t *state, bool device, char *buf, size_t size);

#endif
