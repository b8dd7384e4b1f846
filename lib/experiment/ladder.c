/* ladder.c - the models of an experiment from simple to strong, those that suit the task, the
 * target and the number of rows. Each is a pipeline, so that missing values, categories and scales
 * are learned inside each fold from its training rows alone. */
#include <string.h>

#include "base/text.h"
#include "experiment/experiment_impl.h"
#include "numeric/rank.h"

typedef struct setting {
    const char *name, *text;
} setting;

/* What the choice of models looks at beside the task. */
typedef struct problem {
    const mlsd_table *table;
    int64_t target;
} problem;

typedef struct rung {
    const char *name; /* as the leaderboard shows it */
    const char *kind;
    const setting *settings;
    int64_t n_settings;
    bool regresses, is_quick;
    bool is_bare;   /* looks at no column, so needs no preprocessing */
    bool is_series; /* goes on from the last rows: where the split goes by time */
    bool is_seeded;
    bool is_unpenalised;
    bool is_calibrated; /* its own probabilities say too much: a curve of inner folds mends them */
    bool (*suits)(const problem *given); /* NULL: always */
} rung;

/* A column of whole numbers, none below 0: counts, or what is modelled like them. */
static bool has_counts(const problem *given)
{
    const mlsd__column *const target = given->table->columns[given->target];
    if (target->type != MLSD_COLUMN_I64) return false;
    const int64_t *const values = target->values;
    for (int64_t i = 0; i < target->n; i++)
        if (values[i] < 0) return false;
    return true;
}

/* Searching neighbors takes the square of the rows. */
enum { MOST_NEIGHBOR_ROWS = 50000 };

static bool has_few_rows(const problem *given)
{
    return given->table->n_rows <= MOST_NEIGHBOR_ROWS;
}

/* In each fold early stopping holds a tenth of the rows out. */
enum { FEWEST_NETWORK_ROWS = 200 };

static bool has_rows_to_hold_out(const problem *given)
{
    return given->table->n_rows >= FEWEST_NETWORK_ROWS;
}

/* That a category is missing tells something; two values need one column. */
static const setting impute_settings[] = {{"category_strategy", "own_level"}};
static const setting one_hot_settings[] = {{"handle_unknown", "infrequent_if_exist"},
                                           {"drop", "if_binary"}};
/* Beside an intercept all levels of a column are dependent, which only a penalty makes up for. */
static const setting unpenalised_one_hot_settings[] = {{"handle_unknown", "infrequent_if_exist"},
                                                       {"drop", "first"}};
/* Columns are standardised: small steps, and smaller ones once they lead nowhere, descend evenly.
 * The schedules that are scikit-learn's defaults begin with leaps (classes) or end in a creep
 * (numbers). */
static const setting sgd_settings[] = {
    {"learning_rate", "adaptive"}, {"eta0", "0.01"}, {"tol", "0.0001"}};
/* Few units and an early end: rows of tables are few and noisy. */
static const setting mlp_settings[] = {
    {"hidden_layer_sizes", "32"}, {"early_stopping", "true"}, {"n_iter_no_change", "5"}};
/* A handful of neighbors is all noise where rows are noisy. */
static const setting neighbor_settings[] = {{"n_neighbors", "25"}};
/* One model of all rows, so that what is shown and saved is what its name says. */
static const setting calibration_settings[] = {{"ensemble", "false"}};

/* A damped trend is the one of these that is rarely far off (Gardner & McKenzie 1985). */
static const setting smoothing_settings[] = {{"trend", "add"}, {"damped_trend", "true"}};

#define SETTINGS(array) .settings = (array), .n_settings = MLSD__COUNT(array)

static const rung ladder[] = {
    {.name = "constant",
     .kind = "dummy_regressor",
     .regresses = true,
     .is_quick = true,
     .is_bare = true},
    {.name = "last value",
     .kind = "naive_forecaster",
     .regresses = true,
     .is_quick = true,
     .is_bare = true,
     .is_series = true},
    {.name = "smoothing",
     .kind = "exponential_smoothing",
     SETTINGS(smoothing_settings),
     .regresses = true,
     .is_quick = true,
     .is_bare = true,
     .is_series = true},
    {.name = "linear",
     .kind = "linear_regression",
     .regresses = true,
     .is_quick = true,
     .is_unpenalised = true},
    {.name = "ridge", .kind = "ridge_cv", .regresses = true},
    {.name = "lasso (tuned)", .kind = "lasso_cv", .regresses = true},
    {.name = "poisson",
     .kind = "poisson_regressor",
     .regresses = true,
     .is_quick = true,
     .suits = has_counts},
    {.name = "sgd",
     .kind = "sgd_regressor",
     SETTINGS(sgd_settings),
     .regresses = true,
     .is_quick = true,
     .is_seeded = true},
    {.name = "neighbors",
     .kind = "k_neighbors_regressor",
     SETTINGS(neighbor_settings),
     .regresses = true,
     .suits = has_few_rows},
    {.name = "mlp",
     .kind = "mlp_regressor",
     SETTINGS(mlp_settings),
     .regresses = true,
     .is_seeded = true,
     .suits = has_rows_to_hold_out},
    {.name = "constant", .kind = "dummy_classifier", .is_quick = true, .is_bare = true},
    {.name = "naive bayes", .kind = "gaussian_nb", .is_quick = true, .is_calibrated = true},
    {.name = "logistic", .kind = "logistic_regression", .is_quick = true},
    {.name = "discriminant", .kind = "linear_discriminant_analysis", .is_quick = true},
    {.name = "logistic (tuned)", .kind = "logistic_regression_cv"},
    {.name = "sgd",
     .kind = "sgd_classifier",
     SETTINGS(sgd_settings),
     .is_quick = true,
     .is_seeded = true},
    {.name = "neighbors",
     .kind = "k_neighbors_classifier",
     SETTINGS(neighbor_settings),
     .is_calibrated = true,
     .suits = has_few_rows},
    {.name = "mlp",
     .kind = "mlp_classifier",
     SETTINGS(mlp_settings),
     .is_seeded = true,
     .suits = has_rows_to_hold_out},
};

/* One row at each time: a series, not a panel of many. */
static mlsd_status is_series(mlsd__scope *scope, const mlsd_table *table, const char *time,
                             bool *out)
{
    *out = false;
    if (time == NULL || table->n_rows < 2) return MLSD_OK;
    int64_t j;
    MLSD__TRY(mlsd_table_find(table, time, &j));
    const mlsd__column *const column = table->columns[j];
    double *const values = mlsd__alloc_raw(scope->allocator, column->n, sizeof *values);
    int64_t *const order = mlsd__alloc_raw(scope->allocator, column->n, sizeof *order);
    mlsd_status status = values == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < column->n; i++)
            values[i] = column->type == MLSD_COLUMN_F64 ? ((const double *)column->values)[i]
                        : column->type == MLSD_COLUMN_I64
                            ? (double)((const int64_t *)column->values)[i]
                            : ((const int32_t *)column->values)[i];
        status = mlsd__argsort(scope->allocator, values, column->n, order);
    }
    if (status == MLSD_OK) {
        *out = true;
        for (int64_t i = 1; i < column->n && *out; i++)
            *out = values[order[i]] != values[order[i - 1]];
    }
    mlsd__free(scope->allocator, order);
    mlsd__free(scope->allocator, values);
    return status;
}

static mlsd_status make_step(mlsd__scope *scope, const char *kind, const setting *settings,
                             int64_t n_settings, mlsd_spec **out)
{
    mlsd_spec *step;
    MLSD__TRY(mlsd__spec_new(scope->allocator, kind, &step));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n_settings && status == MLSD_OK; i++)
        status = mlsd_spec_set_text(step, settings[i].name, settings[i].text);
    if (status == MLSD_OK)
        *out = step;
    else
        mlsd_spec_free(step);
    return status;
}

static mlsd_status add_step(mlsd__scope *scope, mlsd_spec *pipeline, const char *kind,
                            const setting *settings, int64_t n_settings)
{
    mlsd_spec *step;
    MLSD__TRY(make_step(scope, kind, settings, n_settings, &step));
    const mlsd_status status = mlsd_spec_add(pipeline, "steps", NULL, step);
    mlsd_spec_free(step);
    return status;
}

/* The last step of a pipeline: the model, behind a calibration where it needs one. */
static mlsd_status add_model(mlsd__scope *scope, mlsd_spec *pipeline, const rung *r)
{
    if (!r->is_calibrated) return add_step(scope, pipeline, r->kind, r->settings, r->n_settings);
    mlsd_spec *outer, *model = NULL;
    MLSD__TRY(make_step(scope, "calibrated_classifier", calibration_settings,
                        MLSD__COUNT(calibration_settings), &outer));
    mlsd_status status = make_step(scope, r->kind, r->settings, r->n_settings, &model);
    if (status == MLSD_OK) status = mlsd_spec_add(outer, "estimator", NULL, model);
    if (status == MLSD_OK) status = mlsd_spec_add(pipeline, "steps", NULL, outer);
    mlsd_spec_free(model);
    mlsd_spec_free(outer);
    return status;
}

static mlsd_status set_number(const mlsd__allocator *a, mlsd_spec *spec, const char *step,
                              const char *param, int64_t value)
{
    mlsd__text name;
    mlsd__text_init(&name, a);
    mlsd__text_format(&name, "%s.%s", step, param);
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_spec_set_i64(spec, name.data, value);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status add_bare(mlsd__scope *scope, mlsd_spec *spec, const rung *r)
{
    mlsd_spec *model;
    MLSD__TRY(make_step(scope, r->kind, r->settings, r->n_settings, &model));
    const mlsd_status status = mlsd_spec_add(spec, "models", r->name, model);
    mlsd_spec_free(model);
    return status;
}

static mlsd_status add_pipeline(mlsd__scope *scope, mlsd_spec *spec, const rung *r)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    mlsd_spec *pipeline;
    MLSD__TRY(mlsd__spec_new(scope->allocator, "pipeline", &pipeline));
    mlsd_status status =
        add_step(scope, pipeline, "impute", impute_settings, MLSD__COUNT(impute_settings));
    if (status == MLSD_OK) {
        status = add_step(scope, pipeline, "one_hot",
                          r->is_unpenalised ? unpenalised_one_hot_settings : one_hot_settings,
                          MLSD__COUNT(one_hot_settings));
    }
    if (status == MLSD_OK) {
        status =
            set_number(scope->allocator, pipeline, "one_hot", "max_categories", p->max_categories);
    }
    if (status == MLSD_OK) status = add_step(scope, pipeline, "standardize", NULL, 0);
    if (status == MLSD_OK) status = add_model(scope, pipeline, r);
    if (status == MLSD_OK && r->is_seeded)
        status = set_number(scope->allocator, pipeline, r->kind, "seed", p->seed);
    if (status == MLSD_OK) status = mlsd_spec_add(spec, "models", r->name, pipeline);
    mlsd_spec_free(pipeline);
    return status;
}

mlsd_status mlsd__experiment_add_ladder(mlsd__scope *scope, mlsd_spec *spec,
                                        const mlsd_table *table, int64_t target, mlsd_task task)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    const problem given = {table, target};
    bool has_series;
    MLSD__TRY(is_series(scope, table, p->time, &has_series));
    for (int64_t i = 0; i < MLSD__COUNT(ladder); i++) {
        const rung *r = &ladder[i];
        if (r->regresses != (task == MLSD_TASK_REGRESSION)) continue;
        if (p->quick && !r->is_quick) continue;
        if (r->is_series && !has_series) continue;
        if (r->suits != NULL && !r->suits(&given)) continue;
        MLSD__TRY(r->is_bare ? add_bare(scope, spec, r) : add_pipeline(scope, spec, r));
    }
    return MLSD_OK;
}
