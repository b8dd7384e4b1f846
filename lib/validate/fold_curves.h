/* fold_curves.h - what the training of each fold came to, epoch by epoch: kept beside each fit
 * where the model tells it, and told as tables. The fold's test rows are looked at after every
 * epoch and decide nothing: the curve's rule watches no series, so a model's own rule goes on as
 * without a curve. */
#ifndef MLSD_VALIDATE_FOLD_CURVES_H
#define MLSD_VALIDATE_FOLD_CURVES_H

#include "validate/fold_impl.h"
#include "validate/fold_report.h"

/* Is a curve asked for, and is the spec trained by epochs? Of a search nobody knows before it has
 * chosen.
 * Such fits go the plain way, and none is taken from a journal. */
bool mlsd__fold_tells_curve(const mlsd__fold_input *in, const mlsd_spec *spec);

/* The curve of one fit, and its test rows as a set to look at. */
typedef struct mlsd__fold_watch {
    mlsd_curve *curve; /* NULL: none is asked for, or told */
    mlsd__more_set test;
    int64_t n_sets; /* 0 where the test part has no row of any weight */
} mlsd__fold_watch;

/* It must not be moved before it is closed. */
mlsd_status mlsd__fold_watch_open(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                                  const mlsd__train_part *test);
/* The same where the fit is a whole model's: the curve knows the set. */
mlsd_status mlsd__fold_watch_view(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                                  const mlsd_dataset *test);
/* Keep the curve beside the fit where that did not fail. */
void mlsd__fold_watch_close(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                            int64_t split, mlsd_status status);

/* Tables of the models that tell curves, steps counted from 0:
 * "curves": <noun>, repeat, fold, set ("train", "test", and "valid" where rows were held out),
 * metric, step, value; fold is the number of the split, as in table "folds".
 * "curve_means": <noun>, set, metric, step, mean, sd, se, lower, upper, n: over the folds
 * (mlsd_curve_mean).
 * "refit_steps": <noun>, n_folds, best, one_se, refit, loss: how many steps to train for by the
 * test loss (mlsd_curve_refit_steps), and the least mean of it. Text "curves.missing" names the
 * models without a curve, and why; it is in the log as well. */
mlsd_status mlsd__report_curves(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                                const mlsd__fold_report *report);

#endif
