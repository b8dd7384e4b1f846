/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/report.h - a result as one HTML file that opens from disk: inline SVG, no script, no
 * network. Folds as the familiar picture of splits over rows, comparisons as ranks or intervals.
 */
#ifndef MLSD_REPORT_H
#define MLSD_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/dataset.h"
#include "mlsd/result.h"
#include "mlsd/split.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Write the report of a result; never half a file: of an experiment, or of a validation or a search
 * with a table to draw (models, candidates, values and curves with their intervals and folds), or
 * of slice_metrics. `title` may be NULL. Texts from the data are escaped. Errors: MLSD_E_IO;
 * MLSD_E_UNSUPPORTED for any other result. Since 0.1. */
MLSD_API mlsd_status mlsd_report_save(const mlsd_context *context, const mlsd_result *result,
                                      const char *title, const char *path);

/* Draw folds over rows as an SVG file's text: a strip for each of the first 20 splits with what is
 * trained on, tested and in no part, and with a data set (or NULL) strips of its classes and
 * groups. Rows are binned: the heights of the colours are their shares. Colours follow light and
 * dark pages. Errors: MLSD_E_SHAPE when the data set has another number of rows; MLSD_E_BUFFER.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_folds_svg(const mlsd_context *context, const mlsd_folds *folds,
                                    const mlsd_dataset *dataset, char *buf, int64_t capacity,
                                    int64_t *out_length);

/* The same for a terminal: lines of at most `width` (40 to 1000) characters, in UTF-8 with blocks
 * that rise with the share of rows tested, or with ascii = 1 in ASCII (names of classes are as they
 * are). Errors: as above; MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_draw_text(const mlsd_context *context, const mlsd_folds *folds,
                                          const mlsd_dataset *dataset, int32_t width, int32_t ascii,
                                          char *buf, int64_t capacity, int64_t *out_length);

/* Draw a result of mlsd_compare as an SVG file's text. Of friedman the critical-difference diagram
 * (Demsar 2006, JMLR 7:1, figure 1): models at their mean ranks, the best to the left, with a bar
 * over those that cannot be told apart. Of any other test a line for each of the first 40 pairs:
 * the difference and its interval beside no difference. Colours follow light and dark pages.
 * Errors: MLSD_E_UNSUPPORTED (another result); MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_comparison_svg(const mlsd_context *context, const mlsd_result *result,
                                         char *buf, int64_t capacity, int64_t *out_length);

/* The same for a terminal: lines of at most `width` (40 to 1000) characters, in UTF-8 or with ascii
 * = 1 in ASCII (names of models are as they are); letters stand for bars. Errors: as above;
 * MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_comparison_draw_text(const mlsd_context *context,
                                               const mlsd_result *result, int32_t width,
                                               int32_t ascii, char *buf, int64_t capacity,
                                               int64_t *out_length);

/* Draw the slices of a result of slice_metrics, or of an experiment, as an SVG file's text: for
 * each metric a dot in its interval for every slice (the worst 60) and a line for all rows; what
 * has too few rows or is undefined is grey and says so. Colours follow light and dark pages.
 * Errors: MLSD_E_UNSUPPORTED (another result); MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_slices_svg(const mlsd_context *context, const mlsd_result *result,
                                     char *buf, int64_t capacity, int64_t *out_length);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_REPORT_H */
