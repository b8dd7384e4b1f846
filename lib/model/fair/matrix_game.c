/* matrix_game.c - a finite game as a linear program, by the simplex method.
 *
 * With all payments above 0 the best mixture of columns is x/sum(x) for the x >= 0 of greatest sum
 * with pay x <= 1, and the dual of that program is the best mixture of rows (Dantzig 1951, "A proof
 * of the equivalence of the programming problem and the game problem"). x = 0 is feasible, so there
 * is no first phase. Bland's rule (1977) picks the pivots, because it cannot cycle. */
#include "model/fair/matrix_game.h"

#include <math.h>
#include <string.h>

/* A reduced cost or pivot within this is rounding: payments are scaled to [1, 2]. */
static const double ROUNDING = 1e-10;

/* A row for each row of the game and one of costs below; a column for each of the game, a slack for
 * each row, and the right side. */
typedef struct tableau {
    int64_t m, n, width;
    double *cell;
    int64_t *basis; /* m: the column that is basic in a row */
} tableau;

static void fill(tableau *t, const double *pay)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < t->m * t->n; i++) {
        low = fmin(low, pay[i]);
        high = fmax(high, pay[i]);
    }
    const double scale = high > low ? 1 / (high - low) : 1;
    for (int64_t i = 0; i < t->m; i++) {
        double *const row = t->cell + i * t->width;
        for (int64_t j = 0; j < t->n; j++) row[j] = 1 + (pay[i * t->n + j] - low) * scale;
        row[t->n + i] = 1;
        row[t->width - 1] = 1;
        t->basis[i] = t->n + i;
    }
    for (int64_t j = 0; j < t->n; j++) t->cell[t->m * t->width + j] = -1;
}

static int64_t entering(const tableau *t)
{
    const double *const cost = t->cell + t->m * t->width;
    for (int64_t j = 0; j < t->n + t->m; j++)
        if (cost[j] < -ROUNDING) return j;
    return -1;
}

static int64_t leaving(const tableau *t, int64_t column)
{
    int64_t best = -1;
    double least = INFINITY;
    for (int64_t i = 0; i < t->m; i++) {
        const double *const row = t->cell + i * t->width;
        if (row[column] <= ROUNDING) continue;
        const double ratio = row[t->width - 1] / row[column];
        if (ratio < least || (ratio == least && t->basis[i] < t->basis[best])) {
            least = ratio;
            best = i;
        }
    }
    return best;
}

static void pivot(tableau *t, int64_t row, int64_t column)
{
    double *const from = t->cell + row * t->width;
    const double by = from[column];
    for (int64_t j = 0; j < t->width; j++) from[j] /= by;
    for (int64_t i = 0; i <= t->m; i++) {
        double *const to = t->cell + i * t->width;
        const double times = to[column];
        if (i == row || times == 0) continue;
        for (int64_t j = 0; j < t->width; j++) to[j] -= times * from[j];
        to[column] = 0;
    }
    t->basis[row] = column;
}

static bool share(double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] = fmax(x[i], 0);
    if (!(sum > 0)) return false;
    for (int64_t i = 0; i < n; i++) x[i] /= sum;
    return true;
}

static bool read_off(const tableau *t, double *columns, double *rows)
{
    memset(columns, 0, (size_t)t->n * sizeof *columns);
    for (int64_t i = 0; i < t->m; i++)
        if (t->basis[i] < t->n) columns[t->basis[i]] = t->cell[i * t->width + t->width - 1];
    for (int64_t i = 0; i < t->m; i++) rows[i] = t->cell[t->m * t->width + t->n + i];
    return share(columns, t->n) && share(rows, t->m);
}

mlsd_status mlsd__matrix_game(mlsd__scope *scope, const double *pay, int64_t n_rows, int64_t n_cols,
                              double *columns, double *rows, bool *out_solved)
{
    const mlsd__allocator *const a = scope->allocator;
    tableau t = {.m = n_rows, .n = n_cols, .width = n_rows + n_cols + 1};
    int64_t size;
    *out_solved = false;
    MLSD__TRY(mlsd__mul_size(n_rows + 1, t.width, &size));
    t.cell = mlsd__alloc(a, size, sizeof *t.cell);
    t.basis = mlsd__alloc_raw(a, n_rows, sizeof *t.basis);
    mlsd_status status = t.cell == NULL || t.basis == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) fill(&t, pay);
    /* Bland's rule ends, but may take its time: what took this long is broken by rounding. */
    for (int64_t left = 50 * t.width; status == MLSD_OK && left > 0; left--) {
        const int64_t column = entering(&t);
        const int64_t row = column >= 0 ? leaving(&t, column) : -1;
        if (column < 0) *out_solved = read_off(&t, columns, rows);
        if (row < 0) break;
        pivot(&t, row, column);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, t.cell);
    mlsd__free(a, t.basis);
    return status;
}
