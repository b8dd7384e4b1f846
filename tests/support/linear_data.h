/* linear_data.h - small data sets that C and Python make alike, and short ways to fit and ask.
 *
 * Numbers come from the linear congruential generator of Numerical Recipes (1664525, 1013904223),
 * so that a witness can be computed elsewhere: s = (s * 1664525 + 1013904223) % 2**32;  u = (s >>
 * 8) / 2**24 - 0.5 Row i takes p + 1 of them: x[j] = u_j * (j + 1), score = 2 x[0] - x[1] + 2 u_p,
 * y = clip(floor((score + 1.5) / 3 * k), 0, k - 1), weight = 1 + i % 3. */
#ifndef MLSD_TESTS_LINEAR_DATA_H
#define MLSD_TESTS_LINEAR_DATA_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mlsd/mlsd.h"

typedef struct linear_data {
    int64_t n, p;
    double *x, *y, *weight;
} linear_data;

static inline double next_uniform(uint32_t *s)
{
    *s = *s * 1664525u + 1013904223u;
    return (double)(*s >> 8) / 16777216.0 - 0.5;
}

/* k classes; 0: y is the score itself. */
static inline linear_data make_linear_data(int64_t n, int64_t p, int64_t k, uint32_t seed)
{
    linear_data d = {.n = n, .p = p};
    d.x = malloc((size_t)(n * p) * sizeof *d.x);
    d.y = malloc((size_t)n * sizeof *d.y);
    d.weight = malloc((size_t)n * sizeof *d.weight);
    assert_true(d.x != NULL && d.y != NULL && d.weight != NULL);
    for (int64_t i = 0; i < n; i++) {
        double *const row = d.x + i * p;
        for (int64_t j = 0; j < p; j++) row[j] = next_uniform(&seed) * (double)(j + 1);
        const double score = 2.0 * row[0] - (p > 1 ? row[1] : 0.0) + 2.0 * next_uniform(&seed);
        const double level = floor((score + 1.5) / 3.0 * (double)k);
        d.y[i] = k == 0 ? score : fmin(fmax(level, 0.0), (double)(k - 1));
        d.weight[i] = 1.0 + (double)(i % 3);
    }
    return d;
}

static inline void free_linear_data(linear_data *d)
{
    free(d->x);
    free(d->y);
    free(d->weight);
}

static inline mlsd_dataset *dataset_of(const linear_data *d, mlsd_task task, int weighted)
{
    const mlsd_matrix x = {d->x, d->n, d->p, d->p, 1, MLSD_F64, 0};
    const mlsd_matrix y = {d->y, d->n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix w = {d->weight, d->n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *out = NULL;
    if (mlsd_dataset_from_matrix(NULL, &x, &y, weighted ? &w : NULL, task, &out) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return out;
}

static inline mlsd_spec *spec_from(const char *json)
{
    mlsd_spec *spec = NULL;
    if (mlsd_spec_from_json(NULL, json, &spec) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return spec;
}

static inline mlsd_context *context_with_threads(int64_t n_threads)
{
    mlsd_context *context = NULL;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    assert_int_equal(mlsd_context_set_i64(context, "n_threads", n_threads), MLSD_OK);
    return context;
}

/* Fit a spec given as JSON; fails the test with the message. */
static inline mlsd_model *fit_json(const mlsd_context *context, const char *json,
                                   const mlsd_dataset *train, const mlsd_dataset *valid,
                                   mlsd_curve *curve)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    const mlsd_status status = mlsd_model_fit(context, spec, train, valid, curve, &model);
    mlsd_spec_free(spec);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return model;
}

static inline double number_of(const mlsd_model *model, const char *name)
{
    double value = NAN;
    if (mlsd_model_get_f64(model, name, &value) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return value;
}

/* Exactly n numbers. */
static inline void array_of(const mlsd_model *model, const char *name, double *out, int64_t n)
{
    int64_t rows = 0, cols = 0;
    if (mlsd_model_get_array(model, name, out, n, &rows, &cols) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    assert_int_equal(rows * cols, n);
}

static inline void assert_close(const double *got, const double *want, int64_t n, double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance))
            fail_msg("number %lld is %.17g, expected %.17g", (long long)i, got[i], want[i]);
}

/* The bytes of the model's file; free() them. */
static inline unsigned char *bytes_of(const mlsd_model *model, size_t *size)
{
    assert_int_equal(mlsd_model_to_bytes(model, NULL, 0, size), MLSD_OK);
    unsigned char *const bytes = malloc(*size);
    assert_int_equal(mlsd_model_to_bytes(model, bytes, *size, size), MLSD_OK);
    return bytes;
}

static inline void assert_same_model(const mlsd_model *a, const mlsd_model *b)
{
    size_t n_a = 0, n_b = 0;
    unsigned char *const bytes_a = bytes_of(a, &n_a), *const bytes_b = bytes_of(b, &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(bytes_a, bytes_b, n_a);
    free(bytes_a);
    free(bytes_b);
}

#endif
