/* SPDX-License-Identifier: ISC */
#include "lib/published.h"

#include <string.h>

static void
forget(void *text, size_t size)
{
	memset(text, 0, size);
}

void
published_fill(struct published *p, const struct status *status)
{
	struct status *s = &p->status;

	memcpy(s, status, sizeof(*s));
	forget(&s->candidate_problem, sizeof(s->candidate_problem));
	forget(s->confirm_user, sizeof(s->confirm_user));
	forget(s->confirm_persist, sizeof(s->confirm_persist));
	forget(s->refused_user, sizeof(s->refused_user));
	forget(s->refused_text, sizeof(s->refused_text));
	forget(s->kept, sizeof(s->kept));
	for (uint32_t i = 0; i < LIMIT_HISTORY; i++) {
		forget(s->commits[i].comment, sizeof(s->commits[i].comment));
		forget(s->commits[i].changes, sizeof(s->commits[i].changes));
	}
}

const char *
published_check(const struct published *p)
{
	if (memcmp(p->magic, PUBLISHED_MAGIC, sizeof(p->magic)) != 0)
		return "it does not begin as one";
	if (p->version != PUBLISHED_VERSION || p->size != sizeof(*p))
		return "it is of another version";
	return status_check(&p->status);
}
