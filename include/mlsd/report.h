/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/report.h - a result as one HTML file that opens from disk: inline SVG, no script, no
 * network.
 */
#ifndef MLSD_REPORT_H
#define MLSD_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/result.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Write the report of an experiment's result; never half a file. `title` may be NULL. Texts from
 * the data are escaped. Errors: MLSD_E_IO; MLSD_E_UNSUPPORTED for a result that is not an
 * experiment's. Since 0.1. */
MLSD_API mlsd_status mlsd_report_save(const mlsd_context *context, const mlsd_result *result,
                                      const char *title, const char *path);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_REPORT_H */
