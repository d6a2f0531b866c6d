/* SPDX-License-Identifier: ISC */
/* What is known of a certificate, as SNMP values. */
#include "handlers/snmp_fact.h"

#define SHORT_TEXT 64 /* CertconfText (SIZE (0..64)) */
#define KEY_USAGE_BITS 9

typedef void fact_get(struct snmp_value *, const struct cert *, int64_t now);

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

static fact_get *const figures[FACT_MAX] = {
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
	[FACT_SELF_SIGNED] = self_signed,
	[FACT_KEY_USAGE] = key_usage,
};

/* --- texts --- */

struct fact_text {
	size_t member; /* in struct cert */
	size_t limit;
	bool always; /* also when it is empty; else what there is not is absent */
};

static const struct fact_text texts[FACT_SUBJECT_PART] = {
	[FACT_SUBJECT] = { offsetof(struct cert, subject), LIMIT_TEXT, false },
	[FACT_ISSUER] = { offsetof(struct cert, issuer), LIMIT_TEXT, false },
	[FACT_SERIAL] = { offsetof(struct cert, serial), SHORT_TEXT, true },
	[FACT_SIG_ALGORITHM] = { offsetof(struct cert, sig_algorithm), SHORT_TEXT,
	    true },
	[FACT_EXT_KEY_USAGE] = { offsetof(struct cert, ext_key_usage), LIMIT_TEXT,
	    false },
	[FACT_SANS] = { offsetof(struct cert, sans), LIMIT_TEXT, false },
};

static struct fact_text
text_for(size_t fact)
{
	const size_t subject = fact - FACT_SUBJECT_PART,
		     issuer = fact - FACT_ISSUER_PART;

	if (fact < FACT_SUBJECT_PART)
		return texts[fact];
	if (fact < FACT_ISSUER_PART)
		return (struct fact_text){ offsetof(struct cert, subject_part) +
			    subject * sizeof(struct text),
			LIMIT_TEXT, false };
	return (struct fact_text){ offsetof(struct cert, issuer_part) +
		    issuer * sizeof(struct text),
		LIMIT_TEXT, false };
}

/* --- columns --- */

void
snmp_fact(const struct snmp_cell *cell, struct snmp_value *value)
{
	const struct snapshot *snapshot = &cell->view->snapshot;
	const uint32_t n = cell->table->cert(cell);
	const size_t fact = cell->column->arg;
	struct fact_text which;
	struct text text;
	struct cert cert;

	if (n == NO_CERT)
		return;
	if (figures[fact] != NULL) {
		snapshot_figures(snapshot, n, &cert);
		figures[fact](value, &cert, cell->view->now);
		return;
	}
	which = text_for(fact);
	text = snapshot_cert_text(snapshot, n, which.member);
	if (text.len > 0 || which.always)
		snmp_value_text(value, text, which.limit);
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
