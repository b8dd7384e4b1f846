/* discrete_nb.c - naive Bayes for columns that are there or not (bernoulli_nb) and for counts
 * (multinomial_nb).
 *
 * Names and defaults are scikit-learn's BernoulliNB and MultinomialNB of 1.4, where a small alpha
 * is not raised (force_alpha). A logarithm of 0, which alpha = 0 makes possible, is a large
 * negative number, so that a row that shows what a class never showed has probability 0 there and
 * not NaN. Source: Manning, Raghavan & Schuetze (2008), Introduction to Information Retrieval,
 * chapter 13, tables 13.2 and 13.3. */
#include <math.h>
#include <string.h>

#include "model/bayes/class_sums.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/train_part.h"
#include "numeric/mathfun.h"

/* Of all folds together: 32 MB. */
static const double MOST_COUNTS = 2.0 * 1024 * 1024;

extern const mlsd_kind mlsd__kind_bernoulli_nb;
extern const mlsd_kind mlsd__kind_multinomial_nb;

/* Both have these, in this order; binarize is bernoulli's alone. */
typedef struct params {
    double alpha;
    int64_t fit_prior;
    mlsd__f64_list class_prior;
    double binarize;
} params;

/* What a row adds to each class is linear in its columns: slope (p x k) and start (k). */
typedef struct state {
    int64_t k, p;
    double cut; /* NaN: columns are taken as they are */
    double *log_prob, *feature_count, *log_prior, *class_count; /* shown; one block with the rest */
    double *slope, *start;
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
    s->log_prob = s->numbers;
    s->feature_count = s->log_prob + k * p;
    s->log_prior = s->feature_count + k * p;
    s->class_count = s->log_prior + k;
    s->slope = s->class_count + k;
    s->start = s->slope + k * p;
    *out = s;
    return MLSD_OK;
}

/* 1 - share of the rows of class c in which column j is there, as a logarithm. */
static double log_absent(const state *s, int64_t c, int64_t j, double alpha)
{
    const double all = s->class_count[c] + 2 * alpha;
    const double absent = s->class_count[c] - s->feature_count[c * s->p + j] + alpha;
    return all > 0 ? mlsd__log_prior(absent / all) : 0;
}

static void prepare_bernoulli(state *s, double alpha)
{
    for (int64_t c = 0; c < s->k; c++) {
        const double all = s->class_count[c] + 2 * alpha;
        s->start[c] = s->log_prior[c];
        for (int64_t j = 0; j < s->p; j++) {
            const double there = s->feature_count[c * s->p + j] + alpha;
            const double absent = log_absent(s, c, j, alpha);
            double *const log_prob = s->log_prob + c * s->p + j;
            *log_prob = all > 0 ? mlsd__log_prior(there / all) : 0;
            s->slope[j * s->k + c] = *log_prob - absent;
            s->start[c] += absent;
        }
    }
}

static void prepare_multinomial(state *s, double alpha)
{
    for (int64_t c = 0; c < s->k; c++) {
        double all = 0;
        for (int64_t j = 0; j < s->p; j++) all += s->feature_count[c * s->p + j] + alpha;
        s->start[c] = s->log_prior[c];
        for (int64_t j = 0; j < s->p; j++) {
            double *const log_prob = s->log_prob + c * s->p + j;
            *log_prob = all > 0 ? mlsd__log_prior((s->feature_count[c * s->p + j] + alpha) / all)
                                : -mlsd__log((double)s->p); /* nothing was counted */
            s->slope[j * s->k + c] = *log_prob;
        }
    }
}

static void prepare(state *s, double alpha, bool is_bernoulli)
{
    if (is_bernoulli)
        prepare_bernoulli(s, alpha);
    else
        prepare_multinomial(s, alpha);
}

/* A state of counts alone. */
static mlsd_status sum_up(mlsd__scope *scope, const params *p, const mlsd__train *train,
                          bool is_bernoulli, state **out)
{
    const double cut = is_bernoulli ? p->binarize : NAN;
    state *s;
    MLSD__TRY(state_new(scope->allocator, train->n_classes, train->x->n_features, &s));
    s->cut = cut;
    const mlsd__class_sums sums = {
        .cut = isnan(cut) ? NULL : &cut, .weight = s->class_count, .sum = s->feature_count};
    const mlsd_status status = mlsd__class_sums_add(scope, train, &sums);
    if (status == MLSD_OK) {
        *out = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
}

/* From counts to the model. */
static mlsd_status finish(const params *p, bool is_bernoulli, state *s)
{
    MLSD__TRY(
        mlsd__class_priors(&p->class_prior, p->fit_prior != 0, s->class_count, s->k, s->log_prior));
    for (int64_t c = 0; c < s->k; c++) s->log_prior[c] = mlsd__log_prior(s->log_prior[c]);
    prepare(s, p->alpha, is_bernoulli);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       bool is_bernoulli, void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    state *s;
    MLSD__TRY(sum_up(scope, p, train, is_bernoulli, &s));
    const mlsd_status status = finish(p, is_bernoulli, s);
    if (status == MLSD_OK) {
        *out_state = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
}

static mlsd_status fit_bernoulli(mlsd__scope *scope, const mlsd_spec *spec,
                                 const mlsd__train *train, void **out_state)
{
    return fit(scope, spec, train, true, out_state);
}

/* Names of the columns are known at the fit only. */
static mlsd_status fail_negative(double value, int64_t row, int64_t column,
                                 const mlsd__feature *features)
{
    static const char why[] = "multinomial_nb counts, so numbers must not be negative";
    if (features != NULL)
        return mlsd__fail(MLSD_E_DATA, "'%.100s' is %g in row %lld: %s", features[column].name,
                          value, (long long)row, why);
    return mlsd__fail(MLSD_E_DATA, "column %lld is %g in row %lld: %s", (long long)column, value,
                      (long long)row, why);
}

static mlsd_status check_counts(const double *x, int64_t n, int64_t p, int64_t ld, int64_t first,
                                const mlsd__feature *features)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++)
            if (x[i * ld + j] < 0) return fail_negative(x[i * ld + j], first + i, j, features);
    }
    return MLSD_OK;
}

static mlsd_status check_frame(mlsd__scope *scope, const mlsd__frame *x)
{
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, x);
    for (int64_t block = 0; status == MLSD_OK && block < mlsd__n_blocks(x->n_rows); block++) {
        int64_t first, n, ld;
        const double *const rows = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        status = check_counts(rows, n, x->n_features, ld, first, x->features);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status fit_multinomial(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__train *train, void **out_state)
{
    MLSD__TRY(check_frame(scope, train->x));
    return fit(scope, spec, train, false, out_state);
}

static mlsd_status check_block(const void *s, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    (void)has_nan, (void)scratch;
    return check_counts(x, n, ((const state *)s)->p, ld, first_row, NULL);
}

static int64_t scratch_width(const void *s)
{
    return ((const state *)s)->k;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const state *const s = state_;
    const bool cuts = !isnan(s->cut);
    for (int64_t i = 0; i < n; i++) {
        double *const joint = scratch + i * s->k;
        memcpy(joint, s->start, (size_t)s->k * sizeof *joint);
        for (int64_t j = 0; j < s->p; j++) {
            const double value = cuts ? x[i * ld + j] > s->cut : x[i * ld + j];
            if (value == 0) continue;
            for (int64_t c = 0; c < s->k; c++) joint[c] += value * s->slope[j * s->k + c];
        }
    }
    mlsd__joint_to_output(scratch, n, s->k, what, out);
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"feature_log_prob", "feature_count", "class_log_prior",
                                        "class_count"};
    const double *const values[] = {s->log_prob, s->feature_count, s->log_prior, s->class_count};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = values[i];
    *rows = i < 2 ? s->k : 1;
    *cols = i < 2 ? s->p : s->k;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64s(w, s->numbers, 2 * s->k * (s->p + 1));
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, int64_t n_features,
                        int64_t n_classes, bool is_bernoulli, void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    double *numbers = NULL;
    state *s = NULL;
    *out_state = NULL;
    MLSD__TRY(mlsd__bayes_take(r, n_classes, n_features, &numbers));
    const mlsd_status status = state_new(r->allocator, n_classes, n_features, &s);
    if (status == MLSD_OK) {
        memcpy(s->numbers, numbers, (size_t)(2 * n_classes * (n_features + 1)) * sizeof *numbers);
        s->cut = is_bernoulli ? p->binarize : NAN;
        prepare(s, p->alpha, is_bernoulli);
        *out_state = s;
    }
    mlsd__free(r->allocator, numbers);
    return status;
}

static mlsd_status load_bernoulli(mlsd__reader *r, const mlsd_spec *spec,
                                  const mlsd__feature *features, int64_t n_features,
                                  int64_t n_classes, void **out_state)
{
    (void)features;
    return load(r, spec, n_features, n_classes, true, out_state);
}

static mlsd_status load_multinomial(mlsd__reader *r, const mlsd_spec *spec,
                                    const mlsd__feature *features, int64_t n_features,
                                    int64_t n_classes, void **out_state)
{
    (void)features;
    return load(r, spec, n_features, n_classes, false, out_state);
}

static const mlsd__path_ops path;

static const mlsd__estimator_ops bernoulli_ops = {
    .path = &path,
    .classifies = true,
    .has_proba = true,
    .fit = fit_bernoulli,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load_bernoulli,
    .free_state = free_state,
};

static const mlsd__estimator_ops multinomial_ops = {
    .path = &path,
    .classifies = true,
    .has_proba = true,
    .fit = fit_multinomial,
    .check_block = check_block,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load_multinomial,
    .free_state = free_state,
};

static bool is_bernoulli(const mlsd_spec *spec)
{
    return mlsd_spec_kind(spec) == &mlsd__kind_bernoulli_nb;
}

static const mlsd__estimator_ops *ops_of(const mlsd_spec *spec)
{
    return is_bernoulli(spec) ? &bernoulli_ops : &multinomial_ops;
}

/* Settings differ in what is made of the same counts. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const params *const p = mlsd__spec_params(a), *const q = mlsd__spec_params(b);
    return !is_bernoulli(a) || p->binarize == q->binarize ||
           (isnan(p->binarize) && isnan(q->binarize));
}

/* The model of a setting from counts. */
static mlsd_status finish_copy(mlsd__scope *scope, const mlsd_spec *spec, const state *counts,
                               state **out)
{
    state *s;
    MLSD__TRY(state_new(scope->allocator, counts->k, counts->p, &s));
    memcpy(s->numbers, counts->numbers, (size_t)(2 * s->k * (s->p + 1)) * sizeof *s->numbers);
    s->cut = counts->cut;
    const mlsd_status status = finish(mlsd__spec_params(spec), is_bernoulli(spec), s);
    if (status == MLSD_OK) {
        *out = s;
    } else {
        free_state(scope->allocator, s);
    }
    return status;
}

static mlsd_status sum_fold(mlsd__scope *scope, const mlsd__path_fold *fold, state **out)
{
    const mlsd_spec *const spec = fold->settings[0];
    MLSD__TRY(mlsd__path_require_finite(scope, fold));
    if (!is_bernoulli(spec)) {
        MLSD__TRY(check_frame(scope, fold->train->x));
        for (int64_t part = 0; part < fold->n_parts; part++)
            MLSD__TRY(check_frame(scope, &fold->parts[part]));
    }
    return sum_up(scope, mlsd__spec_params(spec), fold->train, is_bernoulli(spec), out);
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    state *counts = NULL;
    mlsd_status status = sum_fold(scope, fold, &counts);
    if (mlsd__path_is_about_data(status)) return mlsd__path_fail_all(fold, status);
    for (int64_t i = 0; status == MLSD_OK && i < fold->n_settings; i++) {
        state *s = NULL;
        status = finish_copy(scope, fold->settings[i], counts, &s);
        status = mlsd__path_end_fold(scope, fold, ops_of(fold->settings[i]), i, status, s);
    }
    free_state(scope->allocator, counts);
    return status;
}

/* All folds from the counts of each. */
typedef struct folds_job {
    const mlsd__path_folds *folds;
    state **parts; /* n_splits: of each split's test rows */
} folds_job;

static mlsd_status sum_part(void *arg, int64_t split, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    const mlsd_spec *const spec = job->folds->settings[0];
    mlsd__train_part part;
    mlsd_status status = mlsd__train_part_open(&part, scope->allocator, rows->n_test);
    if (status == MLSD_OK) {
        memcpy(part.rows, rows->test, (size_t)rows->n_test * sizeof *part.rows);
        mlsd__train_part_gather(&part, job->folds->all);
        if (!job->folds->all->x_is_finite)
            status = mlsd__frame_require_finite(scope, part.train.x, false);
        if (status == MLSD_OK && !is_bernoulli(spec)) status = check_frame(scope, part.train.x);
        if (status == MLSD_OK)
            status = sum_up(scope, mlsd__spec_params(spec), &part.train, is_bernoulli(spec),
                            &job->parts[split]);
    }
    mlsd__train_part_close(&part, scope->allocator);
    return status;
}

/* The counts of all parts but one, added in their order. */
static mlsd_status sum_others(mlsd__scope *scope, const folds_job *job, int64_t left_out,
                              state **out)
{
    const state *const like = job->parts[0];
    const int64_t k = like->k, cells = k * like->p;
    state *s;
    MLSD__TRY(state_new(scope->allocator, k, like->p, &s));
    s->cut = like->cut;
    for (int64_t split = 0; split < job->folds->n_splits; split++) {
        const state *const part = job->parts[split];
        if (split == left_out) continue;
        for (int64_t c = 0; c < k; c++) s->class_count[c] += part->class_count[c];
        for (int64_t i = 0; i < cells; i++) s->feature_count[i] += part->feature_count[i];
    }
    *out = s;
    return MLSD_OK;
}

static mlsd_status run_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__path_folds *const folds = job->folds;
    const mlsd__path_sink *const sink = folds->sink;
    state *counts = NULL;
    mlsd_status status = sum_others(scope, job, split, &counts);
    for (int64_t i = 0; status == MLSD_OK && i < folds->n_settings; i++) {
        state *s = NULL;
        status = finish_copy(scope, folds->settings[i], counts, &s);
        if (mlsd__path_is_about_data(status))
            status = sink->fail(sink->user, split, i, status);
        else if (status == MLSD_OK)
            status = mlsd__path_take_split(scope, folds, ops_of(folds->settings[i]), split, i, s);
        free_state(scope->allocator, s);
    }
    free_state(scope->allocator, counts);
    return status;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = folds->n_splits;
    folds_job job = {.folds = folds};
    *out_served = false;
    const double counts =
        (double)n * (double)folds->all->n_classes * (double)folds->all->x->n_features;
    if (!folds->is_partition || folds->standardize != NULL || n < 2 || counts > MOST_COUNTS)
        return MLSD_OK;
    job.parts = mlsd__alloc(a, n, sizeof(state *));
    if (job.parts == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__parallel_for(scope, n, sum_part, &job);
    if (mlsd__path_is_about_data(status)) { /* which split has the row: the plain way says it */
        status = MLSD_OK;
    } else if (status == MLSD_OK) {
        status = mlsd__parallel_for(scope, n, run_split, &job);
        *out_served = status == MLSD_OK;
    }
    for (int64_t k = 0; k < n; k++) free_state(a, job.parts[k]);
    mlsd__free(a, job.parts);
    return status;
}

static const mlsd__path_ops path = {
    .run_plan = "counts of the classes once for all settings",
    .folds_plan = "counts of the classes in each fold from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};

#define SHARED_PARAMS                                                                       \
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log",                 \
                "what is added to every count, so that nothing unseen is impossible"),      \
        MLSD__P_BOOL(params, fit_prior, "true",                                             \
                     "prior probabilities are the classes' shares of the rows, not equal"), \
        MLSD__P_F64_LIST(params, class_prior, 0, 1, 0, "null", NULL,                        \
                         "prior probability of each class; null: as fit_prior says")

static const mlsd_param bernoulli_table[] = {
    SHARED_PARAMS,
    MLSD__P_F64_NULL(params, binarize, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "0.0", "a value above it counts as there; null: columns are 0 and 1 already"),
};

static const mlsd_param multinomial_table[] = {SHARED_PARAMS};

const mlsd_kind mlsd__kind_bernoulli_nb = {
    .name = "bernoulli_nb",
    .family = "estimator",
    .doc = "naive Bayes for columns that are there or not",
    .params = bernoulli_table,
    .n_params = MLSD__COUNT(bernoulli_table),
    .params_size = sizeof(params),
    .ops = &bernoulli_ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"BernoulliNB\"}",
};

const mlsd_kind mlsd__kind_multinomial_nb = {
    .name = "multinomial_nb",
    .family = "estimator",
    .doc = "naive Bayes for counts, such as of words",
    .params = multinomial_table,
    .n_params = MLSD__COUNT(multinomial_table),
    .params_size = sizeof(params),
    .ops = &multinomial_ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"MultinomialNB\"}",
};
