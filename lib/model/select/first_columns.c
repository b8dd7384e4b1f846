/* first_columns.c - see the header. Paths are those of elastic_net and logistic_regression: each
 * penalty starts where the stronger one ended. */
#include "model/select/first_columns.h"

#include <math.h>
#include <string.h>

#include "model/linear/enet.h"
#include "model/linear/linear_scores.h"
#include "model/linear/logistic_regression.h"
#include "model/row_pass.h"
#include "model/transform/column_state.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

/* Penalties between the one that lets nothing in and a hundredth of it. */
enum { N_PENALTIES = 60 };
static const double WEAKEST = 0.01;

mlsd_status mlsd__inner_standardise(mlsd__scope *scope, mlsd__inner_data *data)
{
    const int64_t n = data->frame.n_rows, p = data->frame.n_features;
    double *const weight = mlsd__alloc_raw(scope->allocator, p, 3 * sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    double *const mean = weight + p, *const scale = weight + 2 * p;
    mlsd_status status =
        mlsd__column_moments(scope, &data->frame, data->train.weight, weight, mean, scale, NULL);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        scale[j] /= weight[j];
        if (!isfinite(scale[j]))
            status = mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                                data->frame.features[j].name);
        scale[j] = mlsd__is_constant(weight[j], mean[j], scale[j]) ? INFINITY : sqrt(scale[j]);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n; i++)
        for (int64_t j = 0; j < p; j++)
            data->x[i * p + j] = (data->x[i * p + j] - mean[j]) / scale[j];
    mlsd__free(scope->allocator, weight);
    return status;
}

/* The largest q of p sizes are 1, zeros never. */
static mlsd_status keep_largest(const mlsd__allocator *a, const double *size, int64_t p, int64_t q,
                                double *entered)
{
    int64_t *const falling = mlsd__alloc_raw(a, p, sizeof *falling);
    if (falling == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__rank_falling(a, size, p, falling);
    for (int64_t i = 0; status == MLSD_OK && i < p; i++)
        entered[falling[i]] = i < q && size[falling[i]] > 0;
    mlsd__free(a, falling);
    return status;
}

/* Sizes by which the first to come in stand before later ones: places in the path are counted down
 * in whole numbers, and coefficients order those of one place. */
static void note_entries(const double *size, int64_t p, int64_t place, double *order)
{
    double largest = 0;
    for (int64_t j = 0; j < p; j++) largest = fmax(largest, size[j]);
    for (int64_t j = 0; j < p; j++) {
        if (size[j] > 0 && order[j] == 0)
            order[j] = (double)(N_PENALTIES - place) + 0.5 * size[j] / largest;
    }
}

static int64_t count_entered(const double *order, int64_t p)
{
    int64_t n = 0;
    for (int64_t j = 0; j < p; j++) n += order[j] > 0;
    return n;
}

static mlsd_status enter_lasso(mlsd__scope *scope, const mlsd__train *train, double *order)
{
    const int64_t p = train->x->n_features;
    const mlsd__enet_options options = {.l1_ratio = 1, .tol = 1e-4, .max_iter = 1000};
    mlsd__enet_problem problem;
    double alphas[N_PENALTIES];
    mlsd__enet_end ends[N_PENALTIES];
    MLSD__TRY(mlsd__enet_open(scope, train, true, &problem));
    double *const coef = mlsd__alloc(scope->allocator, N_PENALTIES * p, sizeof *coef);
    mlsd_status status = coef == NULL ? MLSD_E_NOMEM : MLSD_OK;
    mlsd__enet_grid(&problem, 1, WEAKEST, N_PENALTIES, alphas);
    if (status == MLSD_OK && alphas[0] > 0)
        status = mlsd__enet_path(scope, &problem, &options, N_PENALTIES, alphas, coef, ends);
    for (int64_t k = 0; status == MLSD_OK && k < N_PENALTIES; k++) {
        for (int64_t j = 0; j < p; j++) coef[k * p + j] = fabs(coef[k * p + j]);
        note_entries(coef + k * p, p, k, order);
    }
    mlsd__free(scope->allocator, coef);
    mlsd__enet_close(&problem, scope->allocator);
    return status;
}

/* The largest C that lets nothing in: 1 over the largest sum of w (y - share of the class) x. The
 * design is standardised, as its coefficients are not: columns come with deviation 1. */
static double first_C(const mlsd__train *train)
{
    const mlsd__frame *const x = train->x;
    const double *const values = x->matrix.data;
    double largest = 0, total = 0;
    for (int64_t i = 0; i < x->n_rows; i++) total += train->weight != NULL ? train->weight[i] : 1;
    for (int64_t c = 0; c < train->n_classes; c++) {
        double share = 0;
        for (int64_t i = 0; i < x->n_rows; i++)
            if (train->y[i] == (double)c) share += train->weight != NULL ? train->weight[i] : 1;
        share /= total;
        for (int64_t j = 0; j < x->n_features; j++) {
            double sum = 0;
            for (int64_t i = 0; i < x->n_rows; i++) {
                const int64_t row = x->rows != NULL ? x->rows[i] : i;
                const double w = train->weight != NULL ? train->weight[i] : 1;
                sum += w * ((train->y[i] == (double)c) - share) *
                       values[row * x->matrix.row_stride + j];
            }
            largest = fmax(largest, fabs(sum));
        }
    }
    return largest > 0 ? 1 / largest : 1;
}

/* The sizes of the coefficients with that C, summed over classes. */
static mlsd_status logistic_sizes(mlsd__scope *scope, mlsd__logistic_problem *problem, double C,
                                  int64_t p, double *size)
{
    const mlsd__logistic_params params = {.C = C,
                                          .penalty = MLSD__PENALTY_L1,
                                          .fit_intercept = 1,
                                          .max_iter = 100,
                                          .tol = 1e-4,
                                          .l1_ratio = NAN};
    mlsd__logistic_outcome outcome;
    mlsd__linear_scores *scores = NULL;
    MLSD__TRY(mlsd__logistic_problem_solve(problem, scope, &params, &outcome));
    MLSD__TRY(mlsd__logistic_problem_scores(problem, scope->allocator, &params, &outcome, &scores));
    for (int64_t j = 0; j < p; j++) {
        size[j] = 0;
        for (int64_t c = 0; c < scores->n_scores; c++) size[j] += fabs(scores->coef[c * p + j]);
    }
    mlsd__linear_scores_free(scope->allocator, scores);
    return MLSD_OK;
}

static mlsd_status enter_logistic(mlsd__scope *scope, const mlsd__train *train, int64_t q,
                                  double *order)
{
    const int64_t p = train->x->n_features;
    mlsd__logistic_problem problem;
    MLSD__TRY(mlsd__logistic_problem_open(&problem, scope, train, true, "stability_selection"));
    double *const size = mlsd__alloc(scope->allocator, p, sizeof *size);
    mlsd_status status = size == NULL ? MLSD_E_NOMEM : MLSD_OK;
    double C = first_C(train);
    const double factor = mlsd__pow(WEAKEST, -1.0 / (N_PENALTIES - 1));
    for (int64_t k = 1; status == MLSD_OK && k < N_PENALTIES; k++) {
        C *= factor;
        status = logistic_sizes(scope, &problem, C, p, size);
        if (status == MLSD_OK) note_entries(size, p, k, order);
        if (status == MLSD_OK && count_entered(order, p) >= q) break;
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, size);
    mlsd__logistic_problem_close(&problem, scope->allocator);
    return status;
}

mlsd_status mlsd__first_columns(mlsd__scope *scope, const mlsd__train *train, int64_t q,
                                double *entered)
{
    const int64_t p = train->x->n_features;
    double *const order = mlsd__alloc(scope->allocator, p, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd_status status = train->task == MLSD_TASK_REGRESSION
                             ? enter_lasso(scope, train, order)
                             : enter_logistic(scope, train, q, order);
    if (status == MLSD_OK) status = keep_largest(scope->allocator, order, p, q, entered);
    mlsd__free(scope->allocator, order);
    return status;
}
