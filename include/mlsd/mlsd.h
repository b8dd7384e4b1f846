/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/mlsd.h - all of mlsd. The headers in the order in which a user meets them.
 */
#ifndef MLSD_MLSD_H
#define MLSD_MLSD_H

#include "mlsd/export.h"
#include "mlsd/status.h"
#include "mlsd/version.h"
#include "mlsd/matrix.h"
#include "mlsd/context.h"
#include "mlsd/kind.h"
#include "mlsd/spec.h"
#include "mlsd/table.h"
#include "mlsd/arrow.h"
#include "mlsd/dataset.h"
#include "mlsd/random.h"
#include "mlsd/split.h"
#include "mlsd/curve.h"
#include "mlsd/model.h"
#include "mlsd/custom.h"
#include "mlsd/metric.h"
#include "mlsd/interval.h"
#include "mlsd/result.h"
#include "mlsd/validate.h"
#include "mlsd/compare.h"
#include "mlsd/diagnose.h"
#include "mlsd/audit.h"
#include "mlsd/robustness.h"
#include "mlsd/slice.h"
#include "mlsd/policy.h"
#include "mlsd/suite.h"
#include "mlsd/experiment.h"
#include "mlsd/report.h"

#endif /* MLSD_MLSD_H */
