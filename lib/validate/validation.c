/* validation.c - the one door to what is a spec of family "validation" or "search", and what those
 * kinds share. What they do is in their own files. */
#include "validate/validation.h"

#include <string.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "metric/metric_impl.h"
#include "numeric/blas.h"
#include "split/splitter.h"

mlsd_status mlsd__folds_check_dataset(const mlsd_folds *folds, const mlsd_dataset *dataset)
{
    const int64_t n = mlsd_dataset_n_rows(dataset);
    if (mlsd_folds_n_rows(folds) == n) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE,
                      "the folds split %lld rows, the data set has %lld; draw them from this data "
                      "set",
                      (long long)mlsd_folds_n_rows(folds), (long long)n);
}

/* By what the folds go where nobody says. */
static const char *default_kind(const mlsd_dataset *dataset)
{
    const mlsd__data_store *const store = dataset->store;
    const bool has_classes = store->n_classes > 0;
    if (store->time != NULL) return "rolling_split";
    if (store->group != NULL) return has_classes ? "stratified_group_kfold" : "group_kfold";
    return has_classes ? "stratified_kfold" : "kfold";
}

mlsd_status mlsd__default_splitter(const mlsd__allocator *a, const mlsd_dataset *dataset,
                                   int64_t n_splits, int64_t seed, mlsd_spec **out)
{
    mlsd_spec *splitter = NULL;
    MLSD__TRY(mlsd__spec_new(a, default_kind(dataset), &splitter));
    const bool is_drawn = dataset->store->time == NULL;
    mlsd_status status = mlsd_spec_set_i64(splitter, "n_splits", n_splits);
    if (status == MLSD_OK && is_drawn) status = mlsd_spec_set_bool(splitter, "shuffle", 1);
    if (status == MLSD_OK && is_drawn) status = mlsd_spec_set_i64(splitter, "seed", seed);
    if (status == MLSD_OK) {
        *out = splitter;
    } else {
        mlsd_spec_free(splitter);
    }
    return status;
}

/* A spec's seed, 0 for a kind without. */
static int64_t seed_of(const mlsd_spec *spec)
{
    const mlsd_kind *const kind = mlsd_spec_kind(spec);
    for (int64_t i = 0; i < kind->n_params; i++) {
        const mlsd_param *const p = &kind->params[i];
        if (strcmp(p->name, "seed") != 0 || p->type != MLSD_PARAM_I64) continue;
        int64_t seed;
        memcpy(&seed, (const char *)mlsd__spec_params(spec) + p->offset, sizeof seed);
        return seed;
    }
    return 0;
}

mlsd_status mlsd__validation_folds(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd_dataset *dataset, mlsd_folds **out)
{
    const mlsd_spec *const given = mlsd__spec_slot_child(spec, "splitter");
    if (given != NULL) return mlsd__folds_split_dataset(scope, given, dataset, out);
    mlsd_spec *splitter = NULL;
    MLSD__TRY(mlsd__default_splitter(scope->allocator, dataset, MLSD__DEFAULT_SPLITS, seed_of(spec),
                                     &splitter));
    const mlsd_status status = mlsd__folds_split_dataset(scope, splitter, dataset, out);
    mlsd_spec_free(splitter);
    return status;
}

mlsd_status mlsd__validation_metrics(const mlsd__str_list *asked, const mlsd_dataset *dataset,
                                     mlsd__metrics *out)
{
    const mlsd_task task = mlsd_dataset_task(dataset);
    if (task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_DATA, "the data set has no target to validate on");
    *out = (mlsd__metrics){.fallback = mlsd__metric_default(task)};
    if (asked->values == NULL || asked->n == 0) {
        out->names = &out->fallback;
        out->n = 1;
        return MLSD_OK;
    }
    out->names = (const char *const *)asked->values;
    out->n = asked->n;
    for (int64_t m = 0; m < out->n; m++) {
        MLSD__TRY(mlsd__metric_check(out->names[m], task));
        for (int64_t i = 0; i < m; i++) {
            if (strcmp(out->names[i], out->names[m]) == 0)
                return mlsd__fail(MLSD_E_PARAM_RANGE, "'metrics' has '%s' twice", out->names[m]);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__validation_models(const mlsd__allocator *a, const mlsd_spec *spec,
                                    const char *slot, mlsd__models *out)
{
    *out = (mlsd__models){0};
    while (mlsd__spec_slot_at(spec, slot, out->n) != NULL) out->n++;
    if (out->n == 0)
        return mlsd__fail(MLSD_E_CHILD, "%s has no child in its slot '%s'",
                          mlsd_kind_name(mlsd_spec_kind(spec)), slot);
    out->specs = mlsd__alloc(a, out->n, sizeof *out->specs);
    out->names = mlsd__alloc(a, out->n, sizeof *out->names);
    if (out->specs == NULL || out->names == NULL) {
        mlsd__models_free(a, out);
        return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < out->n; i++) {
        out->specs[i] = mlsd__spec_slot_at(spec, slot, i);
        out->names[i] = mlsd__spec_slot_name_at(spec, slot, i);
    }
    return MLSD_OK;
}

void mlsd__models_free(const mlsd__allocator *a, mlsd__models *models)
{
    mlsd__free(a, models->specs);
    mlsd__free(a, models->names);
    *models = (mlsd__models){0};
}

mlsd_status mlsd__validate(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    const mlsd__validation_ops *const ops = mlsd__spec_ops(in->spec);
    *out = NULL;
    if (in->folds != NULL) MLSD__TRY(mlsd__folds_check_dataset(in->folds, in->dataset));
    if (ops->check != NULL) MLSD__TRY(ops->check(in));
    if (in->folds != NULL || ops->draws_folds) return ops->run(scope, in, out);
    mlsd_folds *folds = NULL;
    MLSD__TRY(mlsd__validation_folds(scope, in->spec, in->dataset, &folds));
    mlsd__validation_input with_folds = *in;
    with_folds.folds = folds;
    const mlsd_status status = ops->run(scope, &with_folds, out);
    mlsd_folds_free(folds);
    return status;
}

mlsd_status mlsd_validate(const mlsd_context *context, const mlsd_spec *spec,
                          const mlsd_dataset *dataset, const mlsd_folds *folds, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    if (folds != NULL) MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    MLSD__TRY(mlsd__spec_require(spec, "validation,search"));

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd__validation_input in = {
        .context = context, .spec = spec, .dataset = dataset, .folds = folds};
    const mlsd_status status = mlsd__validate(&scope, &in, out);
    mlsd__scope_close(&scope);
    return status;
}
