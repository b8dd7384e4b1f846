/* bagging.c - kinds "bagging_classifier" and "bagging_regressor" (Breiman 1996, "Bagging
 * predictors"): any estimator fitted many times, to rows and columns drawn at random, and what they
 * say averaged. Names are those of scikit-learn. Random subspaces (Ho 1998) are max_features below
 * 1, pasting is without bootstrap.
 *
 * Member m draws from a stream of (seed, m), and the seeds in its estimator are those given plus m.
 * A row that is drawn twice is there twice; for estimators that test on some rows what they learned
 * from others it has twice the weight instead, so that it does not stand on both sides. */
#include "model/ensemble/bagging.h"

#include <math.h>
#include <string.h>

#include "base/spec_impl.h"
#include "model/search_ops.h"
#include "model/train_part.h"

extern const mlsd_kind mlsd__kind_bagging_classifier, mlsd__kind_bagging_regressor;

/* Members at a time whose answers about rows they have not seen are kept. */
enum { WAVE = 16 };

static const char *name_of(const mlsd_spec *spec)
{
    return mlsd_kind_name(mlsd_spec_kind(spec));
}

static mlsd_status check_params(const mlsd_spec *spec)
{
    const mlsd__bagging_params *const p = mlsd__spec_params(spec);
    const double asked[] = {p->max_samples, p->max_features};
    static const char *const names[] = {"max_samples", "max_features"};
    for (int i = 0; i < 2; i++)
        if (asked[i] > 1 && asked[i] != floor(asked[i]))
            return mlsd__fail(MLSD_E_PARAM_RANGE,
                              "'%s' is a share up to 1, or a whole number, got %g", names[i],
                              asked[i]);
    if (p->oob_score != 0 && p->bootstrap == 0)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'oob_score' needs rows that members have not seen; set 'bootstrap'");
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD, "%s has no estimator; put one into its slot 'estimator'",
                          name_of(spec));
    const mlsd_spec *const final = mlsd__estimator_final(child);
    if (final == NULL) return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final), *const own =
                                                                      mlsd__spec_ops(child);
    const bool classifies = spec->kind == &mlsd__kind_bagging_classifier;
    if (ops->clock != NULL || (classifies ? !ops->classifies : !ops->regresses))
        return mlsd__fail(MLSD_E_CHILD, "%s: %s is no %s", name_of(spec), name_of(final),
                          classifies ? "classifier" : "regressor");
    MLSD__TRY(check_params(spec));
    return own->check != NULL ? own->check(child, task) : MLSD_OK;
}

static bool stops_early(const mlsd_spec *spec)
{
    int32_t asked = 0;
    for (int64_t i = 0; i < spec->kind->n_params; i++)
        if (strcmp(spec->kind->params[i].name, "early_stopping") == 0 &&
            spec->kind->params[i].type == MLSD_PARAM_BOOL)
            return mlsd_spec_get_bool(spec, "early_stopping", &asked) == MLSD_OK && asked != 0;
    return false;
}

/* Is there an estimator or transform that tests on some rows what it learned from others? */
static bool parts_rows(const mlsd_spec *spec)
{
    const char *const family = mlsd_kind_family(spec->kind);
    const bool is_fitted = strcmp(family, "estimator") == 0 || strcmp(family, "transform") == 0;
    if (mlsd__is_search(spec) || stops_early(spec)) return true;
    const mlsd__estimator_ops *const ops = is_fitted ? mlsd__spec_ops(spec) : NULL;
    if (ops != NULL && ops->splits_rows) return true;
    for (int64_t i = 0; i < spec->n_children; i++)
        if (parts_rows(spec->children[i].spec)) return true;
    return false;
}

/* ---- one member ---- */

typedef struct bagging_job {
    const mlsd_spec *child;
    const mlsd__bagging_params *params;
    const mlsd__train *train; /* rows of weight 0 are not in it */
    int64_t n_drawn, first;   /* rows of a member; the first member of this wave */
    bool by_weight;
    mlsd__bagging *state;
    mlsd__bagging_unseen *unseen; /* WAVE; NULL where nobody asks */
} bagging_job;

static mlsd_status shift_seeds(mlsd_spec *spec, int64_t by)
{
    for (int64_t i = 0; i < spec->kind->n_params; i++) {
        const mlsd_param *const p = &spec->kind->params[i];
        int64_t seed;
        if (strcmp(p->name, "seed") != 0 || p->type != MLSD_PARAM_I64 ||
            mlsd__value_is_null(spec, p))
            continue;
        MLSD__TRY(mlsd_spec_get_i64(spec, "seed", &seed));
        MLSD__TRY(mlsd_spec_set_i64(spec, "seed", seed <= INT64_MAX - by ? seed + by : seed - by));
    }
    for (int64_t i = 0; i < spec->n_children; i++)
        MLSD__TRY(shift_seeds(spec->children[i].spec, by));
    return MLSD_OK;
}

/* The rows that were drawn, in their order. */
static mlsd_status gather(const mlsd__allocator *a, const bagging_job *job, const int64_t *counts,
                          mlsd__train_part *part)
{
    const int64_t n_all = job->train->x->n_rows;
    int64_t n = 0;
    for (int64_t i = 0; i < n_all; i++) n += job->by_weight ? counts[i] > 0 : counts[i];
    MLSD__TRY(mlsd__train_part_open(part, a, n));
    for (int64_t i = 0, at = 0; i < n_all; i++) {
        const int64_t times = job->by_weight ? counts[i] > 0 : counts[i];
        for (int64_t c = 0; c < times; c++) part->rows[at++] = i;
    }
    mlsd__train_part_gather(part, job->train);
    part->train.x_valid = NULL;
    part->train.y_valid = part->train.weight_valid = NULL;
    part->train.more_valid = NULL;
    part->train.n_more_valid = 0;
    part->train.progress = NULL;
    if (!job->by_weight) return MLSD_OK;
    double *const weight = part->y + n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = part->rows[i];
        weight[i] =
            (double)counts[row] * (job->train->weight != NULL ? job->train->weight[row] : 1);
    }
    part->weight = weight;
    part->train.weight = weight;
    return MLSD_OK;
}

static mlsd_status fit_member(mlsd__scope *scope, const bagging_job *job, int64_t member,
                              mlsd__train_part *part)
{
    mlsd__bagging *const s = job->state;
    mlsd_spec *own = NULL;
    mlsd__frame frame;
    mlsd__bagging_frame(&s->members[member], &part->frame, &frame);
    part->train.x = &frame;
    mlsd_status status = mlsd_spec_clone(job->child, &own);
    if (status == MLSD_OK) status = shift_seeds(own, member);
    if (status == MLSD_OK) {
        status = mlsd__estimator_fit(scope, own, &part->train, &s->own.states[member]);
    }
    mlsd_spec_free(own);
    return status;
}

static mlsd_status run_member(void *arg, int64_t task, mlsd__scope *scope)
{
    const bagging_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t member = job->first + task, n = job->train->x->n_rows;
    mlsd__train_part part = {0};
    MLSD__TRY(mlsd__checkpoint(scope));
    int64_t *const counts = mlsd__alloc(a, n, 2 * sizeof *counts);
    if (counts == NULL) return MLSD_E_NOMEM;
    mlsd__bagging_draw_rows(job->params, member, job->train, job->n_drawn, counts, counts + n);
    mlsd_status status = gather(a, job, counts, &part);
    if (status == MLSD_OK) status = fit_member(scope, job, member, &part);
    if (status == MLSD_OK && job->unseen != NULL)
        status = mlsd__bagging_ask_unseen(scope, job->state, member, job->train, counts,
                                          &job->unseen[task]);
    mlsd__train_part_close(&part, a);
    mlsd__free(a, counts);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* ---- all members ---- */

/* Sums of what members said of rows, in the order of the members. */
static void add_unseen(const bagging_job *job, int64_t n_members, double *sums, double *votes)
{
    const int64_t k = mlsd__bagging_outputs(job->state);
    for (int64_t m = 0; m < n_members; m++) {
        const mlsd__bagging_unseen *const u = &job->unseen[m];
        for (int64_t i = 0; i < u->n; i++) {
            votes[u->rows[i]]++;
            for (int64_t c = 0; c < k; c++) sums[u->rows[i] * k + c] += u->said[i * k + c];
        }
    }
}

static mlsd_status run_waves(mlsd__scope *scope, bagging_job *job, double *sums, double *votes)
{
    const int64_t n = job->state->own.n, most = job->unseen != NULL ? WAVE : n;
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "bagging", n);
    for (job->first = 0; status == MLSD_OK && job->first < n; job->first += most) {
        const int64_t here = n - job->first < most ? n - job->first : most;
        status = mlsd__parallel_for(scope, here, run_member, job);
        if (status == MLSD_OK && job->unseen != NULL) add_unseen(job, here, sums, votes);
        for (int64_t m = 0; job->unseen != NULL && m < here; m++)
            mlsd__bagging_unseen_free(scope->allocator, &job->unseen[m]);
    }
    mlsd__stage_end(scope);
    return status;
}

static mlsd_status fit_members(mlsd__scope *scope, bagging_job *job, const int64_t *rows,
                               int64_t n_all)
{
    if (job->params->oob_score == 0) return run_waves(scope, job, NULL, NULL);
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->train->x->n_rows;
    mlsd__bagging_unseen unseen[WAVE] = {{0}};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, mlsd__bagging_outputs(job->state), &size));
    double *const sums = mlsd__alloc(a, size, sizeof *sums);
    double *const votes = mlsd__alloc(a, n, sizeof *votes);
    mlsd_status status = sums == NULL || votes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    job->unseen = unseen;
    if (status == MLSD_OK) status = run_waves(scope, job, sums, votes);
    if (status == MLSD_OK)
        status = mlsd__bagging_finish_oob(scope, job->train, rows, n_all, sums, votes, job->state);
    job->unseen = NULL;
    mlsd__free(a, sums);
    mlsd__free(a, votes);
    return status;
}

/* How many rows and columns of those there are. */
static mlsd_status check_counts(const mlsd__bagging_params *params, int64_t n, int64_t p)
{
    if (p == 0) return mlsd__fail(MLSD_E_DATA, "bagging needs a column to draw from, got none");
    if (mlsd__bagging_count(params->max_samples, n) == 0)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'max_samples' is %.0f, more than the %lld rows that have weight",
                          params->max_samples, (long long)n);
    if (mlsd__bagging_count(params->max_features, p) == 0)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'max_features' is %.0f, more than the %lld columns",
                          params->max_features, (long long)p);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    bagging_job job = {.child = mlsd__spec_slot_child(spec, "estimator"),
                       .params = mlsd__spec_params(spec)};
    const mlsd__estimator_ops *const child = mlsd__spec_ops(job.child);
    mlsd__train_part all = {0};
    *out_state = NULL;
    mlsd_status status = mlsd__train_part_of_weight(scope, train, child->takes_nan, &all);
    if (status == MLSD_OK) status = check_counts(job.params, all.n, p);
    if (status == MLSD_OK) {
        job.train = &all.train;
        job.n_drawn = mlsd__bagging_count(job.params->max_samples, all.n);
        job.by_weight = parts_rows(job.child);
        status = mlsd__bagging_new(a, spec, train->x->features, p, train->n_classes, &job.state);
    }
    if (status == MLSD_OK) status = mlsd__bagging_draw_columns(job.params, job.state);
    if (status == MLSD_OK) status = fit_members(scope, &job, all.rows, train->x->n_rows);
    mlsd__train_part_close(&all, a);
    if (status != MLSD_OK) {
        if (job.state != NULL) mlsd__bagging_free(a, job.state);
        return status;
    }
    *out_state = job.state;
    return MLSD_OK;
}

/* ---- the kinds ---- */

/* What the estimator cannot take, its own fit finds out. */
#define OPS                                                                                       \
    .takes_nan = true, .takes_category = true, .checks_x = true, .splits_rows = true,             \
    .check = check, .fit = fit, .check_block = mlsd__bagging_check_block,                         \
    .predict_long = mlsd__bagging_predict, .scratch_width = mlsd__bagging_scratch,                \
    .predicts_rows = mlsd__bagging_by_rows, .predict_rows = mlsd__bagging_predict_rows,           \
    .attribute = mlsd__bagging_attribute, .save = mlsd__bagging_save, .load = mlsd__bagging_load, \
    .free_state = mlsd__bagging_free

static const mlsd__estimator_ops classifier_ops = {
    .classifies = true, .has_proba = true, .lacks_decision = true, OPS};
static const mlsd__estimator_ops regressor_ops = {.regresses = true, OPS};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "What is fitted to each draw, which may be a pipeline"},
};

#define P mlsd__bagging_params
static const mlsd_param table[] = {
    MLSD__P_I64(P, n_estimators, 1, 100000, "10", "log",
                "members: how often the estimator is fitted"),
    MLSD__P_F64(P, max_samples, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", NULL,
                "rows drawn for each member: a share of them up to 1, a number above"),
    MLSD__P_F64(P, max_features, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", NULL,
                "columns drawn for each member: a share of them up to 1, a number above"),
    MLSD__P_BOOL(P, bootstrap, "true", "a row may be drawn again"),
    MLSD__P_BOOL(P, bootstrap_features, "false", "a column may be drawn again"),
    MLSD__P_BOOL(P, oob_score, "false",
                 "score each row by the members that were not fitted to it: accuracy or r2"),
    MLSD__P_I64(P, seed, 0, INFINITY, "0", NULL,
                "of all that is drawn; the seeds in member m's estimator are those given plus m"),
};
#undef P

const mlsd_kind mlsd__kind_bagging_classifier = {
    .name = "bagging_classifier",
    .family = "estimator",
    .doc = "A classifier fitted many times to rows and columns drawn at random, and the mean of "
           "the probabilities, or votes where it has none",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__bagging_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &classifier_ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"decision\":false,\"sklearn\":\"BaggingClassifier\"}",
};

const mlsd_kind mlsd__kind_bagging_regressor = {
    .name = "bagging_regressor",
    .family = "estimator",
    .doc = "A regressor fitted many times to rows and columns drawn at random, and the mean of "
           "what they say",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__bagging_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &regressor_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"BaggingRegressor\"}",
};
