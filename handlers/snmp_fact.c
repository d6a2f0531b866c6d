/* SPDX-License-Identifier: ISC */
/* What is known of a certificate, as SNMP values. */
#include "handlers/snmp_fact.h"

#define SHORT_TEXT 64 /* CertconfText (SIZE (0..64)) */
#define KEY_USAGE_BITS 9

typedef void fact_get(struct snmp_value *, const struct cert *, int64_t now);

/* What a certificate does not have is absent, and not an empty text. */
static void
text(struct snmp_value *value, struct text text)
{
	if (text.len > 0)
		snmp_value_text(value, text, LIMIT_TEXT);
}

static void
subject(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	text(value, cert->subject);
}

static void
issuer(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	text(value, cert->issuer);
}

static void
serial(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_text(value, cert->serial, SHORT_TEXT);
}

static void
not_before(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_date(value, cert->not_before);
}

static void
not_after(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_date(value, cert->not_after);
}

static void
not_before_time(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_number(value, cert->not_before);
}

static void
not_after_time(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_number(value, cert->not_after);
}

static void
days_left(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	snmp_value_integer(value, cert_days_left(cert, (time_t)now));
}

static void
seconds_left(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	snmp_value_integer(value, cert->not_after - now);
}

static void
life_left(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	snmp_value_integer(value, cert_life_left(cert, (time_t)now));
}

static void
fingerprint(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_sha256(value, cert->sha256);
}

static void
key_algorithm(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_enum(value, &key_algorithm_names, cert->key_algorithm);
}

static void
key_bits(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_number(value, cert->key_bits);
}

static void
sig_algorithm(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_text(value, cert->sig_algorithm, SHORT_TEXT);
}

static void
self_signed(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	snmp_value_truth(value, (cert->flags & CERT_SELF_ISSUED) != 0);
}

/*
 * Absent when the certificate does not say: that allows all, and no bits would be none.
 */
static void
key_usage(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	if (cert->flags & CERT_HAS_KEY_USAGE)
		snmp_value_bits(value, cert->key_usage, KEY_USAGE_BITS);
}

static void
ext_key_usage(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	text(value, cert->ext_key_usage);
}

static void
sans(struct snmp_value *value, const struct cert *cert, int64_t now)
{
	(void)now;
	text(value, cert->sans);
}

static fact_get *const facts[] = {
	[FACT_SUBJECT] = subject,
	[FACT_ISSUER] = issuer,
	[FACT_SERIAL] = serial,
	[FACT_NOT_BEFORE] = not_before,
	[FACT_NOT_AFTER] = not_after,
	[FACT_NOT_BEFORE_TIME] = not_before_time,
	[FACT_NOT_AFTER_TIME] = not_after_time,
	[FACT_DAYS_LEFT] = days_left,
	[FACT_SECONDS_LEFT] = seconds_left,
	[FACT_LIFE_LEFT] = life_left,
	[FACT_FINGERPRINT] = fingerprint,
	[FACT_KEY_ALGORITHM] = key_algorithm,
	[FACT_KEY_BITS] = key_bits,
	[FACT_SIG_ALGORITHM] = sig_algorithm,
	[FACT_SELF_SIGNED] = self_signed,
	[FACT_KEY_USAGE] = key_usage,
	[FACT_EXT_KEY_USAGE] = ext_key_usage,
	[FACT_SANS] = sans,
};
_Static_assert(nitems(facts) == FACT_SUBJECT_PART, "one function for each fact");

void
snmp_fact(const struct snmp_cell *cell, struct snmp_value *value)
{
	const uint32_t n = cell->table->cert(cell);
	const size_t fact = cell->column->arg;
	struct cert cert;

	if (n == NO_CERT)
		return;
	snapshot_cert(&cell->view->snapshot, n, &cert);
	if (fact < FACT_SUBJECT_PART)
		facts[fact](value, &cert, cell->view->now);
	else if (fact < FACT_ISSUER_PART)
		text(value, cert.subject_part[fact - FACT_SUBJECT_PART]);
	else
		text(value, cert.issuer_part[fact - FACT_ISSUER_PART]);
}

void
snmp_fact_validity(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot *snapshot = &cell->view->snapshot;
	int64_t from, to;

	snapshot_dates(snapshot, cell->table->cert(cell), &from, &to);
	snmp_value_enum(value, &validity_names,
	    validity_of(from, to, cell->view->now, cell->view->status.clock,
		&snapshot->header->settings));
}
