/* logistic_proximal.c - proximal Newton steps for the logistic objective with an l1 penalty (Lee,
 * Sun & Saunders 2014, SIAM J. Optim. 24(3), algorithm 1; Friedman, Hastie & Tibshirani 2010, sec.
 * 3, is the same with a diagonal less).
 *
 * Each step minimises the second-order model of the loss plus the penalty as it is: a lasso whose
 * Gram matrix is the Hessian, solved by the coordinate descent of enet_set.c. The intercepts have
 * no penalty and are eliminated from the model before (their Schur complement), and put back after.
 * Then the objective must fall by enough (the same, eq. 2.10 and 2.16), or the step is halved. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/enet.h"
#include "model/linear/logistic_solve.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum { MAX_HALVINGS = 30, MAX_SWEEPS = 1000 };

/* As in logistic_newton.c. */
static const double DAMPING = 1e-11, DECREASE = 1e-4, ROUNDING = 4e-16, ROUNDING_STEP = 1e-13;
/* The model is solved to this share of what the conditions are still violated by: the steps then
 * contract faster than linearly (Lee et al., theorem 3.5). */
static const double INNER_SHARE = 1e-2, INNER_LEAST = 1e-10, INNER_MOST = 1e-3;

typedef struct proximal {
    mlsd__logistic_loss *loss;
    mlsd__scope *scope;
    int64_t n, n_free, n_coef;              /* of theta: intercepts, coefficients */
    double *theta, *trial, *step;           /* n */
    double *gradient, *hessian;             /* n; n x n, upper */
    double *start;                          /* n_coef: coefficients in their own units */
    double *model;                          /* n_coef: slope of the model */
    double *schur;                          /* n_coef x n_coef */
    double *diagonal;                       /* n_coef */
    double *cross, *response;               /* n_free x (n_coef + 1) */
    double *free_hessian;                   /* n_free x n_free */
    int64_t *index, *free_index, *position; /* in theta; 0 .. n_coef-1 */
} proximal;

double mlsd__logistic_violation(const mlsd__logistic_loss *l, int64_t i, double theta,
                                double gradient)
{
    const mlsd__design *d = l->design;
    const int64_t j = i % d->n_columns;
    if (j >= d->n_features) return fabs(gradient);
    const double l1 = l->penalty.l1 * d->inverse[j];
    if (theta != 0.0) return fabs(gradient + (theta > 0.0 ? l1 : -l1));
    return fabs(gradient) > l1 ? fabs(gradient) - l1 : isnan(gradient) ? NAN : 0.0;
}

static double largest_violation(const proximal *s)
{
    double top = 0.0;
    for (int64_t i = 0; i < s->n; i++) {
        const double here = mlsd__logistic_violation(s->loss, i, s->theta[i], s->gradient[i]);
        top = !(here <= top) ? here : top;
    }
    return top;
}

static double hessian_at(const proximal *s, int64_t i, int64_t j)
{
    return i <= j ? s->hessian[i * s->n + j] : s->hessian[j * s->n + i];
}

/* 1 / inverse of the column of a coefficient: theta is the coefficient times this. */
static double unit(const proximal *s, int64_t coef)
{
    const mlsd__design *d = s->loss->design;
    return 1.0 / d->inverse[s->index[coef] % d->n_columns];
}

static double size_of(const proximal *s, const double *theta)
{
    double sum = 0.0;
    for (int64_t i = 0; i < s->n_coef; i++) sum += fabs(theta[s->index[i]]) / unit(s, i);
    return sum;
}

/* Where coefficients and intercepts stand in theta. */
static void number_theta(proximal *s)
{
    const mlsd__design *d = s->loss->design;
    int64_t n_free = 0, n_coef = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (i % d->n_columns >= d->n_features) {
            s->free_index[n_free++] = i;
        } else {
            s->position[n_coef] = n_coef;
            s->index[n_coef++] = i;
        }
    }
}

/* The second-order model without its intercepts: response = F^-1 [cross | slope of intercepts],
 * schur = H - cross' response. Intercepts of several scores may all be shifted together: a
 * curvature across them holds their sum and changes nothing else. */
static bool eliminate(proximal *s, double damping)
{
    const int64_t m = s->n_coef, f = s->n_free, width = m + 1;
    for (int64_t b = 0; b < f; b++) {
        double *const row = s->cross + b * width;
        for (int64_t i = 0; i < m; i++)
            row[i] = hessian_at(s, s->free_index[b], s->index[i]) * unit(s, i);
        row[m] = s->gradient[s->free_index[b]];
        memcpy(s->response + b * width, row, (size_t)width * sizeof *row);
        for (int64_t c = b; c < f; c++)
            s->free_hessian[b * f + c] = hessian_at(s, s->free_index[b], s->free_index[c]) +
                                         (b == c ? damping : 0.0) + (f > 1 ? 1.0 : 0.0);
    }
    bool ok = true;
    if (f > 0) mlsd__posv(f, width, s->free_hessian, f, s->response, width, &ok);
    if (!ok) return false;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = i; j < m; j++)
            s->schur[i * m + j] = hessian_at(s, s->index[i], s->index[j]) * unit(s, i) * unit(s, j);
        s->schur[i * m + i] += damping * unit(s, i) * unit(s, i);
        s->model[i] = s->gradient[s->index[i]] * unit(s, i);
    }
    for (int64_t i = 0; f > 0 && i < m; i++)
        for (int64_t b = 0; b < f; b++)
            s->model[i] -= s->cross[b * width + i] * s->response[b * width + m];
    if (f > 0 && m > 0)
        mlsd__gemm(true, false, m, m, f, -1.0, s->cross, width, s->response, width, 1.0, s->schur,
                   m);
    for (int64_t i = 0; i < m; i++) {
        s->diagonal[i] = s->schur[i * m + i];
        for (int64_t j = 0; j < i; j++) s->schur[i * m + j] = s->schur[j * m + i];
        if (!(s->diagonal[i] > 0.0) || !isfinite(s->diagonal[i]) || !isfinite(s->model[i]))
            return false;
    }
    return true;
}

/* step: from theta to the minimum of the model; coefficients that end at 0 get a step to exactly
 * there. */
static mlsd_status minimise_model(proximal *s, double violation)
{
    const int64_t m = s->n_coef, width = m + 1;
    const mlsd__enet_problem problem = {
        .p = m, .gram = s->schur, .diagonal = s->diagonal, .right = s->model};
    mlsd__enet_step descent = {.l1 = s->loss->penalty.l1,
                               .still =
                                   fmax(INNER_LEAST, fmin(INNER_MOST, INNER_SHARE * violation)),
                               .max_iter = MAX_SWEEPS};
    mlsd__enet_set set;
    MLSD__TRY(mlsd__enet_set_open(&set, s->scope->allocator, &problem));
    mlsd_status status = mlsd__enet_set_add(&set, s->scope, s->position, m);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < m; i++) {
            s->start[i] = s->theta[s->index[i]] / unit(s, i);
            set.w[i] = s->start[i];
            set.gradient[i] = -s->model[i];
        }
        status = mlsd__enet_descend(&set, s->scope, &descent);
    }
    for (int64_t b = 0; status == MLSD_OK && b < s->n_free; b++) {
        double step = -s->response[b * width + m];
        for (int64_t i = 0; i < m; i++)
            step -= s->response[b * width + i] * (set.w[i] - s->start[i]);
        s->step[s->free_index[b]] = step;
    }
    for (int64_t i = 0; status == MLSD_OK && i < m; i++) {
        const double before = s->theta[s->index[i]];
        s->step[s->index[i]] = set.w[i] == 0.0 ? -before : (set.w[i] - s->start[i]) * unit(s, i);
    }
    mlsd__enet_set_close(&set, s->scope->allocator);
    return status;
}

/* *out_ok false where the model has no minimum that numbers can hold. */
static mlsd_status find_step(proximal *s, double violation, bool *out_ok)
{
    double top = 0.0;
    for (int64_t i = 0; i < s->n; i++) top = fmax(top, s->hessian[i * s->n + i]);
    *out_ok = top > 0.0 && isfinite(top) && eliminate(s, DAMPING * top);
    if (*out_ok) MLSD__TRY(minimise_model(s, violation));
    for (int64_t i = 0; *out_ok && i < s->n; i++) *out_ok = isfinite(s->step[i]);
    return MLSD_OK;
}

static bool is_rounding(const proximal *s)
{
    for (int64_t i = 0; i < s->n; i++)
        if (!(fabs(s->step[i]) <= ROUNDING_STEP * (1.0 + fabs(s->theta[i])))) return false;
    return true;
}

/* Halve the step until the objective falls by enough; gradient and Hessian are then of the point
 * that was accepted. */
static mlsd_status search(proximal *s, mlsd__logistic_outcome *out, bool *out_moved)
{
    const double l1 = s->loss->penalty.l1, size = size_of(s, s->theta);
    for (int64_t i = 0; i < s->n; i++) s->trial[i] = s->theta[i] + s->step[i];
    const double predicted =
        mlsd__dot(s->gradient, s->step, s->n) + l1 * (size_of(s, s->trial) - size);
    const double slack = ROUNDING * fabs(out->at.objective);
    double length = 1.0;
    *out_moved = false;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, length *= 0.5) {
        mlsd__logistic_value value;
        if (length < 1.0)
            for (int64_t i = 0; i < s->n; i++) s->trial[i] = s->theta[i] + length * s->step[i];
        MLSD__TRY(mlsd__logistic_loss_at(s->loss, s->scope, s->trial, 1, &value, s->gradient,
                                         s->hessian));
        if (!(value.objective <= out->at.objective + DECREASE * length * predicted + slack))
            continue;
        memcpy(s->theta, s->trial, (size_t)s->n * sizeof *s->theta);
        out->at = value;
        *out_moved = true;
        return MLSD_OK;
    }
    return MLSD_OK;
}

/* One step more than tol asks for: it costs little, and squares what is left. */
static mlsd_status iterate(proximal *s, const mlsd__logistic_limits *limits,
                           mlsd__logistic_outcome *out)
{
    bool is_polished = false;
    out->violation = largest_violation(s);
    MLSD__TRY(mlsd__logistic_tell(limits, s->scope, s->theta, 0, &out->at));
    for (; out->n_iter < limits->max_iter; out->n_iter++) {
        out->converged = out->violation <= limits->tol;
        if (out->violation == 0.0 || (out->converged && is_polished)) return MLSD_OK;
        is_polished = out->converged;
        bool ok = false, moved = false;
        MLSD__TRY(find_step(s, out->violation, &ok));
        if (!ok) return MLSD_OK;
        const bool is_last = is_rounding(s);
        MLSD__TRY(search(s, out, &moved));
        if (moved) {
            out->violation = largest_violation(s);
            MLSD__TRY(mlsd__logistic_tell(limits, s->scope, s->theta, out->n_iter + 1, &out->at));
        }
        out->converged = out->converged || is_last;
        if (!moved || is_last) return MLSD_OK;
    }
    out->converged = out->violation <= limits->tol;
    return MLSD_OK;
}

static mlsd_status proximal_open(proximal *s, const mlsd__allocator *a)
{
    const mlsd__logistic_loss *l = s->loss;
    const int64_t n = l->n_theta, m = l->n_scores * l->design->n_features, f = n - m;
    int64_t cells, coef_cells, cross_cells;
    s->n = n;
    s->n_coef = m;
    s->n_free = f;
    MLSD__TRY(mlsd__mul_size(n, n, &cells));
    MLSD__TRY(mlsd__mul_size(m, m, &coef_cells));
    MLSD__TRY(mlsd__mul_size(2 * f, m + 1, &cross_cells));
    s->trial = mlsd__alloc(a, 3 * n + 3 * m + f * f, sizeof *s->trial);
    s->hessian = mlsd__alloc(a, cells, sizeof *s->hessian);
    s->schur = mlsd__alloc_raw(a, coef_cells, sizeof *s->schur);
    s->cross = mlsd__alloc_raw(a, cross_cells, sizeof *s->cross);
    s->index = mlsd__alloc_raw(a, 2 * m + f, sizeof *s->index);
    if (s->trial == NULL || s->hessian == NULL || s->schur == NULL || s->cross == NULL ||
        s->index == NULL)
        return MLSD_E_NOMEM;
    s->step = s->trial + n;
    s->gradient = s->step + n;
    s->start = s->gradient + n;
    s->model = s->start + m;
    s->diagonal = s->model + m;
    s->free_hessian = s->diagonal + m;
    s->response = s->cross + f * (m + 1);
    s->position = s->index + m;
    s->free_index = s->position + m;
    number_theta(s);
    return MLSD_OK;
}

static void proximal_close(proximal *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->trial);
    mlsd__free(a, s->hessian);
    mlsd__free(a, s->schur);
    mlsd__free(a, s->cross);
    mlsd__free(a, s->index);
}

mlsd_status mlsd__logistic_proximal(mlsd__logistic_loss *l, mlsd__scope *scope,
                                    const mlsd__logistic_limits *limits, double *theta,
                                    mlsd__logistic_outcome *out)
{
    *out = (mlsd__logistic_outcome){0};
    proximal s = {.loss = l, .scope = scope, .theta = theta};
    mlsd_status status = proximal_open(&s, scope->allocator);
    if (status == MLSD_OK)
        status = mlsd__logistic_loss_at(l, scope, theta, 1, &out->at, s.gradient, s.hessian);
    if (status == MLSD_OK) {
        out->nonfinite = !isfinite(out->at.objective) || !isfinite(largest_violation(&s));
        if (!out->nonfinite) status = iterate(&s, limits, out);
    }
    proximal_close(&s, scope->allocator);
    return status;
}
