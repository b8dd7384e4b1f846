/* fold_samples.h - folds of every form in which they are stored, over twelve rows. */
#ifndef MLSD_TESTS_FOLD_SAMPLES_H
#define MLSD_TESTS_FOLD_SAMPLES_H

#include "fold_text.h"

enum { SAMPLE_ROWS = 12 };
static const double sample_y[SAMPLE_ROWS] = {0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1};
static const double sample_groups[SAMPLE_ROWS] = {5, 5, 7, 7, 7, 2, 2, 9, 9, 9, 9, 5};
static const double sample_folds[SAMPLE_ROWS] = {0, 1, -1, 2, 0, 1, 2, -1, 0, 1, 2, 2};

static const struct fold_sample {
    const char *json;
    const double *y, *groups;
} fold_samples[] = {
    {"{\"kind\":\"kfold\",\"n_splits\":3}", NULL, NULL},
    {"{\"kind\":\"kfold\",\"n_splits\":4,\"shuffle\":true}", NULL, NULL},
    {"{\"kind\":\"stratified_kfold\",\"n_splits\":3,\"shuffle\":true}", sample_y, NULL},
    {"{\"kind\":\"repeated_kfold\",\"n_splits\":3,\"n_repeats\":2}", NULL, NULL},
    {"{\"kind\":\"predefined_split\"}", NULL, sample_folds},
    {"{\"kind\":\"group_kfold\",\"n_splits\":2}", NULL, sample_groups},
    {"{\"kind\":\"time_series_split\",\"n_splits\":3}", NULL, NULL},
    {"{\"kind\":\"holdout\",\"shuffle\":false}", NULL, NULL},
    {"{\"kind\":\"holdout\"}", NULL, NULL},
    {"{\"kind\":\"holdout\",\"parts\":[0.5,0.25,0.25]}", NULL, NULL},
    {"{\"kind\":\"holdout\",\"parts\":[0.25,0.25,0.25,0.25]}", NULL, NULL},
    {"{\"kind\":\"leave_one_out\"}", NULL, NULL},
    {"{\"kind\":\"leave_p_out\",\"p\":2}", NULL, NULL},
    {"{\"kind\":\"leave_one_group_out\"}", NULL, sample_groups},
    {"{\"kind\":\"leave_p_groups_out\",\"n_groups\":2}", NULL, sample_groups},
};
enum { N_FOLD_SAMPLES = sizeof fold_samples / sizeof *fold_samples };

static inline mlsd_folds *make_sample(int i)
{
    mlsd_folds *folds = NULL;
    const struct fold_sample *const s = &fold_samples[i];
    ASSERT_OK(split_groups_json(NULL, s->json, SAMPLE_ROWS, s->y, s->groups, &folds));
    return folds;
}

/* The rows of all parts, as mlsd_folds_from_rows takes them; free() both. */
static inline void list_rows(const mlsd_folds *folds, int64_t **out_offsets, int64_t **out_rows)
{
    const int64_t n_parts = mlsd_folds_n_parts(folds), n_splits = mlsd_folds_n_splits(folds);
    int64_t total = 0;
    for (int64_t k = 0; k < n_splits; k++)
        for (int64_t p = 0; p < n_parts; p++) total += mlsd_folds_part_size(folds, k, p);
    int64_t *const offsets = calloc((size_t)(n_splits * n_parts + 1), sizeof *offsets);
    int64_t *const rows = calloc((size_t)total + 1, sizeof *rows);
    assert_true(offsets != NULL && rows != NULL);
    for (int64_t k = 0; k < n_splits * n_parts; k++) {
        const int64_t n = mlsd_folds_part_size(folds, k / n_parts, k % n_parts);
        ASSERT_OK(mlsd_folds_part(folds, k / n_parts, k % n_parts, rows + offsets[k], n));
        offsets[k + 1] = offsets[k] + n;
    }
    *out_offsets = offsets;
    *out_rows = rows;
}

static inline void assert_same_rows(const mlsd_folds *a, const mlsd_folds *b)
{
    int64_t *offsets_a, *offsets_b, *rows_a, *rows_b;
    assert_int_equal(mlsd_folds_n_rows(a), mlsd_folds_n_rows(b));
    assert_int_equal(mlsd_folds_n_splits(a), mlsd_folds_n_splits(b));
    assert_int_equal(mlsd_folds_n_parts(a), mlsd_folds_n_parts(b));
    list_rows(a, &offsets_a, &rows_a);
    list_rows(b, &offsets_b, &rows_b);
    const int64_t n = mlsd_folds_n_splits(a) * mlsd_folds_n_parts(a);
    assert_memory_equal(offsets_a, offsets_b, (size_t)(n + 1) * sizeof *offsets_a);
    assert_memory_equal(rows_a, rows_b, (size_t)offsets_a[n] * sizeof *rows_a);
    free(offsets_a);
    free(offsets_b);
    free(rows_a);
    free(rows_b);
}

#endif
