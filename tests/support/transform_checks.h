/* transform_checks.h - what every transform and estimator must keep: the same bytes for any number
 * of threads, one row alone as among many, files, messages. */
#ifndef MLSD_TESTS_TRANSFORM_CHECKS_H
#define MLSD_TESTS_TRANSFORM_CHECKS_H

#include "linear_data.h"

static inline mlsd_dataset *dataset_for(mlsd_task task, const double *x, const double *y,
                                        const double *w, int64_t n, int64_t p)
{
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {w, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, y != NULL ? &my : NULL, w != NULL ? &mw : NULL, task,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

/* Classes where y is whole, no task without. */
static inline mlsd_dataset *dataset_from(const double *x, const double *y, const double *w,
                                         int64_t n, int64_t p)
{
    return dataset_for(y != NULL ? MLSD_TASK_AUTO : MLSD_TASK_NONE, x, y, w, n, p);
}

/* n rows of an output; free() it. */
static inline double *output_of(const mlsd_model *model, const double *x, int64_t n,
                                mlsd_output what)
{
    const int64_t p = mlsd_model_n_features(model), k = mlsd_model_n_outputs(model, what);
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0};
    double *const out = malloc((size_t)(n * k + 1) * sizeof *out);
    if (mlsd_model_predict_matrix(NULL, model, &mx, what, out, n * k) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return out;
}

static inline void assert_fit_fails(const char *json, const mlsd_dataset *data, mlsd_status status,
                                    const char *words)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), status);
    if (strstr(mlsd_last_error(), words) == NULL)
        fail_msg("'%s' is not in: %s", words, mlsd_last_error());
    assert_null(model);
    mlsd_spec_free(spec);
}

/* The same bytes for 1, 2 and 7 threads; from the file the same bytes and outputs; the first rows
 * alone the same bits as among all. Gives the model back. */
static inline mlsd_model *fit_and_check(const char *json, const mlsd_dataset *data, const double *x,
                                        int64_t n, mlsd_output what)
{
    static const int64_t threads[] = {1, 2, 7};
    mlsd_model *model = NULL, *loaded = NULL;
    for (int t = 0; t < 3; t++) {
        mlsd_context *context = context_with_threads(threads[t]);
        mlsd_model *const other = fit_json(context, json, data, NULL, NULL);
        if (model != NULL) {
            assert_same_model(model, other);
            mlsd_model_free(other);
        } else {
            model = other;
        }
        mlsd_context_free(context);
    }
    size_t size = 0;
    unsigned char *const bytes = bytes_of(model, &size);
    if (mlsd_model_from_bytes(NULL, bytes, size, &loaded) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    assert_same_model(model, loaded);
    const int64_t k = mlsd_model_n_outputs(model, what), p = mlsd_model_n_features(model);
    double *const all = output_of(model, x, n, what), *const again = output_of(loaded, x, n, what);
    assert_memory_equal(all, again, (size_t)(n * k) * sizeof *all);
    for (int64_t i = 0; i < n && i < 70; i++) {
        double *const one = output_of(model, x + i * p, 1, what);
        assert_memory_equal(one, all + i * k, (size_t)k * sizeof *one);
        free(one);
    }
    free(all);
    free(again);
    free(bytes);
    mlsd_model_free(loaded);
    return model;
}

/* Row i of x repeated i % 3 times, and these counts as weights: fits must agree. Give both data
 * sets back; free() *repeated_x. */
static inline void repeat_rows(const linear_data *d, int with_target, mlsd_dataset **weighted,
                               mlsd_dataset **repeated)
{
    double *const x = malloc((size_t)(2 * d->n * d->p) * sizeof *x);
    double *const y = malloc((size_t)(2 * d->n) * sizeof *y);
    double *const w = malloc((size_t)d->n * sizeof *w);
    int64_t m = 0;
    for (int64_t i = 0; i < d->n; i++) {
        w[i] = (double)(i % 3);
        for (int64_t r = 0; r < i % 3; r++, m++) {
            memcpy(x + m * d->p, d->x + i * d->p, (size_t)d->p * sizeof *x);
            y[m] = d->y[i];
        }
    }
    *weighted = dataset_from(d->x, with_target ? d->y : NULL, w, d->n, d->p);
    *repeated = dataset_from(x, with_target ? y : NULL, NULL, m, d->p);
    free(x);
    free(y);
    free(w);
}

#endif
