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

/* What is the same for every column. */
typedef struct target {
    const mlsd__audit *a;
    strength *columns;
    uint8_t *half;    /* of each row of the sample */
    double *y_rank;   /* of a number to predict: its midranks */
    int64_t *y_order; /* and its order */
    int64_t n_positive[MOST_CLASSES];
    double mean[MOST_CLASSES]; /* of being of each class; of a number in [0] */
    double total;              /* sum of squares about it */
} target;

/* A column while it is judged. A cell is a bin of one half. */
typedef struct column {
    int64_t n, n_bins, n_known;
    bool is_category;
    double *x, *rank;            /* n */
    double *sum, *count, *score; /* of each cell: at most 2 n + 4 */
    int64_t *order, *spare;      /* of a number: n, the missing ones last; scratch for cells */
    int32_t *bin;
} column;

static mlsd_status column_make(column *c, const mlsd__allocator *al, int64_t n)
{
    const int64_t n_cells = 2 * n + 4;
    c->n = n;
    c->x = mlsd__alloc_raw(al, 2 * n + 3 * n_cells, sizeof *c->x);
    c->order = mlsd__alloc_raw(al, n + n_cells, sizeof *c->order);
    c->bin = mlsd__alloc_raw(al, n, sizeof *c->bin);
    if (c->x == NULL || c->order == NULL || c->bin == NULL) return MLSD_E_NOMEM;
    c->rank = c->x + n;
    c->sum = c->rank + n;
    c->count = c->sum + n_cells;
    c->score = c->count + n_cells;
    c->spare = c->order + n;
    return MLSD_OK;
}

static void column_free(column *c, const mlsd__allocator *al)
{
    mlsd__free(al, c->x);
    mlsd__free(al, c->order);
    mlsd__free(al, c->bin);
}

/* Bins of about equal size that do not cut equal values, or of single values where they are few. */
static void cut_number(column *c)
{
    const double *const x = c->x;
    const int64_t *const order = c->order;
    int64_t n_values = c->n_known > 0;
    for (int64_t k = 1; k < c->n_known && n_values <= SINGLE_VALUES; k++)
        n_values += x[order[k]] != x[order[k - 1]];
    const bool is_single = n_values <= SINGLE_VALUES;
    int64_t bin = 0;
    for (int64_t k = 0; k < c->n_known; k++) {
        if (k > 0 && x[order[k]] != x[order[k - 1]]) {
            const int64_t here = is_single ? bin + 1 : k * N_BINS / c->n_known;
            if (here > bin) bin = here;
        }
        c->bin[order[k]] = (int32_t)bin;
    }
    c->n_bins = is_single ? n_values : N_BINS;
}

/* Levels of a category are bins; the last bin is for what is missing. */
static mlsd_status cut(column *c, const mlsd__allocator *al)
{
    c->n_known = 0;
    for (int64_t i = 0; i < c->n; i++) c->n_known += !isnan(c->x[i]);
    if (c->is_category) {
        MLSD__TRY(mlsd__factorize(al, c->x, c->n, c->rank, &c->n_bins, c->bin));
    } else {
        MLSD__TRY(mlsd__argsort(al, c->x, c->n, c->order));
        cut_number(c);
    }
    for (int64_t i = 0; c->n_known < c->n && i < c->n; i++) {
        if (isnan(c->x[i])) c->bin[i] = (int32_t)c->n_bins;
    }
    c->n_bins++;
    return MLSD_OK;
}

/* The score of each cell: the mean of what is predicted over the rows of its bin in the other half,
 * drawn towards the mean of all by one row's worth. `wanted` < 0: the target is a number. */
static void predict(const target *t, column *c, int64_t wanted)
{
    const double *const y = t->a->sample_y;
    const double mean = t->mean[wanted < 0 ? 0 : wanted], class_number = (double)wanted;
    memset(c->sum, 0, (size_t)(2 * c->n_bins) * sizeof *c->sum);
    memset(c->count, 0, (size_t)(2 * c->n_bins) * sizeof *c->count);
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t at = t->half[i] * c->n_bins + c->bin[i];
        c->sum[at] += wanted < 0 ? y[i] : (double)(y[i] == class_number);
        c->count[at]++;
    }
    for (int64_t at = 0; at < 2 * c->n_bins; at++) {
        const int64_t other = at < c->n_bins ? at + c->n_bins : at - c->n_bins;
        c->score[at] = (c->sum[other] + mean) / (c->count[other] + 1);
    }
}

static double r2_of(const target *t, const column *c)
{
    const double *const y = t->a->sample_y;
    double error = 0;
    for (int64_t i = 0; i < c->n; i++) {
        const double miss = y[i] - c->score[t->half[i] * c->n_bins + c->bin[i]];
        error += miss * miss;
    }
    return t->total > 0 ? 1 - error / t->total : (double)NAN;
}

static double auc_of(double rank_sum, int64_t n_positive, int64_t n)
{
    const double m = (double)n_positive;
    return (rank_sum - m * (m + 1) / 2) / (m * (double)(n - n_positive));
}

/* The AUC of the cells' scores: rows of a cell share a midrank, and so do cells of one score. */
static mlsd_status judge_cells(column *c, const mlsd__allocator *al, int64_t n_positive,
                               double *out)
{
    const int64_t n_cells = 2 * c->n_bins;
    double before = 0, sum = 0;
    MLSD__TRY(mlsd__argsort(al, c->score, n_cells, c->spare));
    for (int64_t first = 0, end = 0; first < n_cells; first = end) {
        double count = 0, positive = 0;
        for (; end < n_cells && c->score[c->spare[end]] == c->score[c->spare[first]]; end++) {
            count += c->count[c->spare[end]];
            positive += c->sum[c->spare[end]];
        }
        sum += positive * (before + 0.5 * (count + 1));
        before += count;
    }
    *out = auc_of(sum, n_positive, c->n);
    return MLSD_OK;
}

/* That of the numbers as they stand, or turned round; none may be missing. */
static double judge_order(const target *t, column *c, int64_t class_number)
{
    double sum = 0;
    mlsd__midranks_of_order(c->x, c->order, c->n, c->rank);
    for (int64_t i = 0; i < c->n; i++)
        sum += t->a->sample_y[i] == (double)class_number ? c->rank[i] : 0;
    const double auc = auc_of(sum, t->n_positive[class_number], c->n);
    return fmax(auc, 1 - auc);
}

/* The smallest AUC over classes with enough rows; also of the numbers as they stand where two
 * classes are all. */
static mlsd_status judge_classes(const target *t, column *c, const mlsd__allocator *al,
                                 bool is_number, double *out)
{
    double smallest = NAN;
    const int64_t n_classes = t->a->n_classes, first = n_classes == 2 ? 1 : 0;
    for (int64_t k = first; k < n_classes && k < MOST_CLASSES; k++) {
        const int64_t n_positive = t->n_positive[k];
        double auc = NAN;
        if (n_positive < FEWEST_OF_CLASS || c->n - n_positive < FEWEST_OF_CLASS) continue;
        predict(t, c, k);
        MLSD__TRY(judge_cells(c, al, n_positive, &auc));
        if (is_number && n_classes == 2) auc = fmax(auc, judge_order(t, c, k));
        if (!(auc >= smallest)) smallest = auc;
    }
    *out = smallest;
    return MLSD_OK;
}

/* Spearman's correlation with the target over the rows where the column is known. */
static double correlate(const target *t, column *c, double *y_rank)
{
    const int64_t *const y_order = t->y_order;
    int64_t n = 0, m = 0;
    for (int64_t k = 0; k < c->n; k++) {
        if (!isnan(c->x[y_order[k]])) c->spare[n++] = y_order[k];
    }
    mlsd__midranks_of_order(c->x, c->order, n, c->rank);
    if (n == c->n) return mlsd__audit_rank_correlation(c->rank, t->y_rank, n);
    mlsd__midranks_of_order(t->a->sample_y, c->spare, n, y_rank);
    for (int64_t i = 0; i < c->n; i++) {
        if (isnan(c->x[i])) continue;
        c->rank[m] = c->rank[i];
        y_rank[m++] = y_rank[i];
    }
    return n > 1 ? mlsd__audit_rank_correlation(c->rank, y_rank, n) : (double)NAN;
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

static mlsd_status judge_missing(const target *t, column *c, const mlsd__allocator *al, double *out)
{
    *out = NAN;
    if (c->n - c->n_known < FEWEST_MISSING || c->n_known < FEWEST_MISSING) return MLSD_OK;
    for (int64_t i = 0; i < c->n; i++) c->bin[i] = isnan(c->x[i]);
    c->n_bins = 2;
    if (t->a->n_classes > 0) return judge_classes(t, c, al, false, out);
    predict(t, c, -1);
    *out = r2_of(t, c);
    return MLSD_OK;
}

static mlsd_status judge(const target *t, column *c, const mlsd__allocator *al, strength *s)
{
    MLSD__TRY(cut(c, al));
    const bool is_number = !c->is_category && c->n_known == c->n;
    if (t->a->n_classes > 0) {
        MLSD__TRY(judge_classes(t, c, al, is_number, &s->value));
        s->is_copy = is_constant_given_class(t->a, c);
    } else {
        predict(t, c, -1);
        s->value = r2_of(t, c);
        s->is_copy = !c->is_category && fabs(correlate(t, c, c->sum)) > COPY_CORRELATION;
    }
    return judge_missing(t, c, al, &s->missing);
}

static mlsd_status judge_column(void *arg, int64_t j, mlsd__scope *scope)
{
    const target *const t = arg;
    const mlsd__audit *const a = t->a;
    int64_t n_levels;
    column c = {.is_category = mlsd__audit_column_is_category(a, j, &n_levels)};
    mlsd_status status = column_make(&c, scope->allocator, a->n_sample);
    if (status == MLSD_OK) {
        mlsd__audit_column_read(a, j, a->sample_source, 0, c.n, c.x);
        status = judge(t, &c, scope->allocator, &t->columns[j]);
    }
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    column_free(&c, scope->allocator);
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

static void describe_classes(target *t)
{
    const mlsd__audit *const a = t->a;
    for (int64_t k = 0; k < a->n_classes && k < MOST_CLASSES; k++) {
        for (int64_t i = 0; i < a->n_sample; i++) t->n_positive[k] += a->sample_y[i] == (double)k;
        t->mean[k] = (double)t->n_positive[k] / (double)a->n_sample;
    }
}

static mlsd_status describe_number(target *t)
{
    const mlsd__audit *const a = t->a;
    const int64_t n = a->n_sample;
    MLSD__TRY(mlsd__argsort_rows(a->scope, a->sample_y, n, t->y_order));
    mlsd__midranks_of_order(a->sample_y, t->y_order, n, t->y_rank);
    for (int64_t i = 0; i < n; i++) t->mean[0] += a->sample_y[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        const double d = a->sample_y[i] - t->mean[0];
        t->total += d * d;
    }
    return MLSD_OK;
}

static mlsd_status target_make(target *t)
{
    const mlsd__audit *const a = t->a;
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t n = a->n_sample, n_ranked = a->n_classes > 0 ? 0 : n;
    t->columns = mlsd__alloc(al, a->n_features, sizeof *t->columns);
    t->half = mlsd__alloc_raw(al, n, 1);
    t->y_rank = mlsd__alloc_raw(al, n_ranked, sizeof *t->y_rank);
    t->y_order = mlsd__alloc_raw(al, n_ranked, sizeof *t->y_order);
    if (t->columns == NULL || t->half == NULL || t->y_rank == NULL || t->y_order == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        uint64_t part[2];
        mlsd__audit_hash_value(a->params->seed, (double)i, part);
        t->half[i] = part[0] & 1;
    }
    if (a->n_classes == 0) return describe_number(t);
    describe_classes(t);
    return MLSD_OK;
}

static mlsd_status target_close(mlsd__audit *a, void *state)
{
    (void)state;
    const mlsd__allocator *const al = a->scope->allocator;
    target t = {.a = a};
    mlsd__scope serial = mlsd__scope_serial(a->scope);
    mlsd__scope *const scope = mlsd__audit_is_small(a) ? &serial : a->scope;
    mlsd_status status = target_make(&t);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, a->n_features, judge_column, &t);
    if (status == MLSD_OK) status = report_all(a, t.columns);
    mlsd__free(al, t.y_order);
    mlsd__free(al, t.y_rank);
    mlsd__free(al, t.half);
    mlsd__free(al, t.columns);
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
