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
    int64_t width; /* p + 1, or p without an intercept */
    double *root;  /* width x width: of mlsd__linear_root */
    double *known; /* p: 0 where a coefficient is not determined */
    bool intercept_known;
} inference;

static double *extra(const inference *f, int64_t i)
{
    return f->state->extras[f->first + i].data;
}

/* Of the i-th coefficient with the j-th, without sigma^2; the intercept is the last. */
static double covariance(const inference *f, int64_t i, int64_t j)
{
    return mlsd__dot(f->root + i * f->width, f->root + j * f->width, f->width);
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
        const double error = f->known[j] != 0 ? f->sigma * sqrt(covariance(f, j, j)) : NAN;
        extra(f, STD_ERROR)[j] = error;
        judge(f, f->state->coef[j], error, &extra(f, T_VALUE)[j], &extra(f, P_VALUE)[j],
              &extra(f, INTERVAL)[j], &extra(f, INTERVAL)[p + j]);
    }
    if (!f->fit->has_intercept) return;
    const double error = f->intercept_known ? f->sigma * sqrt(covariance(f, p, p)) : NAN;
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
        for (int64_t j = 0; j <= i; j++) {
            const bool both = f->known[i] != 0 && f->known[j] != 0;
            const double value = both ? variance * covariance(f, i, j) : NAN;
            out[i * width + j] = out[j * width + i] = value;
        }
        if (!fit->has_intercept) continue;
        const bool both = f->known[i] != 0 && f->intercept_known;
        out[i * width + p] = out[p * width + i] = both ? variance * covariance(f, i, p) : NAN;
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
    f.width = p + (fit->has_intercept ? 1 : 0);
    MLSD__TRY(mlsd__mul_size(f.width, f.width + 1, &size));
    MLSD__TRY(make_room(scope, &f));
    f.root = mlsd__alloc(a, size, sizeof *f.root);
    if (f.root == NULL) return MLSD_E_NOMEM;
    f.known = f.root + f.width * f.width;
    *extra(&f, WEIGHT_SUM) = fit->weight;
    *extra(&f, T_QUANTILE) = f.df > 0 ? mlsd__t_quantile(0.5 + level / 2, f.df) : NAN;
    memcpy(extra(&f, MEAN), fit->mean, (size_t)p * sizeof *fit->mean);
    mlsd_status status = mlsd__linear_root(scope, fit, f.root);
    if (status == MLSD_OK) {
        find_known(&f);
        judge_coefficients(&f);
        judge_fit(&f);
        status = fill_covariance(scope, &f);
    }
    mlsd__free(a, f.root);
    return status;
}
