/* SPDX-License-Identifier: ISC */
/*
 * The number each service's name has in certconfServiceTable.  A name keeps it for
 * ever, also while it has no definition, and no other name ever gets it: managers
 * know a row by its number alone.  They are kept in state/service-indices.
 */
#ifndef AGENT_SERVICE_INDEX_H
#define AGENT_SERVICE_INDEX_H

#include "agent/service.h"

/*
 * Gives each service of the set its index, a name that is new the next free one, and
 * adds the names that are no longer defined.  dir: state/.  A new index is durable
 * before it is given out; when that fails it is logged, and the service has index 0
 * until the definitions change or the daemon starts again.  The revision does not tell
 * of any of this, so that equal definitions have an equal one.
 */
void service_index_assign(int dir, struct service_set *);

#endif
