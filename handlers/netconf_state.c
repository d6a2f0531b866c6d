/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_state.h"

#include <string.h>

#include "lib/summary.h"

struct state {
	struct xml_out *out;
	const struct snapshot *snapshot;
	const struct status *status;
	const struct services *services;
	int64_t now;
};

/* --- leaves that may be absent --- */

static void
text_if(struct xml_out *out, const char *name, struct text value)
{
	if (value.len > 0)
		xml_out_text(out, name, value);
}

static void
string_if(struct xml_out *out, const char *name, const char *value)
{
	text_if(out, name, text_of(value));
}

static void
time_if(struct xml_out *out, const char *name, int64_t value)
{
	if (value != 0)
		xml_out_time(out, name, value);
}

/* What is monitored is not told. */
static void
monitor_if(struct xml_out *out, uint32_t muted)
{
	if (muted != 0)
		xml_out_bool(out, "monitor", false);
}

/* --- certificates --- */

static void
write_parts(struct xml_out *out, const char *name, const struct text parts[DN_PART_MAX])
{
	static const char *const names[DN_PART_MAX] = {
		[DN_C] = "country",
		[DN_ST] = "state",
		[DN_L] = "locality",
		[DN_O] = "organization",
		[DN_OU] = "organizational-unit",
		[DN_CN] = "common-name",
	};
	size_t i;

	xml_out_open(out, name);
	for (i = 0; i < DN_PART_MAX; i++)
		text_if(out, names[i], parts[i]);
	xml_out_close(out);
}

/* The grouping certificate-facts. */
static void
write_facts(const struct state *s, const struct cert *cert, enum validity validity)
{
	struct xml_out *out = s->out;

	xml_out_text(out, "subject", cert->subject);
	xml_out_text(out, "issuer", cert->issuer);
	xml_out_text(out, "serial", cert->serial);
	xml_out_time(out, "not-before", cert->not_before);
	xml_out_time(out, "not-after", cert->not_after);
	if ((cert->flags & CERT_NO_EXPIRY) == 0)
		xml_out_number(out, "days-left", cert_days_left(cert, (time_t)s->now));
	xml_out_name(out, "status", &validity_names, validity);
	xml_out_hex(out, "fingerprint", cert->sha256);
	xml_out_name(out, "key-algorithm", &key_algorithm_names, cert->key_algorithm);
	xml_out_number(out, "key-bits", cert->key_bits);
	xml_out_bool(out, "self-signed", (cert->flags & CERT_SELF_ISSUED) != 0);
	write_parts(out, "subject-parts", cert->subject_part);
	write_parts(out, "issuer-parts", cert->issuer_part);
}

/* The YANG type bits: the names of those set, in the order of their positions. */
static void
write_key_usage(struct xml_out *out, const struct cert *cert)
{
	static const char *const names[] = { "digitalSignature", "nonRepudiation",
		"keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
		"cRLSign", "encipherOnly", "decipherOnly" };
	const char *separator = "";
	size_t i;

	if ((cert->flags & CERT_HAS_KEY_USAGE) == 0)
		return;
	xml_out_open(out, "key-usage");
	for (i = 0; i < nitems(names); i++)
		if ((cert->key_usage & 1u << i) != 0) {
			xml_out_content(out, text_of(separator));
			xml_out_content(out, text_of(names[i]));
			separator = " ";
		}
	xml_out_close(out);
}

static void
write_leaf_certificate(const struct state *s, const struct snapshot_local *local)
{
	struct xml_out *out = s->out;
	struct cert cert;

	snapshot_cert(s->snapshot, local->first_cert, &cert);
	write_facts(s, &cert, local_validity(s->snapshot, local, s->status, s->now));
	xml_out_number(out, "life-left", cert_life_left(&cert, (time_t)s->now));
	xml_out_name(out, "chain-status", &chain_status_names,
	    local_chain_status(local, s->now));
	xml_out_time(out, "chain-not-after", local->chain_not_after);
	xml_out_hex(out, "key-id", cert.key_id);
	xml_out_text(out, "signature-algorithm", cert.sig_algorithm);
	write_key_usage(out, &cert);
	text_if(out, "ext-key-usage", cert.ext_key_usage);
	text_if(out, "subject-alternative-names", cert.sans);
	time_if(out, "installed", local->installed);
}

static void
write_certificate(const struct state *s, const struct snapshot_local *local)
{
	struct xml_out *out = s->out;

	xml_out_open(out, "certificate");
	xml_out_text(out, "name", snapshot_text(s->snapshot, local->name));
	xml_out_number(out, "index", local->index);
	if (local->count > 0)
		write_leaf_certificate(s, local);
	xml_out_name(out, "key-status", &key_status_names, local->key_status);
	xml_out_number(out, "chain-length", local->count);
	xml_out_bool(out, "factory", local->index == INDEX_FACTORY);
	xml_out_bool(out, "in-use", summary_in_use(s->snapshot, local));
	monitor_if(out, local->muted);
	xml_out_close(out);
}

static void
write_anchor(const struct state *s, const struct snapshot_trust *trust)
{
	const struct status *status = s->status;
	struct cert cert;

	snapshot_cert(s->snapshot, trust->cert, &cert);
	xml_out_open(s->out, "trust-anchor");
	xml_out_number(s->out, "index", trust->index);
	xml_out_text(s->out, "name", snapshot_text(s->snapshot, trust->name));
	write_facts(s, &cert,
	    validity_of(cert.not_before, cert.not_after, s->now,
		(enum clock_status)status->clock, &s->snapshot->header->settings));
	monitor_if(s->out, trust->muted);
	xml_out_close(s->out);
}

/* --- services --- */

static void
write_service(const struct state *s, const struct status_service *service)
{
	const struct snapshot_local *local =
	    snapshot_local(s->snapshot, service->local_index);
	const struct service_facts *facts =
	    services_named(s->services, text_of(service->name));
	struct xml_out *out = s->out;

	xml_out_open(out, "service");
	xml_out_string(out, "name", service->name);
	if (service->index != 0)
		xml_out_number(out, "index", service->index);
	xml_out_bool(out, "enabled", service->enabled != 0);
	if (local != NULL)
		xml_out_text(out, "credential",
		    snapshot_text(s->snapshot, local->name));
	xml_out_name(out, "feature", &feature_state_names, service->feature);
	xml_out_name(out, "state", &service_state_names, service->state);
	xml_out_name(out, "in-sync", &sync_state_names, service->in_sync);
	if (service->has_served) {
		xml_out_hex(out, "served-fingerprint", service->served.leaf);
		xml_out_time(out, "served-not-after", service->served_not_after);
	}
	time_if(out, "last-probe", service->last_probe);
	time_if(out, "last-restart", service->last_restart);
	if (service->last_result != RESULT_NONE)
		xml_out_name(out, "last-result", &action_result_names,
		    service->last_result);
	xml_out_number(out, "restarts", service->restarts);
	string_if(out, "last-error", service->last_error);
	xml_out_bool(out, "restart-pending", service->restart_pending != 0);
	if (facts != NULL && facts->restart_device)
		xml_out_bool(out, "restart-device", true);
	xml_out_close(out);
}

/* --- scalars --- */

static void
write_summary(const struct state *s)
{
	const struct snapshot_local *earliest;
	struct xml_out *out = s->out;
	struct summary summary;
	struct cert cert = { .not_after = 0 };

	summary_make(s->snapshot, s->status, s->now, &summary);
	xml_out_name(out, "overall-status", &severity_names, summary.overall);
	xml_out_bool(out, "factory-in-use", summary.factory_in_use);
	if (summary.earliest_index == 0)
		return;
	earliest = snapshot_local(s->snapshot, summary.earliest_index);
	if (earliest != NULL)
		text_if(out, "earliest-name",
		    snapshot_text(s->snapshot, earliest->name));
	cert.not_after = summary.earliest_not_after;
	xml_out_time(out, "earliest-not-after", cert.not_after);
	xml_out_number(out, "earliest-days-left",
	    cert_days_left(&cert, (time_t)s->now));
}

static void
write_device(const struct state *s)
{
	const struct status *status = s->status;
	struct xml_out *out = s->out;

	string_if(out, "host-name", status->host);
	string_if(out, "model", status->model);
	xml_out_string(out, "version", PACKAGE_VERSION);
	xml_out_time(out, "current-time", s->now);
	xml_out_name(out, "clock-status", &clock_status_names, status->clock);
	xml_out_number(out, "generation", (int64_t)status->generation);
	time_if(out, "running-since", status->running_since);
	xml_out_name(out, "configuration-state", &config_state_names,
	    status->config_state);
	xml_out_name(out, "verification-mode", &verify_mode_names,
	    s->snapshot->header->verify_mode);
	xml_out_bool(out, "restart-pending", status->restart_pending != 0);
	string_if(out, "files-problem", status->files_problem);
}

/* --- what people did --- */

static void
write_candidate(const struct state *s)
{
	const struct status *status = s->status;
	const struct err *problem = &status->candidate_problem;
	struct xml_out *out = s->out;
	char text[sizeof(problem->where) + sizeof(problem->text) + 32];

	if (!status->has_candidate)
		return;
	xml_out_open(out, "candidate");
	xml_out_number(out, "revision", (int64_t)status->candidate_revision);
	string_if(out, "user", status->candidate_user);
	time_if(out, "since", status->candidate_since);
	xml_out_bool(out, "valid", problem->code == ERR_NONE);
	xml_out_bool(out, "conflict", status->candidate_conflicts != 0);
	if (problem->code != ERR_NONE)
		xml_out_string(out, "problem", err_format(problem, text, sizeof(text)));
	xml_out_name(out, "verification-mode", &verify_mode_names, status->admin_mode);
	xml_out_close(out);
}

/* The name that confirms it is not shown: it is for who knows it. */
static void
write_confirm(const struct state *s)
{
	const struct status *status = s->status;
	struct xml_out *out = s->out;

	if (status->confirm_restore == 0)
		return;
	xml_out_open(out, "confirmed-commit");
	xml_out_number(out, "restore", (int64_t)status->confirm_restore);
	xml_out_time(out, "until", status->confirm_until);
	string_if(out, "user", status->confirm_user);
	xml_out_bool(out, "persistent", status->confirm_persist[0] != '\0');
	xml_out_close(out);
}

static void
write_last(const struct state *s)
{
	const struct status *status = s->status;
	const struct err *err = &status->last_error;
	struct xml_out *out = s->out;
	char text[sizeof(err->where) + sizeof(err->text) + 32];

	if (status->last_start == 0)
		return;
	xml_out_open(out, "last");
	xml_out_name(out, "action", &action_names, status->last_action);
	xml_out_name(out, "result", &action_result_names, status->last_result);
	if (err->code != ERR_NONE) {
		xml_out_string(out, "error", err_kind(err->code)->text);
		xml_out_string(out, "error-text", err_format(err, text, sizeof(text)));
	}
	xml_out_time(out, "start", status->last_start);
	time_if(out, "end", status->last_end);
	string_if(out, "user", status->last_user);
	xml_out_close(out);
}

static void
write_lock_and_refusal(const struct state *s)
{
	const struct status *status = s->status;
	struct xml_out *out = s->out;

	if (status->lock_user[0] != '\0') {
		xml_out_open(out, "lock");
		xml_out_string(out, "user", status->lock_user);
		xml_out_close(out);
	}
	if (status->refused_at != 0) {
		xml_out_open(out, "refused");
		xml_out_time(out, "time", status->refused_at);
		string_if(out, "user", status->refused_user);
		xml_out_string(out, "text", status->refused_text);
		xml_out_close(out);
	}
}

static void
write_kept(const struct state *s)
{
	struct xml_out *out = s->out;

	for (uint32_t i = 0; i < s->status->nkept; i++) {
		const struct status_kept *kept = &s->status->kept[i];

		xml_out_open(out, "kept-import");
		xml_out_string(out, "name", kept->name);
		xml_out_time(out, "since", kept->stamp / 1000000000);
		xml_out_number(out, "tries", kept->tries);
		time_if(out, "last-try", kept->tried);
		time_if(out, "next-try", kept->next);
		string_if(out, "error-text", kept->text);
		xml_out_close(out);
	}
}

static void
write_commit(const struct state *s, uint32_t number, const struct status_commit *commit)
{
	struct xml_out *out = s->out;

	xml_out_open(out, "commit");
	xml_out_number(out, "number", number);
	xml_out_number(out, "generation", (int64_t)commit->generation);
	xml_out_time(out, "time", commit->time);
	string_if(out, "user", commit->user);
	xml_out_name(out, "origin", &origin_names, commit->origin);
	xml_out_name(out, "result", &action_result_names, commit->result);
	string_if(out, "comment", commit->comment);
	string_if(out, "changes", commit->changes);
	string_if(out, "error-text", commit->error_text);
	xml_out_close(out);
}

void
state_write(struct xml_out *out, const struct view *view, int64_t now)
{
	const struct state s = { out, &view->snapshot, view->status, view->services,
		now };
	const struct snapshot_header *header = view->snapshot.header;
	uint32_t i;

	xml_out_open(out, "state");
	write_device(&s);
	write_summary(&s);
	for (i = 0; i < header->locals.count; i++)
		write_certificate(&s, &view->snapshot.locals[i]);
	for (i = 0; i < header->trusts.count; i++)
		write_anchor(&s, &view->snapshot.trusts[i]);
	for (i = 0; i < view->status->nservices && i < LIMIT_SERVICES; i++)
		write_service(&s, &view->status->services[i]);
	write_candidate(&s);
	write_confirm(&s);
	write_lock_and_refusal(&s);
	write_kept(&s);
	write_last(&s);
	for (i = 0; i < view->status->ncommits && i < LIMIT_HISTORY; i++)
		write_commit(&s, i + 1, &view->status->commits[i]);
	xml_out_close(out);
}
