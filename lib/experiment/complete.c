/* complete.c - an experiment that says everything: the task from the target, the metric from the
 * task, folds and models from both. Only what is left open is filled in, so a complete spec
 * completes to itself; what depends on single rows (columns that cannot serve, classes that are too
 * small for the folds) is left to the run, which finds it again and says so again. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/text.h"
#include "experiment/experiment_impl.h"

enum { QUICK_SPLITS = 5 };

/* The columns that the split goes by. */
static mlsd_status find_split_columns(const mlsd_table *table, const mlsd__experiment_params *p)
{
    const char *const values[] = {p->group, p->time};
    static const char *const names[] = {"group", "time"};
    if (p->group != NULL && p->time != NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'group' and 'time' split the rows in two ways; give 'group' where new "
                          "groups will come, 'time' where the same ones go on");
    for (int64_t k = 0; k < MLSD__COUNT(values); k++) {
        int64_t column;
        if (values[k] == NULL) continue;
        MLSD__TRY(mlsd_table_find(table, values[k], &column));
        if (strcmp(values[k], p->target) == 0)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'%.60s' is the target, so it cannot be the '%s'", p->target,
                              names[k]);
    }
    return MLSD_OK;
}

static mlsd_status find_columns(const mlsd_table *table, const mlsd__experiment_params *p,
                                int64_t *out_target)
{
    if (p->target == NULL) {
        return mlsd__fail(MLSD_E_COLUMN,
                          "the experiment has no target: set 'target' to the column to predict");
    }
    MLSD__TRY(mlsd_table_find(table, p->target, out_target));
    const mlsd__str_list *const lists[] = {&p->slices, &p->drop};
    static const char *const names[] = {"slices", "drop"};
    for (int64_t k = 0; k < MLSD__COUNT(lists); k++) {
        for (int64_t i = 0; i < lists[k]->n; i++) {
            int64_t column;
            MLSD__TRY(mlsd_table_find(table, lists[k]->values[i], &column));
            if (column == *out_target) {
                return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                                  "'%.60s' is the target, so it cannot stand in '%s'", p->target,
                                  names[k]);
            }
            for (int64_t j = 0; k == 0 && j < i; j++) {
                if (strcmp(p->slices.values[i], p->slices.values[j]) != 0) continue;
                return mlsd__fail(MLSD_E_COLUMN, "'slices' names the column '%.100s' twice",
                                  p->slices.values[i]);
            }
        }
    }
    return MLSD_OK;
}

/* The task that the known values of the target allow: the data set's own rule, or its refusal. A
 * data set wants a feature, for which the target stands in under another name. */
static mlsd_status find_task(const mlsd_context *context, mlsd__scope *scope,
                             const mlsd__experiment_params *p, const mlsd_table *table,
                             int64_t target, mlsd_task *out)
{
    mlsd_table *alone = NULL, *known = NULL;
    mlsd_dataset *data = NULL;
    int64_t n_missing, n_known;
    const char *const role = "target", *const name = p->target;
    const char *const feature = strcmp(name, "feature") == 0 ? "other" : "feature";
    mlsd__column *const column = table->columns[target];

    mlsd_status status = mlsd__table_new(scope->allocator, &alone);
    if (status == MLSD_OK) {
        status = mlsd__table_set_column(alone, name, mlsd__column_retain(column));
    }
    if (status == MLSD_OK) {
        status = mlsd__table_set_column(alone, feature, mlsd__column_retain(column));
    }
    if (status == MLSD_OK) {
        status = mlsd__experiment_rows(scope, p, alone, 0, &known, &n_missing, &n_known);
    }
    if (status == MLSD_OK) {
        status =
            mlsd_dataset_from_table(context, known, &name, &role, 1, (mlsd_task)p->task, &data);
    }
    if (status == MLSD_OK) *out = mlsd_dataset_task(data);
    mlsd_dataset_free(data);
    mlsd_table_free(known);
    mlsd_table_free(alone);
    return status;
}

/* By what the folds go, with and without classes. */
static const char *splitter_for(const mlsd__experiment_params *p, mlsd_task task)
{
    const bool has_classes = task != MLSD_TASK_REGRESSION;
    if (p->time != NULL) return "rolling_split";
    if (p->group != NULL) return has_classes ? "stratified_group_kfold" : "group_kfold";
    return has_classes ? "stratified_kfold" : "kfold";
}

static mlsd_status add_splitter(mlsd__scope *scope, mlsd_spec *spec, mlsd_task task)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    mlsd_spec *splitter;
    MLSD__TRY(mlsd__spec_new(scope->allocator, splitter_for(p, task), &splitter));
    const bool is_drawn = p->time == NULL;
    mlsd_status status = mlsd_spec_set_i64(splitter, "n_splits", p->n_splits);
    if (status == MLSD_OK && is_drawn) status = mlsd_spec_set_bool(splitter, "shuffle", 1);
    if (status == MLSD_OK && is_drawn) status = mlsd_spec_set_i64(splitter, "seed", p->seed);
    if (status == MLSD_OK) status = mlsd_spec_add(spec, "splitter", NULL, splitter);
    mlsd_spec_free(splitter);
    return status;
}

/* A creep of less than this part of the loss each epoch is not worth the epochs. */
static const double LEAST_PROGRESS = 1e-4;
enum { PATIENCE = 10, QUICK_PATIENCE = 5 };

static mlsd_status add_early_stopping(mlsd__scope *scope, mlsd_spec *spec)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    mlsd_spec *rule;
    MLSD__TRY(mlsd__spec_new(scope->allocator, "early_stopping", &rule));
    mlsd_status status = mlsd_spec_set_f64(rule, "min_delta_rel", LEAST_PROGRESS);
    if (status == MLSD_OK) {
        status = mlsd_spec_set_i64(rule, "patience", p->quick ? QUICK_PATIENCE : PATIENCE);
    }
    if (status == MLSD_OK) status = mlsd_spec_add(spec, "early_stopping", NULL, rule);
    mlsd_spec_free(rule);
    return status;
}

/* A rule needs its number. */
static mlsd_status check_rule(const mlsd__experiment_params *p)
{
    if (p->choose == MLSD__CHOOSE_TOLERANCE && isnan(p->tolerance))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'choose' = tolerance needs 'tolerance'");
    if (p->choose == MLSD__CHOOSE_ROPE && isnan(p->rope))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'choose' = rope needs 'rope'");
    return MLSD_OK;
}

static mlsd_status check_split(const mlsd__f64_list *split)
{
    if (split->n == MLSD__N_PARTS) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'split' needs three numbers, for training, validation and test, got %lld",
                      (long long)split->n);
}

static mlsd_status fill(const mlsd_context *context, mlsd__scope *scope, const mlsd_table *table,
                        mlsd_spec *spec)
{
    static const char *const task_names[] = {"auto", "regression", "binary", "multiclass"};
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    int64_t target;
    mlsd_task task;
    MLSD__TRY(find_columns(table, p, &target));
    MLSD__TRY(find_split_columns(table, p));
    MLSD__TRY(check_split(&p->split));
    MLSD__TRY(check_rule(p));
    MLSD__TRY(find_task(context, scope, p, table, target, &task));
    MLSD__TRY(mlsd_spec_set_str(spec, "task", task_names[task]));
    if (p->metric == NULL) {
        MLSD__TRY(mlsd_spec_set_str(spec, "metric", mlsd__metric_default(task)));
    }
    MLSD__TRY(mlsd__metric_check(p->metric, task));
    if (p->quick && p->n_splits > QUICK_SPLITS) {
        MLSD__TRY(mlsd_spec_set_i64(spec, "n_splits", QUICK_SPLITS));
    }
    if (mlsd__spec_slot_child(spec, "splitter") == NULL) {
        MLSD__TRY(add_splitter(scope, spec, task));
    }
    if (mlsd__spec_slot_child(spec, "early_stopping") == NULL) {
        MLSD__TRY(add_early_stopping(scope, spec));
    }
    if (mlsd__spec_slot_child(spec, "models") == NULL) {
        MLSD__TRY(mlsd__experiment_add_ladder(scope, spec, table, target, task));
    }
    return MLSD_OK;
}

mlsd_status mlsd__experiment_complete(const mlsd_context *context, mlsd__scope *scope,
                                      const mlsd_spec *spec, const mlsd_table *table,
                                      mlsd_spec **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(spec, "experiment"));
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    if (table->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the table has no rows");
    mlsd_spec *copy;
    MLSD__TRY(mlsd_spec_clone(spec, &copy));
    const mlsd_status status = fill(context, scope, table, copy);
    if (status == MLSD_OK) {
        *out = copy;
    } else {
        mlsd_spec_free(copy);
    }
    return status;
}

mlsd_status mlsd_experiment_complete(const mlsd_context *context, const mlsd_spec *spec,
                                     const mlsd_table *table, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the spec is NULL");
    *out = NULL;
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = mlsd__experiment_complete(context, &scope, spec, table, out);
    mlsd__scope_close(&scope);
    return status;
}
