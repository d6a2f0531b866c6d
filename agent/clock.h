/* SPDX-License-Identifier: ISC */
/* Time that only goes forward, for deadlines. */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);
/* Also while the device sleeps; for what must end whatever happens. */
int64_t clock_boot_ms(void);

#endif
