/* sgd.c - linear scores trained by epochs: what the trainer (model/trainer.h) is given, and the
 * model made of what it leaves. The updates are in sgd_step.c. */
#include "model/linear/sgd.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/sgd_step.h"

/* Of learning_rate adaptive, as in scikit-learn: divide the step where it would stop, down to here.
 */
static const double ADAPTIVE_DIVISOR = 5.0, ADAPTIVE_LEAST = 1e-6;

const char *const mlsd__sgd_penalties[] = {"l2", "l1", "elasticnet", "none", NULL};
const char *const mlsd__sgd_learning_rates[] = {"constant", "optimal", "invscaling", "adaptive",
                                                NULL};

const mlsd__slot mlsd__sgd_slots[] = {
    {.name = "schedule",
     .families = "schedule",
     .many = 0,
     .doc = "A factor of the step that changes as training goes on; none: 1"},
};

typedef struct sgd_fit {
    const mlsd__sgd_params *params;
    const mlsd__sgd_loss *loss;
    mlsd__training_sets sets;
    mlsd__sgd_rows *rows; /* of each set */
    mlsd__sgd_stepper stepper;
    int64_t first_epoch; /* its number for draws: updates of trainings before */
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

mlsd_status mlsd__sgd_require_classes(const mlsd__train *train, const char *kind)
{
    int64_t n_other = 0;
    for (int64_t i = 1; n_other == 0 && i < train->x->n_rows; i++)
        n_other += train->y[i] != train->y[0];
    if ((n_other > 0 || train->start != NULL) && train->n_classes >= 2) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%s needs rows of at least two classes, got only class number %lld", kind,
                      (long long)train->y[0]);
}

static mlsd_status epoch(void *self, mlsd__scope *scope, int64_t number)
{
    sgd_fit *const f = self;
    return mlsd__sgd_stepper_epoch(&f->stepper, scope, f->first_epoch, number);
}

static mlsd_status mean_loss(void *self, mlsd__scope *scope, int64_t set, double *out)
{
    const sgd_fit *const f = self;
    return mlsd__sgd_mean_loss(scope, f->loss, f->params->epsilon, &f->rows[set],
                               f->stepper.n_scores, mlsd__sgd_stepper_theta(&f->stepper), out);
}

static double penalty(const void *self)
{
    const sgd_fit *const f = self;
    const double *theta = mlsd__sgd_stepper_theta(&f->stepper);
    const int64_t n = f->stepper.n_scores * f->stepper.n_features;
    double squares = 0.0, sizes = 0.0;
    for (int64_t j = 0; j < n; j++) {
        squares += theta[j] * theta[j];
        sizes += fabs(theta[j]);
    }
    return 0.5 * f->stepper.l2 * squares + f->stepper.l1 * sizes;
}

static int64_t arrays(void *self, mlsd__trainee_array *out, int64_t capacity)
{
    mlsd__sgd_stepper *const s = &((sgd_fit *)self)->stepper;
    const mlsd__trainee_array all[] = {
        {s->theta, s->n_theta, MLSD_F64, s->mean == NULL},
        {s->mean, s->mean != NULL ? s->n_theta : 0, MLSD_F64, true},
        {s->truncated, s->truncated != NULL ? s->n_theta : 0, MLSD_F64, false},
        {&s->t, 1, MLSD_I64, false},
        {&s->eta, 1, MLSD_F64, false},
        {&s->l1_total, 1, MLSD_F64, false},
        {&s->scheduled, s->schedule != NULL ? 4 : 0, MLSD_F64, false},
    };
    for (int64_t i = 0; i < MLSD__COUNT(all) && i < capacity; i++) out[i] = all[i];
    return MLSD__COUNT(all);
}

static void watched(void *self, int64_t epoch, double loss)
{
    mlsd__sgd_stepper *const s = &((sgd_fit *)self)->stepper;
    (void)epoch;
    mlsd__schedule_watch(s->schedule, loss, &s->scheduled);
}

static bool goes_on(void *self)
{
    sgd_fit *const f = self;
    if (f->params->learning_rate != MLSD__SGD_ADAPTIVE || !(f->stepper.eta > ADAPTIVE_LEAST))
        return false;
    f->stepper.eta /= ADAPTIVE_DIVISOR;
    return true;
}

static const mlsd__trainee_ops TRAINEE = {
    .epoch = epoch,
    .mean_loss = mean_loss,
    .penalty = penalty,
    .arrays = arrays,
    .watched = watched,
    .goes_on = goes_on,
};

mlsd_status mlsd__sgd_rows_open(mlsd__scope *scope, const mlsd__training_sets *sets,
                                mlsd__sgd_rows **out)
{
    mlsd__sgd_rows *const rows = mlsd__alloc(scope->allocator, sets->n, sizeof *rows);
    *out = rows;
    if (rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < sets->n; i++) {
        const mlsd__training_set *const set = &sets->sets[i];
        rows[i] =
            (mlsd__sgd_rows){.y = set->y, .weight = set->weight, .total_weight = set->total_weight};
        MLSD__TRY(mlsd__resident_open(&rows[i].rows, scope, set->frame));
    }
    return MLSD_OK;
}

void mlsd__sgd_rows_close(const mlsd__allocator *a, const mlsd__training_sets *sets,
                          mlsd__sgd_rows *rows)
{
    for (int64_t i = 0; rows != NULL && i < sets->n; i++) mlsd__resident_close(&rows[i].rows, a);
    mlsd__free(a, rows);
}

static void fit_close(sgd_fit *f, const mlsd__allocator *a)
{
    mlsd__sgd_stepper_close(&f->stepper, a);
    mlsd__sgd_rows_close(a, &f->sets, f->rows);
    mlsd__training_sets_close(&f->sets, a);
}

static mlsd_status fit_open(sgd_fit *f, mlsd__scope *scope, const mlsd__train *train)
{
    const int64_t n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    const mlsd__hold_out hold_out = {.asked = f->params->early_stopping != 0,
                                     .fraction = f->params->validation_fraction,
                                     .seed = f->params->seed};
    MLSD__TRY(mlsd__training_sets_open(&f->sets, scope, train, &hold_out));
    MLSD__TRY(mlsd__sgd_rows_open(scope, &f->sets, &f->rows));
    MLSD__TRY(mlsd__sgd_stepper_open(&f->stepper, scope, f->params, f->loss, &f->rows[0],
                                     n_classes <= 2 ? 1 : n_classes));
    return mlsd__sgd_stepper_augment(&f->stepper, scope, train->augment, n_classes);
}

/* Begin where a state is. */
static mlsd_status begin_at(sgd_fit *f, const mlsd__linear_scores *start)
{
    mlsd__sgd_stepper *const s = &f->stepper;
    const int64_t n_coef = s->n_scores * s->n_features;
    const double *data = NULL;
    int64_t rows = 0, cols = 0;
    if (f->params->average)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "with 'average' a model does not know where its training ended, so that "
                          "it cannot be trained further");
    memcpy(s->theta, start->coef, (size_t)n_coef * sizeof *s->theta);
    memcpy(s->theta + n_coef, start->intercept, (size_t)s->n_scores * sizeof *s->theta);
    for (int64_t i = 0;; i++) {
        const char *const name = mlsd__linear_scores_attribute(start, i, &data, &rows, &cols);
        if (name == NULL) break;
        if (strcmp(name, "t") == 0) s->t = (int64_t)data[0];
    }
    f->first_epoch = s->t;
    return MLSD_OK;
}

mlsd_status mlsd__sgd_tell_outcome(mlsd__linear_scores *scores,
                                   const mlsd__training_outcome *outcome)
{
    double value = 0.0;
    for (int64_t i = 0;; i++) {
        const char *const name = mlsd__training_number(outcome, i, &value);
        if (name == NULL) return MLSD_OK;
        MLSD__TRY(mlsd__linear_scores_number(scores, name, value));
    }
}

/* The trained state as scores, with the numbers of the fit. */
static mlsd_status make_scores(const sgd_fit *f, const mlsd__train *train,
                               const mlsd__training_outcome *outcome, const mlsd__allocator *a,
                               mlsd__linear_scores **out)
{
    const double *theta = mlsd__sgd_stepper_theta(&f->stepper);
    const int64_t n_coef = f->stepper.n_scores * f->stepper.n_features;
    MLSD__TRY(mlsd__linear_scores_new(a, f->loss->link, f->stepper.n_features,
                                      train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes,
                                      out));
    memcpy((*out)->coef, theta, (size_t)n_coef * sizeof *theta);
    memcpy((*out)->intercept, theta + n_coef, (size_t)f->stepper.n_scores * sizeof *theta);
    mlsd_status status = mlsd__sgd_tell_outcome(*out, outcome);
    if (status == MLSD_OK) status = mlsd__linear_scores_number(*out, "t", (double)f->stepper.t);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, *out);
        *out = NULL;
    }
    return status;
}

mlsd_status mlsd__sgd_fit(mlsd__scope *scope, const mlsd__sgd_params *params,
                          const mlsd_spec *schedule, const mlsd__sgd_loss *loss,
                          const mlsd__train *train, void **out_state)
{
    sgd_fit f = {.params = params, .loss = loss};
    const mlsd__trainer_rule rule = {.max_iter = params->max_iter,
                                     .n_iter_no_change = params->n_iter_no_change,
                                     .tol = params->tol};
    mlsd__training_outcome outcome;
    mlsd__linear_scores *scores = NULL;
    mlsd_status status = fit_open(&f, scope, train);
    if (status == MLSD_OK && train->start != NULL) status = begin_at(&f, train->start);
    f.stepper.schedule = schedule;
    if (status == MLSD_OK)
        status = mlsd__trainer_run(scope, &rule, &TRAINEE, &f, &f.sets, train, &outcome);
    if (status == MLSD_OK) status = make_scores(&f, train, &outcome, scope->allocator, &scores);
    fit_close(&f, scope->allocator);
    *out_state = scores;
    return status;
}
