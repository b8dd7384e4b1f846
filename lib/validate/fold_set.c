/* fold_set.c - the data of one call, looked at once: targets and weights, whether all features are
 * finite, and what the metrics ask for. A side of a split is a list of rows; features are never
 * copied. */
#include <math.h>
#include <string.h>

#include "split/splitter.h"
#include "validate/fold_impl.h"

static mlsd_status find_metrics(mlsd__scope *scope, const mlsd__fold_input *in, mlsd__fold_set *set)
{
    set->metrics = mlsd__alloc(scope->allocator, in->n_metrics, sizeof *set->metrics);
    if (set->metrics == NULL) return MLSD_E_NOMEM;
    set->wants_squares_only = set->all.n_classes == 0 && !in->keep_predictions;
    for (int64_t m = 0; m < in->n_metrics; m++) {
        MLSD__TRY(mlsd__metric_find(in->metrics[m], &set->metrics[m]));
        set->wants_squares_only &= set->metrics[m]->of_squares != NULL;
        set->wants_proba |= set->metrics[m]->needs_proba;
        set->wants_values |= !set->metrics[m]->needs_proba;
    }
    return MLSD_OK;
}

static mlsd_status take_target(const mlsd_dataset *data, mlsd__fold_set *set)
{
    const mlsd__data_store *const store = data->store;
    set->has_several_targets = store->n_targets > 1;
    if (data->rows == NULL) {
        set->y = store->target;
        set->weight = store->weight;
        return MLSD_OK;
    }
    set->owns_y = true;
    MLSD__TRY(mlsd__dataset_gather_targets(data, &set->y));
    return mlsd__dataset_gather_weight(data, &set->weight);
}

mlsd_status mlsd__fold_set_open(mlsd__scope *scope, const mlsd__fold_input *in,
                                mlsd__fold_output *out, mlsd__fold_set *set)
{
    const mlsd__data_store *const store = in->dataset->store;
    int64_t row = -1, feature;
    *set = (mlsd__fold_set){.in = in, .out = out, .last_part = mlsd_folds_n_parts(in->folds) - 1};
    mlsd__dataset_frame(in->dataset, &set->x);
    MLSD__TRY(take_target(in->dataset, set));
    /* One pass here spares each fit its own. */
    MLSD__TRY(mlsd__frame_find_bad(scope, &set->x, false, &row, &feature));
    const bool is_finite = row < 0;
    if (!is_finite) MLSD__TRY(mlsd__frame_find_bad(scope, &set->x, true, &row, &feature));
    set->all = (mlsd__train){.x = &set->x,
                             .y = set->y,
                             .n_more_targets = set->y != NULL ? store->n_targets - 1 : 0,
                             .weight = set->weight,
                             .task = store->task,
                             .n_classes = store->n_classes,
                             .x_is_finite = is_finite,
                             .x_lacks_infinity = row < 0};
    return find_metrics(scope, in, set);
}

void mlsd__fold_set_close(const mlsd__allocator *a, mlsd__fold_set *set)
{
    if (set->owns_y) {
        mlsd__free(&set->in->dataset->store->allocator, set->y);
        mlsd__free(&set->in->dataset->store->allocator, set->weight);
    }
    mlsd__free(a, set->metrics);
    *set = (mlsd__fold_set){0};
}

mlsd_status mlsd__fold_side(mlsd__scope *scope, const mlsd__fold_set *set, int64_t split,
                            bool is_test, mlsd__train_part *out)
{
    return mlsd__train_part_of_fold(out, scope->allocator, &set->all, set->in->folds, split,
                                    is_test ? set->last_part : 0);
}

bool mlsd__fold_by_model(const mlsd__fold_set *set, const mlsd_spec *spec)
{
    if (set->has_several_targets) return true;
    if (strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "search") == 0) return true;
    const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(spec);
    return final == NULL || final->clock != NULL;
}
