/* log_loss_direct.c - the sum of logarithms as the logarithm of products.
 *
 * Without weights PRODUCT probabilities are multiplied before a logarithm is taken: each is at
 * least the machine epsilon, so the product is far from underflow, and its relative error is that
 * of so many roundings, an absolute one of 2e-15 in the sum. Chunks of rows are fixed and added in
 * order: the value does not depend on the number of threads. An interval needs each logarithm, for
 * the squares; the value is the same with it and without.
 *
 * Squares are those of losses less a number near them, the pivot: of the first rows' losses that
 * nearest to their mean. So equal losses have no spread, exactly. */
#include "metric/log_loss_direct.h"

#include <float.h>
#include <math.h>

#include "metric/binary_block.h"
#include "metric/intake_block.h"
#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"
#include "numeric/sum.h"

enum {
    LEAST_ROWS = 1 << 14,
    CHUNK = 1 << 16, /* rows in a task */
    PRODUCT = 16,    /* DBL_EPSILON^16 is 1e-250 */
    LANES = MLSD__BLOCK_ROWS / PRODUCT,
    SUM_LANES = 8
};

/* What is added up, d being a loss less the pivot. Without weights W, W2 and SUPPORT are the rows,
 * W2D is WD. */
enum { LOSS, W, SUPPORT, WD, W2, W2D, W2D2, N_SUMS };

typedef struct job {
    const mlsd_matrix *y, *prediction, *weight;
    bool wants_spread;
    double pivot;
    int64_t n_chunks;
    double *sums; /* N_SUMS x n_chunks */
} job;

typedef struct block {
    mlsd__binary_block rows;
    double happened[MLSD__BLOCK_ROWS]; /* the probability of what happened, or its logarithm */
} block;

static mlsd_status read_block(const job *j, int64_t first, int64_t n, block *b)
{
    mlsd__binary_block *const rows = &b->rows;
    mlsd__binary_read(j->prediction, j->weight, first, n, rows);
    bool is_good = rows->w == NULL || mlsd__block_weights(rows->w, n);
    if (j->y->dtype == MLSD_I64 && j->y->row_stride == 1) {
        const int64_t *const y = (const int64_t *)j->y->data + first;
        is_good &= mlsd__block_happened_i64(y, rows->score, n, b->happened);
    } else {
        const double *const y = mlsd__doubles_at(j->y, first, n, rows->y_room);
        is_good &= mlsd__block_happened_f64(y, rows->score, n, b->happened);
    }
    return is_good ? MLSD_OK : mlsd__binary_name_bad(j->y, true, rows);
}

/* LANES products side by side, which compilers turn into SIMD. */
static double sum_logs(const block *b)
{
    double product[LANES], sum = 0;
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) product[k] = 1;
    for (; i + LANES <= b->rows.n; i += LANES) {
        for (int k = 0; k < LANES; k++) product[k] *= b->happened[i + k];
    }
    for (int k = 0; i + k < b->rows.n; k++) product[k] *= b->happened[i + k];
    mlsd__log_block(product, LANES);
    for (int k = 0; k < LANES; k++) sum += product[k];
    return sum;
}

static double sum_lanes(const double *lanes)
{
    double sum = 0;
    for (int k = 0; k < SUM_LANES; k++) sum += lanes[k];
    return sum;
}

static void add_plain_spread(const block *b, double pivot, double *s)
{
    double d1[SUM_LANES] = {0}, d2[SUM_LANES] = {0};
    for (int64_t i = 0; i < b->rows.n; i += SUM_LANES) {
        const int64_t n = b->rows.n - i < SUM_LANES ? b->rows.n - i : SUM_LANES;
        for (int64_t k = 0; k < n; k++) {
            const double d = -b->happened[i + k] - pivot;
            d1[k] += d;
            d2[k] += d * d;
        }
    }
    const double sum = sum_lanes(d1);
    s[WD] += sum;
    s[W2D] += sum;
    s[W2] += (double)b->rows.n;
    s[W2D2] += sum_lanes(d2);
}

static void add_plain(const job *j, block *b, double *s)
{
    s[LOSS] -= sum_logs(b);
    s[W] += (double)b->rows.n;
    s[SUPPORT] += (double)b->rows.n;
    if (!j->wants_spread) return;
    mlsd__log_block(b->happened, b->rows.n);
    add_plain_spread(b, j->pivot, s);
}

static void add_weighted_spread(const block *b, double pivot, double *s)
{
    double wd[SUM_LANES] = {0}, w2[SUM_LANES] = {0}, w2d[SUM_LANES] = {0}, w2d2[SUM_LANES] = {0};
    for (int64_t i = 0; i < b->rows.n; i += SUM_LANES) {
        const int64_t n = b->rows.n - i < SUM_LANES ? b->rows.n - i : SUM_LANES;
        for (int64_t k = 0; k < n; k++) {
            const double w = b->rows.w[i + k], of_w = w * (-b->happened[i + k] - pivot);
            wd[k] += of_w;
            w2[k] += w * w;
            w2d[k] += w * of_w;
            w2d2[k] += of_w * of_w;
        }
    }
    s[WD] += sum_lanes(wd);
    s[W2] += sum_lanes(w2);
    s[W2D] += sum_lanes(w2d);
    s[W2D2] += sum_lanes(w2d2);
}

static void add_weighted(const job *j, block *b, double *s)
{
    double loss[SUM_LANES] = {0}, w[SUM_LANES] = {0};
    int64_t support = 0;
    mlsd__log_block(b->happened, b->rows.n);
    for (int64_t i = 0; i < b->rows.n; i += SUM_LANES) {
        const int64_t n = b->rows.n - i < SUM_LANES ? b->rows.n - i : SUM_LANES;
        for (int64_t k = 0; k < n; k++) {
            loss[k] -= b->rows.w[i + k] * b->happened[i + k];
            w[k] += b->rows.w[i + k];
        }
    }
    for (int64_t i = 0; i < b->rows.n; i++) support += b->rows.w[i] > 0;
    s[LOSS] += sum_lanes(loss);
    s[W] += sum_lanes(w);
    s[SUPPORT] += (double)support;
    if (j->wants_spread) add_weighted_spread(b, j->pivot, s);
}

static mlsd_status add_chunk(void *arg, int64_t chunk, mlsd__scope *scope)
{
    const job *const j = arg;
    const int64_t n = j->y->rows;
    const int64_t last = (chunk + 1) * CHUNK < n ? (chunk + 1) * CHUNK : n;
    double s[N_SUMS] = {0};
    block b;
    for (int64_t first = chunk * CHUNK; first < last; first += MLSD__BLOCK_ROWS) {
        const int64_t left = last - first;
        MLSD__TRY(read_block(j, first, left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS, &b));
        if (b.rows.w == NULL)
            add_plain(j, &b, s);
        else
            add_weighted(j, &b, s);
    }
    for (int k = 0; k < N_SUMS; k++) j->sums[k * j->n_chunks + chunk] = s[k];
    return mlsd__checkpoint(scope);
}

static mlsd_status find_pivot(job *j)
{
    block b;
    MLSD__TRY(read_block(j, 0, MLSD__BLOCK_ROWS, &b));
    mlsd__log_block(b.happened, b.rows.n);
    const double mean = mlsd__sum(b.happened, b.rows.n) / (double)b.rows.n;
    double nearest = b.happened[0];
    for (int64_t i = 1; i < b.rows.n; i++) {
        if (fabs(b.happened[i] - mean) < fabs(nearest - mean)) nearest = b.happened[i];
    }
    j->pivot = -nearest;
    return MLSD_OK;
}

static void add_up(const job *j, double level, mlsd__estimate *out)
{
    double s[N_SUMS];
    for (int k = 0; k < N_SUMS; k++) s[k] = mlsd__sum(j->sums + k * j->n_chunks, j->n_chunks);
    out->support = s[SUPPORT];
    if (!(s[W] > 0)) return;
    out->value = s[LOSS] / s[W];
    if (!j->wants_spread) return;
    out->df = s[SUPPORT] - 1;
    out->n_rows = s[W] * s[W] / s[W2];
    if (s[SUPPORT] < 2) return;
    if (!isfinite(s[W2D2])) return;
    const double mean = s[WD] / s[W];
    const double squares = fmax(0, s[W2D2] - mean * (2 * s[W2D] - mean * s[W2]));
    out->se = sqrt(squares * (s[SUPPORT] / (s[SUPPORT] - 1))) / s[W];
    mlsd__estimate_interval(out, level, 0, INFINITY);
}

mlsd_status mlsd__log_loss_direct(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                  const mlsd_matrix *y, const mlsd_matrix *prediction,
                                  const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                  bool *out_done)
{
    (void)metric;
    *out_done = false;
    if (y->cols != 1 || prediction->cols != 1) return MLSD_OK;
    if (y->rows < LEAST_ROWS || prediction->rows != y->rows) return MLSD_OK;
    if (weight != NULL && (weight->rows != y->rows || weight->cols != 1)) return MLSD_OK;
    job j = {.y = y,
             .prediction = prediction,
             .weight = weight,
             .wants_spread = !isnan(level),
             .n_chunks = (y->rows + CHUNK - 1) / CHUNK};
    if (j.wants_spread) MLSD__TRY(find_pivot(&j));
    j.sums = mlsd__alloc(scope->allocator, N_SUMS * j.n_chunks, sizeof *j.sums);
    if (j.sums == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, j.n_chunks, add_chunk, &j);
    if (status == MLSD_OK) add_up(&j, level, out);
    mlsd__free(scope->allocator, j.sums);
    *out_done = status == MLSD_OK;
    return status;
}
