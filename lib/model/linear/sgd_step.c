/* sgd_step.c - one epoch of stochastic gradient descent (Bottou 2012, "Stochastic gradient descent
 * tricks"). A batch is gathered, its slopes are averaged, and one update is made; with batch_size 1
 * the updates are scikit-learn's. The l1 penalty is the cumulative one (Tsuruoka, Tsujii &
 * Ananiadou 2009). Passive-aggressive steps are those of Crammer et al. (2006), Journal of Machine
 * Learning Research 7:551, section 3. The order of the rows is drawn from (seed, epoch), so an
 * epoch does not depend on who runs it. */
#include "model/linear/sgd_step.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"

enum { ROWS_AT_ONCE = 256 }; /* that the caches still hold when their slopes are known */

/* Bottou's heuristic: the first step is one that a typical coefficient can stand. */
static double optimal_start(const mlsd__sgd_params *params, const mlsd__sgd_loss *loss)
{
    if (params->learning_rate != MLSD__SGD_OPTIMAL) return 0.0;
    const double typical = sqrt(1.0 / sqrt(params->alpha));
    const double slope = loss->slope(-typical, 1.0, params->epsilon);
    return 1.0 / (typical / fmax(1.0, slope) * params->alpha);
}

static double l1_part(const mlsd__sgd_params *params)
{
    static const double PARTS[] = {[MLSD__SGD_L2] = 0.0, [MLSD__SGD_L1] = 1.0};
    return params->penalty == MLSD__SGD_ELASTICNET ? params->l1_ratio : PARTS[params->penalty];
}

mlsd_status mlsd__sgd_stepper_open(mlsd__sgd_stepper *s, mlsd__scope *scope,
                                   const mlsd__sgd_params *params, const mlsd__sgd_loss *loss,
                                   const mlsd__sgd_rows *rows, int64_t n_scores)
{
    const mlsd__allocator *a = scope->allocator;
    const mlsd__frame *frame = rows->rows.frame;
    const int64_t p = frame->n_features;
    const int64_t m = params->batch_size < frame->n_rows ? params->batch_size : frame->n_rows;
    *s = (mlsd__sgd_stepper){.params = params,
                             .loss = loss,
                             .n_features = p,
                             .n_scores = n_scores,
                             .eta = params->eta0,
                             .isa = mlsd__tile_best(false),
                             .schedule_factor = 1.0,
                             .optimal_start = optimal_start(params, loss)};
    s->batches = (mlsd__row_batches){.frame = frame,
                                     .from_y = rows->y,
                                     .from_weight = rows->weight,
                                     .weight_scale = 1.0,
                                     .size = params->batch_size};
    if (params->passive == MLSD__SGD_NOT_PASSIVE) /* the mean weight becomes one */
        s->batches.weight_scale = (double)frame->n_rows / rows->total_weight;
    mlsd__schedule_init(&s->scheduled);
    if (params->penalty != MLSD__SGD_NO_PENALTY) {
        s->l1 = params->alpha * l1_part(params);
        s->l2 = params->alpha * (1.0 - l1_part(params));
    }
    MLSD__TRY(mlsd__mul_size(n_scores, p + 1, &s->n_theta));
    int64_t n_slope = 0;
    MLSD__TRY(mlsd__mul_size(m, n_scores, &n_slope));
    s->theta = mlsd__alloc(a, s->n_theta, sizeof *s->theta);
    s->gradient = mlsd__alloc(a, s->n_theta, sizeof *s->gradient);
    s->slope = mlsd__alloc(a, n_slope, sizeof *s->slope);
    if (params->average) s->mean = mlsd__alloc(a, s->n_theta, sizeof *s->mean);
    if (s->l1 > 0.0) s->truncated = mlsd__alloc(a, s->n_theta, sizeof *s->truncated);
    const bool has_room = s->theta != NULL && s->gradient != NULL && s->slope != NULL &&
                          (!params->average || s->mean != NULL) &&
                          (!(s->l1 > 0.0) || s->truncated != NULL);
    const mlsd_status status = has_room ? mlsd__row_batches_open(&s->batches, a) : MLSD_E_NOMEM;
    if (status != MLSD_OK) mlsd__sgd_stepper_close(s, a);
    return status;
}

void mlsd__sgd_stepper_close(mlsd__sgd_stepper *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->theta);
    mlsd__free(a, s->gradient);
    mlsd__free(a, s->slope);
    mlsd__row_batches_close(&s->batches, a);
    mlsd__free(a, s->mean);
    mlsd__free(a, s->truncated);
    mlsd__free(a, s->shares);
    mlsd__free(a, s->mixed);
    *s = (mlsd__sgd_stepper){0};
}

mlsd_status mlsd__sgd_stepper_augment(mlsd__sgd_stepper *s, mlsd__scope *scope,
                                      const mlsd__augment *augment, int64_t n_classes)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t m = s->batches.size;
    s->augment = augment;
    if (augment == NULL || !mlsd__augment_mixes(augment) || n_classes == 0) return MLSD_OK;
    if (s->params->passive != MLSD__SGD_NOT_PASSIVE)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "passive-aggressive classifiers take a row for one class; give them no "
                          "augmentation that mixes classes, such as mixup");
    s->n_shares = n_classes;
    s->shares = mlsd__alloc(a, m, (size_t)n_classes * sizeof *s->shares);
    s->mixed = mlsd__alloc(a, m + 1, (size_t)s->n_scores * sizeof *s->mixed);
    return s->shares == NULL || s->mixed == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

const double *mlsd__sgd_stepper_theta(const mlsd__sgd_stepper *s)
{
    return s->mean != NULL ? s->mean : s->theta;
}

/* How far a passive-aggressive step goes along a row: just so far that the row's loss is 0, in PA-I
 * no further than C, in PA-II with C's softening. A row of zeros teaches nothing but, in PA-II, the
 * intercept. */
static double passive_length(const mlsd__sgd_params *params, double loss, double squares)
{
    if (params->passive == MLSD__SGD_PA2) return loss / (squares + 0.5 / params->C);
    if (squares == 0.0) return 0.0;
    const double whole = loss / squares;
    return whole > params->C ? params->C : whole;
}

/* One row's scores become its steps, one for each score. */
static void passive_slopes(mlsd__sgd_stepper *s)
{
    const mlsd__sgd_params *const params = s->params;
    const double *const x = s->batches.x;
    double squares = 0.0;
    for (int64_t j = 0; j < s->n_features; j++) squares += x[j] * x[j];
    for (int64_t c = 0; c < s->n_scores; c++) {
        const double score = s->slope[c];
        const double target = mlsd__sgd_target(s->loss, s->batches.y[0], c, s->n_scores);
        const double loss = s->loss->value(score, target, params->epsilon);
        s->slope[c] = s->batches.weight[0] * passive_length(params, loss, squares) *
                      s->loss->slope(score, target, params->epsilon);
    }
}

/* The batch changed, with its targets: numbers, or shares of classes. */
static mlsd_status augment(mlsd__sgd_stepper *s, mlsd__scope *scope, int64_t epoch,
                           const int64_t *order, int64_t n)
{
    const int64_t k = s->n_shares > 0 ? s->n_shares : 1;
    double *const targets = s->n_shares > 0 ? s->shares : s->batches.y;
    for (int64_t i = 0; i < n && s->n_shares > 0; i++)
        for (int64_t c = 0; c < k; c++)
            s->shares[i * k + c] = s->batches.y[i] == (double)c ? 1.0 : 0.0;
    return mlsd__augment_batch(s->augment, scope, (uint64_t)epoch, order, n, s->batches.x,
                               s->n_features, targets, k);
}

/* Slopes where rows have shares of several classes: those of each class times its share. */
static void set_shared_slopes(mlsd__sgd_stepper *s, int64_t n)
{
    const int64_t k = s->n_scores, m = s->n_shares;
    double *const room = s->mixed + n * k;
    memcpy(s->mixed, s->slope, (size_t)(n * k) * sizeof *s->mixed);
    memset(s->slope, 0, (size_t)(n * k) * sizeof *s->slope);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < m; c++) {
            const double y = (double)c, part = s->batches.weight[i] * s->shares[i * m + c];
            if (part == 0.0) continue;
            memcpy(room, s->mixed + i * k, (size_t)k * sizeof *room);
            mlsd__sgd_row_slopes(s->loss, s->params->epsilon, &y, &part, 1, k, room);
            for (int64_t j = 0; j < k; j++) s->slope[i * k + j] += room[j];
        }
    }
}

/* Scores of n rows of the batch become slopes; only of rows as they are may it be a part of them.
 */
static void set_slopes(mlsd__sgd_stepper *s, int64_t first, int64_t n)
{
    if (s->params->passive != MLSD__SGD_NOT_PASSIVE)
        passive_slopes(s);
    else if (s->n_shares > 0)
        set_shared_slopes(s, n);
    else
        mlsd__sgd_row_slopes(s->loss, s->params->epsilon, s->batches.y + first,
                             s->batches.weight + first, n, s->n_scores,
                             s->slope + first * s->n_scores);
}

/* Mean slope of the batch by every coefficient: of several scores, or of batches that were changed.
 */
static void set_gradient(mlsd__sgd_stepper *s, int64_t n)
{
    const int64_t k = s->n_scores, p = s->n_features;
    const double *intercept = s->theta + k * p;
    const double part = 1.0 / (double)n;
    for (int64_t i = 0; i < n; i++)
        memcpy(s->slope + i * k, intercept, (size_t)k * sizeof *intercept);
    mlsd__gemm(false, true, n, k, p, 1.0, s->batches.x, p, s->theta, p, 1.0, s->slope, k);
    set_slopes(s, 0, n);
    mlsd__gemm(true, false, k, p, n, part, s->slope, k, s->batches.x, p, 0.0, s->gradient, p);
    for (int64_t c = 0; c < k; c++) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++) sum += s->slope[i * k + c];
        s->gradient[k * p + c] = part * sum;
    }
}

/* The same of one score, from the rows where they lie, in one way through memory. */
static void set_gradient_of_one(mlsd__sgd_stepper *s, const mlsd__rows_at *rows, int64_t n)
{
    const int64_t p = s->n_features, most = rows->order != NULL ? ROWS_AT_ONCE : n;
    const double part = 1.0 / (double)n;
    memset(s->gradient, 0, (size_t)(p + 1) * sizeof *s->gradient);
    for (int64_t first = 0; first < n; first += most) {
        const int64_t m = n - first < most ? n - first : most;
        mlsd__rows_at some = *rows;
        if (some.order != NULL) some.order += first;
        some.n_order -= first;
        mlsd__row_dots(s->isa, &some, m, s->theta, s->theta[p], s->slope + first);
        set_slopes(s, first, m);
        mlsd__row_add(s->isa, &some, m, s->slope + first, s->gradient);
    }
    for (int64_t i = 0; i < n; i++) s->gradient[p] += s->slope[i];
    for (int64_t j = 0; j <= p; j++) s->gradient[j] *= part;
}

static double step_length(const mlsd__sgd_stepper *s)
{
    switch (s->params->learning_rate) {
    case MLSD__SGD_OPTIMAL:
        return 1.0 / (s->params->alpha * (s->optimal_start + (double)(s->t - 1)));
    case MLSD__SGD_INVSCALING:
        return s->params->eta0 / mlsd__pow((double)s->t, s->params->power_t);
    default:
        return s->eta;
    }
}

/* Pull each coefficient towards zero by what it still owes, never across it. */
static void truncate_coefficients(mlsd__sgd_stepper *s, double eta)
{
    s->l1_total += eta * s->l1;
    for (int64_t j = 0; j < s->n_scores * s->n_features; j++) {
        const double before = s->theta[j];
        if (before > 0.0)
            s->theta[j] = fmax(0.0, before - (s->l1_total + s->truncated[j]));
        else if (before < 0.0)
            s->theta[j] = fmin(0.0, before + (s->l1_total - s->truncated[j]));
        s->truncated[j] += s->theta[j] - before;
    }
}

static void update(mlsd__sgd_stepper *s)
{
    const int64_t n_coef = s->n_scores * s->n_features;
    const int64_t n_used = s->params->fit_intercept ? s->n_theta : n_coef;
    s->t++;
    const double eta = s->schedule_factor * step_length(s);
    const double shrink = fmax(0.0, 1.0 - eta * s->l2);
    for (int64_t j = 0; j < n_coef; j++) s->theta[j] *= shrink;
    for (int64_t j = 0; j < n_used; j++) s->theta[j] -= eta * s->gradient[j];
    if (s->truncated != NULL) truncate_coefficients(s, eta);
    if (s->mean == NULL) return;
    const double part = 1.0 / (double)s->t;
    for (int64_t j = 0; j < s->n_theta; j++) s->mean[j] += part * (s->theta[j] - s->mean[j]);
}

mlsd_status mlsd__sgd_stepper_epoch(mlsd__sgd_stepper *s, mlsd__scope *scope, int64_t first_epoch,
                                    int64_t epoch)
{
    const mlsd__sgd_params *const params = s->params;
    const int64_t n_rows = s->batches.frame->n_rows, draw = first_epoch + epoch;
    MLSD__TRY(
        mlsd__row_batches_begin(&s->batches, scope, params->shuffle != 0, params->seed, draw));
    const bool copies = s->n_scores > 1 || s->augment != NULL || params->passive != 0;
    mlsd__rows_at rows = {
        .x = s->batches.x, .ld = s->n_features, .p = s->n_features}; /* of copies */
    for (int64_t first = 0, n = 0;; first += n) {
        MLSD__TRY(mlsd__checkpoint(scope));
        n = copies ? mlsd__row_batches_gather(&s->batches, first)
                   : mlsd__row_batches_find(&s->batches, first, &rows);
        if (n == 0) return MLSD_OK;
        s->schedule_factor =
            mlsd__schedule_factor(s->schedule, (double)epoch + (double)first / (double)n_rows,
                                  params->max_iter, &s->scheduled);
        if (s->augment != NULL) MLSD__TRY(augment(s, scope, draw, s->batches.order + first, n));
        if (s->n_scores > 1)
            set_gradient(s, n);
        else
            set_gradient_of_one(s, &rows, n);
        update(s);
    }
}
