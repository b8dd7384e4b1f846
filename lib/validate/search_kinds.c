/* search_kinds.c - the kinds of family "search": their parameters, and what each does. */
#include <math.h>
#include <string.h>

#include "mlsd/validate.h"
#include "base/fail.h"
#include "base/handle.h"
#include "validate/search_impl.h"

typedef mlsd__search_params params;

/* What mlsd_validate and a fit know comes first. */
typedef struct search_ops {
    mlsd__validation_ops validation;
    mlsd__search_strategy strategy;
} search_ops;

const mlsd__search_strategy *mlsd__search_strategy_of(const mlsd_spec *spec)
{
    return &((const search_ops *)mlsd__spec_ops(spec))->strategy;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    mlsd__search s;
    mlsd_status status = mlsd__search_open(&s, scope, in->spec, in->dataset, in->folds,
                                           mlsd__search_strategy_of(in->spec));
    if (status == MLSD_OK) status = mlsd__search_run(&s);
    if (status == MLSD_OK) status = mlsd__search_refit(&s);
    if (status == MLSD_OK) status = mlsd__search_result(&s, in->context, out);
    mlsd__search_close(&s);
    return status;
}

mlsd_status mlsd__search_choose_only(mlsd__search *s, mlsd__scope *scope, const mlsd_spec *search,
                                     const mlsd_dataset *train)
{
    MLSD__TRY(mlsd__search_open(s, scope, search, train, NULL, mlsd__search_strategy_of(search)));
    s->keeps_predictions = false;
    return mlsd__search_run(s);
}

static mlsd_status choose(mlsd__scope *scope, const mlsd_spec *search, const mlsd_dataset *train,
                          mlsd_spec **out)
{
    mlsd__search s;
    *out = NULL;
    mlsd_status status = mlsd__search_choose_only(&s, scope, search, train);
    if (status == MLSD_OK) status = mlsd_spec_clone(mlsd__search_chosen(&s), out);
    mlsd__search_close(&s);
    return status;
}

/* ---- candidates alone ---- */

/* Without a data set: the space, and what the spec says of the number. */
static mlsd_status make_candidates(const mlsd__allocator *a, const mlsd_spec *search,
                                   mlsd__space *space, mlsd__candidates *out)
{
    const params *const p = mlsd__spec_params(search);
    const mlsd__search_strategy *const strategy = mlsd__search_strategy_of(search);
    const mlsd_spec *const estimator = mlsd__spec_slot_child(search, "estimator");
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(search));
    if (estimator == NULL)
        return mlsd__fail(MLSD_E_CHILD, "%s has no estimator; put one into its slot 'estimator'",
                          kind);
    MLSD__TRY(mlsd__space_read(a, estimator, &p->space, space));
    const bool has_number = p->n_iter > 0;
    if (!strategy->draws && !(strategy->races && has_number))
        return mlsd__space_grid(space, estimator, out);
    if (!has_number)
        return mlsd__fail(MLSD_E_ARG,
                          "how many candidates %s draws depends on the data set, which "
                          "is NULL",
                          kind);
    return mlsd__space_draw(space, estimator, p->n_iter, p->seed, out);
}

static mlsd_status list_candidates(mlsd__scope *scope, const mlsd_spec *search, mlsd_table **out)
{
    mlsd__space space = {0};
    mlsd__candidates candidates = {0};
    mlsd_status status = make_candidates(scope->allocator, search, &space, &candidates);
    if (status == MLSD_OK) status = mlsd__candidates_table(&candidates, out);
    mlsd__candidates_free(&candidates);
    mlsd__space_free(&space);
    return status;
}

mlsd_status mlsd_search_candidates(const mlsd_context *context, const mlsd_spec *search,
                                   const mlsd_dataset *dataset, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the table is NULL");
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(search, "search"));
    if (dataset != NULL) MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status;
    if (dataset == NULL) {
        status = list_candidates(&scope, search, out);
    } else {
        mlsd__search s;
        status =
            mlsd__search_open(&s, &scope, search, dataset, NULL, mlsd__search_strategy_of(search));
        if (status == MLSD_OK) status = mlsd__candidates_table(&s.candidates, out);
        mlsd__search_close(&s);
    }
    mlsd__scope_close(&scope);
    return status;
}

/* ---- parameters ---- */

#define SPACE                                                                                     \
    MLSD__P_STR_LIST(params, space, "null",                                                       \
                     "what is searched, an entry a parameter of the estimator: 'alpha = 0.1, 1, " \
                     "10'; for draws also 'alpha ~ log_uniform(0.001, 1000)', uniform, "          \
                     "integers; an entry 'or' begins another grid")

#define METRICS_AND_CHOICE                                                                         \
    MLSD__P_STR_LIST(params, metrics, "null",                                                      \
                     "metrics by name, the first one decides; null: rmse for regression, "         \
                     "log_loss for classes"),                                                      \
        MLSD__P_CHOICE(params, choose, mlsd__choose_names, "\"best\"",                             \
                       "which candidate is taken: the best, or the simplest within one standard "  \
                       "error, within tolerance, or not worse by more than rope"),                 \
        MLSD__P_F64_NULL(params, tolerance, 0, INFINITY, MLSD__OPEN_UPPER, "null",                 \
                         "part of the best score that choose tolerance gives away"),               \
        MLSD__P_F64_NULL(params, rope, 0, INFINITY, MLSD__OPEN_UPPER, "null",                      \
                         "differences of the first metric up to it do not matter to choose "       \
                         "rope"),                                                                  \
        MLSD__P_STR_LIST(params, simple_first, "null",                                             \
                         "parameters that candidates are sorted by from simple to strong, with "   \
                         "'-' in front where larger is simpler; null: the order of the space"),    \
        MLSD__P_F64_NULL(params, max_latency_us, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, \
                         "null", "microseconds that the prediction of a row may take"),            \
        MLSD__P_F64_NULL(params, max_bytes, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,      \
                         "null",                                                                   \
                         "bytes that the model may have; every candidate is then fitted "          \
                         "on all rows too"),                                                       \
        MLSD__P_BOOL(params, measure_bytes, "false",                                               \
                     "fit every candidate on all rows too, for the size of its model"),            \
        MLSD__P_BOOL(params, refit, "true", "fit the chosen candidate on all rows")

#define BOOTSTRAPS                                                                                \
    MLSD__P_I64_NULL(params, n_bootstraps, 0, 1000000, "null",                                    \
                     "draws of the interval that is corrected for the choice (BBC-CV); 0: none; " \
                     "null: 1000 where they take less than a second or so")

#define N_ITER MLSD__P_I64(params, n_iter, 1, 1000000, "10", "log", "candidates to draw")

#define SEED_OF(what) MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL, what)

#define FACTOR                                                                               \
    MLSD__P_F64(params, factor, 1, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "3", NULL, \
                "one of so many goes on to the next rung, which has so many times the resources")

#define RESOURCES(min_doc)                                                                       \
    MLSD__P_STR(params, resource, "\"n_samples\"",                                               \
                "what grows: n_samples, the rows of the data set of which a fold trains on its " \
                "share, or a parameter of the estimator that is a whole number"),                \
        FACTOR, MLSD__P_I64_NULL(params, min_resources, 0, INFINITY, "null", min_doc),           \
        MLSD__P_I64_NULL(params, max_resources, 1, INFINITY, "null",                             \
                         "resources of the last rung at most; null: all rows")

#define AGGRESSIVE                                                                                 \
    MLSD__P_BOOL(params, aggressive_elimination, "false",                                          \
                 "where resources are few, repeat the first rung until few enough candidates are " \
                 "left")

/* ---- slots ---- */

static const mlsd__slot slots[] = {
    {"estimator", "estimator", 0, "what is searched: an estimator or a pipeline"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes, keep groups together and respect times"},
};

#define VALIDATION                                                    \
    {                                                                 \
        .search = {.choose = choose}, .draws_folds = true, .run = run \
    }
#define KIND_OF(ops_, params_)                                               \
    .family = "search", .params = params_, .n_params = MLSD__COUNT(params_), \
    .params_size = sizeof(params), .slots = slots, .n_slots = MLSD__COUNT(slots), .ops = &ops_

/* ---- the kinds ---- */

static const mlsd_param grid_params[] = {
    SPACE,
    METRICS_AND_CHOICE,
    BOOTSTRAPS,
    SEED_OF("seed of folds and bootstraps"),
};
static const search_ops grid_ops = {.validation = VALIDATION,
                                    .strategy = {.run = mlsd__search_all}};
const mlsd_kind mlsd__kind_grid_search = {
    .name = "grid_search",
    .doc = "Every combination of the values of some parameters, on every fold",
    KIND_OF(grid_ops, grid_params),
};

static const mlsd_param random_params[] = {
    SPACE, N_ITER, METRICS_AND_CHOICE, BOOTSTRAPS, SEED_OF("seed of draws, folds and bootstraps"),
};
static const search_ops random_ops = {.validation = VALIDATION,
                                      .strategy = {.draws = true, .run = mlsd__search_all}};
const mlsd_kind mlsd__kind_random_search = {
    .name = "random_search",
    .doc = "Candidates drawn from lists and ranges, on every fold; lists alone are drawn from "
           "without replacement",
    KIND_OF(random_ops, random_params),
};

static const mlsd_param halving_grid_params[] = {
    SPACE,
    RESOURCES("resources of the first rung; 0: the smallest that make sense; null: as many as "
              "let the last rung have nearly all"),
    AGGRESSIVE,
    METRICS_AND_CHOICE,
    SEED_OF("seed of folds and of the rows of a rung"),
};
static const search_ops halving_grid_ops = {
    .validation = VALIDATION,
    .strategy = {.halves = true, .check = mlsd__halving_check, .run = mlsd__halving_run}};
const mlsd_kind mlsd__kind_halving_grid_search = {
    .name = "halving_grid_search",
    .doc = "Every combination on few rows or epochs, and the better ones on more: successive "
           "halving",
    KIND_OF(halving_grid_ops, halving_grid_params),
};

static const mlsd_param halving_random_params[] = {
    SPACE,
    MLSD__P_I64_NULL(params, n_iter, 1, 1000000, "null",
                     "candidates to draw; null: so many that the last rung can have all resources"),
    RESOURCES("resources of the first rung; 0: the smallest that make sense; null: as many as "
              "let the last rung have nearly all"),
    AGGRESSIVE,
    METRICS_AND_CHOICE,
    SEED_OF("seed of draws, folds and of the rows of a rung"),
};
static const search_ops halving_random_ops = {.validation = VALIDATION,
                                              .strategy = {.draws = true,
                                                           .halves = true,
                                                           .check = mlsd__halving_check,
                                                           .count = mlsd__halving_count,
                                                           .run = mlsd__halving_run}};
const mlsd_kind mlsd__kind_halving_random_search = {
    .name = "halving_random_search",
    .doc = "Drawn candidates on few rows or epochs, and the better ones on more: successive "
           "halving",
    KIND_OF(halving_random_ops, halving_random_params),
};

static const mlsd_param hyperband_params[] = {
    SPACE,
    RESOURCES("least resources of a first rung; 0 or null: the smallest that make sense"),
    METRICS_AND_CHOICE,
    SEED_OF("seed of draws, folds and of the rows of a rung"),
};
static const search_ops hyperband_ops = {.validation = VALIDATION,
                                         .strategy = {.draws = true,
                                                      .halves = true,
                                                      .check = mlsd__halving_check,
                                                      .count = mlsd__hyperband_count,
                                                      .run = mlsd__hyperband_run}};
const mlsd_kind mlsd__kind_hyperband = {
    .name = "hyperband",
    .doc = "Successive halvings from many candidates with few resources to few with all: "
           "Hyperband",
    KIND_OF(hyperband_ops, hyperband_params),
};

static const mlsd_param racing_params[] = {
    SPACE,
    MLSD__P_I64_NULL(params, n_iter, 1, 1000000, "null",
                     "candidates to draw; null: every combination"),
    MLSD__P_I64(params, burn_in, 2, 1000000, "3", NULL,
                "folds that every candidate runs before any is taken out"),
    MLSD__P_F64(params, alpha, 0, 0.5, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.05", "log",
                "a candidate is taken out when it is worse than the best at this level"),
    MLSD__P_I64(params, num_ties, 1, 1000000, "10", NULL,
                "folds for which the last two may keep level before the worse is taken out"),
    METRICS_AND_CHOICE,
    SEED_OF("seed of draws, folds and of their order"),
};
static const search_ops racing_ops = {.validation = VALIDATION,
                                      .strategy = {.races = true, .run = mlsd__racing_run}};
const mlsd_kind mlsd__kind_racing_search = {
    .name = "racing_search",
    .doc = "Candidates run fold after fold, and those that fall behind the best are taken out",
    KIND_OF(racing_ops, racing_params),
};
