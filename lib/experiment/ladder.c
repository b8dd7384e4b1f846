/* ladder.c - the models of an experiment from simple to strong. Each is a pipeline, so that missing
 * values, categories and scales are learned inside each fold from its training rows alone. */
#include <string.h>

#include "base/text.h"
#include "experiment/experiment_impl.h"

enum { MAX_SETTINGS = 2 };

typedef struct rung {
    const char *name; /* as the leaderboard shows it */
    const char *kind;
    bool regresses, is_quick;
    bool is_iterative; /* draws: takes the experiment's seed */
    const char *settings[MAX_SETTINGS][2];
} rung;

static const rung ladder[] = {
    {.name = "constant", .kind = "dummy_regressor", .regresses = true, .is_quick = true},
    {.name = "linear", .kind = "linear_regression", .regresses = true, .is_quick = true},
    {.name = "ridge", .kind = "ridge_cv", .regresses = true},
    {.name = "sgd",
     .kind = "sgd_regressor",
     .regresses = true,
     .is_quick = true,
     .is_iterative = true},
    {.name = "constant", .kind = "dummy_classifier", .is_quick = true},
    {.name = "logistic", .kind = "logistic_regression", .is_quick = true},
    {.name = "logistic (tuned)", .kind = "logistic_regression_cv"},
    {.name = "sgd",
     .kind = "sgd_classifier",
     .is_quick = true,
     .is_iterative = true,
     .settings = {{"loss", "log_loss"}}},
};

/* That a category is missing tells something; two values need one column. */
static const char *const impute_settings[][2] = {{"category_strategy", "own_level"}};
static const char *const one_hot_settings[][2] = {{"handle_unknown", "infrequent_if_exist"},
                                                  {"drop", "if_binary"}};

static mlsd_status add_step(mlsd__scope *scope, mlsd_spec *pipeline, const char *kind,
                            const char *const (*settings)[2], int64_t n_settings)
{
    mlsd_spec *step;
    MLSD__TRY(mlsd__spec_new(scope->allocator, kind, &step));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n_settings && settings[i][0] != NULL && status == MLSD_OK; i++) {
        status = mlsd_spec_set_text(step, settings[i][0], settings[i][1]);
    }
    if (status == MLSD_OK) status = mlsd_spec_add(pipeline, "steps", NULL, step);
    mlsd_spec_free(step);
    return status;
}

static mlsd_status set_number(mlsd_spec *spec, const char *step, const char *param, int64_t value)
{
    mlsd__text name;
    mlsd__text_init(&name, &mlsd__libc_allocator);
    mlsd__text_format(&name, "%s.%s", step, param);
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_spec_set_i64(spec, name.data, value);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status add_rung(mlsd__scope *scope, mlsd_spec *spec, const rung *r)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    mlsd_spec *pipeline;
    MLSD__TRY(mlsd__spec_new(scope->allocator, "pipeline", &pipeline));
    mlsd_status status = add_step(scope, pipeline, "impute", impute_settings, 1);
    if (status == MLSD_OK) status = add_step(scope, pipeline, "one_hot", one_hot_settings, 2);
    if (status == MLSD_OK) {
        status = set_number(pipeline, "one_hot", "max_categories", p->max_categories);
    }
    if (status == MLSD_OK) status = add_step(scope, pipeline, "standardize", NULL, 0);
    if (status == MLSD_OK) status = add_step(scope, pipeline, r->kind, r->settings, MAX_SETTINGS);
    if (status == MLSD_OK && r->is_iterative) {
        status = set_number(pipeline, r->kind, "seed", p->seed);
    }
    if (status == MLSD_OK) status = mlsd_spec_add(spec, "models", r->name, pipeline);
    mlsd_spec_free(pipeline);
    return status;
}

mlsd_status mlsd__experiment_add_ladder(mlsd__scope *scope, mlsd_spec *spec, mlsd_task task)
{
    const mlsd__experiment_params *p = mlsd__spec_params(spec);
    for (int64_t i = 0; i < MLSD__COUNT(ladder); i++) {
        const rung *r = &ladder[i];
        if (r->regresses != (task == MLSD_TASK_REGRESSION)) continue;
        if (p->quick && !r->is_quick) continue;
        MLSD__TRY(add_rung(scope, spec, r));
    }
    return MLSD_OK;
}
