/* report_validation.h - the pages of validations and searches: their tables, drawn and written. */
#ifndef MLSD_REPORT_REPORT_VALIDATION_H
#define MLSD_REPORT_REPORT_VALIDATION_H

#include <stdbool.h>

#include "base/text.h"
#include "mlsd/result.h"

/* Does the result have a table that is known here? */
bool mlsd__report_has_validation(const mlsd_result *r);
/* The sections of such a result; failures stick in the text's status. */
void mlsd__report_validation(mlsd__text *t, const mlsd_result *r);
/* The section of table "curve_means", where there is one. */
void mlsd__report_fold_curves(mlsd__text *t, const mlsd_result *r);

#endif
