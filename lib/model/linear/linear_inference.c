/* linear_inference.c - how sure a least squares fit is: standard errors, t, p, intervals, R squared
 * and F, under the usual assumptions (errors independent, normal, of one variance). A weight counts
 * how often its row was seen, so that weights equal repetition: the degrees of freedom are the sum
 * of the weights less what was fitted. What the data does not tell is NaN: everything where no
 * degree of freedom is left, and the coefficients of columns that depend on each other. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/linear_fit.h"
#include "numeric/distribution.h"
#include "numeric/least_squares.h"
#include "numeric/sum.h"

enum {
    STD_ERROR,
    T_VALUE,
    P_VALUE,
    INTERVAL,
    INTERCEPT_STD_ERROR,
    INTERCEPT_T_VALUE,
    INTERCEPT_P_VALUE,
    INTERCEPT_INTERVAL,
    COVARIANCE,
    R2,
    ADJUSTED_R2,
    F_VALUE,
    F_P_VALUE,
    DF_MODEL,
    DF_RESIDUAL,
    RESIDUAL_STD_ERROR,
    MEAN,
    WEIGHT_SUM,
    T_QUANTILE
};

typedef struct inference {
    const mlsd__linear_fit *fit;
    mlsd__linear_state *state;
    int64_t first;
    double level, df, sigma;
    double *root;  /* p x p: covariance = sigma^2 root root', in the columns' own units */
    double *turn;  /* p: root' mean */
    double *known; /* p: 0 where a coefficient is not determined */
    bool intercept_known;
} inference;

static double *extra(const inference *f, int64_t i)
{
    return f->state->extras[f->first + i].data;
}

/* A root of (Z'Z)^-1: the inverse of R where the rank is full, V diag(1 / s) where not. */
static void find_root(inference *f)
{
    const mlsd__linear_fit *const fit = f->fit;
    const int64_t p = fit->p;
    if (fit->rank == p) {
        mlsd__invert_upper(p, fit->r, fit->q, f->root);
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = i; j < p; j++) f->root[i * p + j] *= fit->scale[i];
    } else {
        for (int64_t i = 0; i < p; i++)
            for (int64_t k = 0; k < fit->rank; k++)
                f->root[i * p + k] = fit->vt[k * p + i] / fit->s[k];
    }
    for (int64_t i = 0; i < p; i++)
        for (int64_t k = 0; k < p; k++) f->turn[k] += fit->mean[i] * f->root[i * p + k];
}

/* Which numbers a fit of lower rank determines: a coefficient of a column that no dependence
 * touches, and the intercept where all dependences hold without a constant. */
static void find_known(inference *f)
{
    const mlsd__linear_fit *const fit = f->fit;
    const int64_t p = fit->p;
    const bool all_told = fit->p - fit->rank <= fit->n_dependences;
    for (int64_t j = 0; j < p; j++) f->known[j] = all_told;
    f->intercept_known = all_told;
    for (int64_t k = 0; k < fit->n_dependences; k++) {
        double sum = 0, size = 0;
        for (int64_t j = 0; j < p; j++) {
            const double part = fit->dependences[k * p + j];
            if (part != 0) f->known[j] = 0;
            sum += part * fit->mean[j];
            size += fabs(part * fit->mean[j]);
        }
        if (fabs(sum) > 1e-10 * size) f->intercept_known = false;
    }
}

static double two_sided(double t, double df)
{
    return isinf(t) ? 0 : 2 * mlsd__t_cdf(-fabs(t), df);
}

/* t, p and interval of a number from its standard error. */
static void judge(const inference *f, double value, double error, double *t, double *p_value,
                  double *low, double *high)
{
    const double reach = error * *extra(f, T_QUANTILE);
    *t = value / error;
    *p_value = two_sided(*t, f->df);
    *low = value - reach;
    *high = value + reach;
}

static void judge_coefficients(const inference *f)
{
    const int64_t p = f->fit->p;
    for (int64_t j = 0; j < p; j++) {
        const double *const row = f->root + j * p;
        const double error = f->known[j] != 0 ? f->sigma * sqrt(mlsd__dot(row, row, p)) : NAN;
        extra(f, STD_ERROR)[j] = error;
        judge(f, f->state->coef[j], error, &extra(f, T_VALUE)[j], &extra(f, P_VALUE)[j],
              &extra(f, INTERVAL)[j], &extra(f, INTERVAL)[p + j]);
    }
    if (!f->fit->has_intercept) return;
    const double error = f->intercept_known
                             ? f->sigma * sqrt(1 / f->fit->weight + mlsd__dot(f->turn, f->turn, p))
                             : NAN;
    *extra(f, INTERCEPT_STD_ERROR) = error;
    judge(f, f->state->intercept, error, extra(f, INTERCEPT_T_VALUE), extra(f, INTERCEPT_P_VALUE),
          &extra(f, INTERCEPT_INTERVAL)[0], &extra(f, INTERCEPT_INTERVAL)[1]);
}

/* Of the coefficients, and of the intercept in the last row and column. */
static mlsd_status fill_covariance(mlsd__scope *scope, const inference *f)
{
    const mlsd__linear_fit *const fit = f->fit;
    const int64_t p = fit->p, width = f->state->extras[f->first + COVARIANCE].cols;
    const double variance = f->sigma * f->sigma;
    double *const out = extra(f, COVARIANCE);
    for (int64_t i = 0; width > 0 && i < p; i++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const double *const row = f->root + i * p;
        for (int64_t j = 0; j <= i; j++) {
            const bool both = f->known[i] != 0 && f->known[j] != 0;
            const double value = both ? variance * mlsd__dot(row, f->root + j * p, p) : NAN;
            out[i * width + j] = out[j * width + i] = value;
        }
        if (!fit->has_intercept) continue;
        const bool both = f->known[i] != 0 && f->intercept_known;
        out[i * width + p] = out[p * width + i] =
            both ? -variance * mlsd__dot(row, f->turn, p) : NAN;
    }
    if (width > 0 && fit->has_intercept)
        out[p * width + p] = *extra(f, INTERCEPT_STD_ERROR) * *extra(f, INTERCEPT_STD_ERROR);
    return MLSD_OK;
}

/* R squared and F. Without an intercept they are about 0, as NIST and others define them. */
static void judge_fit(const inference *f)
{
    const mlsd__linear_fit *const fit = f->fit;
    const double total = fit->total.hi, df_model = (double)fit->rank;
    const double df_total = f->df + df_model;
    const double explained = mlsd__dd_subtract(fit->total, fit->squares).hi;
    const double r2 = total > 0 ? explained / total : NAN;
    *extra(f, R2) = r2;
    *extra(f, ADJUSTED_R2) =
        f->df > 0 && total > 0 ? 1 - (fit->squares.hi / f->df) / (total / df_total) : NAN;
    *extra(f, DF_MODEL) = df_model;
    *extra(f, DF_RESIDUAL) = f->df;
    *extra(f, RESIDUAL_STD_ERROR) = f->sigma;
    *extra(f, F_VALUE) = *extra(f, F_P_VALUE) = NAN;
    if (!(f->df > 0) || fit->rank == 0 || !(total > 0)) return;
    const double ratio = (fmax(0, explained) / df_model) / (fit->squares.hi / f->df);
    *extra(f, F_VALUE) = ratio;
    *extra(f, F_P_VALUE) =
        isinf(ratio) ? 0
                     : mlsd__beta_cdf(f->df / (f->df + df_model * ratio), f->df / 2, df_model / 2);
}

static mlsd_status make_room(mlsd__scope *scope, const inference *f)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = f->fit->p, with_intercept = f->fit->has_intercept ? 1 : 0;
    const int64_t width = p <= MLSD__LINEAR_COVARIANCE ? p + with_intercept : 0;
    for (int64_t i = 0; i < MLSD__LINEAR_INFERENCES; i++) {
        const bool of_columns = i <= INTERVAL || i == MEAN,
                   of_intercept = i > INTERVAL && i < COVARIANCE;
        int64_t rows = 1, cols = of_columns ? p : of_intercept ? with_intercept : 1;
        if (i == INTERVAL || i == INTERCEPT_INTERVAL) rows = 2;
        if (i == COVARIANCE) rows = cols = width;
        if (mlsd__linear_state_extra(a, f->state, f->first + i, rows, cols) == NULL)
            return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

mlsd_status mlsd__linear_inference(mlsd__scope *scope, const mlsd__linear_fit *fit, double level,
                                   int64_t first, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->p;
    inference f = {.fit = fit, .state = state, .first = first, .level = level};
    f.df = fit->weight - (double)fit->rank - (fit->has_intercept ? 1 : 0);
    f.sigma = f.df > 0 ? sqrt(fit->squares.hi / f.df) : NAN;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, p + 2, &size));
    MLSD__TRY(make_room(scope, &f));
    f.root = mlsd__alloc(a, size, sizeof *f.root);
    if (f.root == NULL) return MLSD_E_NOMEM;
    f.turn = f.root + p * p;
    f.known = f.turn + p;
    *extra(&f, WEIGHT_SUM) = fit->weight;
    *extra(&f, T_QUANTILE) = f.df > 0 ? mlsd__t_quantile(0.5 + level / 2, f.df) : NAN;
    memcpy(extra(&f, MEAN), fit->mean, (size_t)p * sizeof *fit->mean);
    find_root(&f);
    find_known(&f);
    judge_coefficients(&f);
    judge_fit(&f);
    const mlsd_status status = fill_covariance(scope, &f);
    mlsd__free(a, f.root);
    return status;
}
