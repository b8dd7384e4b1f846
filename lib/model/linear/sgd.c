/* sgd.c - training by epochs: rows held out, losses added to the curve, when to stop, which state
 * is given back. The updates are in sgd_step.c.
 *
 * After each epoch the losses are those of the state that would be given back. The best state by
 * the watched series is kept, and is restored whatever ended the training. A caller's curve decides
 * alone where its rule watches a series that this fit fills; otherwise tol and n_iter_no_change do,
 * on the validation rows' loss if there are any, or else on the training loss and penalty together.
 * Numbers that break down end the fit with the best finite state. */
#include "model/linear/sgd.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "model/linear/sgd_step.h"

/* Of learning_rate adaptive, as in scikit-learn: divide the step where it would stop, down to here.
 */
static const double ADAPTIVE_DIVISOR = 5.0, ADAPTIVE_LEAST = 1e-6;

const char *const mlsd__sgd_penalties[] = {"l2", "l1", "elasticnet", "none", NULL};
const char *const mlsd__sgd_learning_rates[] = {"constant", "optimal", "invscaling", "adaptive",
                                                NULL};

/* Training rows and validation rows, and what had to be made for them. */
typedef struct sgd_split {
    mlsd__sgd_rows train, valid;
    bool has_valid;
    mlsd__frame train_frame, valid_frame;
    int64_t *rows, *storage; /* of rows held out */
    double *values;          /* gathered y and weights */
} sgd_split;

typedef struct sgd_fit {
    const mlsd__sgd_params *params;
    const mlsd__sgd_loss *loss;
    sgd_split split;
    mlsd__sgd_stepper stepper;
    mlsd_curve *curve; /* the caller's, or NULL */
    bool curve_rules;
    mlsd__early_stopping own_rule; /* from tol and n_iter_no_change */
    mlsd__stopper own;
    double *best, *last; /* states: of the best epoch, and the last finite one */
    double best_train, best_valid, last_train, last_valid;
    bool has_best;
    int64_t best_epoch, n_epochs;
    mlsd_stop_reason reason;
} sgd_fit;

mlsd_status mlsd__sgd_check(const mlsd__sgd_params *params)
{
    if (params->learning_rate == MLSD__SGD_OPTIMAL && !(params->alpha > 0.0))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'alpha' must be above 0 where 'learning_rate' is optimal");
    if (params->learning_rate != MLSD__SGD_OPTIMAL && !(params->eta0 > 0.0))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'eta0' must be above 0 where 'learning_rate' is %s",
                          mlsd__sgd_learning_rates[params->learning_rate]);
    return MLSD_OK;
}

static double sum_of(const double *weight, int64_t n)
{
    if (weight == NULL) return (double)n;
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += weight[i];
    return sum;
}

/* Mark about `fraction` of each class (of all rows without classes) as held out, at random; at
 * least one row of each class stays. */
static mlsd_status mark_rows(mlsd__scope *scope, const mlsd__sgd_params *params,
                             const mlsd__train *train, int64_t *order, unsigned char *is_held)
{
    const int64_t n = train->x->n_rows, n_groups = train->n_classes > 0 ? train->n_classes : 1;
    int64_t *const left = mlsd__alloc(scope->allocator, 2 * n_groups, sizeof *left);
    if (left == NULL) return MLSD_E_NOMEM;
    int64_t *const count = left + n_groups;
    for (int64_t i = 0; i < n; i++) {
        order[i] = i;
        count[train->n_classes > 0 ? (int64_t)train->y[i] : 0]++;
    }
    for (int64_t g = 0; g < n_groups; g++) {
        const int64_t wanted = (int64_t)floor(params->validation_fraction * (double)count[g] + 0.5);
        left[g] = wanted < count[g] ? wanted : count[g] - 1;
    }
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)params->seed, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    mlsd__stream_shuffle(&stream, order, n);
    for (int64_t i = 0; i < n; i++) {
        const int64_t g = train->n_classes > 0 ? (int64_t)train->y[order[i]] : 0;
        if (left[g] <= 0) continue;
        left[g]--;
        is_held[order[i]] = 1;
    }
    mlsd__free(scope->allocator, left);
    return MLSD_OK;
}

/* One of the two parts: rows of the frame, y and weights gathered. Memory comes from the split. */
static void take_part(sgd_split *split, const mlsd__train *train, const unsigned char *is_held,
                      bool held, int64_t at, mlsd__frame *frame, mlsd__sgd_rows *out,
                      int64_t *out_n)
{
    const int64_t n_all = train->x->n_rows;
    double *const y = split->values + at;
    double *const weight = train->weight != NULL ? split->values + n_all + at : NULL;
    int64_t n = 0;
    for (int64_t i = 0; i < n_all; i++) {
        if ((is_held[i] != 0) != held) continue;
        split->rows[at + n] = i;
        y[n] = train->y[i];
        if (weight != NULL) weight[n] = train->weight[i];
        n++;
    }
    mlsd__frame_select(train->x, split->rows + at, n, split->storage + at, frame);
    *out = (mlsd__sgd_rows){.y = y, .weight = weight, .total_weight = sum_of(weight, n)};
    *out_n = n;
}

static mlsd_status hold_out(sgd_split *split, mlsd__scope *scope, const mlsd__sgd_params *params,
                            const mlsd__train *train)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n = train->x->n_rows;
    unsigned char *const is_held = mlsd__alloc(a, n, 1);
    split->rows = mlsd__alloc(a, n, sizeof *split->rows);
    split->storage = mlsd__alloc(a, n, sizeof *split->storage);
    split->values = mlsd__alloc(a, n, 2 * sizeof *split->values);
    mlsd_status status = MLSD_E_NOMEM;
    if (is_held != NULL && split->rows != NULL && split->storage != NULL && split->values != NULL)
        status = mark_rows(scope, params, train, split->rows, is_held);
    if (status == MLSD_OK) {
        int64_t n_train = 0, n_valid = 0;
        take_part(split, train, is_held, false, 0, &split->train_frame, &split->train, &n_train);
        take_part(split, train, is_held, true, n_train, &split->valid_frame, &split->valid,
                  &n_valid);
        split->has_valid = true;
        if (n_valid == 0 || !(split->valid.total_weight > 0.0) ||
            !(split->train.total_weight > 0.0))
            status = mlsd__fail(MLSD_E_DATA,
                                "early_stopping holds %lld of %lld rows out, which is too few; "
                                "raise 'validation_fraction' or give a validation set",
                                (long long)n_valid, (long long)n);
    }
    mlsd__free(a, is_held);
    return status;
}

static mlsd_status split_open(sgd_split *split, mlsd__scope *scope, const mlsd__sgd_params *params,
                              const mlsd__train *train)
{
    if (params->early_stopping && train->x_valid == NULL) {
        MLSD__TRY(hold_out(split, scope, params, train));
    } else {
        const int64_t n = train->x->n_rows;
        split->train_frame = *train->x;
        split->train = (mlsd__sgd_rows){
            .y = train->y, .weight = train->weight, .total_weight = sum_of(train->weight, n)};
        split->has_valid = train->x_valid != NULL && train->y_valid != NULL;
        if (split->has_valid) {
            const int64_t n_valid = train->x_valid->n_rows;
            split->valid_frame = *train->x_valid;
            split->valid = (mlsd__sgd_rows){.y = train->y_valid,
                                            .weight = train->weight_valid,
                                            .total_weight = sum_of(train->weight_valid, n_valid)};
        }
    }
    MLSD__TRY(mlsd__resident_open(&split->train.rows, scope, &split->train_frame));
    if (!split->has_valid) return MLSD_OK;
    return mlsd__resident_open(&split->valid.rows, scope, &split->valid_frame);
}

static void split_close(sgd_split *split, const mlsd__allocator *a)
{
    mlsd__resident_close(&split->train.rows, a);
    mlsd__resident_close(&split->valid.rows, a);
    mlsd__free(a, split->rows);
    mlsd__free(a, split->storage);
    mlsd__free(a, split->values);
}

static void keep(const sgd_fit *f, double *state)
{
    memcpy(state, mlsd__sgd_stepper_theta(&f->stepper), (size_t)f->stepper.n_theta * sizeof *state);
}

/* What is added to the mean loss where training minimises it. */
static double penalty_of(const sgd_fit *f)
{
    const double *theta = mlsd__sgd_stepper_theta(&f->stepper);
    const int64_t n = f->stepper.n_scores * f->stepper.n_features;
    double squares = 0.0, sizes = 0.0;
    for (int64_t j = 0; j < n; j++) {
        squares += theta[j] * theta[j];
        sizes += fabs(theta[j]);
    }
    return 0.5 * f->stepper.l2 * squares + f->stepper.l1 * sizes;
}

/* Put the epoch's losses on record; *out_improved where the watched one is the best so far. */
static mlsd_status record(sgd_fit *f, int64_t epoch, double train, double valid, bool *out_improved)
{
    mlsd__stopper_add(&f->own, &f->own_rule, epoch,
                      f->split.has_valid ? valid : train + penalty_of(f));
    *out_improved = f->own.improved;
    if (f->curve == NULL) return MLSD_OK;
    MLSD__TRY(mlsd_curve_add(f->curve, "train", epoch, train));
    if (f->split.has_valid) MLSD__TRY(mlsd_curve_add(f->curve, "valid", epoch, valid));
    if (f->curve_rules) *out_improved = mlsd__curve_improved(f->curve);
    return MLSD_OK;
}

/* Does the watched loss say stop? */
static bool wants_to_stop(sgd_fit *f)
{
    if (f->own.reason == MLSD_STOP_PATIENCE && f->params->learning_rate == MLSD__SGD_ADAPTIVE &&
        f->stepper.eta > ADAPTIVE_LEAST) {
        f->stepper.eta /= ADAPTIVE_DIVISOR;
        f->own.reason = MLSD_STOP_NONE;
        f->own.wait = 0;
    }
    if (f->curve_rules) {
        f->reason = mlsd_curve_stop_reason(f->curve);
        return mlsd_curve_should_stop(f->curve) != 0;
    }
    f->reason = f->own.reason;
    if (f->reason == MLSD_STOP_PATIENCE && !f->split.has_valid) f->reason = MLSD_STOP_CONVERGED;
    return f->reason != MLSD_STOP_NONE;
}

static bool is_finite_state(const sgd_fit *f)
{
    return !mlsd__any_nonfinite(mlsd__sgd_stepper_theta(&f->stepper), f->stepper.n_theta) &&
           !mlsd__any_nonfinite(f->stepper.theta, f->stepper.n_theta);
}

static mlsd_status mean_losses(sgd_fit *f, mlsd__scope *scope, double *train, double *valid)
{
    const double *theta = mlsd__sgd_stepper_theta(&f->stepper);
    const double epsilon = f->params->epsilon;
    const int64_t k = f->stepper.n_scores;
    *valid = NAN;
    MLSD__TRY(mlsd__sgd_mean_loss(scope, f->loss, epsilon, &f->split.train, k, theta, train));
    if (!f->split.has_valid) return MLSD_OK;
    return mlsd__sgd_mean_loss(scope, f->loss, epsilon, &f->split.valid, k, theta, valid);
}

/* One epoch; *out_done at the end of the training. */
static mlsd_status run_epoch(sgd_fit *f, mlsd__scope *scope, int64_t epoch, bool *out_done)
{
    double train = NAN, valid = NAN;
    bool improved = false;
    MLSD__TRY(mlsd__sgd_stepper_epoch(&f->stepper, scope, epoch));
    MLSD__TRY(mean_losses(f, scope, &train, &valid));
    f->n_epochs = epoch + 1;
    MLSD__TRY(record(f, epoch, train, valid, &improved));
    if (!is_finite_state(f) || !isfinite(train)) {
        f->reason = MLSD_STOP_NONFINITE;
        *out_done = true;
        return MLSD_OK;
    }
    f->last_train = train;
    f->last_valid = valid;
    keep(f, f->last);
    if (improved) {
        f->has_best = true;
        f->best_train = train;
        f->best_valid = valid;
        f->best_epoch = epoch;
        keep(f, f->best);
    }
    *out_done = wants_to_stop(f);
    return MLSD_OK;
}

static mlsd_status run_epochs(sgd_fit *f, mlsd__scope *scope)
{
    bool done = f->n_epochs > 0 && f->reason != MLSD_STOP_BUDGET;
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "train", f->params->max_iter);
    for (int64_t epoch = f->n_epochs; status == MLSD_OK && !done && epoch < f->params->max_iter;
         epoch++) {
        status = run_epoch(f, scope, epoch, &done);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    if (status != MLSD_OK) return status;
    if (!done) f->reason = MLSD_STOP_BUDGET;
    if (f->curve != NULL) mlsd__curve_end(f->curve, f->reason);
    return MLSD_OK;
}

/* The state to give back as scores, with the numbers of the fit. */
static mlsd_status make_scores(const sgd_fit *f, const mlsd__train *train, const mlsd__allocator *a,
                               mlsd__linear_scores **out)
{
    const bool restores = !f->curve_rules || mlsd__curve_restores_best(f->curve);
    const bool is_best = restores && f->has_best;
    const double *theta = is_best ? f->best : f->last;
    const int64_t n_coef = f->stepper.n_scores * f->stepper.n_features;
    const bool converged = f->reason == MLSD_STOP_CONVERGED || f->reason == MLSD_STOP_PATIENCE ||
                           f->reason == MLSD_STOP_TARGET;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n_iter", (double)f->n_epochs},
        {"converged", converged ? 1.0 : 0.0},
        {"loss", is_best ? f->best_train : f->last_train},
        {"valid_loss", is_best ? f->best_valid : f->last_valid},
        {"best_iter", is_best ? (double)f->best_epoch : NAN},
        {"stop_reason", (double)f->reason},
    };
    MLSD__TRY(mlsd__linear_scores_new(a, f->loss->link, f->stepper.n_features,
                                      train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes,
                                      out));
    memcpy((*out)->coef, theta, (size_t)n_coef * sizeof *theta);
    memcpy((*out)->intercept, theta + n_coef, (size_t)f->stepper.n_scores * sizeof *theta);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < MLSD__COUNT(numbers); i++)
        status = mlsd__linear_scores_number(*out, numbers[i].name, numbers[i].value);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, *out);
        *out = NULL;
    }
    return status;
}

static mlsd_status fit_open(sgd_fit *f, mlsd__scope *scope, const mlsd__train *train)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    MLSD__TRY(split_open(&f->split, scope, f->params, train));
    MLSD__TRY(mlsd__sgd_stepper_open(&f->stepper, scope, f->params, f->loss, &f->split.train,
                                     n_classes <= 2 ? 1 : n_classes));
    f->best = mlsd__alloc(a, f->stepper.n_theta, sizeof *f->best);
    f->last = mlsd__alloc(a, f->stepper.n_theta, sizeof *f->last);
    if (f->best == NULL || f->last == NULL) return MLSD_E_NOMEM;
    f->curve_rules =
        f->curve != NULL && (mlsd__curve_watches(f->curve, "train") ||
                             (f->split.has_valid && mlsd__curve_watches(f->curve, "valid")));
    f->own_rule = (mlsd__early_stopping){.patience = f->params->n_iter_no_change,
                                         .min_delta = f->params->tol,
                                         .target = NAN,
                                         .divergence = NAN,
                                         .check_finite = 1,
                                         .restore_best = 1};
    mlsd__stopper_init(&f->own);
    /* Before the first epoch the state is zero. */
    return mean_losses(f, scope, &f->last_train, &f->last_valid);
}

/* ---- going on from where a smaller budget ended ---- */

/* All that changes from epoch to epoch. */
typedef struct sgd_progress {
    int64_t n_theta, t, best_epoch, n_epochs;
    double eta, l1_total, best_train, best_valid, last_train, last_valid;
    mlsd__stopper own;
    bool has_best;
    mlsd_stop_reason reason;
    double states[]; /* theta, best, last, mean, truncated: the latter two where there are any */
} sgd_progress;

enum { MOST_STATES = 5 };

/* The arrays in their order; how many there are. */
static int64_t list_states(const sgd_fit *f, double *out[MOST_STATES])
{
    int64_t n = 0;
    double *const all[MOST_STATES] = {f->stepper.theta, f->best, f->last, f->stepper.mean,
                                      f->stepper.truncated};
    for (int64_t i = 0; i < MOST_STATES; i++) {
        if (all[i] != NULL) out[n++] = all[i];
    }
    return n;
}

static mlsd_status go_on(sgd_fit *f, const sgd_progress *from)
{
    double *states[MOST_STATES];
    const int64_t n = list_states(f, states), n_theta = f->stepper.n_theta;
    if (from->n_theta != n_theta)
        return mlsd__fail(MLSD_E_INTERNAL, "training went on with other rows or parameters");
    for (int64_t i = 0; i < n; i++)
        memcpy(states[i], from->states + i * n_theta, (size_t)n_theta * sizeof *states[i]);
    f->stepper.t = from->t;
    f->stepper.eta = from->eta;
    f->stepper.l1_total = from->l1_total;
    f->own = from->own;
    f->has_best = from->has_best;
    f->best_epoch = from->best_epoch;
    f->n_epochs = from->n_epochs;
    f->best_train = from->best_train;
    f->best_valid = from->best_valid;
    f->last_train = from->last_train;
    f->last_valid = from->last_valid;
    f->reason = from->reason;
    return MLSD_OK;
}

static mlsd_status leave_progress(const sgd_fit *f, const mlsd__allocator *a, void **progress)
{
    double *states[MOST_STATES];
    const int64_t n = list_states(f, states), n_theta = f->stepper.n_theta;
    int64_t n_numbers;
    MLSD__TRY(mlsd__mul_size(n, n_theta, &n_numbers));
    sgd_progress *const left = mlsd__alloc(a, 1, sizeof *left + (size_t)n_numbers * sizeof(double));
    if (left == NULL) return MLSD_E_NOMEM;
    *left = (sgd_progress){.n_theta = n_theta,
                           .t = f->stepper.t,
                           .best_epoch = f->best_epoch,
                           .n_epochs = f->n_epochs,
                           .eta = f->stepper.eta,
                           .l1_total = f->stepper.l1_total,
                           .best_train = f->best_train,
                           .best_valid = f->best_valid,
                           .last_train = f->last_train,
                           .last_valid = f->last_valid,
                           .own = f->own,
                           .has_best = f->has_best,
                           .reason = f->reason};
    for (int64_t i = 0; i < n; i++)
        memcpy(left->states + i * n_theta, states[i], (size_t)n_theta * sizeof *states[i]);
    mlsd__free(a, *progress);
    *progress = left;
    return MLSD_OK;
}

mlsd_status mlsd__sgd_fit(mlsd__scope *scope, const mlsd__sgd_params *params,
                          const mlsd__sgd_loss *loss, const mlsd__train *train, void **out_state)
{
    const mlsd__allocator *a = scope->allocator;
    sgd_fit f = {.params = params, .loss = loss, .curve = train->curve};
    mlsd__linear_scores *scores = NULL;
    mlsd_status status = fit_open(&f, scope, train);
    if (status == MLSD_OK && train->progress != NULL && *train->progress != NULL)
        status = go_on(&f, *train->progress);
    if (status == MLSD_OK) status = run_epochs(&f, scope);
    if (status == MLSD_OK && train->progress != NULL)
        status = leave_progress(&f, a, train->progress);
    if (status == MLSD_OK) status = make_scores(&f, train, a, &scores);
    mlsd__free(a, f.best);
    mlsd__free(a, f.last);
    mlsd__sgd_stepper_close(&f.stepper, a);
    split_close(&f.split, a);
    *out_state = scores;
    return status;
}
