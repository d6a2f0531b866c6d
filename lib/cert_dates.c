/* SPDX-License-Identifier: ISC */
/* How much is left of a certificate; apart, for who has no OpenSSL. */
#include "lib/cert.h"

#define DAY 86400

int64_t
cert_days_left(const struct cert *cert, time_t now)
{
	int64_t left = cert->not_after - now;

	return left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY);
}

int
cert_life_left(const struct cert *cert, time_t now)
{
	if (now >= cert->not_after)
		return 0;
	if (now <= cert->not_before)
		return 100;
	return (
	    int)((cert->not_after - now) * 100 / (cert->not_after - cert->not_before));
}
