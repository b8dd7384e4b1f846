/* permutation_test.c - do the features tell anything about the target? Kind "permutation_test" of
 * family "validation": the cross-validated score beside those on permuted targets.
 *
 * p = (number of permutations that score as well + 1) / (permutations + 1), which is never 0
 * (Phipson & Smyth 2010, "Permutation p-values should never be zero", Statistical Applications in
 * Genetics and Molecular Biology 9; Ojala & Garriga 2010, JMLR 11, test 1). Permutations and scores
 * are those of scikit-learn's permutation_test_score: a splitter that looks at the target splits
 * each permuted target anew, and folds that are given stay. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "numeric/sum.h"
#include "validate/fold_tasks.h"
#include "validate/permuted_targets.h"
#include "validate/result_rows.h"
#include "validate/validation.h"
#include "validate/words.h"

typedef struct params {
    int64_t n_permutations;
    char *metric;
    int64_t within_groups;
    double level;
    int64_t seed;
} params;

/* What came of one model. */
typedef struct trial {
    double score, p_value, mean, sd;
    double *permuted; /* n_permutations; NaN where a fit failed */
    int64_t n_as_good, n_failed;
    char *message;
    const char *plan;
} trial;

typedef struct test_job {
    const params *p;
    const mlsd__models *models;
    const char *metric_name;
    const mlsd__metric_ops *metric;
    trial *trials; /* by model */
} test_job;

static void judge(const test_job *j, trial *t)
{
    const int64_t n = j->p->n_permutations;
    int64_t n_known = 0;
    double sum = 0, m2 = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = t->permuted[i];
        if (isnan(x)) continue;
        n_known++;
        const double delta = x - sum;
        sum += delta / (double)n_known;
        m2 += delta * (x - sum);
        t->n_as_good += j->metric->greater_is_better ? x >= t->score : x <= t->score;
    }
    t->n_failed = n - n_known;
    t->mean = n_known > 0 ? sum : NAN;
    t->sd = n_known > 1 ? sqrt(m2 / (double)(n_known - 1)) : NAN;
    t->p_value = isnan(t->score) ? NAN : (double)(t->n_as_good + 1) / (double)(n_known + 1);
}

static mlsd_status run_trials(mlsd__scope *scope, const mlsd__validation_input *in,
                              const mlsd_folds *folds, const mlsd_spec *splitter, test_job *j)
{
    for (int64_t e = 0; e < j->models->n; e++) {
        trial *const t = &j->trials[e];
        const mlsd__permuted_input input = {.estimator = j->models->specs[e],
                                            .dataset = in->dataset,
                                            .folds = folds,
                                            .splitter = splitter,
                                            .metric = j->metric_name,
                                            .n_permutations = j->p->n_permutations,
                                            .seed = j->p->seed,
                                            .within_groups = j->p->within_groups != 0};
        t->permuted = mlsd__alloc(scope->allocator, j->p->n_permutations, sizeof *t->permuted);
        if (t->permuted == NULL) return MLSD_E_NOMEM;
        MLSD__TRY(
            mlsd__permuted_scores(scope, &input, &t->score, t->permuted, &t->message, &t->plan));
        judge(j, t);
    }
    for (int64_t e = 0; e < j->models->n; e++) {
        if (!isnan(j->trials[e].score)) return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_DATA, "the target as it is has no %s: %s", j->metric_name,
                      j->trials[0].message != NULL ? j->trials[0].message
                                                   : "it is not defined on every test part");
}

/* Table "tests": model, score, p_value, n_as_good, permuted_mean, permuted_sd, n_failed, message.
 */
static mlsd_status put_tests(mlsd_result *r, const test_job *j)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY},    {"score", MLSD_COLUMN_F64},
        {"p_value", MLSD_COLUMN_F64},       {"n_as_good", MLSD_COLUMN_I64},
        {"permuted_mean", MLSD_COLUMN_F64}, {"permuted_sd", MLSD_COLUMN_F64},
        {"n_failed", MLSD_COLUMN_I64},      {"message", MLSD_COLUMN_CATEGORY}};
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < j->models->n; e++) {
        const trial *const t = &j->trials[e];
        mlsd__rows_str(&rows, j->models->names[e]);
        mlsd__rows_f64(&rows, t->score);
        mlsd__rows_f64(&rows, t->p_value);
        mlsd__rows_i64(&rows, t->n_as_good);
        mlsd__rows_f64(&rows, t->mean);
        mlsd__rows_f64(&rows, t->sd);
        mlsd__rows_i64(&rows, t->n_failed);
        mlsd__rows_str(&rows, t->message);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "tests", table, false);
}

/* Table "permutations": model, permutation, score. */
static mlsd_status put_permutations(mlsd_result *r, const test_job *j)
{
    static const mlsd__row_column columns[] = {{"model", MLSD_COLUMN_CATEGORY},
                                               {"permutation", MLSD_COLUMN_I64},
                                               {"score", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < j->models->n; e++) {
        for (int64_t i = 0; i < j->p->n_permutations; i++) {
            mlsd__rows_str(&rows, j->models->names[e]);
            mlsd__rows_i64(&rows, i);
            mlsd__rows_f64(&rows, j->trials[e].permuted[i]);
        }
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "permutations", table, false);
}

/* The numbers of a single model by themselves. */
static mlsd_status put_numbers(mlsd_result *r, const trial *t)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"score", t->score},
                   {"p_value", t->p_value},
                   {"n_as_good", (double)t->n_as_good},
                   {"permuted_mean", t->mean},
                   {"permuted_sd", t->sd}};
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    return MLSD_OK;
}

static void say_one(mlsd__text *t, const test_job *j, const trial *of)
{
    const int64_t n_known = j->p->n_permutations - of->n_failed;
    mlsd__text_format(t, "%s ", j->metric_name);
    mlsd__words_number(t, of->score);
    if (isnan(of->p_value)) {
        mlsd__text_append(t, ", so nothing can be said");
        return;
    }
    mlsd__text_append(t, ", on permuted targets ");
    mlsd__words_number(t, of->mean);
    mlsd__text_format(t, " on average, and as good in %lld of %lld (p = ", (long long)of->n_as_good,
                      (long long)n_known);
    mlsd__words_number(t, of->p_value);
    const double alpha = 1 - j->p->level;
    if (of->p_value <= alpha) {
        mlsd__text_append(t, "): the features tell something about the target");
    } else if (1 / (double)(n_known + 1) > alpha) {
        mlsd__text_append(t, "): too few permutations to tell");
    } else {
        mlsd__text_append(t, "): no sign that the features tell anything about the target");
    }
    if (of->n_failed > 0)
        mlsd__text_format(t, "; %lld permutations failed, the first with: %s",
                          (long long)of->n_failed, of->message != NULL ? of->message : "no score");
}

static mlsd_status put_words(mlsd_result *r, const test_job *j)
{
    MLSD__TRY(mlsd__result_set_str(r, "metric", j->metric_name, false));
    MLSD__TRY(mlsd__result_set_str(r, "plan", j->trials[0].plan, false));
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    for (int64_t e = 0; e < j->models->n; e++) {
        if (e > 0) mlsd__text_append(&t, "; ");
        if (j->models->n > 1) mlsd__text_format(&t, "'%s': ", j->models->names[e]);
        say_one(&t, j, &j->trials[e]);
    }
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(mlsd__scope *scope, const test_job *j, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(scope->allocator, "permutation_test", &r));
    mlsd_status status = j->models->n == 1 ? put_numbers(r, &j->trials[0]) : MLSD_OK;
    if (status == MLSD_OK) status = put_tests(r, j);
    if (status == MLSD_OK) status = put_permutations(r, j);
    if (status == MLSD_OK) status = put_words(r, j);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

/* Where the target is the same all over each group, permuting within them changes nothing. */
static mlsd_status check_groups(mlsd__scope *scope, const mlsd__validation_input *in)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd_dataset *const d = in->dataset;
    if (d->store->group == NULL || !p->within_groups) return MLSD_OK;
    double *y = NULL;
    bool varies = false;
    mlsd__permuter permuter;
    MLSD__TRY(mlsd__dataset_gather_target(d, &y));
    const mlsd_status status = mlsd__permuter_open(&permuter, scope, d, true, 0);
    for (int64_t g = 0; status == MLSD_OK && g < permuter.n_groups && !varies; g++) {
        for (int64_t i = permuter.starts[g] + 1; i < permuter.starts[g + 1] && !varies; i++)
            varies = y[permuter.rows[i]] != y[permuter.rows[i - 1]];
    }
    mlsd__permuter_close(&permuter, scope->allocator);
    mlsd__free(&d->store->allocator, y);
    if (status != MLSD_OK || varies) return status;
    return mlsd__fail(MLSD_E_DATA, "the target is the same in all rows of each group, so permuting "
                                   "within groups changes nothing; use within_groups=false");
}

/* The splitter, and its folds where they hold for every permutation. */
static mlsd_status draw_folds(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_spec **own,
                              const mlsd_spec **out_splitter, mlsd_folds **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    *out_splitter = mlsd__spec_slot_child(in->spec, "splitter");
    if (*out_splitter == NULL) {
        MLSD__TRY(mlsd__default_splitter(scope->allocator, in->dataset, MLSD__DEFAULT_SPLITS,
                                         p->seed, own));
        *out_splitter = *own;
    }
    const int32_t of_target = MLSD__NEEDS_Y | MLSD__NEEDS_CLASSES;
    const int32_t needs = mlsd__splitter_needs(*out_splitter);
    if ((needs & (of_target | MLSD__MAY_USE(of_target))) != 0) return MLSD_OK;
    return mlsd__folds_split_dataset(scope, *out_splitter, in->dataset, out);
}

static mlsd_status find_metric(const mlsd__validation_input *in, const char **out_name,
                               const mlsd__metric_ops **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd_task task = mlsd_dataset_task(in->dataset);
    if (task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_DATA, "the data set has no target to permute");
    *out_name = p->metric != NULL ? p->metric : mlsd__metric_default(task);
    MLSD__TRY(mlsd__metric_check(*out_name, task));
    return mlsd__metric_find(*out_name, out);
}

static mlsd_status run_models(mlsd__scope *scope, const mlsd__validation_input *in, test_job *j,
                              mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_spec *own = NULL;
    const mlsd_spec *splitter = NULL;
    mlsd_folds *drawn = NULL;
    j->trials = mlsd__alloc(a, j->models->n, sizeof *j->trials);
    mlsd_status status = j->trials == NULL ? MLSD_E_NOMEM : check_groups(scope, in);
    if (status == MLSD_OK && in->folds == NULL)
        status = draw_folds(scope, in, &own, &splitter, &drawn);
    const mlsd_folds *const folds = in->folds != NULL ? in->folds : drawn;
    if (status == MLSD_OK) status = run_trials(scope, in, folds, splitter, j);
    if (status == MLSD_OK) status = make_result(scope, j, out);
    for (int64_t e = 0; j->trials != NULL && e < j->models->n; e++) {
        mlsd__free(a, j->trials[e].permuted);
        mlsd__free(a, j->trials[e].message);
    }
    mlsd__free(a, j->trials);
    mlsd_folds_free(drawn);
    mlsd_spec_free(own);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    test_job j = {.p = mlsd__spec_params(in->spec)};
    mlsd__models models;
    MLSD__TRY(find_metric(in, &j.metric_name, &j.metric));
    MLSD__TRY(mlsd__validation_models(scope->allocator, in->spec, "estimators", &models));
    j.models = &models;
    const mlsd_status status = run_models(scope, in, &j, out);
    mlsd__models_free(scope->allocator, &models);
    return status;
}

/* Copies of a row have one target between them, which permuted rows would not have. */
static mlsd_status check_repeats(const mlsd_dataset *d)
{
    int64_t row = -1;
    MLSD__TRY(mlsd__dataset_find_repeat(d, &row));
    if (row < 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "permuting the target takes rows as exchangeable, and the data set shows row "
                      "%lld of its source twice; give permutation_test each row once",
                      (long long)row);
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const char *name = NULL;
    const mlsd__metric_ops *metric = NULL;
    if (mlsd__spec_slot_child(in->spec, "estimators") == NULL)
        return mlsd__fail(MLSD_E_CHILD, "permutation_test has no model in its slot 'estimators'");
    MLSD__TRY(find_metric(in, &name, &metric));
    if (in->dataset->store->time == NULL) return check_repeats(in->dataset);
    return mlsd__fail(MLSD_E_DATA, "permuting the target takes rows as exchangeable, and the data "
                                   "set has times");
}

static const mlsd__validation_ops ops = {.draws_folds = true, .check = check, .run = run};

static const mlsd_param permutation_test_params[] = {
    MLSD__P_I64(params, n_permutations, 1, 10000000, "100", "log", "permutations of the target"),
    MLSD__P_STR(params, metric, "null", "metric; null: rmse for regression, log_loss for classes"),
    MLSD__P_BOOL(params, within_groups, "true",
                 "where there are groups, permute the targets within each of them"),
    MLSD__P_F64(params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "the verdict sees something where p is at most 1 - level"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the permutations (scikit-learn's random_state) and of the folds"),
};

static const mlsd__slot slots[] = {
    {"estimators", "estimator,search", 1, "the model, or several: a test each"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes and keep groups together"},
};

const mlsd_kind mlsd__kind_permutation_test = {
    .name = "permutation_test",
    .family = "validation",
    .doc = "Do the features tell anything about the target, or is the score chance?",
    .params = permutation_test_params,
    .n_params = MLSD__COUNT(permutation_test_params),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
