/* SPDX-License-Identifier: ISC */
/* What a person should do next, told from the state of the agent. */
#ifndef CLI_NEXT_H
#define CLI_NEXT_H

#include <jansson.h>

/* Sentences, the most urgent first; a new reference to an array that may be empty. */
json_t *next_steps(const json_t *state);

#endif
