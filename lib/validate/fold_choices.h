/* fold_choices.h - which columns were chosen by the steps that choose, split by split: kept beside
 * each fit as a text, and told as a table. */
#ifndef MLSD_VALIDATE_FOLD_CHOICES_H
#define MLSD_VALIDATE_FOLD_CHOICES_H

#include "model/pipeline/pipeline_prefix.h"
#include "validate/fold_impl.h"
#include "validate/result_impl.h"

/* Keep what a fitted state, or the steps before the last, chose; nothing where the input does not
 * ask for it. */
mlsd_status mlsd__fold_keep_choices(const mlsd__fold_set *set, int64_t e, int64_t split,
                                    const mlsd__estimator_ops *ops, const void *state);
mlsd_status mlsd__fold_keep_prefix(const mlsd__fold_set *set, int64_t e, int64_t split,
                                   const mlsd__prefix *prefix);

/* Table "selection": step, feature, n_selected, n_splits, share; a row for each column that a step
 * of estimator e chose from. Number "selection.stability" (of several steps
 * "selection.<step>.stability"): 1 where every split chose the same columns, about 0 where they
 * chose at random (Nogueira, Sechidis & Brown 2018, definition 4); NaN below two splits, and where
 * all or none were chosen. Nothing where nothing was kept. */
mlsd_status mlsd__report_choices(mlsd_result *r, const mlsd__fold_output *out, int64_t e);

/* The same of an estimator that is fitted for this alone: by a search, of what it chose. */
mlsd_status mlsd__report_choices_of(mlsd_result *r, mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__fold_input *like);

#endif
