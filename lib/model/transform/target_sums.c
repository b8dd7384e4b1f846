/* target_sums.c - sums of the target by level and fold, by groups of rows; all folds but one by
 * merging what comes before and after it, never by subtracting.
 *
 * Encodings are means drawn to the mean of all rows: (n mean + m overall) / (n + m) for a given m
 * (Micci-Barreca 2001, section 3), or by empirical Bayes, where the share of the level's own mean
 * is n V / (n V + v), with V the variance of the target and v that within the level (the same,
 * eq. 4 and 5). */
#include "model/transform/target_sums.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "model/transform/level_rank.h"
#include "numeric/sum.h"

void mlsd__target_sums_free(const mlsd__allocator *a, mlsd__target_sums *sums)
{
    mlsd__free(a, sums->cells);
    *sums = (mlsd__target_sums){0};
}

static void merge_cell(const mlsd__target_sums *sums, double *into, const double *from)
{
    if (sums->is_number) {
        if (from[0] > 0)
            mlsd__merge_moments(&into[0], &into[1], &into[2], from[0], from[1], from[2]);
        return;
    }
    for (int64_t c = 0; c < sums->n_cell; c++) into[c] += from[c];
}

/* Welford's update, or a count. */
static void add_row(const mlsd__target_sums *sums, double *cell, double y, double w)
{
    if (!sums->is_number) {
        cell[(int64_t)y] += w;
        return;
    }
    cell[0] += w;
    const double d = y - cell[1], step = d * (w / cell[0]);
    cell[1] += step;
    cell[2] += w * d * (y - cell[1]);
}

typedef struct sum_job {
    const mlsd__train *train;
    const mlsd__training_folds *folds;
    const int64_t *first;
    const mlsd__target_sums *shape;
    int64_t n_groups, size;
    double *cells; /* n_groups x size */
} sum_job;

static double *cell_of(const mlsd__target_sums *shape, double *cells, int64_t slot, int64_t fold)
{
    return cells + (slot * shape->n_folds + fold) * shape->n_cell;
}

static void sum_rows(const sum_job *job, double *cells, const double *x, int64_t first_row,
                     int64_t n, int64_t ld)
{
    const mlsd__train *const train = job->train;
    const mlsd__frame *const frame = train->x;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = first_row + i;
        const double w = train->weight != NULL ? train->weight[row] : 1;
        if (!(w > 0)) continue;
        int64_t fold = mlsd__training_fold(job->folds, frame->rows, row);
        if (job->folds->n_splits == 0) fold = 0;
        add_row(job->shape, cell_of(job->shape, cells, job->shape->n_slots, fold), train->y[row],
                w);
        for (int64_t j = 0; j < frame->n_features; j++) {
            const mlsd__feature *const feature = &frame->features[j];
            if (feature->type != MLSD__CATEGORY) continue;
            const int64_t slot = mlsd__level_slot(feature->n_levels, x[i * ld + j]);
            if (slot >= 0)
                add_row(job->shape, cell_of(job->shape, cells, job->first[j] + slot, fold),
                        train->y[row], w);
        }
    }
}

static mlsd_status sum_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const sum_job *const job = arg;
    const mlsd__frame *const frame = job->train->x;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, frame));
    mlsd_status status = MLSD_OK;
    int64_t block, last;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        sum_rows(job, job->cells + group * job->size, x, first, n, ld);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__target_sums_new(mlsd__scope *scope, const mlsd__train *train,
                                  const mlsd__training_folds *folds, const int64_t *first,
                                  int64_t n_slots, mlsd__target_sums *out)
{
    *out = (mlsd__target_sums){.n_slots = n_slots,
                               .n_folds = folds->n_splits > 0 ? folds->n_splits : 1,
                               .is_number = train->task == MLSD_TASK_REGRESSION};
    out->n_cell = out->is_number ? 3 : train->n_classes < 2 ? 2 : train->n_classes;
    sum_job job = {.train = train, .folds = folds, .first = first, .shape = out};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_slots + 1, out->n_folds, &job.size));
    MLSD__TRY(mlsd__mul_size(job.size, out->n_cell, &job.size));
    job.n_groups = mlsd__row_groups(train->x->n_rows, job.size);
    MLSD__TRY(mlsd__mul_size(job.n_groups, job.size, &size));
    job.cells = mlsd__alloc(scope->allocator, size, sizeof *job.cells);
    if (job.cells == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, sum_group, &job);
    for (int64_t g = 1; status == MLSD_OK && g < job.n_groups; g++) {
        for (int64_t i = 0; i < job.size; i += out->n_cell)
            merge_cell(out, job.cells + i, job.cells + g * job.size + i);
    }
    if (status != MLSD_OK) {
        mlsd__free(scope->allocator, job.cells);
        return status;
    }
    out->cells = job.cells;
    return MLSD_OK;
}

/* Weight, mean and mean square about it of a target or a class in a cell. */
typedef struct moments {
    double n, mean, variance;
} moments;

static moments moments_of(const mlsd__target_sums *sums, const double *cell, int64_t class_number)
{
    if (sums->is_number)
        return (moments){
            .n = cell[0], .mean = cell[1], .variance = cell[0] > 0 ? cell[2] / cell[0] : 0};
    moments m = {0};
    for (int64_t c = 0; c < sums->n_cell; c++) m.n += cell[c];
    if (!(m.n > 0)) return m;
    m.mean = cell[class_number] / m.n;
    m.variance = m.mean * ((m.n - cell[class_number]) / m.n);
    return m;
}

static double encode(moments own, moments all, double smooth)
{
    if (!(own.n > 0)) return all.mean;
    double share = own.n / (own.n + smooth);
    if (isnan(smooth)) {
        const double between = own.n * all.variance;
        share = between > 0 ? between / (between + own.variance) : 0;
    }
    return all.mean + share * (own.mean - all.mean);
}

/* Cells of all folds but one, for each fold: merged from both ends. room: 2 n_folds + 1 cells. */
static void merge_folds(const mlsd__target_sums *sums, const double *cells, double *room)
{
    const int64_t n = sums->n_folds, k = sums->n_cell;
    double *const after = room, *const but = room + (n + 1) * k;
    double *const before = after + n * k; /* its place is free once `after` is made */
    memset(room, 0, (size_t)((2 * n + 1) * k) * sizeof *room);
    for (int64_t f = n - 1; f >= 0; f--) {
        if (f < n - 1) memcpy(after + f * k, after + (f + 1) * k, (size_t)k * sizeof *after);
        merge_cell(sums, after + f * k, cells + f * k);
    }
    for (int64_t f = 0; f < n; f++) {
        memcpy(but + f * k, before, (size_t)k * sizeof *but);
        if (f < n - 1) merge_cell(sums, but + f * k, after + (f + 1) * k);
        merge_cell(sums, before, cells + f * k);
    }
}

typedef struct encode_job {
    const mlsd__target_sums *sums;
    double smooth;
    int64_t n_out;
    const double *overall; /* merged cells of all rows: the whole first, then all but each fold */
    double *all, *but;
} encode_job;

enum { SLOTS_A_TASK = 1024 };

static void encode_cell(const encode_job *job, const double *cell, const double *overall,
                        double *out)
{
    for (int64_t c = 0; c < job->n_out; c++) {
        const int64_t number = job->n_out == 1 ? 1 : c;
        out[c] = encode(moments_of(job->sums, cell, number), moments_of(job->sums, overall, number),
                        job->smooth);
    }
}

static mlsd_status encode_slots(void *arg, int64_t task, mlsd__scope *scope)
{
    const encode_job *const job = arg;
    const mlsd__target_sums *const sums = job->sums;
    const int64_t n = sums->n_folds, k = sums->n_cell, n_all = sums->n_slots + 1;
    double *const room = mlsd__alloc_raw(scope->allocator, (2 * n + 1) * k, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__checkpoint(scope);
    const int64_t end = (task + 1) * SLOTS_A_TASK < n_all ? (task + 1) * SLOTS_A_TASK : n_all;
    for (int64_t s = task * SLOTS_A_TASK; status == MLSD_OK && s < end; s++) {
        merge_folds(sums, sums->cells + s * n * k, room);
        encode_cell(job, room, job->overall, job->all + s * job->n_out);
        for (int64_t f = 0; job->but != NULL && f < n; f++)
            encode_cell(job, room + (n + 1 + f) * k, job->overall + (f + 1) * k,
                        job->but + (f * n_all + s) * job->n_out);
    }
    mlsd__free(scope->allocator, room);
    return status;
}

mlsd_status mlsd__target_encodings(mlsd__scope *scope, const mlsd__target_sums *sums, double smooth,
                                   int64_t n_out, double *all, double *but)
{
    const int64_t n = sums->n_folds, k = sums->n_cell, n_all = sums->n_slots + 1;
    double *const room = mlsd__alloc_raw(scope->allocator, (3 * n + 2) * k, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const overall = room + (2 * n + 1) * k;
    merge_folds(sums, sums->cells + sums->n_slots * n * k, room);
    memcpy(overall, room, (size_t)k * sizeof *room);
    memcpy(overall + k, room + (n + 1) * k, (size_t)(n * k) * sizeof *room);
    encode_job job = {
        .sums = sums, .smooth = smooth, .n_out = n_out, .overall = overall, .all = all, .but = but};
    const mlsd_status status =
        mlsd__parallel_for(scope, (n_all + SLOTS_A_TASK - 1) / SLOTS_A_TASK, encode_slots, &job);
    mlsd__free(scope->allocator, room);
    return status;
}
