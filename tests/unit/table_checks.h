/* table_checks.h - what must hold of every transform of a table, whatever it does: the same bytes
 * for any number of threads, the same numbers out of its file, one row alone as among many, weights
 * as repetition, weight 0 as removal, files of any bytes survived. */
#ifndef MLSD_TESTS_TABLE_CHECKS_H
#define MLSD_TESTS_TABLE_CHECKS_H

#include "base/file.h"
#include "table_data.h"
#include "unit.h"

enum { CHECK_ROWS = 2500 }; /* three blocks */

/* Columns "a" (both signs, ties), "b" (above 0, skewed), "g" (letters and missing), target "y" of
 * n_classes or numbers; a row is taken times[i] times, or has that weight. with_nan: some of "a" is
 * missing. */
static inline mlsd_dataset *check_data(int n_classes, int as_weights, int with_nan, const int *rows,
                                       int n_rows)
{
    double *a = calloc(4 * CHECK_ROWS, sizeof *a), *b = calloc(4 * CHECK_ROWS, sizeof *b);
    double *y = calloc(4 * CHECK_ROWS, sizeof *y), *w = calloc(4 * CHECK_ROWS, sizeof *w);
    char *g = calloc(4 * CHECK_ROWS + 1, 1);
    assert_true(a != NULL && b != NULL && y != NULL && w != NULL && g != NULL);
    uint32_t seed = 5;
    int64_t n = 0;
    int listed = 0;
    for (int i = 0; i < CHECK_ROWS; i++) {
        const double u = next_uniform(&seed), v = next_uniform(&seed), e = next_uniform(&seed);
        const int letter = (int)((next_uniform(&seed) + 0.5) * 6.99);
        const int times = i % 4; /* 0 to 3 */
        int n_copies = as_weights ? 1 : times;
        if (rows != NULL) {
            n_copies = listed < n_rows && rows[listed] == i;
            listed += n_copies;
        }
        for (int k = 0; k < n_copies; k++, n++) {
            a[n] = with_nan && i % 11 == 3 ? NAN : floor(8 * u) + (i % 3 == 0 ? v : 0);
            b[n] = 0.01 + (v + 0.5) * (v + 0.5) * 20;
            g[n] = ".abcdef"[letter];
            w[n] = times;
            y[n] = 3 * u + letter + e;
            if (n_classes > 0) y[n] = fmin(fmax(floor(y[n]), 0), n_classes - 1);
        }
    }
    mlsd_table *t = new_table();
    put_numbers(t, "a", a, n);
    put_letters(t, "g", g);
    put_numbers(t, "b", b, n);
    put_numbers(t, "y", y, n);
    if (as_weights) put_numbers(t, "w", w, n);
    free(a), free(b), free(y), free(w), free(g);
    return dataset_of_table(t, "y", as_weights ? "w" : NULL,
                            n_classes == 0   ? MLSD_TASK_REGRESSION
                            : n_classes == 2 ? MLSD_TASK_BINARY
                                             : MLSD_TASK_MULTICLASS);
}

static inline void assert_same_outputs(const mlsd_model *x, const mlsd_model *y,
                                       const mlsd_dataset *data, double tolerance)
{
    int64_t p, q;
    double *const got = transformed(x, data, &p), *const want = transformed(y, data, &q);
    assert_int_equal(p, q);
    for (int64_t i = 0; i < p * mlsd_dataset_n_rows(data); i++) {
        if (isnan(got[i]) && isnan(want[i])) continue;
        if (!(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i]))))
            fail_msg("row %lld, output %lld is %.17g, expected %.17g", (long long)(i / p),
                     (long long)(i % p), got[i], want[i]);
    }
    free(got);
    free(want);
}

static inline void check_threads(const char *json, const mlsd_dataset *data)
{
    mlsd_model *first = NULL;
    for (int n_threads = 1; n_threads < 8; n_threads += 3) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_json(context, json, data, NULL, NULL);
        if (first != NULL) assert_same_model(first, model);
        if (first != NULL) mlsd_model_free(model);
        if (first == NULL) first = model;
        mlsd_context_free(context);
    }
    mlsd_model_free(first);
}

/* Its file gives the same model; one with a changed byte and a right checksum is read or refused.
 */
static inline void check_file(const mlsd_model *model, const mlsd_dataset *data)
{
    size_t size, n_payload;
    unsigned char *const bytes = bytes_of(model, &size);
    mlsd_model *again = NULL;
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
    assert_same_outputs(model, again, data, 0);
    mlsd_model_free(again);
    const unsigned char *payload;
    assert_int_equal(mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &n_payload),
                     MLSD_OK);
    const size_t step = n_payload > 4000 ? n_payload / 2000 : 1;
    for (size_t i = 0; i < n_payload; i += step) {
        static const unsigned char masks[] = {0x01, 0x80, 0xff};
        for (int m = 0; m < 3; m++) {
            mlsd__writer in, out;
            mlsd__writer_init(&in, &mlsd__libc_allocator);
            mlsd__writer_init(&out, &mlsd__libc_allocator);
            mlsd__put_bytes(&in, payload, m == 2 && i % 2 == 1 ? i : n_payload);
            if (i < (size_t)in.size) in.data[i] ^= masks[m];
            assert_int_equal(mlsd__container_wrap(&in, MLSD__FILE_MODEL, &out), MLSD_OK);
            if (mlsd_model_from_bytes(NULL, out.data, (size_t)out.size, &again) == MLSD_OK) {
                const int64_t p = mlsd_model_n_outputs(again, MLSD_OUTPUT_FEATURES);
                const int64_t n = mlsd_dataset_n_rows(data) * p;
                double *const values = malloc((size_t)(n + 1) * sizeof *values);
                assert_non_null(values);
                (void)mlsd_model_predict(NULL, again, data, MLSD_OUTPUT_FEATURES, values, n);
                free(values);
            }
            mlsd_model_free(again);
            mlsd__writer_free(&in);
            mlsd__writer_free(&out);
        }
    }
    free(bytes);
}

/* n_classes 0: numbers as the target. */
static inline void check_transform(const char *json, int n_classes, int with_nan)
{
    const int few[] = {3, 14, 1030, 2499}, alone[] = {1030};
    mlsd_dataset *weighted = check_data(n_classes, 1, with_nan, NULL, 0);
    mlsd_dataset *repeated = check_data(n_classes, 0, with_nan, NULL, 0);
    mlsd_dataset *some = check_data(0, 0, with_nan, few, 4);
    mlsd_dataset *one = check_data(0, 0, with_nan, alone, 1);
    check_threads(json, weighted);
    mlsd_model *model = fit_json(NULL, json, weighted, NULL, NULL);
    mlsd_model *other = fit_json(NULL, json, repeated, NULL, NULL);
    assert_same_outputs(model, other, repeated, 1e-7);
    check_file(model, some);
    int64_t p;
    double *among = transformed(model, some, &p), *single = transformed(model, one, &p);
    assert_memory_equal(among + 2 * p, single, (size_t)p * sizeof *single);
    free(among);
    free(single);
    mlsd_model_free(model);
    mlsd_model_free(other);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    mlsd_dataset_free(some);
    mlsd_dataset_free(one);
}

/* Outputs of some numbers in one column "x" (fitted on `train`), within a tolerance. */
static inline void check_numbers(const char *json, const double *train, int64_t n_train,
                                 const double *x, const double *want, int64_t n, int64_t p,
                                 double tolerance)
{
    mlsd_table *t = new_table(), *u = new_table();
    put_numbers(t, "x", train, n_train);
    put_numbers(u, "x", x, n);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_dataset *later = dataset_of_table(u, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    int64_t p_out;
    double *const got = transformed(model, later, &p_out);
    assert_int_equal(p_out, p);
    for (int64_t i = 0; i < n * p; i++) {
        if (isnan(want[i]) ? !isnan(got[i]) : !(fabs(got[i] - want[i]) <= tolerance))
            fail_msg("%s: number %lld is %.17g, expected %.17g", json, (long long)i, got[i],
                     want[i]);
    }
    free(got);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
}

/* Names of all outputs, "a|b|...", and the outputs of the first row; takes the data set. */
static inline void check_first_row(mlsd_dataset *data, const char *json, const char *names,
                                   const double *want, int64_t n_want)
{
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    int64_t p;
    double *const out = transformed(model, data, &p);
    char got[400] = "";
    for (int64_t j = 0; j < p; j++) {
        strcat(got, j > 0 ? "|" : "");
        strcat(got, mlsd_model_output_name(model, j));
    }
    assert_string_equal(got, names);
    assert_int_equal(p, n_want);
    assert_close(out, want, n_want, 1e-15);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Fitting n numbers in a column "x" fails with that status and words. */
static inline void check_refused(const char *json, const double *x, int64_t n, mlsd_status status,
                                 const char *words)
{
    mlsd_table *t = new_table();
    put_numbers(t, "x", x, n);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    expect_fit_failure(json, data, status, words);
    mlsd_dataset_free(data);
}

#endif
