/* linear_wide_moments.c - centred moments of [X y] where there are many columns. linear_moments.c
 * gives each group of rows moments of its own, which costs more than it saves once they are
 * megabytes; here there is one matrix, and its bands of rows are what runs side by side. Rows are
 * centred about the mean of all of them, found in a pass before, a chunk at a time. */
#include <math.h>

#include "model/linear/linear_moments.h"
#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum {
    CHUNK_ROWS = 2048,   /* that are centred before they are multiplied */
    READ_ROWS = 128,     /* of a parallel task */
    MOST_COLUMNS = 1024, /* that a band is multiplied with at a time: some 30 ms */
    BAND = 256           /* columns of one, too: fewer are packed more often than multiplied */
};

typedef struct wide_job {
    const mlsd__train *train;
    const mlsd__gram *moments;
    int64_t first, n; /* rows of the chunk */
    double *x, *y;    /* n x p, n: sqrt(w) times what is centred */
} wide_job;

static mlsd_status read_rows(const mlsd__frame *frame, mlsd__scope *scope, int64_t first, int64_t n,
                             double *out)
{
    const int64_t size = mlsd__frame_scratch(frame, n);
    double *const scratch = mlsd__alloc_raw(scope->allocator, size, sizeof *scratch);
    if (scratch == NULL) return MLSD_E_NOMEM;
    mlsd__frame_read(frame, first, n, out, scratch);
    mlsd__free(scope->allocator, scratch);
    return MLSD_OK;
}

static mlsd_status centre_rows(void *arg, int64_t task, mlsd__scope *scope)
{
    const wide_job *const job = arg;
    const mlsd__frame *const frame = job->train->x;
    const double *const mean = job->moments->mean;
    const int64_t p = frame->n_features, begin = task * READ_ROWS;
    const int64_t n = job->n - begin < READ_ROWS ? job->n - begin : READ_ROWS;
    int64_t ld = p;
    const double *from = mlsd__frame_direct(frame, job->first + begin, &ld);
    if (from == NULL) {
        MLSD__TRY(read_rows(frame, scope, job->first + begin, n, job->x + begin * p));
        from = job->x + begin * p;
        ld = p;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = job->first + begin + i;
        const double root = job->train->weight != NULL ? sqrt(job->train->weight[row]) : 1;
        double *const out = job->x + (begin + i) * p;
        for (int64_t j = 0; j < p; j++) out[j] = root * (from[i * ld + j] - mean[j]);
        job->y[begin + i] = root * (job->train->y[row] - mean[p]);
    }
    return MLSD_OK;
}

static mlsd_status multiply_band(void *arg, int64_t band, mlsd__scope *scope)
{
    const wide_job *const job = arg;
    const int64_t q = job->moments->q, p = q - 1, n = job->n, first = band * BAND;
    const int64_t n_band = p - first < BAND ? p - first : BAND, end = first + n_band;
    const double *const x = job->x + first;
    double *const out = job->moments->scatter + first * q;
    const double kept = job->first > 0 ? 1 : 0; /* memory that is only written comes cheaper */
    mlsd__syrk(n, n_band, 1, x, p, kept, out + first, q);
    for (int64_t at = end; at < p; at += MOST_COLUMNS) {
        const int64_t n_here = p - at < MOST_COLUMNS ? p - at : MOST_COLUMNS;
        mlsd__gemm(true, false, n_band, n_here, n, 1, x, p, job->x + at, p, kept, out + at, q);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    mlsd__gemm(true, false, n_band, 1, n, 1, x, p, job->y, 1, kept, out + p, q);
    return MLSD_OK;
}

typedef struct mean_job {
    const mlsd__train *train;
    const double *origin; /* p: the first row */
    int64_t n_groups;
    double *sums; /* n_groups x p: of weighted distances from the origin */
} mean_job;

static mlsd_status add_distances(void *arg, int64_t group, mlsd__scope *scope)
{
    const mean_job *const job = arg;
    const mlsd__train *const train = job->train;
    const int64_t p = train->x->n_features;
    const double *restrict const origin = job->origin;
    double *restrict const sum = job->sums + group * p;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, train->x);
    int64_t block, last;
    mlsd__row_group(train->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            const double w = train->weight != NULL ? train->weight[first + i] : 1;
            const double *restrict const row = x + i * ld;
            for (int64_t j = 0; j < p; j++) sum[j] += w * (row[j] - origin[j]);
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

/* Means as distances from the first row: that of a constant column is exact. */
static mlsd_status find_means(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *moments)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    double variance;
    mlsd__mean_variance(train->y, train->weight, n, 0, &moments->mean[p], &variance);
    moments->n_rows = n;
    moments->weight = train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
    mean_job job = {.train = train, .n_groups = mlsd__row_groups(n, p)};
    double *const origin = mlsd__alloc(a, (job.n_groups + 1) * p, sizeof *origin);
    if (origin == NULL) return MLSD_E_NOMEM;
    job.origin = origin;
    job.sums = origin + p;
    mlsd_status status = read_rows(train->x, scope, 0, 1, origin);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, job.n_groups, add_distances, &job);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        double sum = 0;
        for (int64_t g = 0; g < job.n_groups; g++) sum += job.sums[g * p + j];
        moments->mean[j] = origin[j] + sum / moments->weight;
    }
    mlsd__free(a, origin);
    return status;
}

static mlsd_status add_chunks(mlsd__scope *scope, wide_job *job)
{
    const int64_t n = job->train->x->n_rows, q = job->moments->q, p = q - 1;
    for (job->first = 0; job->first < n; job->first += CHUNK_ROWS) {
        job->n = n - job->first < CHUNK_ROWS ? n - job->first : CHUNK_ROWS;
        const int64_t n_reads = (job->n + READ_ROWS - 1) / READ_ROWS;
        MLSD__TRY(mlsd__parallel_for(scope, n_reads, centre_rows, job));
        MLSD__TRY(mlsd__parallel_for(scope, (p + BAND - 1) / BAND, multiply_band, job));
        job->moments->scatter[p * q + p] += mlsd__dot(job->y, job->y, job->n);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* A NaN or an infinity makes NaN of its column's mean and so of the diagonal. */
static mlsd_status require_finite_diagonal(mlsd__scope *scope, const mlsd__train *train,
                                           const mlsd__gram *moments)
{
    if (train->x_is_finite) return MLSD_OK;
    bool is_finite = true;
    for (int64_t j = 0; j < moments->q; j++)
        is_finite = is_finite && isfinite(moments->scatter[j * moments->q + j]);
    return is_finite ? MLSD_OK : mlsd__frame_require_finite(scope, train->x, false);
}

mlsd_status mlsd__linear_wide_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    const int64_t n_most = train->x->n_rows < CHUNK_ROWS ? train->x->n_rows : CHUNK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_most, p + 1, &size));
    MLSD__TRY(mlsd__gram_init(out, a, p + 1));
    wide_job job = {.train = train, .moments = out};
    job.x = mlsd__alloc_raw(a, size, sizeof *job.x);
    mlsd_status status = job.x != NULL ? find_means(scope, train, out) : MLSD_E_NOMEM;
    if (status == MLSD_OK) {
        job.y = job.x + n_most * p;
        status = add_chunks(scope, &job);
    }
    if (status == MLSD_OK) status = require_finite_diagonal(scope, train, out);
    mlsd__free(a, job.x);
    if (status != MLSD_OK) mlsd__gram_free(out, a);
    return status;
}
