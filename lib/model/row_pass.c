/* row_pass.c - passes over the rows of a frame in fixed groups of blocks. Groups depend on sizes
 * alone, and summaries are merged in the order of the groups, so n_threads never changes a bit. */
#include "model/row_pass.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "numeric/sum.h"

enum {
    MAX_GROUPS = 32,                       /* enough for the threads of one machine to share */
    MAX_SUMMARY_DOUBLES = 32 * 1024 * 1024 /* 256 MB over all groups */
};

int64_t mlsd__row_groups(int64_t n_rows, int64_t summary_doubles)
{
    const int64_t fitting = MAX_SUMMARY_DOUBLES / (summary_doubles > 0 ? summary_doubles : 1);
    const int64_t most = fitting > MAX_GROUPS ? MAX_GROUPS : fitting < 1 ? 1 : fitting;
    const int64_t n_blocks = mlsd__n_blocks(n_rows);
    return n_blocks < most ? n_blocks : most;
}

void mlsd__row_group(int64_t n_rows, int64_t n_groups, int64_t group, int64_t *first, int64_t *last)
{
    const int64_t n_blocks = mlsd__n_blocks(n_rows);
    *first = group * n_blocks / n_groups;
    *last = (group + 1) * n_blocks / n_groups;
}

mlsd_status mlsd__row_reader_open(mlsd__row_reader *reader, const mlsd__allocator *a,
                                  const mlsd__frame *frame)
{
    *reader = (mlsd__row_reader){.frame = frame, .allocator = a};
    int64_t ld;
    if (frame->n_rows == 0 || mlsd__frame_direct(frame, 0, &ld) != NULL) return MLSD_OK;
    const int64_t n = frame->n_rows < MLSD__BLOCK_ROWS ? frame->n_rows : MLSD__BLOCK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, frame->n_features, &size));
    reader->buffer = mlsd__alloc_raw(a, size + mlsd__frame_scratch(frame, n), sizeof(double));
    if (reader->buffer == NULL) return MLSD_E_NOMEM;
    reader->scratch = reader->buffer + size;
    return MLSD_OK;
}

void mlsd__row_reader_close(mlsd__row_reader *reader)
{
    mlsd__free(reader->allocator, reader->buffer);
    reader->buffer = NULL;
}

const double *mlsd__row_reader_block(mlsd__row_reader *reader, int64_t block, int64_t *out_first,
                                     int64_t *out_n, int64_t *out_ld)
{
    mlsd__block_range(reader->frame->n_rows, block, out_first, out_n);
    if (reader->buffer == NULL) return mlsd__frame_direct(reader->frame, *out_first, out_ld);
    mlsd__frame_read(reader->frame, *out_first, *out_n, reader->buffer, reader->scratch);
    *out_ld = reader->frame->n_features;
    return reader->buffer;
}

/* Adding one to the exponent's lowest bit carries into the sign bit exactly where all bits of the
 * exponent are set, which is what NaN and infinity have in common; an OR over that needs no branch.
 */
bool mlsd__any_nonfinite(const double *x, int64_t n)
{
    const uint64_t exponent = UINT64_C(0x7ff0000000000000), one = UINT64_C(0x0010000000000000);
    uint64_t seen = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        seen |= (bits & exponent) + one;
    }
    return (seen >> 63) != 0;
}

/* scikit-learn's _is_constant_feature. */
bool mlsd__is_constant(double n, double mean, double variance)
{
    const double noise = n * mean * DBL_EPSILON;
    return variance <= n * DBL_EPSILON * variance + noise * noise;
}

typedef struct moments_job {
    const mlsd__frame *frame;
    const double *weight;
    int64_t n_groups;
    double *summaries; /* for each group: weight, mean, m2, missing of each column */
} moments_job;

/* The first known value of each column: distances from it make the mean of a constant column exact.
 */
static void first_known(const double *x, int64_t n, int64_t p, int64_t ld, double *out)
{
    for (int64_t j = 0; j < p; j++) {
        int64_t i = 0;
        while (i < n - 1 && isnan(x[i * ld + j])) i++;
        out[j] = isnan(x[i * ld + j]) ? 0 : x[i * ld + j];
    }
}

/* Weight, mean, m2 and count of NaN of the columns of one block, into sums of 4 * p (the last
 * quarter is scratch). Two passes over rows that are in the cache: the mean first, then squares
 * about it. */
static void block_moments(const double *x, int64_t n, int64_t p, int64_t ld, const double *weight,
                          double *sums)
{
    double *const w = sums, *const mean = sums + p, *const m2 = sums + 2 * p;
    double *const missing = sums + 3 * p, *const origin = sums + 4 * p;
    memset(sums, 0, (size_t)(4 * p) * sizeof *sums);
    first_known(x, n, p, ld, origin);
    for (int64_t i = 0; i < n; i++) {
        const double *const row = x + i * ld;
        const double wi = weight != NULL ? weight[i] : 1;
        for (int64_t j = 0; j < p; j++) {
            const double d = row[j] - origin[j];
            w[j] += d == d ? wi : 0;
            missing[j] += d == d ? 0 : wi > 0;
            mean[j] += d == d ? wi * d : 0;
        }
    }
    for (int64_t j = 0; j < p; j++) mean[j] = origin[j] + (w[j] > 0 ? mean[j] / w[j] : 0);
    for (int64_t i = 0; i < n; i++) {
        const double *const row = x + i * ld;
        const double wi = weight != NULL ? weight[i] : 1;
        for (int64_t j = 0; j < p; j++) {
            const double d = row[j] - mean[j];
            m2[j] += d == d ? wi * d * d : 0;
        }
    }
}

static void merge_columns(double *into, const double *from, int64_t p)
{
    for (int64_t j = 0; j < p; j++) {
        into[3 * p + j] += from[3 * p + j];
        if (!(from[j] > 0)) continue;
        mlsd__merge_moments(&into[j], &into[p + j], &into[2 * p + j], from[j], from[p + j],
                            from[2 * p + j]);
    }
}

static mlsd_status moments_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const moments_job *const job = arg;
    const int64_t p = job->frame->n_features;
    double *const summary = job->summaries + group * 4 * p;
    double *const here = mlsd__alloc_raw(scope->allocator, 5 * p, sizeof *here);
    if (here == NULL) return MLSD_E_NOMEM;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, job->frame);
    int64_t block, last;
    mlsd__row_group(job->frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        block_moments(x, n, p, ld, job->weight != NULL ? job->weight + first : NULL, here);
        merge_columns(summary, here, p);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    mlsd__free(scope->allocator, here);
    return status;
}

mlsd_status mlsd__column_moments(mlsd__scope *scope, const mlsd__frame *frame, const double *weight,
                                 double *out_weight, double *out_mean, double *out_m2,
                                 double *out_missing)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = frame->n_features;
    const int64_t n_groups = mlsd__row_groups(frame->n_rows, 4 * p);
    moments_job job = {.frame = frame, .weight = weight, .n_groups = n_groups};
    job.summaries = mlsd__alloc(a, (n_groups > 0 ? n_groups : 1) * 4 * p, sizeof(double));
    if (job.summaries == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__parallel_for(scope, n_groups, moments_group, &job);
    if (status == MLSD_OK) {
        for (int64_t g = 1; g < n_groups; g++)
            merge_columns(job.summaries, job.summaries + g * 4 * p, p);
        const size_t bytes = (size_t)p * sizeof(double);
        memcpy(out_weight, job.summaries, bytes);
        memcpy(out_mean, job.summaries + p, bytes);
        if (out_m2 != NULL) memcpy(out_m2, job.summaries + 2 * p, bytes);
        if (out_missing != NULL) memcpy(out_missing, job.summaries + 3 * p, bytes);
    }
    mlsd__free(a, job.summaries);
    return status;
}
