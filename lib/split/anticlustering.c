/* anticlustering.c - anticlustering_kfold: k folds that are alike in their features.
 *
 * Folds are made as heterogeneous inside as they can be, which is to bring their means together:
 * the sum over folds of n_f |mean of f - mean of all|^2 is minimised, the k-means criterion with
 * its sign turned (Spaeth 1986; Papenberg & Klau 2021, "Using anticlustering to partition data sets
 * into equivalent parts", Psychological Methods 26(2), the exchange method). Features count alike:
 * numbers with variance 1, a missing one as the mean; the levels of a category, missing among them,
 * as indicators whose variances sum to 1.
 *
 * From random folds of even sizes, each row in turn is swapped with the best of some rows of other
 * folds drawn at random, or of all where there are no more, until the folds are alike enough or a
 * pass finds no better swap. A pass takes O(n p partners) time; of many rows some thousands of
 * swaps are enough, long before the end of the first pass. Sizes never change. With stratify, rows
 * are dealt and swapped within their class, so the folds' class counts stay even. Restarts are
 * independent; the best counts, the first of equals. */
#include <string.h>

#include "base/random.h"
#include "split/frame_pass.h"
#include "split/splitter.h"

typedef struct params {
    int64_t n_splits, stratify, n_partners, max_passes, n_init, seed;
    double tol;
} params;

static const mlsd_param anticlustering_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(params, stratify, "false",
                 "keep the classes in the same proportions in each fold"),
    MLSD__P_I64(params, n_partners, 1, INT32_MAX, "20", "log",
                "rows that each row is tried to be swapped with in a pass"),
    MLSD__P_I64(params, max_passes, 1, INT32_MAX, "10", NULL,
                "passes over the rows; it ends sooner once no swap is better"),
    MLSD__P_F64(params, tol, 0, 1, 0, "0.0001", "log",
                "it ends once the squared differences of the folds' means are this share of what "
                "they are in random folds; 0: never for that reason"),
    MLSD__P_I64(params, n_init, 1, INT32_MAX, "1", NULL,
                "random beginnings, of which the best result counts"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL, "seed of the draws"),
};

/* A swap must lower the criterion by more than what rounding makes of nothing. */
#define MIN_GAIN 1e-10

/* Rows as what is compared, shared by all restarts. */
typedef struct rows {
    const mlsd__frame *frame;
    mlsd__feature_scale scale;
    int64_t n, n_numbers, n_categories;
    int64_t *feature_of_number, *feature_of_category;
    double *numbers;       /* n x n_numbers, scaled */
    int32_t *levels;       /* n x n_categories: places among all levels */
    int64_t n_levels;      /* of all categories, with a missing one each */
    int64_t *first_level;  /* of each category, n_categories + 1 */
    double *level_share;   /* of the rows */
    double *weight;        /* of a category's indicators, squared */
    const int32_t *strata; /* the class of each row, or NULL */
    int64_t n_strata;
    int64_t *by_stratum, *stratum_start; /* rows by class */
} rows;

static void rows_free(rows *r, const mlsd__allocator *a)
{
    mlsd__feature_scale_free(&r->scale, a);
    mlsd__free(a, r->feature_of_number);
    mlsd__free(a, r->feature_of_category);
    mlsd__free(a, r->numbers);
    mlsd__free(a, r->levels);
    mlsd__free(a, r->first_level);
    mlsd__free(a, r->level_share);
    mlsd__free(a, r->weight);
    mlsd__free(a, r->by_stratum);
    mlsd__free(a, r->stratum_start);
}

static mlsd_status read_rows(void *user, int64_t first, int64_t n, double *x, mlsd__scope *scope)
{
    const rows *const r = user;
    (void)scope;
    for (int64_t i = 0; i < n; i++, x += r->frame->n_features) {
        double *const numbers = r->numbers + (first + i) * r->n_numbers;
        int32_t *const levels = r->levels + (first + i) * r->n_categories;
        for (int64_t k = 0; k < r->n_numbers; k++) {
            const int64_t j = r->feature_of_number[k];
            numbers[k] = isnan(x[j]) ? 0 : mlsd__feature_scaled(&r->scale, j, x[j]);
        }
        for (int64_t k = 0; k < r->n_categories; k++) {
            const double code = x[r->feature_of_category[k]];
            levels[k] = code >= 0 ? (int32_t)(r->first_level[k] + (int64_t)code)
                                  : (int32_t)(r->first_level[k + 1] - 1);
        }
    }
    return MLSD_OK;
}

static mlsd_status sort_features(const mlsd__allocator *a, rows *r)
{
    const mlsd__frame *const f = r->frame;
    r->feature_of_number = mlsd__alloc_raw(a, f->n_features, sizeof *r->feature_of_number);
    if (r->feature_of_number == NULL) return MLSD_E_NOMEM;
    r->feature_of_category = mlsd__alloc_raw(a, f->n_features, sizeof *r->feature_of_category);
    if (r->feature_of_category == NULL) return MLSD_E_NOMEM;
    r->first_level = mlsd__alloc_raw(a, f->n_features + 1, sizeof *r->first_level);
    if (r->first_level == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < f->n_features; j++) {
        if (f->features[j].type == MLSD__NUMERIC) {
            r->feature_of_number[r->n_numbers++] = j;
            continue;
        }
        r->first_level[r->n_categories] = r->n_levels;
        r->feature_of_category[r->n_categories++] = j;
        r->n_levels += f->features[j].n_levels + 1;
    }
    r->first_level[r->n_categories] = r->n_levels;
    if (r->n_levels <= INT32_MAX) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "the categories have %lld levels, more than %d",
                      (long long)r->n_levels, INT32_MAX);
}

/* Shares of the levels, and the weight that gives a category's indicators a variance of 1 in sum.
 */
static mlsd_status weigh_levels(const mlsd__allocator *a, rows *r)
{
    r->level_share = mlsd__alloc(a, r->n_levels, sizeof *r->level_share);
    if (r->level_share == NULL) return MLSD_E_NOMEM;
    r->weight = mlsd__alloc(a, r->n_categories, sizeof *r->weight);
    if (r->weight == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < r->n * r->n_categories; k++) r->level_share[r->levels[k]]++;
    for (int64_t k = 0; k < r->n_categories; k++) {
        double variance = 1;
        for (int64_t l = r->first_level[k]; l < r->first_level[k + 1]; l++) {
            r->level_share[l] /= (double)r->n;
            variance -= r->level_share[l] * r->level_share[l];
        }
        r->weight[k] = variance > MIN_GAIN ? 1 / variance : 0;
    }
    return MLSD_OK;
}

static mlsd_status sort_strata(const mlsd__allocator *a, rows *r)
{
    r->by_stratum = mlsd__alloc_raw(a, r->n, sizeof *r->by_stratum);
    if (r->by_stratum == NULL) return MLSD_E_NOMEM;
    r->stratum_start = mlsd__alloc(a, r->n_strata + 2, sizeof *r->stratum_start);
    if (r->stratum_start == NULL) return MLSD_E_NOMEM;
    int64_t *const next = r->stratum_start + 1; /* one place ahead while rows are put in */
    for (int64_t i = 0; i < r->n; i++) next[(r->strata != NULL ? r->strata[i] : 0) + 1]++;
    for (int64_t c = 0; c < r->n_strata; c++) next[c + 1] += next[c];
    for (int64_t i = 0; i < r->n; i++)
        r->by_stratum[next[r->strata != NULL ? r->strata[i] : 0]++] = i;
    return MLSD_OK;
}

static mlsd_status rows_new(mlsd__scope *scope, const mlsd__split_input *in, bool stratify, rows *r)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_numbers = 0, n_levels = 0;
    *r = (rows){.frame = in->features, .n = in->n_rows, .n_strata = 1};
    if (stratify) {
        r->strata = in->classes;
        r->n_strata = in->n_classes;
    }
    MLSD__TRY(sort_features(a, r));
    MLSD__TRY(mlsd__feature_scale_new(scope, r->frame, &r->scale));
    MLSD__TRY(mlsd__mul_size(r->n, r->n_numbers, &n_numbers));
    MLSD__TRY(mlsd__mul_size(r->n, r->n_categories, &n_levels));
    r->numbers = mlsd__alloc_raw(a, n_numbers, sizeof *r->numbers);
    if (r->numbers == NULL) return MLSD_E_NOMEM;
    r->levels = mlsd__alloc_raw(a, n_levels, sizeof *r->levels);
    if (r->levels == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__frame_pass(scope, r->frame, read_rows, r));
    MLSD__TRY(weigh_levels(a, r));
    return sort_strata(a, r);
}

/* One restart: the fold of each row, and what is summed over each fold. */
typedef struct folding {
    const rows *rows;
    int64_t n_folds, n_partners;
    double total;        /* the criterion */
    int32_t *fold;       /* of each row */
    int64_t *size;       /* of each fold */
    double *number_sums; /* n_folds x n_numbers */
    double *level_gaps;  /* n_folds x n_levels: rows above the share that is due */
    mlsd__stream stream;
} folding;

/* What is minimised: the folds' sums of squares between. */
static double criterion(const folding *f)
{
    const rows *const r = f->rows;
    double total = 0;
    for (int64_t g = 0; g < f->n_folds; g++) {
        const double *const sums = f->number_sums + g * r->n_numbers;
        const double *const gaps = f->level_gaps + g * r->n_levels;
        double squares = 0;
        for (int64_t k = 0; k < r->n_numbers; k++) squares += sums[k] * sums[k];
        for (int64_t k = 0; k < r->n_categories; k++) {
            for (int64_t l = r->first_level[k]; l < r->first_level[k + 1]; l++)
                squares += r->weight[k] * gaps[l] * gaps[l];
        }
        total += squares / (double)f->size[g];
    }
    return total;
}

/* The fold's sums and the criterion from its rows: rounding does not pile up over passes. */
static mlsd_status sum_up(mlsd__scope *scope, folding *f)
{
    const rows *const r = f->rows;
    const int64_t p = r->n_numbers, n_categories = r->n_categories;
    memset(f->number_sums, 0, (size_t)(f->n_folds * p) * sizeof *f->number_sums);
    for (int64_t g = 0; g < f->n_folds; g++) {
        for (int64_t l = 0; l < r->n_levels; l++)
            f->level_gaps[g * r->n_levels + l] = -(double)f->size[g] * r->level_share[l];
    }
    for (int64_t i = 0; i < r->n; i++) {
        double *const sums = f->number_sums + f->fold[i] * p;
        double *const gaps = f->level_gaps + f->fold[i] * r->n_levels;
        for (int64_t k = 0; k < p; k++) sums[k] += r->numbers[i * p + k];
        for (int64_t k = 0; k < n_categories; k++) gaps[r->levels[i * n_categories + k]]++;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    f->total = criterion(f);
    return MLSD_OK;
}

/* By how much the criterion changes when rows i and k swap their folds: with d = x_k - x_i,
 * (2 S_a d + d d) / n_a + (-2 S_b d + d d) / n_b. */
static double change_by_swap(const folding *f, int64_t i, int64_t k)
{
    const rows *const r = f->rows;
    const int64_t p = r->n_numbers, a = f->fold[i], b = f->fold[k];
    const double per_a = 1 / (double)f->size[a], per_b = 1 / (double)f->size[b];
    const double *const x = r->numbers + i * p, *const y = r->numbers + k * p;
    const double *const sum_a = f->number_sums + a * p, *const sum_b = f->number_sums + b * p;
    double with_a = 0, with_b = 0, squares = 0;
    for (int64_t j = 0; j < p; j++) {
        const double d = y[j] - x[j];
        with_a += sum_a[j] * d;
        with_b += sum_b[j] * d;
        squares += d * d;
    }
    const double *const gap_a = f->level_gaps + a * r->n_levels;
    const double *const gap_b = f->level_gaps + b * r->n_levels;
    for (int64_t j = 0; j < r->n_categories; j++) {
        const int32_t from = r->levels[i * r->n_categories + j];
        const int32_t to = r->levels[k * r->n_categories + j];
        if (from == to) continue;
        with_a += r->weight[j] * (gap_a[to] - gap_a[from]);
        with_b += r->weight[j] * (gap_b[to] - gap_b[from]);
        squares += 2 * r->weight[j];
    }
    return (2 * with_a + squares) * per_a + (squares - 2 * with_b) * per_b;
}

static void swap(const folding *f, int64_t i, int64_t k)
{
    const rows *const r = f->rows;
    const int64_t p = r->n_numbers;
    const int32_t a = f->fold[i], b = f->fold[k];
    for (int64_t j = 0; j < p; j++) {
        const double d = r->numbers[k * p + j] - r->numbers[i * p + j];
        f->number_sums[a * p + j] += d;
        f->number_sums[b * p + j] -= d;
    }
    for (int64_t j = 0; j < r->n_categories; j++) {
        const int32_t from = r->levels[i * r->n_categories + j];
        const int32_t to = r->levels[k * r->n_categories + j];
        f->level_gaps[a * r->n_levels + from]--;
        f->level_gaps[a * r->n_levels + to]++;
        f->level_gaps[b * r->n_levels + to]--;
        f->level_gaps[b * r->n_levels + from]++;
    }
    f->fold[i] = b;
    f->fold[k] = a;
}

/* Swap row i with the best partner among the rows of its class, if one is better than none. */
static bool improve_row(folding *f, int64_t i)
{
    const rows *const r = f->rows;
    const int64_t c = r->strata != NULL ? r->strata[i] : 0;
    const int64_t *const mates = r->by_stratum + r->stratum_start[c];
    const int64_t n_mates = r->stratum_start[c + 1] - r->stratum_start[c];
    const bool try_all = n_mates <= f->n_partners;
    const int64_t n_tries = try_all ? n_mates : f->n_partners;
    double best = -MIN_GAIN;
    int64_t partner = -1;
    for (int64_t t = 0; t < n_tries; t++) {
        const int64_t k =
            mates[try_all ? t : (int64_t)mlsd__stream_below(&f->stream, (uint64_t)n_mates)];
        if (f->fold[k] == f->fold[i]) continue;
        const double change = change_by_swap(f, i, k);
        if (change >= best) continue;
        best = change;
        partner = k;
    }
    if (partner < 0) return false;
    swap(f, i, partner);
    f->total += best;
    return true;
}

/* Fisher-Yates from the end down, with looks at the cancel flag. */
static mlsd_status shuffle(mlsd__scope *scope, mlsd__stream *stream, int64_t *values, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t k = (int64_t)mlsd__stream_below(stream, (uint64_t)i + 1);
        const int64_t swapped = values[i];
        values[i] = values[k];
        values[k] = swapped;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Rows of each class in random order, dealt to the folds in turn. */
static mlsd_status deal(mlsd__scope *scope, folding *f)
{
    const rows *const r = f->rows;
    int64_t *const order = mlsd__memdup(scope->allocator, r->by_stratum, r->n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < r->n_strata; c++) {
        const int64_t start = r->stratum_start[c];
        status = shuffle(scope, &f->stream, order + start, r->stratum_start[c + 1] - start);
    }
    for (int64_t i = 0; status == MLSD_OK && i < r->n; i++) {
        f->fold[order[i]] = (int32_t)(i % f->n_folds);
        f->size[i % f->n_folds]++;
    }
    mlsd__free(scope->allocator, order);
    return status;
}

/* What the criterion is expected to be in random folds: one variance for each feature that varies,
 * times the folds but one. */
static double random_criterion(const folding *f)
{
    const rows *const r = f->rows;
    int64_t n = 0;
    for (int64_t k = 0; k < r->n_numbers; k++)
        n += r->scale.inverse_sd[r->feature_of_number[k]] > 0;
    for (int64_t k = 0; k < r->n_categories; k++) n += r->weight[k] > 0;
    return (double)n * (double)(f->n_folds - 1);
}

static mlsd_status exchange(mlsd__scope *scope, const params *p, folding *f)
{
    enum { LOOK_EVERY = 64 }; /* rows, each with its partners */
    const int64_t n = f->rows->n;
    const double enough = p->tol * random_criterion(f);
    MLSD__TRY(deal(scope, f));
    MLSD__TRY(sum_up(scope, f));
    bool is_better = true;
    for (int64_t pass = 0; is_better && pass < p->max_passes; pass++) {
        is_better = false;
        for (int64_t i = 0; i < n && f->total > enough; i++) {
            if (improve_row(f, i)) is_better = true;
            if (i % LOOK_EVERY == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
        MLSD__TRY(sum_up(scope, f));
        if (f->total <= enough) break;
    }
    return MLSD_OK;
}

typedef struct job {
    const params *p;
    const rows *rows;
    uint64_t seed;
    folding *foldings; /* of each worker: its present one */
    folding *best;     /* of each worker */
    double *least;     /* the best one's criterion */
    int64_t *restart;  /* and its number */
} job;

static mlsd_status folding_new(const mlsd__allocator *a, const params *p, const rows *r, folding *f)
{
    int64_t n_sums = 0, n_gaps = 0;
    *f = (folding){.rows = r, .n_folds = p->n_splits, .n_partners = p->n_partners};
    MLSD__TRY(mlsd__mul_size(p->n_splits, r->n_numbers, &n_sums));
    MLSD__TRY(mlsd__mul_size(p->n_splits, r->n_levels, &n_gaps));
    f->fold = mlsd__alloc_raw(a, r->n, sizeof *f->fold);
    if (f->fold == NULL) return MLSD_E_NOMEM;
    f->size = mlsd__alloc_raw(a, p->n_splits, sizeof *f->size);
    if (f->size == NULL) return MLSD_E_NOMEM;
    f->number_sums = mlsd__alloc_raw(a, n_sums, sizeof *f->number_sums);
    if (f->number_sums == NULL) return MLSD_E_NOMEM;
    f->level_gaps = mlsd__alloc_raw(a, n_gaps, sizeof *f->level_gaps);
    return f->level_gaps == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void folding_free(folding *f, const mlsd__allocator *a)
{
    mlsd__free(a, f->fold);
    mlsd__free(a, f->size);
    mlsd__free(a, f->number_sums);
    mlsd__free(a, f->level_gaps);
    *f = (folding){0};
}

/* One restart on a worker, which keeps the best of those that it made. */
static mlsd_status run_restart(void *arg, int64_t restart, mlsd__scope *scope)
{
    const job *const j = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int32_t w = scope->worker;
    folding *const f = j->foldings + w;
    if (f->rows == NULL) MLSD__TRY(folding_new(a, j->p, j->rows, f));
    memset(f->size, 0, (size_t)j->p->n_splits * sizeof *f->size);
    mlsd__stream_init(&f->stream, j->seed, (uint64_t)restart, 0, 0, MLSD__PURPOSE_SPLIT);
    MLSD__TRY(exchange(scope, j->p, f));
    if (f->total > j->least[w] || (f->total == j->least[w] && restart > j->restart[w]))
        return MLSD_OK;
    const folding old = j->best[w];
    j->best[w] = *f;
    *f = old;
    j->least[w] = j->best[w].total;
    j->restart[w] = restart;
    return MLSD_OK;
}

static mlsd_status job_new(mlsd__scope *scope, job *j)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = scope->n_threads;
    j->foldings = mlsd__alloc(a, n, sizeof *j->foldings);
    if (j->foldings == NULL) return MLSD_E_NOMEM;
    j->best = mlsd__alloc(a, n, sizeof *j->best);
    if (j->best == NULL) return MLSD_E_NOMEM;
    j->least = mlsd__alloc_raw(a, n, sizeof *j->least);
    if (j->least == NULL) return MLSD_E_NOMEM;
    j->restart = mlsd__alloc_raw(a, n, sizeof *j->restart);
    if (j->restart == NULL) return MLSD_E_NOMEM;
    for (int64_t w = 0; w < n; w++) {
        j->least[w] = INFINITY;
        j->restart[w] = INT64_MAX;
    }
    return MLSD_OK;
}

static void job_free(mlsd__scope *scope, job *j)
{
    const mlsd__allocator *const a = scope->allocator;
    for (int32_t w = 0; w < scope->n_threads; w++) {
        if (j->foldings != NULL) folding_free(j->foldings + w, a);
        if (j->best != NULL) folding_free(j->best + w, a);
    }
    mlsd__free(a, j->foldings);
    mlsd__free(a, j->best);
    mlsd__free(a, j->least);
    mlsd__free(a, j->restart);
}

static void take_best(const mlsd__scope *scope, const job *j, mlsd_folds *out)
{
    int32_t best = 0;
    for (int32_t w = 1; w < scope->n_threads; w++) {
        if (j->least[w] < j->least[best] ||
            (j->least[w] == j->least[best] && j->restart[w] < j->restart[best]))
            best = w;
    }
    const folding *const f = j->best + best;
    memcpy(out->ids, f->fold, (size_t)out->n_rows * sizeof *out->ids);
    memcpy(out->sizes, f->size, (size_t)f->n_folds * sizeof *out->sizes);
}

static mlsd_status check(mlsd__scope *scope, const params *p, const mlsd__split_input *in)
{
    char text[MLSD__CLASS_TEXT_CAPACITY];
    int64_t row, feature;
    if (p->n_splits > in->n_rows)
        return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld rows; use at most %lld",
                          (long long)p->n_splits, (long long)in->n_rows, (long long)in->n_rows);
    MLSD__TRY(mlsd__frame_find_bad(scope, in->features, true, &row, &feature));
    if (row >= 0)
        return mlsd__fail(MLSD_E_DATA,
                          "feature '%s' is infinite in row %lld, and has no mean to balance; leave "
                          "it out or set it to a number",
                          in->features->features[feature].name, (long long)row);
    if (!p->stratify) return MLSD_OK;
    int64_t *counts = NULL;
    MLSD__TRY(mlsd__split_class_counts(scope->allocator, in, &counts));
    mlsd_status status = MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < in->n_classes; c++) {
        if (counts[c] >= p->n_splits) continue;
        status = mlsd__fail(MLSD_E_DATA,
                            "class %s has %lld row%s, fewer than %lld folds; use fewer folds, or "
                            "stratify=false",
                            mlsd__split_class_text(in, c, text), (long long)counts[c],
                            counts[c] == 1 ? "" : "s", (long long)p->n_splits);
    }
    mlsd__free(scope->allocator, counts);
    return status;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    rows r = {0};
    job j = {.p = p, .rows = &r, .seed = (uint64_t)p->seed};
    MLSD__TRY(check(scope, p, in));
    if (in->raw->generator != NULL) j.seed = mlsd__mt_u32(in->raw->generator);
    mlsd_status status = mlsd__folds_make_ids(out, p->n_splits, 1);
    if (status == MLSD_OK) status = rows_new(scope, in, p->stratify, &r);
    if (status == MLSD_OK) status = job_new(scope, &j);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, p->n_init, run_restart, &j);
    if (status == MLSD_OK) take_best(scope, &j, out);
    job_free(scope, &j);
    rows_free(&r, scope->allocator);
    return status;
}

static int32_t needs(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return MLSD__NEEDS_FEATURES | (p->stratify ? MLSD__NEEDS_CLASSES : 0);
}

static const mlsd__splitter_ops anticlustering_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_anticlustering_kfold = {
    .name = "anticlustering_kfold",
    .family = "splitter",
    .doc = "k folds that are alike in the means of their features",
    .params = anticlustering_params,
    .n_params = MLSD__COUNT(anticlustering_params),
    .params_size = sizeof(params),
    .ops = &anticlustering_ops,
};
