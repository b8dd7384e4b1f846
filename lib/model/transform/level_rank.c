/* level_rank.c - weights of the levels of categories by groups of rows, and their order. */
#include "model/transform/level_rank.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"

typedef struct count_job {
    const mlsd__train *train;
    const int64_t *offset; /* of each column's counts */
    int64_t n_counts, n_groups;
    double *counts; /* n_groups x n_counts: weights of the slots */
} count_job;

static mlsd_status count_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const count_job *const job = arg;
    const mlsd__frame *const frame = job->train->x;
    double *const counts = job->counts + group * job->n_counts;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, frame));
    mlsd_status status = MLSD_OK;
    int64_t block, last;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t j = 0; j < frame->n_features; j++) {
            const mlsd__feature *const feature = &frame->features[j];
            for (int64_t i = 0; feature->type == MLSD__CATEGORY && i < n; i++) {
                const int64_t slot = mlsd__level_slot(feature->n_levels, x[i * ld + j]);
                if (slot < 0) continue;
                counts[job->offset[j] + slot] +=
                    job->train->weight != NULL ? job->train->weight[first + i] : 1;
            }
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__level_weights(mlsd__scope *scope, const mlsd__train *train, int64_t *offset,
                                double **out_weights)
{
    const mlsd__allocator *const a = scope->allocator;
    count_job job = {.train = train, .offset = offset};
    *out_weights = NULL;
    for (int64_t j = 0; j < train->x->n_features; j++) {
        offset[j] = job.n_counts;
        if (train->x->features[j].type == MLSD__CATEGORY)
            job.n_counts += train->x->features[j].n_levels + 1;
    }
    job.n_groups = mlsd__row_groups(train->x->n_rows, job.n_counts);
    job.counts = mlsd__alloc(a, job.n_groups * (job.n_counts + 1), sizeof *job.counts);
    if (job.counts == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    if (job.n_counts > 0) status = mlsd__parallel_for(scope, job.n_groups, count_group, &job);
    for (int64_t g = 1; status == MLSD_OK && g < job.n_groups; g++) {
        for (int64_t i = 0; i < job.n_counts; i++)
            job.counts[i] += job.counts[g * job.n_counts + i];
    }
    if (status != MLSD_OK) {
        mlsd__free(a, job.counts);
        return status;
    }
    *out_weights = job.counts;
    return MLSD_OK;
}

static bool text_before(const mlsd__level *a, const mlsd__level *b)
{
    if (a->text == NULL || b->text == NULL) return a->text != NULL;
    return strcmp(a->text, b->text) < 0;
}

static bool rarer(const mlsd__level *a, const mlsd__level *b)
{
    return a->weight != b->weight ? a->weight < b->weight : a->position < b->position;
}

static void sift_down(mlsd__level *x, int64_t at, int64_t n,
                      bool (*before)(const mlsd__level *, const mlsd__level *))
{
    for (;;) {
        int64_t last = at;
        for (int64_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++) {
            if (before(&x[last], &x[child])) last = child;
        }
        if (last == at) return;
        const mlsd__level kept = x[at];
        x[at] = x[last];
        x[last] = kept;
        at = last;
    }
}

/* Heap sort: no two are equal, so that it need not be stable, and libc's qsort allocates behind the
 * context's back. */
static void sort_levels(mlsd__level *x, int64_t n,
                        bool (*before)(const mlsd__level *, const mlsd__level *))
{
    for (int64_t i = n / 2 - 1; i >= 0; i--) sift_down(x, i, n, before);
    for (int64_t i = n - 1; i > 0; i--) {
        const mlsd__level last = x[0];
        x[0] = x[i];
        x[i] = last;
        sift_down(x, 0, i, before);
    }
}

/* How many levels are not rare. */
static int64_t count_frequent(const mlsd__level *levels, int64_t n)
{
    int64_t n_frequent = 0;
    for (int64_t i = 0; i < n; i++) n_frequent += !levels[i].is_rare;
    return n_frequent;
}

mlsd_status mlsd__levels_rank(const mlsd__allocator *a, const mlsd__feature *feature,
                              const double *weights, double min_frequency, int64_t most,
                              mlsd__level **out, int64_t *out_n)
{
    const int64_t n_slots = feature->n_levels + 1;
    *out = NULL;
    mlsd__level *const levels = mlsd__alloc_raw(a, n_slots, sizeof *levels);
    if (levels == NULL) return MLSD_E_NOMEM;
    double total = 0;
    int64_t n = 0;
    for (int64_t s = 0; s < n_slots; s++) {
        total += weights[s];
        if (!(weights[s] > 0)) continue;
        levels[n++] = (mlsd__level){
            .text = s > 0 ? feature->levels[s - 1] : NULL, .weight = weights[s], .slot = s};
    }
    sort_levels(levels, n, text_before);
    const double fewest = min_frequency < 1 ? min_frequency * total : min_frequency;
    for (int64_t i = 0; i < n; i++) {
        levels[i].position = i;
        levels[i].is_rare = levels[i].weight < fewest; /* false for NaN: no parameter */
    }
    const int64_t n_frequent = count_frequent(levels, n);
    if (most != MLSD__NULL_I64 && n_frequent + (n_frequent < n) > most) {
        sort_levels(levels, n, rarer);
        for (int64_t i = 0; i < n - (most - 1); i++) levels[i].is_rare = true;
        sort_levels(levels, n, text_before);
    }
    *out = levels;
    *out_n = n;
    return MLSD_OK;
}
