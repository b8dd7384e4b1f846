/* quantile_basis.c - the basis of the simplex method for quantile regression: its inverse, kept by
 * exchanging one row after the other, and made anew where rounding has piled up. */
#include <math.h>
#include <string.h>

#include "model/linear/quantile_simplex.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

/* Pivots of rows of the order of one that are rounding of 0. */
static const double LEAST_PIVOT = 1e-12;

int64_t mlsd__quantile_unit(int64_t row, int64_t q)
{
    return (-1 - row) % q;
}

bool mlsd__quantile_is_hold(int64_t row, int64_t q)
{
    return row < 0 && -1 - row >= q;
}

void mlsd__quantile_row(const mlsd__quantile_problem *p, int64_t row, double *out)
{
    const size_t bytes = (size_t)p->q * sizeof *out;
    if (row >= 0) {
        memcpy(out, p->z + row * p->q, bytes);
    } else {
        memset(out, 0, bytes);
        out[mlsd__quantile_unit(row, p->q)] = 1.0;
    }
}

double mlsd__quantile_row_dot(const mlsd__quantile_problem *p, int64_t row, const double *x)
{
    return row >= 0 ? mlsd__dot(p->z + row * p->q, x, p->q) : x[mlsd__quantile_unit(row, p->q)];
}

/* The lengths of a row of the inverse. */
static void measure(mlsd__quantile_basis *b, int64_t k)
{
    const double *const way = b->inverse + k * b->q;
    double sum = 0.0, squares = 0.0;
    for (int64_t j = 0; j < b->q; j++) {
        sum += fabs(way[j]);
        squares += way[j] * way[j];
    }
    b->sums[k] = sum;
    b->squares[k] = squares;
}

/* Rows of the inverse are mostly zeros where a penalty holds most coefficients at 0. */
void mlsd__quantile_basis_exchange(mlsd__quantile_basis *b, int64_t k, int64_t row,
                                   const double *numbers)
{
    const int64_t q = b->q;
    double *const own = b->inverse + k * q;
    int64_t n_used = 0;
    mlsd__gemv(false, q, q, 1.0, b->inverse, q, numbers, 0.0, b->products);
    const double pivot = 1.0 / b->products[k];
    for (int64_t j = 0; j < q; j++) {
        if (own[j] != 0.0) b->used[n_used++] = j;
        own[j] *= pivot;
    }
    for (int64_t i = 0; i < q; i++) {
        const double factor = b->products[i];
        if (i == k || factor == 0.0) continue;
        double *const other = b->inverse + i * q;
        for (int64_t u = 0; u < n_used; u++) other[b->used[u]] -= factor * own[b->used[u]];
        if (2 * n_used > q) {
            measure(b, i);
            continue;
        }
        for (int64_t u = 0; u < n_used; u++) {
            const double now = other[b->used[u]], before = now + factor * own[b->used[u]];
            b->sums[i] += fabs(now) - fabs(before);
            b->squares[i] += now * now - before * before;
        }
        if (!(b->squares[i] > 0.0)) measure(b, i);
    }
    measure(b, k);
    b->row[k] = row;
}

/* One column of Gauss and Jordan: its pivot is in row k. */
static void eliminate(int64_t q, int64_t k, double *matrix, double *inverse)
{
    const double pivot = 1.0 / matrix[k * q + k];
    for (int64_t j = 0; j < q; j++) {
        matrix[k * q + j] *= pivot;
        inverse[k * q + j] *= pivot;
    }
    for (int64_t i = 0; i < q; i++) {
        const double factor = matrix[i * q + k];
        if (i == k || factor == 0.0) continue;
        for (int64_t j = 0; j < q; j++) {
            matrix[i * q + j] -= factor * matrix[k * q + j];
            inverse[i * q + j] -= factor * inverse[k * q + j];
        }
    }
}

/* Invert a matrix (spoiled) some of whose rows are unit rows in their places: these come first and
 * fill nothing in, the others with row pivots. False where it is singular. */
static mlsd_status invert(mlsd__scope *scope, int64_t q, const bool *is_unit, double *matrix,
                          double *inverse, bool *out_ok)
{
    *out_ok = false;
    memset(inverse, 0, (size_t)(q * q) * sizeof *inverse);
    for (int64_t k = 0; k < q; k++) inverse[k * q + k] = 1.0;
    for (int64_t k = 0; k < q; k++) {
        if (is_unit[k]) eliminate(q, k, matrix, inverse);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int64_t k = 0; k < q; k++) {
        int64_t best = k;
        if (is_unit[k]) continue;
        for (int64_t i = k + 1; i < q; i++)
            if (!is_unit[i] && fabs(matrix[i * q + k]) > fabs(matrix[best * q + k])) best = i;
        if (!(fabs(matrix[best * q + k]) > LEAST_PIVOT)) return MLSD_OK;
        for (int64_t j = 0; best != k && j < q; j++) {
            const double kept = matrix[k * q + j], other = inverse[k * q + j];
            matrix[k * q + j] = matrix[best * q + j];
            matrix[best * q + j] = kept;
            inverse[k * q + j] = inverse[best * q + j];
            inverse[best * q + j] = other;
        }
        eliminate(q, k, matrix, inverse);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    *out_ok = true;
    return MLSD_OK;
}

/* A place for each basic row: unit rows at their columns, the others where nothing is. */
static void place_rows(const mlsd__quantile_basis *b, bool *is_unit, int64_t *place)
{
    int64_t free_place = 0;
    for (int64_t k = 0; k < b->q; k++) {
        if (b->row[k] >= 0) continue;
        place[k] = mlsd__quantile_unit(b->row[k], b->q);
        is_unit[place[k]] = true;
    }
    for (int64_t k = 0; k < b->q; k++) {
        if (b->row[k] < 0) continue;
        while (is_unit[free_place]) free_place++;
        place[k] = free_place++;
    }
}

mlsd_status mlsd__quantile_basis_refresh(mlsd__scope *scope, mlsd__quantile_basis *b,
                                         const mlsd__quantile_problem *p)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = b->q;
    int64_t *const place = b->used;
    double *const matrix = mlsd__alloc_raw(a, 2 * q * q, sizeof *matrix);
    bool *const is_unit = mlsd__alloc(a, q, sizeof *is_unit);
    bool ok = false;
    mlsd_status status = matrix == NULL || is_unit == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        place_rows(b, is_unit, place);
        for (int64_t k = 0; k < q; k++) mlsd__quantile_row(p, b->row[k], matrix + place[k] * q);
        status = invert(scope, q, is_unit, matrix, matrix + q * q, &ok);
    }
    for (int64_t k = 0; status == MLSD_OK && ok && k < q; k++) {
        for (int64_t j = 0; j < q; j++) b->inverse[k * q + j] = matrix[(q + j) * q + place[k]];
        measure(b, k);
    }
    mlsd__free(a, is_unit);
    mlsd__free(a, matrix);
    return status;
}
