/* gaussian_nb.c - naive Bayes with a normal distribution for each column and class.
 *
 * Names and defaults are scikit-learn's GaussianNB. Means come first and squares about them in a
 * second pass (Chan, Golub & LeVeque 1983, The American Statistician 37, equation 1.7), so that no
 * digits are lost to large means. Unlike there, var_smoothing is a share of the largest weighted
 * variance, so that a row of weight 0 counts for nothing, and a column that is constant over all
 * rows is left out: it tells nothing. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/bayes/class_sums.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_gaussian_nb;

typedef struct params {
    mlsd__f64_list priors;
    double var_smoothing;
} params;

/* k x p: theta, var and precision (1 / (2 var), 0 for columns that are left out). k: prior, count
 * and what the log likelihood begins with. */
typedef struct state {
    int64_t k, p;
    double epsilon;
    double *theta, *var, *prior, *count; /* what is shown and saved, one block with what follows */
    double *precision, *start;
    double numbers[];
} state;

static void free_state(const mlsd__allocator *a, void *s)
{
    mlsd__free(a, s);
}

static mlsd_status state_new(const mlsd__allocator *a, int64_t k, int64_t p, state **out)
{
    void *made = NULL;
    *out = NULL;
    MLSD__TRY(mlsd__bayes_alloc(a, sizeof(state), k, p, &made));
    state *const s = made;
    s->k = k;
    s->p = p;
    s->theta = s->numbers;
    s->var = s->theta + k * p;
    s->prior = s->var + k * p;
    s->count = s->prior + k;
    s->precision = s->count + k;
    s->start = s->precision + k * p;
    *out = s;
    return MLSD_OK;
}

/* What follows from means, variances and priors. */
static void prepare(state *s)
{
    for (int64_t c = 0; c < s->k; c++) {
        s->start[c] = mlsd__log_prior(s->prior[c]);
        for (int64_t j = 0; j < s->p; j++) {
            const double var = s->var[c * s->p + j];
            s->precision[c * s->p + j] = var > 0 ? fmin(0.5 / var, DBL_MAX) : 0;
            if (var > 0) s->start[c] -= 0.5 * mlsd__log(2 * M_PI * var);
        }
    }
}

/* Variance over all classes, from those within and between them. */
static double whole_variance(const state *s, int64_t j, double total)
{
    double mean = 0, square = 0;
    for (int64_t c = 0; c < s->k; c++) mean += s->count[c] / total * s->theta[c * s->p + j];
    for (int64_t c = 0; c < s->k; c++) {
        const double d = s->theta[c * s->p + j] - mean;
        square += s->count[c] / total * (s->var[c * s->p + j] + d * d);
    }
    return square;
}

static mlsd_status smooth(const mlsd__train *train, const params *p, state *s, double *whole)
{
    double total = 0, largest = 0;
    for (int64_t c = 0; c < s->k; c++) total += s->count[c];
    for (int64_t j = 0; j < s->p; j++) {
        whole[j] = whole_variance(s, j, total);
        largest = fmax(largest, whole[j]);
    }
    s->epsilon = p->var_smoothing * largest;
    for (int64_t c = 0; c < s->k; c++) {
        for (int64_t j = 0; j < s->p; j++) {
            double *const var = s->var + c * s->p + j;
            if (!(s->count[c] > 0) || !(whole[j] > 0)) {
                *var = 0;
                continue;
            }
            *var += s->epsilon;
            if (*var > 0) continue;
            return mlsd__fail(MLSD_E_DATA,
                              "column '%.100s' has one value only in class %lld; set "
                              "'var_smoothing' above 0",
                              train->x->features[j].name, (long long)c);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    state *s;
    MLSD__TRY(state_new(scope->allocator, train->n_classes, train->x->n_features, &s));
    double *const whole = mlsd__alloc_raw(scope->allocator, s->p, sizeof *whole);
    /* precision is used for nothing else yet */
    mlsd_status status =
        whole == NULL ? MLSD_E_NOMEM
                      : mlsd__class_moments(scope, train, s->count, s->theta, s->var, s->precision);
    if (status == MLSD_OK) status = mlsd__class_priors(&p->priors, true, s->count, s->k, s->prior);
    if (status == MLSD_OK) status = smooth(train, p, s, whole);
    mlsd__free(scope->allocator, whole);
    if (status != MLSD_OK) {
        free_state(scope->allocator, s);
        return status;
    }
    prepare(s);
    *out_state = s;
    return MLSD_OK;
}

static int64_t scratch_width(const void *s)
{
    return ((const state *)s)->k;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const state *const s = state_;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < s->k; c++) {
            const double *const theta = s->theta + c * s->p;
            const double *const precision = s->precision + c * s->p;
            double sum = 0;
            for (int64_t j = 0; j < s->p; j++) {
                const double d = x[i * ld + j] - theta[j];
                sum += precision[j] > 0 ? precision[j] * d * d : 0;
            }
            scratch[i * s->k + c] = s->start[c] - sum;
        }
    }
    mlsd__joint_to_output(scratch, n, s->k, what, out);
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"theta", "var", "class_prior", "class_count", "epsilon"};
    const double *const values[] = {s->theta, s->var, s->prior, s->count, &s->epsilon};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = values[i];
    *rows = i < 2 ? s->k : 1;
    *cols = i < 2 ? s->p : i < 4 ? s->k : 1;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64(w, s->epsilon);
    mlsd__put_f64s(w, s->numbers, 2 * s->k * (s->p + 1));
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features;
    double *numbers = NULL;
    state *s = NULL;
    *out_state = NULL;
    const double epsilon = mlsd__take_f64(r);
    MLSD__TRY(mlsd__bayes_take(r, n_classes, n_features, &numbers));
    const mlsd_status status = state_new(r->allocator, n_classes, n_features, &s);
    if (status == MLSD_OK) {
        memcpy(s->numbers, numbers, (size_t)(2 * n_classes * (n_features + 1)) * sizeof *numbers);
        s->epsilon = epsilon;
        prepare(s);
        *out_state = s;
    }
    mlsd__free(r->allocator, numbers);
    return status;
}

static const mlsd__estimator_ops ops = {
    .classifies = true,
    .has_proba = true,
    .fits_moments = true,
    .fit = fit,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd_param table[] = {
    MLSD__P_F64_LIST(params, priors, 0, 1, 0, "null", NULL,
                     "prior probability of each class; null: its share of the rows"),
    MLSD__P_F64(params, var_smoothing, 0, INFINITY, MLSD__OPEN_UPPER, "1e-9", "log",
                "share of the largest variance that is added to every variance"),
};

const mlsd_kind mlsd__kind_gaussian_nb = {
    .name = "gaussian_nb",
    .family = "estimator",
    .doc = "naive Bayes: columns are normal in each class and know nothing of each other",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"GaussianNB\"}",
};
