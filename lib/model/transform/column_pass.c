/* column_pass.c - ranges of columns by groups of rows; columns gathered, a limited number at a
 * time, and sorted; quantiles of weighted columns. */
#include "model/transform/column_pass.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/rank.h"

/* Doubles of columns that are gathered at a time: 128 MB. */
enum { GATHER_DOUBLES = 16 * 1024 * 1024 };

typedef struct range_job {
    const mlsd__train *train;
    int64_t n_groups;
    double *ranges; /* for each group: smallest and largest of each column */
} range_job;

static void widen(double *min, double *max, const double *row, int64_t p)
{
    for (int64_t j = 0; j < p; j++) { /* a comparison with NaN is false */
        if (row[j] < min[j]) min[j] = row[j];
        if (row[j] > max[j]) max[j] = row[j];
    }
}

static mlsd_status range_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const range_job *const job = arg;
    const mlsd__frame *const frame = job->train->x;
    const double *const weight = job->train->weight;
    const int64_t p = frame->n_features;
    double *const min = job->ranges + group * 2 * p, *const max = min + p;
    for (int64_t j = 0; j < p; j++) {
        min[j] = INFINITY;
        max[j] = -INFINITY;
    }
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, frame));
    mlsd_status status = MLSD_OK;
    int64_t block, last;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            if (weight == NULL || weight[first + i] > 0) widen(min, max, x + i * ld, p);
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__column_ranges(mlsd__scope *scope, const mlsd__train *train, double *min,
                                double *max)
{
    const int64_t p = train->x->n_features;
    range_job job = {.train = train, .n_groups = mlsd__row_groups(train->x->n_rows, 2 * p)};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(job.n_groups, 2 * p, &size));
    job.ranges = mlsd__alloc(scope->allocator, size, sizeof *job.ranges);
    if (job.ranges == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, range_group, &job);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        min[j] = INFINITY;
        max[j] = -INFINITY;
    }
    for (int64_t g = 0; status == MLSD_OK && g < job.n_groups; g++) {
        const double *const of_group = job.ranges + g * 2 * p;
        for (int64_t j = 0; j < p; j++) {
            min[j] = fmin(min[j], of_group[j]);
            max[j] = fmax(max[j], of_group[p + j]);
        }
    }
    mlsd__free(scope->allocator, job.ranges);
    return status;
}

double mlsd__weight_unit(const double *weight, int64_t n, double *out_rows)
{
    *out_rows = (double)n;
    if (weight == NULL) return 1;
    double total = 0, n_positive = 0;
    bool is_whole = true;
    for (int64_t i = 0; i < n; i++) {
        total += weight[i];
        n_positive += weight[i] > 0;
        is_whole = is_whole && weight[i] == floor(weight[i]);
    }
    *out_rows = is_whole ? total : n_positive;
    return is_whole ? 1 : total / n_positive;
}

typedef struct sort_job {
    const mlsd__train *train;
    const int64_t *columns; /* that are gathered now */
    int64_t n_columns;
    double *values; /* n_columns x n_rows: one column after the other */
    double unit;
    mlsd__sorted_fn fn;
    void *arg;
} sort_job;

static mlsd_status gather_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const sort_job *const job = arg;
    const mlsd__frame *const x = job->train->x;
    int64_t first, n, ld;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, x));
    const double *const rows = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
    for (int64_t c = 0; c < job->n_columns; c++) {
        double *const to = job->values + c * x->n_rows + first;
        const double *const from = rows + job->columns[c];
        for (int64_t i = 0; i < n; i++) to[i] = from[i * ld];
    }
    mlsd__row_reader_close(&reader);
    return MLSD_OK;
}

/* Sort one gathered column (NaN come last) and hand it over. */
static mlsd_status sort_column(void *arg, int64_t c, mlsd__scope *scope)
{
    const sort_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->train->x->n_rows;
    const double *const values = job->values + c * n, *const all = job->train->weight;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const sorted = mlsd__alloc_raw(a, n, 2 * sizeof *sorted);
    mlsd_status status = order == NULL || sorted == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, values, n, order);
    if (status == MLSD_OK) {
        double *const weight = all != NULL ? sorted + n : NULL;
        mlsd__sorted_column column = {
            .column = job->columns[c], .values = sorted, .weight = weight, .unit = job->unit};
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = order[i];
            if (all != NULL && !(all[row] > 0)) continue;
            column.has_missing |= isnan(values[row]);
            if (isnan(values[row])) break; /* here and in all that follow: one is enough */
            if (weight != NULL) weight[column.n] = all[row];
            sorted[column.n++] = values[row];
        }
        status = job->fn(job->arg, &column, scope);
    }
    mlsd__free(a, sorted);
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__each_sorted_column(mlsd__scope *scope, const mlsd__train *train,
                                     const int64_t *columns, int64_t n_columns, mlsd__sorted_fn fn,
                                     void *arg)
{
    if (n_columns == 0) return MLSD_OK;
    const int64_t n = train->x->n_rows;
    const int64_t fitting = GATHER_DOUBLES / n;
    const int64_t n_most = fitting < 1 ? 1 : fitting < n_columns ? fitting : n_columns;
    sort_job job = {.train = train, .fn = fn, .arg = arg};
    double n_weighted;
    job.unit = mlsd__weight_unit(train->weight, n, &n_weighted);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_most, n, &size));
    job.values = mlsd__alloc_raw(scope->allocator, size, sizeof *job.values);
    mlsd_status status = job.values == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < n_columns; first += n_most) {
        job.columns = columns + first;
        job.n_columns = n_columns - first < n_most ? n_columns - first : n_most;
        status = mlsd__parallel_for(scope, mlsd__n_blocks(n), gather_block, &job);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, job.n_columns, sort_column, &job);
    }
    mlsd__free(scope->allocator, job.values);
    return status;
}

mlsd_status mlsd__each_sorted_number(mlsd__scope *scope, const mlsd__train *train,
                                     mlsd__sorted_fn fn, void *arg)
{
    const int64_t p = train->x->n_features;
    int64_t *const columns = mlsd__alloc_raw(scope->allocator, p, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    int64_t n = 0;
    for (int64_t j = 0; j < p; j++) {
        if (train->x->features[j].type == MLSD__NUMERIC) columns[n++] = j;
    }
    const mlsd_status status = mlsd__each_sorted_column(scope, train, columns, n, fn, arg);
    mlsd__free(scope->allocator, columns);
    return status;
}

static double rows_of(const mlsd__sorted_column *c)
{
    if (c->weight == NULL) return (double)c->n;
    double total = 0;
    for (int64_t i = 0; i < c->n; i++) total += c->weight[i] / c->unit;
    return total > 1 ? total : 1;
}

/* Turn ascending places among the rows that the values stand for, from 0, into values: row k is
 * value i with below(i) <= k < below(i + 1), and straight lines lie between rows. */
static void values_at(const mlsd__sorted_column *c, double n_rows, int64_t n, double *places)
{
    const double slack = 1e-12 * n_rows; /* sums of shares that should be whole are not quite */
    double end = 0;                      /* of the rows of value i */
    int64_t i = -1;
    for (int64_t k = 0; k < n; k++) {
        const double place = places[k], below = floor(place + slack);
        while (i < c->n - 1 && end <= below + slack)
            end += c->weight != NULL ? c->weight[++i] / c->unit : (i++, 1);
        int64_t above = i;
        double above_end = end;
        while (above < c->n - 1 && above_end <= below + 1 + slack)
            above_end += c->weight != NULL ? c->weight[++above] / c->unit : (above++, 1);
        const double share = place > below ? place - below : 0;
        places[k] = c->n == 0 ? NAN : mlsd__between(c->values[i], c->values[above], share);
    }
}

void mlsd__column_quantiles(const mlsd__sorted_column *c, const double *q, int64_t n_q, double *out)
{
    const double n_rows = rows_of(c);
    for (int64_t k = 0; k < n_q; k++) out[k] = (n_rows - 1) * q[k];
    values_at(c, n_rows, n_q, out);
}

void mlsd__column_quantile_grid(const mlsd__sorted_column *c, int64_t n_q, double *out)
{
    const double n_rows = rows_of(c);
    for (int64_t k = 0; k < n_q; k++)
        out[k] = n_q > 1 ? (double)k * (n_rows - 1) / (double)(n_q - 1) : 0;
    values_at(c, n_rows, n_q, out);
}

typedef struct check_job {
    const mlsd__frame *frame;
    mlsd__check_fn check;
    const void *state;
} check_job;

static mlsd_status check_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const check_job *const job = arg;
    int64_t first, n, ld;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, job->frame));
    const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
    const mlsd_status status = job->check(job->state, x, n, ld, first, true, NULL);
    mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__check_rows(mlsd__scope *scope, const mlsd__frame *frame, mlsd__check_fn check,
                             const void *state)
{
    check_job job = {.frame = frame, .check = check, .state = state};
    return mlsd__parallel_for(scope, mlsd__n_blocks(frame->n_rows), check_block, &job);
}
