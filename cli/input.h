/* SPDX-License-Identifier: ISC */
/* What a person hands over: files, and passwords. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/err.h"

#define INPUT_STDIN "-"

/*
 * Reads a file or pipe, or standard input for "-", up to its end.  Refuses more than
 * limit octets.  The buffer is to be wiped by the caller.
 */
int input_read(const char *path, size_t limit, struct buf *ret_octets, struct err *);

/* The first line of a file as a password, without its end of line; not empty. */
int input_password(const char *path, struct buf *ret_password, struct err *);

/* Whether a person is there who could be asked. */
bool input_can_ask(void);

/* Asks for a password on the terminal, without showing it. */
int input_ask(const char *question, struct buf *ret_password, struct err *);

#endif
