/* SPDX-License-Identifier: ISC */
/* What everyone may know of the services root defined. */
#include "lib/services.h"

const struct service_facts *
services_named(const struct services *services, struct text name)
{
	for (uint32_t i = 0; i < services->count && i < LIMIT_SERVICES; i++) {
		if (text_is(name, services->rows[i].name))
			return &services->rows[i];
	}
	return NULL;
}

uint32_t
services_index(const struct services *services, struct text name)
{
	const struct service_facts *facts = services_named(services, name);

	if (facts != NULL)
		return facts->index;
	for (uint32_t i = 0; i < services->nformer && i < LIMIT_SERVICES; i++) {
		if (text_is(name, services->former[i].name))
			return services->former[i].index;
	}
	return 0;
}

bool
service_verifies(const struct service_facts *facts, enum verify_mode mode)
{
	static const uint32_t directions[VERIFY_MODE_MAX] = {
		[VERIFY_NONE] = 0,
		[VERIFY_OUTGOING] = SERVICE_CALLS_OUT,
		[VERIFY_OUTGOING_AND_INCOMING] =
		    SERVICE_CALLS_OUT | SERVICE_TAKES_CALLS,
	};

	return mode < VERIFY_MODE_MAX && (facts->directions & directions[mode]) != 0;
}

bool
service_has_variants(const struct service_facts *facts)
{
	for (size_t i = 0; i < VERIFY_MODE_MAX; i++) {
		if (facts->has_variant[i])
			return true;
	}
	return false;
}
