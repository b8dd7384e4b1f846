/* validation.h - what a kind of family "validation" or "search" brings, and what such kinds share:
 * the folds where none are given, the metrics, the names of the models.
 *
 * mlsd_validate checks handles, children and folds, so that run() may rely on them. Folds are drawn
 * and models fitted only after check() has seen the parameters: what cannot work is said first. */
#ifndef MLSD_VALIDATE_VALIDATION_H
#define MLSD_VALIDATE_VALIDATION_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "data/dataset_impl.h"
#include "model/search_ops.h"
#include "validate/result_impl.h"

typedef struct mlsd__validation_input {
    const mlsd_context *context;
    const mlsd_spec *spec; /* the params are the kind's: mlsd__spec_params(spec) */
    const mlsd_dataset *dataset;
    const mlsd_folds *folds; /* of this data set; NULL only where the kind draws_folds */
} mlsd__validation_input;

typedef struct mlsd__validation_ops {
    mlsd__search_ops search; /* first, for lib/model knows no more; of family "search" only */
    /* run() draws what it needs itself where the caller gives no folds (nested draws, prefixes). */
    bool draws_folds;
    /* Parameters against each other, the data set and the task, before anything is drawn or fitted;
     * in->folds is what the caller gave. NULL for nothing to check. */
    mlsd_status (*check)(const mlsd__validation_input *in);
    mlsd_status (*run)(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out);
} mlsd__validation_ops;

/* mlsd_validate within a scope: all checks, the folds, the run. in->folds may be NULL. */
mlsd_status mlsd__validate(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out);

/* Do folds belong to a data set? MLSD_E_SHAPE with the two numbers of rows. */
mlsd_status mlsd__folds_check_dataset(const mlsd_folds *folds, const mlsd_dataset *dataset);

/* The splitter where none is given: n_splits folds that test on what follows where the data set has
 * times, keep groups together where it has groups, and keep the classes where it has classes;
 * shuffled with `seed` but for times. */
mlsd_status mlsd__default_splitter(const mlsd__allocator *a, const mlsd_dataset *dataset,
                                   int64_t n_splits, int64_t seed, mlsd_spec **out);

enum { MLSD__DEFAULT_SPLITS = 5 };

/* The folds of a spec: those of its slot "splitter", otherwise of the default splitter with the
 * spec's parameter "seed" (0 where it has none). */
mlsd_status mlsd__validation_folds(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd_dataset *dataset, mlsd_folds **out);

/* The metrics asked for by a parameter (borrowed from it), otherwise the task's default; checked
 * against the task, and none twice. */
typedef struct mlsd__metrics {
    const char *const *names;
    int64_t n;
    const char *fallback;
} mlsd__metrics;
mlsd_status mlsd__validation_metrics(const mlsd__str_list *asked, const mlsd_dataset *dataset,
                                     mlsd__metrics *out);

/* The children of a slot and their names, borrowed from the spec; one block by mlsd__free. */
typedef struct mlsd__models {
    const mlsd_spec **specs;
    const char **names;
    int64_t n;
} mlsd__models;
mlsd_status mlsd__validation_models(const mlsd__allocator *a, const mlsd_spec *spec,
                                    const char *slot, mlsd__models *out);
void mlsd__models_free(const mlsd__allocator *a, mlsd__models *models);

#endif
