/* compare.c - the ladder on the training part: the same folds for every model, and the choice
 * by the rule. Folds are cut down, and it is said, where the smallest
 * class has fewer rows than there are folds. */
#include "experiment/experiment_impl.h"

/* The most folds that the training part allows: each must test every class, and leave some to train
 * on. */
static mlsd_status most_splits(mlsd__experiment *x, int64_t *out)
{
    const mlsd_dataset *train = x->parts[MLSD__TRAIN];
    const int64_t n = mlsd_dataset_n_rows(train), n_classes = mlsd_dataset_n_classes(train);
    *out = n / 2;
    if (n_classes == 0) return MLSD_OK;
    const mlsd__allocator *a = x->scope->allocator;
    int64_t *counts = mlsd__alloc(a, n_classes, sizeof *counts);
    double *y = mlsd__alloc_raw(a, n, sizeof *y);
    mlsd_status status = counts == NULL || y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_dataset_target(train, y, n);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) counts[(int64_t)y[i]]++;
        int64_t smallest = 0;
        for (int64_t c = 1; c < n_classes; c++) {
            if (counts[c] < counts[smallest]) smallest = c;
        }
        if (counts[smallest] < *out) *out = counts[smallest];
        if (counts[smallest] < 2) {
            status =
                mlsd__fail(MLSD_E_DATA,
                           "class '%.60s' has %lld row in the training part, and 2 folds need "
                           "2: leave those rows out, merge classes, or train on a larger part",
                           mlsd_dataset_class_name(train, smallest), (long long)counts[smallest]);
        }
    }
    mlsd__free(a, y);
    mlsd__free(a, counts);
    return status;
}

static mlsd_status make_folds(mlsd__experiment *x, mlsd_folds **out)
{
    const mlsd_spec *given = mlsd__spec_slot_child(x->spec, "splitter");
    const mlsd_dataset *train = x->parts[MLSD__TRAIN];
    const bool by_time = mlsd__splitter_is_by_time(given);
    int64_t n_splits, most;
    if (by_time || mlsd_spec_get_i64(given, "n_splits", &n_splits) != MLSD_OK) {
        return mlsd__folds_split_dataset(x->scope, given, train, out);
    }
    MLSD__TRY(most_splits(x, &most));
    if (n_splits <= most) return mlsd__folds_split_dataset(x->scope, given, train, out);

    const int64_t n_rows = mlsd_dataset_n_rows(x->data);
    if (n_splits > n_rows) {
        return mlsd__fail(MLSD_E_DATA,
                          "%lld folds are more than the %lld rows; use at most %lld ('n_splits')",
                          (long long)n_splits, (long long)n_rows, (long long)most);
    }
    mlsd__experiment_note(x, "%lld folds instead of %lld: the training part has too few rows%s",
                          (long long)most, (long long)n_splits,
                          x->task == MLSD_TASK_REGRESSION ? "" : " of the smallest class");
    mlsd_spec *fewer;
    MLSD__TRY(mlsd_spec_clone(given, &fewer));
    mlsd_status status = mlsd_spec_set_i64(fewer, "n_splits", most);
    if (status == MLSD_OK) status = mlsd__folds_split_dataset(x->scope, fewer, train, out);
    mlsd_spec_free(fewer);
    return status;
}

static mlsd_status list_models(mlsd__experiment *x)
{
    const mlsd__allocator *a = x->scope->allocator;
    while (mlsd__spec_slot_at(x->spec, "models", x->n_models) != NULL) x->n_models++;
    x->models = mlsd__alloc(a, x->n_models, sizeof *x->models);
    x->names = mlsd__alloc(a, x->n_models, sizeof *x->names);
    if (x->models == NULL || x->names == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < x->n_models; i++) {
        x->models[i] = mlsd__spec_slot_at(x->spec, "models", i);
        x->names[i] = mlsd__spec_slot_name_at(x->spec, "models", i);
    }
    return MLSD_OK;
}

mlsd_status mlsd__experiment_compare(mlsd__experiment *x)
{
    MLSD__TRY(list_models(x));
    mlsd_folds *folds;
    MLSD__TRY(make_folds(x, &folds));
    const mlsd__leaderboard_input in = {.estimators = x->models,
                                        .names = x->names,
                                        .n_estimators = x->n_models,
                                        .dataset = x->parts[MLSD__TRAIN],
                                        .folds = folds,
                                        .metric = x->params->metric,
                                        .level = x->params->level,
                                        .rule = {.rule = x->params->choose,
                                                 .tolerance = x->params->tolerance,
                                                 .rope = x->params->rope,
                                                 .max_latency_us = x->params->max_latency_us,
                                                 .max_bytes = x->params->max_bytes}};
    mlsd_status status = mlsd__experiment_audit_folds(x, folds);
    if (status == MLSD_OK)
        status = mlsd__leaderboard(x->scope, &in, &x->chosen, &x->runs, &x->board);
    if (status == MLSD_OK) {
        status =
            mlsd__result_set_f64(x->result, "n_splits", (double)mlsd_folds_n_splits(folds), false);
    }
    if (status == MLSD_OK) status = mlsd__result_absorb(x->result, "", x->board);
    if (status == MLSD_OK) status = mlsd__experiment_draw_splits(x, folds);
    mlsd_folds_free(folds);
    return status;
}
