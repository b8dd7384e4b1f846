/* audit_target.c - the check "target_leak": columns that alone tell the target.
 *
 * Each feature is judged by itself on a sample of rows. Its values are cut into bins (levels of a
 * category, single values or quantiles of a number, missing apart), and the mean target of each bin
 * over one half of the rows predicts the other half, crosswise, which also sees what is not
 * monotone: AUC of two classes, of more the smallest of each against the rest, and R2 of a number.
 * Numbers are ranked as they stand as well. Which values are missing is judged like a column of its
 * own. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numeric/rank.h"
#include "validate/audit_impl.h"

enum {
    FEWEST_ROWS = 30,
    FEWEST_OF_CLASS = 10,
    FEWEST_MISSING = 10,
    N_BINS = 32,
    SINGLE_VALUES = 64, /* distinct numbers up to here are bins by themselves */
    MOST_CLASSES = 20,
};

static const double COPY_CORRELATION = 0.999, MISSING_THRESHOLD = 0.95, MISSING_R2 = 0.9;
/* A column so far ahead of the second best, while not quite a leak by itself, is remarked on. */
static const double AHEAD = 5, AHEAD_FROM = 0.95;

typedef struct strength {
    double value;   /* AUC or R2; NaN where it cannot be judged */
    double missing; /* the same of the pattern of missing values */
    bool is_copy;
} strength;

typedef struct target {
    const mlsd__audit *a;
    strength *columns;
} target;

/* A column while it is judged. */
typedef struct column {
    int64_t n, n_bins;
    double *x, *score, *sum, *count, *values;
    int32_t *bin, *code;
    int64_t *order;
    uint8_t *positive, *half;
} column;

static mlsd_status column_make(column *c, const mlsd__allocator *al, int64_t n)
{
    c->n = n;
    c->x = mlsd__alloc_raw(al, n, sizeof *c->x);
    c->score = mlsd__alloc_raw(al, n, sizeof *c->score);
    c->values = mlsd__alloc_raw(al, n, sizeof *c->values);
    c->sum = mlsd__alloc(al, 2 * n + 4, sizeof *c->sum);
    c->count = mlsd__alloc(al, 2 * n + 4, sizeof *c->count);
    c->bin = mlsd__alloc_raw(al, n, sizeof *c->bin);
    c->code = mlsd__alloc_raw(al, n, sizeof *c->code);
    c->order = mlsd__alloc_raw(al, n, sizeof *c->order);
    c->positive = mlsd__alloc_raw(al, n, 1);
    c->half = mlsd__alloc_raw(al, n, 1);
    return c->x == NULL || c->score == NULL || c->values == NULL || c->sum == NULL ||
                   c->count == NULL || c->bin == NULL || c->code == NULL || c->order == NULL ||
                   c->positive == NULL || c->half == NULL
               ? MLSD_E_NOMEM
               : MLSD_OK;
}

static void column_free(column *c, const mlsd__allocator *al)
{
    mlsd__free(al, c->x);
    mlsd__free(al, c->score);
    mlsd__free(al, c->values);
    mlsd__free(al, c->sum);
    mlsd__free(al, c->count);
    mlsd__free(al, c->bin);
    mlsd__free(al, c->code);
    mlsd__free(al, c->order);
    mlsd__free(al, c->positive);
    mlsd__free(al, c->half);
}

/* Bins of about equal size that do not cut equal values; the last is for what is missing. */
static mlsd_status cut(column *c, const mlsd__allocator *al, bool is_category)
{
    int64_t n_values = 0, n_known = 0;
    MLSD__TRY(mlsd__factorize(al, c->x, c->n, c->values, &n_values, c->code));
    if (is_category || n_values <= SINGLE_VALUES) {
        for (int64_t i = 0; i < c->n; i++) c->bin[i] = c->code[i];
        c->n_bins = n_values;
    } else {
        MLSD__TRY(mlsd__argsort(al, c->x, c->n, c->order));
        while (n_known < c->n && !isnan(c->x[c->order[n_known]])) n_known++;
        int64_t bin = 0;
        for (int64_t k = 0; k < n_known; k++) {
            const bool is_new = k > 0 && c->x[c->order[k]] != c->x[c->order[k - 1]];
            if (is_new && k * N_BINS / n_known > bin) bin = k * N_BINS / n_known;
            c->bin[c->order[k]] = (int32_t)bin;
        }
        c->n_bins = N_BINS;
    }
    for (int64_t i = 0; i < c->n; i++) {
        if (isnan(c->x[i])) c->bin[i] = (int32_t)c->n_bins;
    }
    c->n_bins++;
    return MLSD_OK;
}

/* Each row's score: the mean of `y` over the rows of its bin in the other half, drawn towards the
 * mean of all by one row's worth. */
static void predict(column *c, const double *y, double wanted, bool is_class)
{
    double mean = 0;
    memset(c->sum, 0, (size_t)(2 * c->n_bins) * sizeof *c->sum);
    memset(c->count, 0, (size_t)(2 * c->n_bins) * sizeof *c->count);
    for (int64_t i = 0; i < c->n; i++) {
        const double value = is_class ? (double)(y[i] == wanted) : y[i];
        const int64_t at = c->half[i] * c->n_bins + c->bin[i];
        c->sum[at] += value;
        c->count[at]++;
        mean += value / (double)c->n;
    }
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t at = (1 - c->half[i]) * c->n_bins + c->bin[i];
        c->score[i] = (c->sum[at] + mean) / (c->count[at] + 1);
    }
}

static double r2_of(const column *c, const double *y)
{
    double mean = 0, error = 0, total = 0;
    for (int64_t i = 0; i < c->n; i++) mean += y[i] / (double)c->n;
    for (int64_t i = 0; i < c->n; i++) {
        error += (y[i] - c->score[i]) * (y[i] - c->score[i]);
        total += (y[i] - mean) * (y[i] - mean);
    }
    return total > 0 ? 1 - error / total : (double)NAN;
}

/* The smallest AUC over classes with enough rows; also of the numbers as they stand where two
 * classes are all. */
static mlsd_status judge_classes(const mlsd__audit *a, column *c, const mlsd__allocator *al,
                                 bool is_number, double *out)
{
    double smallest = NAN;
    const int64_t first = a->n_classes == 2 ? 1 : 0;
    for (int64_t k = first; k < a->n_classes && k < MOST_CLASSES; k++) {
        int64_t n_positive = 0;
        double auc = NAN, plain = NAN;
        for (int64_t i = 0; i < c->n; i++) {
            c->positive[i] = a->sample_y[i] == (double)k;
            n_positive += c->positive[i];
        }
        if (n_positive < FEWEST_OF_CLASS || c->n - n_positive < FEWEST_OF_CLASS) continue;
        predict(c, a->sample_y, (double)k, true);
        MLSD__TRY(mlsd__audit_auc(al, c->score, c->positive, c->n, &auc));
        if (is_number && a->n_classes == 2) {
            MLSD__TRY(mlsd__audit_auc(al, c->x, c->positive, c->n, &plain));
            auc = fmax(auc, fmax(plain, 1 - plain));
        }
        if (!(auc >= smallest)) smallest = auc;
    }
    *out = smallest;
    return MLSD_OK;
}

/* One value for each class, and another for each. */
static bool is_constant_given_class(const mlsd__audit *a, const column *c)
{
    double value_of[MOST_CLASSES];
    if (a->n_classes > MOST_CLASSES) return false;
    for (int64_t k = 0; k < a->n_classes; k++) value_of[k] = NAN;
    for (int64_t i = 0; i < c->n; i++) {
        double *const value = &value_of[(int64_t)a->sample_y[i]];
        if (isnan(c->x[i]) || (!isnan(*value) && *value != c->x[i])) return false;
        *value = c->x[i];
    }
    for (int64_t k = 0; k < a->n_classes; k++) {
        for (int64_t m = 0; m < k; m++) {
            if (value_of[m] == value_of[k]) return false;
        }
    }
    return true;
}

static mlsd_status judge_missing(const mlsd__audit *a, column *c, const mlsd__allocator *al,
                                 double *out)
{
    int64_t n_missing = 0;
    for (int64_t i = 0; i < c->n; i++) {
        c->bin[i] = isnan(c->x[i]);
        n_missing += c->bin[i];
    }
    *out = NAN;
    if (n_missing < FEWEST_MISSING || c->n - n_missing < FEWEST_MISSING) return MLSD_OK;
    c->n_bins = 2;
    if (a->n_classes > 0) return judge_classes(a, c, al, false, out);
    predict(c, a->sample_y, 0, false);
    *out = r2_of(c, a->sample_y);
    return MLSD_OK;
}

static mlsd_status judge_column(void *arg, int64_t j, mlsd__scope *scope)
{
    const target *const t = arg;
    const mlsd__audit *const a = t->a;
    const mlsd__allocator *const al = scope->allocator;
    strength *const s = &t->columns[j];
    int64_t n_levels;
    const bool is_category = mlsd__audit_column_is_category(a, j, &n_levels);
    column c = {0};
    mlsd_status status = column_make(&c, al, a->n_sample);
    if (status == MLSD_OK) {
        mlsd__audit_column_read(a, j, a->sample_source, 0, c.n, c.x);
        for (int64_t i = 0; i < c.n; i++) {
            uint64_t part[2];
            mlsd__audit_hash_value(a->params->seed, (double)i, part);
            c.half[i] = part[0] & 1;
        }
        status = cut(&c, al, is_category);
    }
    bool has_missing = false;
    for (int64_t i = 0; status == MLSD_OK && i < c.n; i++) has_missing |= isnan(c.x[i]) != 0;
    if (status == MLSD_OK && a->n_classes > 0) {
        status = judge_classes(a, &c, al, !is_category && !has_missing, &s->value);
        s->is_copy = is_constant_given_class(a, &c);
    } else if (status == MLSD_OK) {
        double rho = NAN;
        predict(&c, a->sample_y, 0, false);
        s->value = r2_of(&c, a->sample_y);
        if (!is_category) status = mlsd__audit_spearman(al, c.x, a->sample_y, c.n, &rho);
        s->is_copy = fabs(rho) > COPY_CORRELATION;
    }
    if (status == MLSD_OK) status = judge_missing(a, &c, al, &s->missing);
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    column_free(&c, al);
    return status;
}

static mlsd_status target_open(mlsd__audit *a, void **out_state)
{
    (void)out_state;
    if (a->y == NULL) {
        mlsd__audit_skip(a, "the data set has no target");
    } else if (a->n_sample < FEWEST_ROWS) {
        mlsd__audit_skip(a, "fewer than 30 rows");
    }
    return MLSD_OK;
}

/* How far above chance: 0 .. 1. */
static double above_chance(const mlsd__audit *a, double value)
{
    if (isnan(value)) return 0;
    return fmax(0, a->n_classes > 0 ? 2 * value - 1 : value);
}

static bool is_leak(const mlsd__audit *a, const strength *s)
{
    return s->is_copy || s->value > a->params->auc_threshold;
}

static mlsd_status report_leak(mlsd__audit *a, int64_t j, const strength *s)
{
    const char *const name = mlsd__audit_column_name(a, j);
    const char *const measure = a->n_classes > 0 ? "AUC" : "R2";
    char value[MLSD__AUDIT_NUMBER];
    if (s->is_copy) {
        return mlsd__audit_report(
            a, "target_copy", MLSD__ERROR, -1, 1, name, NULL,
            "column '%.60s' %s: leave it out, unless it is known before the target is", name,
            a->n_classes > 0 ? "has one value for each class, a copy of the target"
                             : "rises or falls with the target in every row");
    }
    return mlsd__audit_report(
        a, "target_leak", MLSD__WARNING, -1, 1, name, NULL,
        "column '%.60s' alone tells the target (%s %s): leave it out, unless it is known before "
        "the target is",
        name, measure, mlsd__audit_decimal(s->value, 4, value));
}

static mlsd_status report_missing(mlsd__audit *a, int64_t j, const strength *s)
{
    const char *const name = mlsd__audit_column_name(a, j);
    char value[MLSD__AUDIT_NUMBER];
    return mlsd__audit_report(
        a, "missing_pattern", MLSD__WARNING, -1, 1, name, NULL,
        "whether '%.60s' is missing alone tells the target (%s %s): find out why it is missing, or "
        "leave it out",
        name, a->n_classes > 0 ? "AUC" : "R2", mlsd__audit_decimal(s->missing, 4, value));
}

static mlsd_status report_all(mlsd__audit *a, const strength *s)
{
    int64_t best = -1;
    double first = 0, second = 0;
    for (int64_t j = 0; j < a->n_features; j++) {
        const double here = above_chance(a, s[j].value);
        if (best < 0 || here > first) {
            second = best < 0 ? 0 : first;
            first = here;
            best = j;
        } else if (here > second) {
            second = here;
        }
        if (is_leak(a, &s[j])) MLSD__TRY(report_leak(a, j, &s[j]));
        const double limit = a->n_classes > 0 ? MISSING_THRESHOLD : MISSING_R2;
        if (s[j].missing > limit) MLSD__TRY(report_missing(a, j, &s[j]));
    }
    if (best < 0) return MLSD_OK;
    mlsd__audit_measure(a, a->n_classes > 0 ? "AUC of the best column" : "R2 of the best column",
                        s[best].value);
    if (a->n_features < 2 || is_leak(a, &s[best]) || !(s[best].value > AHEAD_FROM) ||
        first <= AHEAD * second)
        return MLSD_OK;
    const char *const name = mlsd__audit_column_name(a, best);
    char value[MLSD__AUDIT_NUMBER];
    return mlsd__audit_report(
        a, "dominant_column", MLSD__INFO, -1, 1, name, NULL,
        "column '%.60s' alone nearly tells the target (%s %s, more than five times the next): make "
        "sure that it is known before the target is",
        name, a->n_classes > 0 ? "AUC" : "R2", mlsd__audit_decimal(s[best].value, 4, value));
}

static mlsd_status target_close(mlsd__audit *a, void *state)
{
    (void)state;
    strength *const columns = mlsd__alloc(a->scope->allocator, a->n_features, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    target t = {.a = a, .columns = columns};
    mlsd_status status = mlsd__parallel_for(a->scope, a->n_features, judge_column, &t);
    if (status == MLSD_OK) status = report_all(a, columns);
    mlsd__free(a->scope->allocator, columns);
    return status;
}

static void target_free(mlsd__audit *a, void *state)
{
    (void)a;
    (void)state;
}

const mlsd__audit_check mlsd__audit_target_leak = {.name = "target_leak",
                                                   .is_cheap = true,
                                                   .open = target_open,
                                                   .close = target_close,
                                                   .free_state = target_free};
