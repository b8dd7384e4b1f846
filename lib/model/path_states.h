/* path_states.h - fitted states as what model/path.h hands over: predictions of parts and folds.
 * For kinds whose settings share sums, and differ in what is made of them. */
#ifndef MLSD_MODEL_PATH_STATES_H
#define MLSD_MODEL_PATH_STATES_H

#include "model/path.h"

/* What came of fitting a setting to a fold, a state or a status: predict all parts, which are
 * finite; tell the sink what is wrong with the rows; anything else is returned. The state (NULL:
 * there is none) is freed. */
mlsd_status mlsd__path_end_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                                const mlsd__estimator_ops *ops, int64_t setting, mlsd_status status,
                                void *state);
/* Predict the test rows of a split. */
mlsd_status mlsd__path_take_split(mlsd__scope *scope, const mlsd__path_folds *folds,
                                  const mlsd__estimator_ops *ops, int64_t split, int64_t setting,
                                  const void *state);

/* MLSD_E_DATA by row and column where a part of the fold is not finite. */
mlsd_status mlsd__path_require_finite(mlsd__scope *scope, const mlsd__path_fold *fold);

/* Is it about the rows, so that a split can fail with it? */
static inline bool mlsd__path_is_about_data(mlsd_status status)
{
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC;
}

/* Every setting fails: what is wrong is wrong with the rows. */
mlsd_status mlsd__path_fail_all(const mlsd__path_fold *fold, mlsd_status status);

#endif
