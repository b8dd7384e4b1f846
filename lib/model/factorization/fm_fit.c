/* fm_fit.c - a factorization machine trained by epochs: what the trainer (model/trainer.h) is
 * given. Factors start near 0, as at 0 they have no slope; the intercept of a regression starts at
 * the mean of its target. */
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "model/factorization/fm.h"
#include "model/neural/mlp_optimiser.h"
#include "model/row_batches.h"
#include "numeric/sum.h"

/* Kingma & Ba (2015), section 2. */
static const double BETA_1 = 0.9, BETA_2 = 0.999, EPSILON = 1e-8;

typedef struct fm_fit {
    const mlsd__fm_params *params;
    const mlsd__sgd_loss *loss;
    mlsd__training_sets sets;
    mlsd__sgd_rows *rows; /* of each set */
    mlsd__row_batches batches;
    mlsd__fm_batch batch;
    mlsd__mlp_params steps; /* of the optimiser */
    mlsd__mlp_optimiser optimiser;
    double *theta, *gradient;
    int64_t n_linear, n_theta; /* coefficients; all numbers */
    int64_t t;                 /* updates so far */
} fm_fit;

static void update(fm_fit *f)
{
    const int64_t first = f->n_linear + f->batch.n_scores; /* of the factors */
    for (int64_t j = 0; j < f->n_linear; j++) f->gradient[j] += f->params->l2_reg_w * f->theta[j];
    for (int64_t j = first; j < f->n_theta; j++)
        f->gradient[j] += f->params->l2_reg_V * f->theta[j];
    mlsd__mlp_optimiser_begin(&f->optimiser, ++f->t, f->params->learning_rate_init);
    mlsd__mlp_optimiser_move(&f->optimiser, 1.0, f->gradient, f->theta, 0, f->n_theta, false);
}

static mlsd_status epoch(void *self, mlsd__scope *scope, int64_t number)
{
    fm_fit *const f = self;
    mlsd__row_batches *const b = &f->batches;
    MLSD__TRY(mlsd__row_batches_begin(b, scope, f->params->shuffle != 0, f->params->seed, number));
    for (int64_t first = 0, n = 0;; first += n) {
        MLSD__TRY(mlsd__checkpoint(scope));
        n = mlsd__row_batches_gather(b, first);
        if (n == 0) return MLSD_OK;
        mlsd__fm_gradient(&f->batch, f->loss, f->theta, b->x, b->y, b->weight, n, f->gradient);
        update(f);
    }
}

static mlsd_status mean_loss(void *self, mlsd__scope *scope, int64_t set, double *out)
{
    const fm_fit *const f = self;
    const mlsd__sgd_scorer scorer = {.scores = mlsd__fm_scores,
                                     .theta = f->theta,
                                     .n_features = f->batch.n_features,
                                     .n_scores = f->batch.n_scores,
                                     .n_scratch = mlsd__fm_scratch(f->batch.n_factors),
                                     .n_factors = f->batch.n_factors};
    return mlsd__sgd_scorer_loss(scope, f->loss, 0.0, &f->rows[set], &scorer, out);
}

static double penalty(const void *self)
{
    const fm_fit *const f = self;
    const int64_t first = f->n_linear + f->batch.n_scores, n = f->n_theta - first;
    const double *const factors = f->theta + first;
    return 0.5 * (f->params->l2_reg_w * mlsd__dot(f->theta, f->theta, f->n_linear) +
                  f->params->l2_reg_V * mlsd__dot(factors, factors, n));
}

static int64_t arrays(void *self, mlsd__trainee_array *out, int64_t capacity)
{
    fm_fit *const f = self;
    const mlsd__trainee_array all[] = {
        {f->theta, f->n_theta, MLSD_F64, true},
        {f->optimiser.first, f->n_theta, MLSD_F64, false},
        {f->optimiser.second, f->optimiser.second != NULL ? f->n_theta : 0, MLSD_F64, false},
        {&f->t, 1, MLSD_I64, false},
    };
    for (int64_t i = 0; i < MLSD__COUNT(all) && i < capacity; i++) out[i] = all[i];
    return MLSD__COUNT(all);
}

static const mlsd__trainee_ops TRAINEE = {
    .epoch = epoch,
    .mean_loss = mean_loss,
    .penalty = penalty,
    .arrays = arrays,
};

static void fit_close(fm_fit *f, const mlsd__allocator *a)
{
    mlsd__fm_batch_close(&f->batch, a);
    mlsd__mlp_optimiser_close(&f->optimiser, a);
    mlsd__row_batches_close(&f->batches, a);
    mlsd__free(a, f->theta);
    mlsd__free(a, f->gradient);
    mlsd__sgd_rows_close(a, &f->sets, f->rows);
    mlsd__training_sets_close(&f->sets, a);
}

/* The sets, where they can be read fast, and batches of the first. */
static mlsd_status open_rows(fm_fit *f, mlsd__scope *scope, const mlsd__train *train)
{
    const mlsd__hold_out hold_out = {.asked = f->params->early_stopping != 0,
                                     .fraction = f->params->validation_fraction,
                                     .seed = f->params->seed};
    MLSD__TRY(mlsd__training_sets_open(&f->sets, scope, train, &hold_out));
    MLSD__TRY(mlsd__sgd_rows_open(scope, &f->sets, &f->rows));
    const mlsd__sgd_rows *const rows = &f->rows[0];
    f->batches =
        (mlsd__row_batches){.frame = rows->rows.frame,
                            .from_y = rows->y,
                            .from_weight = rows->weight,
                            .weight_scale = (double)rows->rows.frame->n_rows / rows->total_weight,
                            .size = f->params->batch_size};
    return mlsd__row_batches_open(&f->batches, scope->allocator);
}

static mlsd_status open_numbers(fm_fit *f, const mlsd__allocator *a, int64_t n_scores)
{
    const int64_t p = f->batches.frame->n_features;
    f->batch = (mlsd__fm_batch){.n_rows = f->batches.size,
                                .n_features = p,
                                .n_scores = n_scores,
                                .n_factors = f->params->n_factors};
    MLSD__TRY(mlsd__fm_batch_open(&f->batch, a));
    int64_t n_factors = 0;
    MLSD__TRY(mlsd__mul_size(n_scores, p, &f->n_linear));
    MLSD__TRY(mlsd__mul_size(f->n_linear, f->params->n_factors, &n_factors));
    f->n_theta = f->n_linear + n_scores + n_factors;
    f->theta = mlsd__alloc(a, f->n_theta, sizeof *f->theta);
    f->gradient = mlsd__alloc(a, f->n_theta, sizeof *f->gradient);
    f->steps = (mlsd__mlp_params){
        .solver = f->params->solver, .beta_1 = BETA_1, .beta_2 = BETA_2, .epsilon = EPSILON};
    MLSD__TRY(mlsd__mlp_optimiser_open(&f->optimiser, a, &f->steps, f->n_theta));
    return f->theta == NULL || f->gradient == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void start(fm_fit *f, bool is_regression)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)f->params->seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t j = f->n_linear + f->batch.n_scores; j < f->n_theta; j++)
        f->theta[j] = f->params->init_stdev * mlsd__stream_normal(&stream);
    if (!is_regression) return;
    const mlsd__sgd_rows *const rows = &f->rows[0];
    const int64_t n = rows->rows.frame->n_rows;
    const double sum =
        rows->weight != NULL ? mlsd__dot(rows->weight, rows->y, n) : mlsd__sum(rows->y, n);
    f->theta[f->n_linear] = sum / rows->total_weight;
}

/* The trained numbers as scores, with the factors first among what else there is. */
static mlsd_status make_scores(const fm_fit *f, const mlsd__train *train,
                               const mlsd__training_outcome *outcome, const mlsd__allocator *a,
                               mlsd__linear_scores **out)
{
    const int64_t k = f->batch.n_scores, n_linear = f->n_linear;
    MLSD__TRY(mlsd__linear_scores_new(a, f->loss->link, f->batch.n_features,
                                      train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes,
                                      out));
    memcpy((*out)->coef, f->theta, (size_t)n_linear * sizeof *f->theta);
    memcpy((*out)->intercept, f->theta + n_linear, (size_t)k * sizeof *f->theta);
    mlsd_status status = mlsd__linear_scores_array(*out, "factors", f->theta + n_linear + k,
                                                   n_linear, f->batch.n_factors);
    if (status == MLSD_OK) status = mlsd__sgd_tell_outcome(*out, outcome);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, *out);
        *out = NULL;
    }
    return status;
}

mlsd_status mlsd__fm_fit(mlsd__scope *scope, const mlsd__fm_params *params,
                         const mlsd__sgd_loss *loss, const mlsd__train *train, void **out_state)
{
    const mlsd__allocator *a = scope->allocator;
    const bool is_regression = train->task == MLSD_TASK_REGRESSION;
    fm_fit f = {.params = params, .loss = loss};
    const mlsd__trainer_rule rule = {.max_iter = params->max_iter,
                                     .n_iter_no_change = params->n_iter_no_change,
                                     .tol = params->tol};
    mlsd__training_outcome outcome;
    mlsd__linear_scores *scores = NULL;
    mlsd_status status = open_rows(&f, scope, train);
    if (status == MLSD_OK)
        status = open_numbers(&f, a, is_regression || train->n_classes <= 2 ? 1 : train->n_classes);
    if (status == MLSD_OK) {
        start(&f, is_regression);
        status = mlsd__trainer_run(scope, &rule, &TRAINEE, &f, &f.sets, train, &outcome);
    }
    if (status == MLSD_OK) status = make_scores(&f, train, &outcome, a, &scores);
    fit_close(&f, a);
    *out_state = scores;
    return status;
}
