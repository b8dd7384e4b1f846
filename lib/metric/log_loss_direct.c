/* log_loss_direct.c - the sum of logarithms as the logarithm of products.
 *
 * Without weights PRODUCT probabilities are multiplied before a logarithm is taken: each is at
 * least the machine epsilon, so the product is far from underflow, and its relative error is that
 * of so many roundings, an absolute one of 2e-15 in the sum. Chunks of rows are fixed and added in
 * order: the value does not depend on the number of threads. */
#include "metric/log_loss_direct.h"

#include <float.h>
#include <math.h>

#include "base/text.h"
#include "data/matrix_view.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

enum {
    LEAST_ROWS = 1 << 14,
    CHUNK = 1 << 16, /* rows in a task */
    PRODUCT = 16,    /* DBL_EPSILON^16 is 1e-250 */
    LANES = MLSD__BLOCK_ROWS / PRODUCT
};

typedef struct job {
    const mlsd_matrix *y, *prediction, *weight;
    double *loss, *total, *support; /* by chunk */
} job;

typedef struct block {
    int64_t first, n;
    double y[MLSD__BLOCK_ROWS], p[MLSD__BLOCK_ROWS], w[MLSD__BLOCK_ROWS];
} block;

static mlsd_status bad(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

static mlsd_status check_block(const job *j, const block *b)
{
    bool is_good = true;
    for (int64_t i = 0; i < b->n; i++) {
        is_good &= ((b->y[i] == 0) | (b->y[i] == 1)) & (b->p[i] >= 0) & (b->p[i] <= 1);
    }
    for (int64_t i = 0; i < b->n && j->weight != NULL; i++) {
        is_good &= (b->w[i] >= 0) & (b->w[i] - b->w[i] == 0);
    }
    for (int64_t i = 0; i < b->n && !is_good; i++) {
        const int64_t row = b->first + i;
        if (b->y[i] != 0 && b->y[i] != 1) {
            return bad("y", row, b->y[i], "not a class number in 0 .. 1");
        }
        if (!(b->p[i] >= 0 && b->p[i] <= 1)) {
            return bad("prediction", row, b->p[i], "not a probability in [0, 1]");
        }
        if (j->weight != NULL && !(b->w[i] >= 0 && isfinite(b->w[i]))) {
            return bad("weight", row, b->w[i], "not a finite number of at least 0");
        }
    }
    return MLSD_OK;
}

/* The probability of what happened, in p. */
static void choose(block *b)
{
    for (int64_t i = 0; i < b->n; i++) {
        const double p = b->p[i], chosen = b->y[i] != 0 ? p : 1 - p;
        const double least = chosen < DBL_EPSILON ? DBL_EPSILON : chosen;
        b->p[i] = least > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : least;
    }
}

/* LANES products side by side, which compilers turn into SIMD. */
static double sum_logs(const block *b)
{
    double product[LANES], sum = 0;
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) product[k] = 1;
    for (; i + LANES <= b->n; i += LANES) {
        for (int k = 0; k < LANES; k++) product[k] *= b->p[i + k];
    }
    for (int k = 0; i + k < b->n; k++) product[k] *= b->p[i + k];
    for (int k = 0; k < LANES; k++) sum += mlsd__log(product[k]);
    return sum;
}

static mlsd_status add_chunk(void *arg, int64_t chunk, mlsd__scope *scope)
{
    const job *const j = arg;
    const int64_t n = j->y->rows;
    const int64_t last = (chunk + 1) * CHUNK < n ? (chunk + 1) * CHUNK : n;
    double loss = 0, total = 0, support = 0;
    block b;
    for (int64_t first = chunk * CHUNK; first < last; first += MLSD__BLOCK_ROWS) {
        b.first = first;
        b.n = last - first < MLSD__BLOCK_ROWS ? last - first : MLSD__BLOCK_ROWS;
        mlsd__matrix_read(j->y, NULL, first, b.n, b.y);
        mlsd__matrix_read(j->prediction, NULL, first, b.n, b.p);
        if (j->weight != NULL) mlsd__matrix_read(j->weight, NULL, first, b.n, b.w);
        MLSD__TRY(check_block(j, &b));
        choose(&b);
        if (j->weight == NULL) {
            loss -= sum_logs(&b);
            total += (double)b.n;
            support += (double)b.n;
            continue;
        }
        for (int64_t i = 0; i < b.n; i++) {
            loss -= b.w[i] * mlsd__log(b.p[i]);
            total += b.w[i];
            support += b.w[i] > 0;
        }
    }
    j->loss[chunk] = loss;
    j->total[chunk] = total;
    j->support[chunk] = support;
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__log_loss_direct(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                  const mlsd_matrix *y, const mlsd_matrix *prediction,
                                  const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                  bool *out_done)
{
    (void)metric;
    *out_done = false;
    if (!isnan(level) || y->cols != 1 || prediction->cols != 1) return MLSD_OK;
    if (y->rows < LEAST_ROWS || prediction->rows != y->rows) return MLSD_OK;
    if (weight != NULL && (weight->rows != y->rows || weight->cols != 1)) return MLSD_OK;
    const int64_t n_chunks = (y->rows + CHUNK - 1) / CHUNK;
    double *const sums = mlsd__alloc(scope->allocator, n_chunks, 3 * sizeof *sums);
    if (sums == NULL) return MLSD_E_NOMEM;
    job j = {.y = y,
             .prediction = prediction,
             .weight = weight,
             .loss = sums,
             .total = sums + n_chunks,
             .support = sums + 2 * n_chunks};
    const mlsd_status status = mlsd__parallel_for(scope, n_chunks, add_chunk, &j);
    if (status == MLSD_OK) {
        const double total = mlsd__sum(j.total, n_chunks);
        out->support = mlsd__sum(j.support, n_chunks);
        if (total > 0) out->value = mlsd__sum(j.loss, n_chunks) / total;
        *out_done = true;
    }
    mlsd__free(scope->allocator, sums);
    return status;
}
