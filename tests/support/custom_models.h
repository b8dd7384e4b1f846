/* custom_models.h - estimators of a user's, for the tests: the class whose mean is nearest, and a
 * transform that takes the columns' means off. They count what is called and where. */
#ifndef MLSD_TESTS_CUSTOM_MODELS_H
#define MLSD_TESTS_CUSTOM_MODELS_H

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mlsd/mlsd.h"

/* Whom the callbacks report to; zeroed but for `entry` and what shall go wrong. */
typedef struct custom_log {
    pthread_t entry; /* the thread that enters mlsd */
    atomic_int n_fits, n_predicts, n_states, n_released, n_elsewhere;
    int fail_at_fit; /* the fit (1-based) that fails with `status` and `message`; 0 for none */
    int status;
    const char *message;
    const mlsd_context *cancels; /* cancelled by the first fit */
    double bad_value;            /* given by predict instead of its own where it is not 0 */
} custom_log;

typedef struct custom_means {
    int64_t n_classes, p; /* a transform has one class */
    double scale;
    double mean[]; /* n_classes x p; NaN for a class without rows */
} custom_means;

static inline void custom_seen(custom_log *log, atomic_int *count)
{
    atomic_fetch_add(count, 1);
    if (!pthread_equal(log->entry, pthread_self())) atomic_fetch_add(&log->n_elsewhere, 1);
}

static inline int custom_fit(const mlsd_spec *spec, const mlsd_matrix *X, const double *y,
                             const double *weight, int64_t n_classes, void **out_state, void *user)
{
    custom_log *const log = user;
    custom_seen(log, &log->n_fits);
    if (log->cancels != NULL) mlsd_context_cancel(log->cancels);
    if (atomic_load(&log->n_fits) == log->fail_at_fit) {
        if (log->message == NULL) return log->status;
        return mlsd_error_set(log->status, log->message);
    }
    const int64_t k = n_classes > 0 ? n_classes : 1, p = X->cols;
    custom_means *const m = calloc(1, sizeof *m + (size_t)(k * (p + 1)) * sizeof(double));
    if (m == NULL) return MLSD_E_NOMEM;
    double *const sums = m->mean + k * p;
    m->n_classes = k;
    m->p = p;
    if (mlsd_spec_get_f64(spec, "scale", &m->scale) != MLSD_OK) {
        free(m);
        return MLSD_E_PARAM_UNKNOWN;
    }
    for (int64_t i = 0; i < X->rows; i++) {
        const double *const x = (const double *)X->data + i * X->row_stride;
        const int64_t c = n_classes > 0 ? (int64_t)y[i] : 0;
        const double w = weight != NULL ? weight[i] : 1;
        for (int64_t j = 0; j < p; j++) m->mean[c * p + j] += w * x[j];
        sums[c] += w;
    }
    for (int64_t c = 0; c < k; c++)
        for (int64_t j = 0; j < p; j++) m->mean[c * p + j] /= sums[c];
    atomic_fetch_add(&log->n_states, 1);
    *out_state = m;
    return 0;
}

/* The negative squared distance to the means, as decision scores. */
static inline int custom_score(const void *state, const mlsd_matrix *X, mlsd_output what,
                               double *out, void *user)
{
    custom_log *const log = user;
    const custom_means *const m = state;
    custom_seen(log, &log->n_predicts);
    for (int64_t i = 0; i < X->rows; i++) {
        const double *const x = (const double *)X->data + i * X->row_stride;
        double score[8] = {0}, sum = 0;
        for (int64_t c = 0; c < m->n_classes; c++) {
            for (int64_t j = 0; j < m->p; j++) {
                const double d = (x[j] - m->mean[c * m->p + j]) * m->scale;
                score[c] -= d * d;
            }
            if (!(score[c] > -1e300)) score[c] = -1e300;
        }
        if (what == MLSD_OUTPUT_DECISION && m->n_classes <= 2)
            out[i] = score[1] - score[0];
        else if (what == MLSD_OUTPUT_DECISION)
            memcpy(out + i * m->n_classes, score, (size_t)m->n_classes * sizeof *out);
        if (what != MLSD_OUTPUT_PROBA) continue;
        for (int64_t c = 0; c < m->n_classes; c++) sum += 1 / (1 - score[c]);
        for (int64_t c = 0; c < m->n_classes; c++)
            out[i * m->n_classes + c] = 1 / (1 - score[c]) / sum;
    }
    if (log->bad_value != 0 && X->rows > 0) out[0] = log->bad_value;
    return 0;
}

static inline int custom_centre(const void *state, const mlsd_matrix *X, mlsd_output what,
                                double *out, void *user)
{
    custom_log *const log = user;
    const custom_means *const m = state;
    custom_seen(log, &log->n_predicts);
    if (what != MLSD_OUTPUT_FEATURES) return MLSD_E_INTERNAL;
    for (int64_t i = 0; i < X->rows; i++) {
        const double *const x = (const double *)X->data + i * X->row_stride;
        for (int64_t j = 0; j < m->p; j++) out[i * m->p + j] = (x[j] - m->mean[j]) * m->scale;
    }
    if (log->bad_value != 0 && X->rows > 0) out[0] = log->bad_value;
    return 0;
}

static inline void custom_end(void *state, void *user)
{
    custom_log *const log = user;
    custom_seen(log, &log->n_states);
    atomic_fetch_sub(&log->n_states, 2);
    free(state);
}

static inline void custom_release(void *user)
{
    atomic_fetch_add(&((custom_log *)user)->n_released, 1);
}

static inline int custom_save(const void *state, void *buf, size_t capacity, size_t *out_size,
                              void *user)
{
    const custom_means *const m = state;
    (void)user;
    *out_size = sizeof *m + (size_t)(m->n_classes * m->p) * sizeof(double);
    if (buf == NULL) return 0;
    if (capacity < *out_size) return MLSD_E_BUFFER;
    memcpy(buf, m, *out_size);
    return 0;
}

static inline int custom_load(const mlsd_spec *spec, const void *bytes, size_t size,
                              void **out_state, void *user)
{
    custom_log *const log = user;
    custom_means head;
    (void)spec;
    if (size < sizeof head) return mlsd_error_set(MLSD_E_CORRUPT, "too short");
    memcpy(&head, bytes, sizeof head);
    if (head.n_classes < 1 || head.n_classes > 8 || head.p < 0 || head.p > 1000 ||
        size != sizeof head + (size_t)(head.n_classes * head.p) * sizeof(double))
        return mlsd_error_set(MLSD_E_CORRUPT, "sizes that cannot be");
    custom_means *const m = malloc(size);
    if (m == NULL) return MLSD_E_NOMEM;
    memcpy(m, bytes, size);
    atomic_fetch_add(&log->n_states, 1);
    *out_state = m;
    return 0;
}

static inline const char *custom_attribute(const void *state, int64_t i, const double **out_data,
                                           int64_t *out_rows, int64_t *out_cols, void *user)
{
    const custom_means *const m = state;
    (void)user;
    if (i > 0) return NULL;
    *out_data = m->mean;
    *out_rows = m->n_classes;
    *out_cols = m->p;
    return "mean";
}

/* The classifier ("nearest_mean") or the transform ("centre"), with all that a description may
 * have; `more` is added to its abilities. */
static inline mlsd_status custom_describe(const mlsd_context *context, custom_log *log,
                                          int transforms, int32_t more, mlsd_custom **out)
{
    const int32_t abilities =
        transforms ? MLSD_CUSTOM_TRANSFORMS
                   : MLSD_CUSTOM_CLASSIFIES | MLSD_CUSTOM_PROBA | MLSD_CUSTOM_DECISION;
    log->entry = pthread_self();
    mlsd_status status = mlsd_custom_new(
        context, transforms ? "centre" : "nearest_mean", abilities | more, custom_fit,
        transforms ? custom_centre : custom_score, custom_end, log, custom_release, out);
    if (status == MLSD_OK)
        status = mlsd_custom_add_param(*out, "scale", MLSD_PARAM_F64, "1", 0, 1e6, "factor");
    if (status == MLSD_OK)
        status = mlsd_custom_add_param(*out, "note", MLSD_PARAM_STR, "null", 0, 0, NULL);
    if (status == MLSD_OK) status = mlsd_custom_set_attribute(*out, custom_attribute);
    if (status == MLSD_OK) status = mlsd_custom_set_save(*out, custom_save, custom_load);
    if (status != MLSD_OK) {
        mlsd_custom_free(*out);
        *out = NULL;
    }
    return status;
}

#endif
