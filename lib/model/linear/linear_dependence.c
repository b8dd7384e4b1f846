/* linear_dependence.c - which columns are combinations of which others. The triangle's columns,
 * brought to one length, are taken in their order: one that has nothing left once the columns kept
 * so far are taken out of it depends on those (modified Gram-Schmidt, twice: Giraud, Langou &
 * Rozloznik 2005, Comput. Math. Appl. 50). The later column of a group is the one that is named. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/linear/linear_fit.h"
#include "numeric/least_squares.h"
#include "numeric/sum.h"

static const double LEAST_LEFT = 80;   /* roundings times columns that are nothing */
static const double LEAST_PART = 1e-8; /* of the largest part in a combination */
enum { MAX_TRIES = 40, NAMES_SHOWN = 6, LINES_SHOWN = 8 };

typedef struct search {
    const mlsd__linear_fit *fit;
    double *basis;  /* rank x p: rows are orthonormal */
    double *t;      /* rank x rank, upper: kept columns by the basis */
    double *column; /* p */
    double *parts;  /* rank */
    int64_t *kept;  /* rank */
    int64_t n_kept;
} search;

/* Take the basis out of s->column; what was taken into s->parts. Returns the length left. */
static double take_out(search *s)
{
    const int64_t p = s->fit->p;
    memset(s->parts, 0, (size_t)s->n_kept * sizeof *s->parts);
    for (int round = 0; round < 2; round++) {
        for (int64_t k = 0; k < s->n_kept; k++) {
            const double *const row = s->basis + k * p;
            const double part = mlsd__dot(row, s->column, p);
            for (int64_t i = 0; i < p; i++) s->column[i] -= part * row[i];
            s->parts[k] += part;
        }
    }
    return sqrt(mlsd__dot(s->column, s->column, p));
}

static void keep(search *s, int64_t j, double left)
{
    const int64_t p = s->fit->p, rank = s->fit->rank, n = s->n_kept++;
    for (int64_t i = 0; i < p; i++) s->basis[n * p + i] = s->column[i] / left;
    for (int64_t k = 0; k < n; k++) s->t[k * rank + n] = s->parts[k];
    s->t[n * rank + n] = left;
    s->kept[n] = j;
}

/* Column j in terms of those kept, in the columns' own units. */
static void write_down(search *s, int64_t j, double *row)
{
    const mlsd__linear_fit *const fit = s->fit;
    double largest = 0;
    mlsd__solve_upper(s->n_kept, s->t, fit->rank, s->parts);
    for (int64_t k = 0; k < s->n_kept; k++) largest = fmax(largest, fabs(s->parts[k]));
    memset(row, 0, (size_t)fit->p * sizeof *row);
    row[j] = -1;
    for (int64_t k = 0; k < s->n_kept; k++) {
        const int64_t i = s->kept[k];
        if (fabs(s->parts[k]) <= LEAST_PART * largest) continue;
        const double own_length = fit->length[j] / fit->scale[j];
        row[i] = s->parts[k] * (own_length / (fit->length[i] / fit->scale[i]));
    }
}

/* False where more columns than the rank would be kept. */
static mlsd_status look(mlsd__scope *scope, search *s, double least, mlsd__linear_fit *fit,
                        bool *out_fits)
{
    *out_fits = false;
    s->n_kept = 0;
    fit->n_dependences = 0;
    for (int64_t j = 0; j < fit->p; j++) {
        for (int64_t i = 0; i < fit->p; i++)
            s->column[i] = i > j ? 0 : fit->r[i * fit->q + j] / fit->length[j];
        const double left = take_out(s);
        MLSD__TRY(mlsd__checkpoint(scope));
        if (left > least) {
            if (s->n_kept == fit->rank) return MLSD_OK;
            keep(s, j, left);
        } else if (fit->n_dependences < MLSD__LINEAR_DEPENDENCES) {
            write_down(s, j, fit->dependences + fit->n_dependences++ * fit->p);
        }
    }
    *out_fits = true;
    return MLSD_OK;
}

mlsd_status mlsd__linear_dependence(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->p, rank = fit->rank;
    int64_t n_basis, n_t, n_out;
    MLSD__TRY(mlsd__mul_size(rank, p, &n_basis));
    MLSD__TRY(mlsd__mul_size(rank, rank, &n_t));
    MLSD__TRY(mlsd__mul_size(MLSD__LINEAR_DEPENDENCES, p, &n_out));
    search s = {.fit = fit};
    s.basis = mlsd__alloc(a, n_basis, sizeof *s.basis);
    s.t = mlsd__alloc(a, n_t, sizeof *s.t);
    s.column = mlsd__alloc(a, p, sizeof *s.column);
    s.parts = mlsd__alloc(a, rank, sizeof *s.parts);
    s.kept = mlsd__alloc(a, rank, sizeof *s.kept);
    fit->dependences = mlsd__alloc(a, n_out, sizeof *fit->dependences);
    mlsd_status status = MLSD_OK;
    if (s.basis == NULL || s.t == NULL || s.column == NULL || s.parts == NULL || s.kept == NULL ||
        fit->dependences == NULL)
        status = MLSD_E_NOMEM;
    double least = LEAST_LEFT * DBL_EPSILON * (double)p;
    bool fits = false;
    for (int i = 0; status == MLSD_OK && !fits && i < MAX_TRIES; i++, least *= 2)
        status = look(scope, &s, least, fit, &fits);
    mlsd__free(a, s.basis);
    mlsd__free(a, s.t);
    mlsd__free(a, s.column);
    mlsd__free(a, s.parts);
    mlsd__free(a, s.kept);
    return status;
}

static void log_one(mlsd__scope *scope, const mlsd__linear_fit *fit, const double *row)
{
    const mlsd__feature *const features = fit->train->x->features;
    char names[512] = "";
    size_t length = 0;
    int64_t n = 0, named = fit->p - 1;
    while (named > 0 && row[named] == 0) named--;
    for (int64_t j = 0; j < named; j++) {
        if (row[j] == 0 || n++ >= NAMES_SHOWN) continue;
        const int put = snprintf(names + length, sizeof names - length, "%s'%.60s'",
                                 length > 0 ? ", " : "", features[j].name);
        if (put > 0 && (size_t)put < sizeof names - length) length += (size_t)put;
    }
    const char *const name = features[named].name;
    if (n == 0)
        mlsd__log_line(scope, MLSD_LOG_WARNING, "linear_regression: column '%.60s' is %s", name,
                       fit->has_intercept ? "constant" : "0 in every row");
    else if (n <= NAMES_SHOWN)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "linear_regression: column '%.60s' is a combination of %s", name, names);
    else
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "linear_regression: column '%.60s' is a combination of %s and %lld others",
                       name, names, (long long)(n - NAMES_SHOWN));
}

void mlsd__linear_dependence_log(mlsd__scope *scope, const mlsd__linear_fit *fit)
{
    const int64_t n = fit->n_dependences, missing = fit->p - fit->rank;
    for (int64_t k = 0; k < n && k < LINES_SHOWN; k++)
        log_one(scope, fit, fit->dependences + k * fit->p);
    mlsd__log_line(scope, MLSD_LOG_WARNING,
                   "linear_regression: %lld of %lld columns depend on others; the coefficients are "
                   "those of least norm; drop columns, or use ridge",
                   (long long)missing, (long long)fit->p);
}
