/* SPDX-License-Identifier: ISC */
#include "handlers/netconf_notify.h"

#include "handlers/xml_out.h"
#include "lib/schema.h"

static const char *const step_names[] = {
	[STEP_SURVEY] = "survey",
	[STEP_STAGE] = "stage",
	[STEP_CHECK] = "check",
	[STEP_ACTIVATE] = "activate",
	[STEP_RESTART] = "restart",
	[STEP_PROBE] = "probe",
	[STEP_END] = "done",
};
_Static_assert(nitems(step_names) == STEP_MAX, "name every step of a commit");

void
notify_step(struct netconf *n, const struct ses_step *step)
{
	struct xml_out out;

	if (step->step >= STEP_MAX || n->frame.failed ||
	    xml_out_begin(&out, &n->frame) == -1)
		return; /* the outcome is told anyway */
	xml_out_open_ns(&out, "notification", NOTIFICATION_NS);
	xml_out_time(&out, "eventTime", step->time);
	xml_out_open_ns(&out, "commit-step", CERTCONF_NS);
	xml_out_number(&out, "generation", (int64_t)step->generation);
	xml_out_string(&out, "step", step_names[step->step]);
	if (step->service[0] != '\0')
		xml_out_string(&out, "service", step->service);
	xml_out_bool(&out, "rolling-back", step->rolling_back != 0);
	xml_out_bool(&out, "failed", step->failed != 0);
	if (step->text[0] != '\0')
		xml_out_string(&out, "text", step->text);
	(void)xml_out_end(&out);
}
