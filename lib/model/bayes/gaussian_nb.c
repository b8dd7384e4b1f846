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
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/train_part.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

/* Sums of all folds together: 32 MB. */
static const double MOST_SUMS = 2.0 * 1024 * 1024;

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

/* From counts, means and variances of the classes to the model. */
static mlsd_status finish(mlsd__scope *scope, const params *p, const mlsd__train *train, state *s)
{
    double *const whole = mlsd__alloc_raw(scope->allocator, s->p, sizeof *whole);
    if (whole == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__class_priors(&p->priors, true, s->count, s->k, s->prior);
    if (status == MLSD_OK) status = smooth(train, p, s, whole);
    mlsd__free(scope->allocator, whole);
    if (status == MLSD_OK) prepare(s);
    return status;
}

/* A state of counts, means and variances alone. */
static mlsd_status sum_up(mlsd__scope *scope, const mlsd__train *train, state **out)
{
    state *s;
    MLSD__TRY(state_new(scope->allocator, train->n_classes, train->x->n_features, &s));
    /* precision is used for nothing else yet */
    const mlsd_status status =
        mlsd__class_moments(scope, train, s->count, s->theta, s->var, s->precision);
    if (status == MLSD_OK) {
        *out = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    state *s;
    MLSD__TRY(sum_up(scope, train, &s));
    const mlsd_status status = finish(scope, mlsd__spec_params(spec), train, s);
    if (status == MLSD_OK) {
        *out_state = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
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

static const mlsd__path_ops path;

static const mlsd__estimator_ops ops = {
    .classifies = true,
    .has_proba = true,
    .fits_moments = true,
    .path = &path,
    .fit = fit,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

/* Settings differ in what is made of the same sums. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    (void)a, (void)b;
    return true;
}

/* The model of a setting from sums. */
static mlsd_status finish_copy(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               const state *sums, state **out)
{
    state *s;
    MLSD__TRY(state_new(scope->allocator, sums->k, sums->p, &s));
    memcpy(s->numbers, sums->numbers, (size_t)(2 * s->k * (s->p + 1)) * sizeof *s->numbers);
    const mlsd_status status = finish(scope, mlsd__spec_params(spec), train, s);
    if (status == MLSD_OK) {
        *out = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
}

static mlsd_status run_setting(mlsd__scope *scope, const mlsd__path_fold *fold, int64_t i,
                               const state *sums)
{
    state *s = NULL;
    const mlsd_status status = finish_copy(scope, fold->settings[i], fold->train, sums, &s);
    return mlsd__path_end_fold(scope, fold, &ops, i, status, s);
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    state *sums = NULL;
    mlsd_status status = mlsd__path_require_finite(scope, fold);
    if (status == MLSD_OK) status = sum_up(scope, fold->train, &sums);
    if (mlsd__path_is_about_data(status)) return mlsd__path_fail_all(fold, status);
    for (int64_t i = 0; status == MLSD_OK && i < fold->n_settings; i++)
        status = run_setting(scope, fold, i, sums);
    free_state(scope->allocator, sums);
    return status;
}

/* All folds from the sums of each. */
typedef struct folds_job {
    const mlsd__path_folds *folds;
    state **parts;   /* n_splits: sums of each split's test rows */
    bool *is_served; /* n_splits */
} folds_job;

static mlsd_status sum_part(void *arg, int64_t split, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    mlsd__train_part part;
    mlsd_status status = mlsd__train_part_open(&part, scope->allocator, rows->n_test);
    if (status == MLSD_OK) {
        memcpy(part.rows, rows->test, (size_t)rows->n_test * sizeof *part.rows);
        mlsd__train_part_gather(&part, job->folds->all);
        status = sum_up(scope, &part.train, &job->parts[split]);
    }
    mlsd__train_part_close(&part, scope->allocator);
    return status;
}

/* The sums of all parts but one, merged in their order. */
static void merge_parts(const folds_job *job, int64_t left_out, state *s)
{
    for (int64_t at = 0; at < s->k * s->p; at++) {
        double weight = 0, mean = 0, square = 0;
        const int64_t c = at / s->p;
        for (int64_t k = 0; k < job->folds->n_splits; k++) {
            const state *const part = job->parts[k];
            if (k == left_out || !(part->count[c] > 0)) continue;
            mlsd__merge_moments(&weight, &mean, &square, part->count[c], part->theta[at],
                                part->var[at] * part->count[c]);
        }
        s->theta[at] = mean;
        s->var[at] = weight > 0 ? square / weight : 0;
    }
    for (int64_t c = 0; c < s->k; c++) {
        s->count[c] = 0;
        for (int64_t k = 0; k < job->folds->n_splits; k++)
            if (k != left_out) s->count[c] += job->parts[k]->count[c];
    }
}

/* Without smoothing a variance of exactly 0 is an error, which sums of parts cannot promise to see.
 */
static bool is_smooth(const mlsd_spec *spec)
{
    return ((const params *)mlsd__spec_params(spec))->var_smoothing > 0;
}

static mlsd_status run_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__path_folds *const folds = job->folds;
    const mlsd__allocator *const a = scope->allocator;
    state *sums = NULL;
    mlsd_status status = state_new(a, job->parts[0]->k, job->parts[0]->p, &sums);
    if (status == MLSD_OK) merge_parts(job, split, sums);
    for (int64_t i = 0; status == MLSD_OK && i < folds->n_settings; i++) {
        state *s = NULL;
        if (!is_smooth(folds->settings[i])) continue;
        status = finish_copy(scope, folds->settings[i], folds->all, sums, &s);
        if (mlsd__path_is_about_data(status)) { /* the plain way says it */
            status = MLSD_OK;
            continue;
        }
        if (status == MLSD_OK) {
            job->is_served[split] = true;
            status = mlsd__path_take_split(scope, folds, &ops, split, i, s);
        }
        free_state(a, s);
    }
    free_state(a, sums);
    return status;
}

static bool are_finite(const folds_job *job)
{
    for (int64_t k = 0; k < job->folds->n_splits; k++) {
        const state *const s = job->parts[k];
        if (mlsd__any_nonfinite(s->theta, 2 * s->k * s->p)) return false;
    }
    return true;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = folds->n_splits;
    folds_job job = {.folds = folds};
    *out_served = false;
    const double doubles =
        (double)n * (double)folds->all->n_classes * (double)folds->all->x->n_features;
    if (!folds->is_partition || folds->standardize != NULL || n < 2 || doubles > MOST_SUMS)
        return MLSD_OK;
    job.parts = mlsd__alloc(a, n, sizeof(state *));
    job.is_served = mlsd__alloc(a, n, sizeof *job.is_served);
    mlsd_status status = job.parts == NULL || job.is_served == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, n, sum_part, &job);
    if (status == MLSD_OK && are_finite(&job))
        status = mlsd__parallel_for(scope, n, run_split, &job);
    if (mlsd__path_is_about_data(status)) status = MLSD_OK; /* no part's sums: none was taken */
    for (int64_t k = 0; k < n; k++) {
        if (job.parts != NULL) free_state(a, job.parts[k]);
        if (job.is_served != NULL) *out_served = *out_served || job.is_served[k];
    }
    mlsd__free(a, job.parts);
    mlsd__free(a, job.is_served);
    return status;
}

static const mlsd__path_ops path = {
    .run_plan = "sums of the classes once for all settings",
    .folds_plan = "sums of the classes in each fold from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
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
