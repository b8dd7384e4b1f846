/* metric_name.h - names of metrics with their parameters: "f1_macro", f_score {"beta":2.0}. */
#ifndef MLSD_METRIC_METRIC_NAME_H
#define MLSD_METRIC_METRIC_NAME_H

#include "base/text.h"
#include "metric/metric_impl.h"

/* A spec of a kind or of an alias. */
mlsd_status mlsd__metric_spec_new(const mlsd__allocator *a, const char *name, mlsd_spec **out);
/* What a spec is called: its kind where all parameters are the defaults, an alias where one says
 * the same, otherwise the kind and what differs as JSON. */
mlsd_status mlsd__metric_spec_name(const mlsd_spec *spec, mlsd__text *out);

#endif
