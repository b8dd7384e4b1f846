/* first_columns.h - the columns that an l1 penalty lets in first on its way from strong to weak;
 * and columns brought to one scale, so that penalties and coefficients treat them alike. */
#ifndef MLSD_MODEL_SELECT_FIRST_COLUMNS_H
#define MLSD_MODEL_SELECT_FIRST_COLUMNS_H

#include "model/select/inner_fit.h"

/* Take the mean (with centre: as weighted) from each column in memory, and divide by its standard
 * deviation; a constant becomes 0. */
mlsd_status mlsd__inner_standardise(mlsd__scope *scope, mlsd__inner_data *data);

/* entered[j] = 1 for the first q columns that lasso, or logistic regression with an l1 penalty (of
 * several classes: in any of them), lets in, else 0; of those that come in one step the larger
 * coefficients first. Fewer where the weakest penalty lets in fewer. */
mlsd_status mlsd__first_columns(mlsd__scope *scope, const mlsd__train *train, int64_t q,
                                double *entered);

#endif
