/* moments.c - statistics of one column in double-double arithmetic: every sum, and every deviation
 * from a mean, is carried as two doubles, in the order of the rows. */
#include "numeric/moments.h"

#include <math.h>

#include "numeric/distribution.h"

typedef mlsd__dd pair;

/* Once a sum is infinite or NaN its error means nothing. */
static pair settle(pair a, double plain)
{
    return isfinite(a.hi) && isfinite(a.lo) ? a : (pair){plain, 0};
}

static pair add(pair a, pair b)
{
    return settle(mlsd__dd_add(a, b), a.hi + b.hi);
}

static pair add_double(pair a, double b)
{
    return add(a, (pair){b, 0});
}

static pair multiply(pair a, pair b)
{
    return settle(mlsd__dd_multiply(a, b), a.hi * b.hi);
}

static pair divide(pair a, double b)
{
    return settle(mlsd__dd_divide(a, (pair){b, 0}), a.hi / b);
}

static double rounded(pair a)
{
    return a.hi + a.lo;
}

static pair mean_of(const double *x, int64_t n)
{
    pair sum = {0, 0};
    for (int64_t i = 0; i < n; i++) sum = add_double(sum, x[i]);
    return divide(sum, (double)n);
}

static pair squares_about(const double *x, int64_t n, pair mean)
{
    pair sum = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        const pair d = add_double(mlsd__dd_negate(mean), x[i]);
        sum = add(sum, multiply(d, d));
    }
    return sum;
}

double mlsd__mean(const double *x, int64_t n)
{
    return n > 0 ? rounded(mean_of(x, n)) : (double)NAN;
}

double mlsd__variance(const double *x, int64_t n, int64_t ddof)
{
    if (n <= 0 || n - ddof <= 0) return NAN;
    return rounded(divide(squares_about(x, n, mean_of(x, n)), (double)(n - ddof)));
}

double mlsd__autocorrelation(const double *x, int64_t n)
{
    if (n <= 0) return NAN;
    const pair mean = mean_of(x, n);
    const double squares = rounded(squares_about(x, n, mean));
    pair products = {0, 0};
    for (int64_t i = 1; i < n; i++)
        products = add(products, multiply(add_double(mlsd__dd_negate(mean), x[i - 1]),
                                          add_double(mlsd__dd_negate(mean), x[i])));
    return squares > 0 ? rounded(products) / squares : (double)NAN;
}

/* The means of the groups, in two passes. Returns the mean of all. */
static pair group_means(const double *x, const int32_t *code, int64_t n, int64_t n_groups,
                        mlsd__group_moments *groups)
{
    pair total = {0, 0};
    for (int64_t g = 0; g < n_groups; g++) groups[g] = (mlsd__group_moments){.n = 0};
    for (int64_t i = 0; i < n; i++) {
        mlsd__group_moments *const group = &groups[code[i]];
        group->n++;
        group->mean = add_double(group->mean, x[i]);
    }
    for (int64_t g = 0; g < n_groups; g++) {
        total = add(total, groups[g].mean);
        groups[g].mean = divide(groups[g].mean, (double)groups[g].n);
    }
    return divide(total, (double)n);
}

void mlsd__anova_oneway(const double *x, const int32_t *code, int64_t n, int64_t n_groups,
                        mlsd__group_moments *groups, mlsd__anova *out)
{
    const pair grand_mean = group_means(x, code, n, n_groups, groups);
    for (int64_t i = 0; i < n; i++) {
        mlsd__group_moments *const group = &groups[code[i]];
        const pair d = add_double(mlsd__dd_negate(group->mean), x[i]);
        group->squares = add(group->squares, multiply(d, d));
    }
    pair between = {0, 0};
    pair within = {0, 0};
    int64_t n_occupied = 0;
    for (int64_t g = 0; g < n_groups; g++) {
        if (groups[g].n == 0) continue;
        n_occupied++;
        const pair d = add(groups[g].mean, mlsd__dd_negate(grand_mean));
        const pair rows = {(double)groups[g].n, 0};
        between = add(between, multiply(multiply(d, d), rows));
        within = add(within, groups[g].squares);
    }

    *out = (mlsd__anova){
        .squares_between = rounded(between),
        .squares_within = rounded(within),
        .df_between = n_occupied > 0 ? n_occupied - 1 : 0,
        .df_within = n - n_occupied,
        .f = NAN,
        .p_value = NAN,
        .r2 = rounded(between) / rounded(add(between, within)),
        .residual_sd = NAN,
    };
    if (out->df_within > 0) out->residual_sd = sqrt(out->squares_within / (double)out->df_within);
    if (out->df_within == 0 || out->df_between == 0) return;
    out->f = rounded(divide(between, (double)out->df_between)) /
             rounded(divide(within, (double)out->df_within));
    out->p_value = mlsd__f_sf(out->f, (double)out->df_between, (double)out->df_within);
}
