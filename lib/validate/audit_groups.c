/* audit_groups.c - the check "groups": groups that stand on both sides of a split, and columns that
 * look like groups which nobody declared.
 *
 * A column of texts or whole numbers is taken for a name of groups where many of its values repeat
 * and either each value has rows of one class only, far beyond chance and without any order that
 * explains it (rows of one patient, one label), or it is called like an identifier and the folds
 * cut through few of its values, far fewer than chance (folds of sorted rows). Such a column is
 * reported only where values stand on both sides. */
#include <math.h>
#include <string.h>

#include "data/dataset_roles.h"
#include "numeric/rank.h"
#include "validate/audit_impl.h"

enum {
    FEWEST_REPEATED = 10, /* values with at least two rows */
    CHECK_ROWS = 1 << 16
};

/* Values whose rows are all of one class: so many, where chance leaves at most so many. */
static const double PURE_SHARE = 0.99, CHANCE_SHARE = 0.8;
/* Of a number to predict: what the values explain, adjusted for how many there are, and what their
 * order explains by itself. */
static const double EXPLAINED = 0.99, EXPLAINED_BY_ORDER = 0.9;
/* Rows whose value is cut, as a part of what chance makes. */
static const double CUT_SHARE = 0.5;

/* A column with its values numbered. */
typedef struct names {
    int64_t column; /* -1: the declared groups */
    int32_t *code;  /* -1 where missing */
    int64_t n_values;
    int64_t *count;           /* rows of each value */
    int64_t *in_train;        /* of the split at hand: a training row of each value, -1 */
    bool is_pure;             /* values never mix classes */
    double n_cut, n_expected; /* test rows whose value is in training, over the splits */
    mlsd__audit_hits hits;
} names;

typedef struct groups {
    names *columns;
    int64_t n, capacity;
    bool has_declared;
    bool is_unreadable; /* the declared groups are too large to be told apart */
} groups;

static void names_free(mlsd__audit *a, names *c)
{
    const mlsd__allocator *const al = a->scope->allocator;
    mlsd__free(al, c->code);
    mlsd__free(al, c->count);
    mlsd__free(al, c->in_train);
    mlsd__audit_hits_free(a, &c->hits);
}

/* Number values and count their rows. */
static mlsd_status number_values(mlsd__audit *a, const double *values, names *out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t n = a->n_rows;
    double *const distinct = mlsd__alloc_raw(al, n, sizeof *distinct);
    out->code = mlsd__alloc_raw(al, n, sizeof *out->code);
    mlsd_status status = distinct == NULL || out->code == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = mlsd__factorize_rows(a->scope, values, n, distinct, &out->n_values, out->code);
    mlsd__free(al, distinct);
    MLSD__TRY(status);
    out->count = mlsd__alloc(al, out->n_values, sizeof *out->count);
    out->in_train = mlsd__alloc(al, out->n_values, sizeof *out->in_train);
    if (out->count == NULL || out->in_train == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        if (out->code[i] >= 0) out->count[out->code[i]]++;
    }
    return MLSD_OK;
}

static mlsd_status keep(mlsd__audit *a, groups *g, names *c)
{
    void *columns = g->columns;
    const mlsd_status status =
        mlsd__reserve(a->scope->allocator, &columns, &g->capacity, g->n + 1, sizeof *g->columns);
    g->columns = columns;
    MLSD__TRY(status);
    g->columns[g->n++] = *c;
    memset(c, 0, sizeof *c);
    return MLSD_OK;
}

static mlsd_status open_declared(mlsd__audit *a, groups *g)
{
    double *values;
    char **texts;
    names c = {.column = -1};
    mlsd_status status = mlsd__dataset_gather_group(a->dataset, &values, &texts);
    if (status == MLSD_E_DATA) {
        g->is_unreadable = true;
        return MLSD_OK;
    }
    if (status != MLSD_OK || values == NULL) return status;
    status = number_values(a, values, &c);
    if (status == MLSD_OK) status = keep(a, g, &c);
    g->has_declared = status == MLSD_OK;
    names_free(a, &c);
    mlsd__free(&a->dataset->store->allocator, texts);
    mlsd__free(&a->dataset->store->allocator, values);
    return status;
}

/* "id" as a word of the name, or what is commonly counted by it. */
static bool sounds_like_group(const char *name)
{
    static const char *const words[] = {"id",     "uuid",    "guid",      "patient",   "subject",
                                        "person", "user",    "customer",  "household", "session",
                                        "device", "account", "respondent"};
    char word[16];
    size_t n = 0;
    for (const char *at = name;; at++) {
        const char c = *at;
        const bool is_upper = c >= 'A' && c <= 'Z', is_lower = c >= 'a' && c <= 'z';
        const bool ends =
            !(is_upper || is_lower) || (is_upper && at > name && at[-1] >= 'a' && at[-1] <= 'z');
        if (ends) {
            word[n < sizeof word ? n : 0] = '\0';
            for (size_t i = 0; n < sizeof word && i < sizeof words / sizeof words[0]; i++) {
                if (strcmp(word, words[i]) == 0) return true;
            }
            n = 0;
        }
        if (c == '\0') return false;
        if (!is_upper && !is_lower) continue;
        if (n < sizeof word) word[n] = (char)(is_upper ? c - 'A' + 'a' : c);
        n++;
    }
}

static bool are_whole(const double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(values[i]) && values[i] != floor(values[i])) return false;
    }
    return true;
}

static int64_t n_repeated(const names *c)
{
    int64_t n = 0;
    for (int64_t v = 0; v < c->n_values; v++) n += c->count[v] > 1;
    return n;
}

/* Numbers in order: does a threshold tell the classes, or a smooth curve the number? Then they
 * measure something. Texts have no order. */
static mlsd_status order_explains(mlsd__audit *a, const double *values, bool *out)
{
    double rho = 0, auc = 0.5;
    *out = false;
    MLSD__TRY(mlsd__audit_spearman(a->scope->allocator, values, a->y, a->n_rows, &rho));
    if (a->n_classes == 2) {
        uint8_t *const positive = mlsd__alloc_raw(a->scope->allocator, a->n_rows, 1);
        if (positive == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < a->n_rows; i++) positive[i] = a->y[i] > 0;
        const mlsd_status status =
            mlsd__audit_auc(a->scope->allocator, values, positive, a->n_rows, &auc);
        mlsd__free(a->scope->allocator, positive);
        MLSD__TRY(status);
    }
    *out = fabs(rho) > EXPLAINED_BY_ORDER || fabs(auc - 0.5) > EXPLAINED_BY_ORDER / 2;
    return MLSD_OK;
}

/* Values of one class only, beside how many chance would leave so: sum over classes of share to the
 * power of the rows. */
static mlsd_status never_mixes_classes(mlsd__audit *a, const names *c, bool *out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    int32_t *const class_of = mlsd__alloc_raw(al, c->n_values, sizeof *class_of);
    double *const share = mlsd__alloc(al, a->n_classes, sizeof *share);
    if (class_of == NULL || share == NULL) {
        mlsd__free(al, class_of);
        mlsd__free(al, share);
        return MLSD_E_NOMEM;
    }
    for (int64_t v = 0; v < c->n_values; v++) class_of[v] = -1;
    for (int64_t i = 0; i < a->n_rows; i++) {
        const int32_t v = c->code[i], y = (int32_t)a->y[i];
        share[y] += 1 / (double)a->n_rows;
        if (v < 0 || class_of[v] == -2) continue;
        class_of[v] = class_of[v] == -1 || class_of[v] == y ? y : -2;
    }
    double n = 0, n_pure = 0, n_expected = 0;
    for (int64_t v = 0; v < c->n_values; v++) {
        if (c->count[v] < 2) continue;
        n++;
        n_pure += class_of[v] >= 0;
        for (int64_t k = 0; k < a->n_classes && k < 64; k++) {
            double chance = 1;
            for (int64_t i = 0; i < c->count[v] && chance > 1e-9; i++) chance *= share[k];
            n_expected += chance;
        }
    }
    *out = n >= FEWEST_REPEATED && n_pure >= PURE_SHARE * n && n_expected <= CHANCE_SHARE * n;
    mlsd__free(al, share);
    mlsd__free(al, class_of);
    return MLSD_OK;
}

/* One-way analysis of variance: 1 - (within / its degrees) / (total / its degrees). */
static mlsd_status explains_target(mlsd__audit *a, const names *c, bool *out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    double *const mean = mlsd__alloc(al, c->n_values, sizeof *mean);
    if (mean == NULL) return MLSD_E_NOMEM;
    double grand = 0, n = 0, within = 0, total = 0;
    for (int64_t i = 0; i < a->n_rows; i++) {
        if (c->code[i] < 0) continue;
        mean[c->code[i]] += a->y[i] / (double)c->count[c->code[i]];
        grand += a->y[i];
        n++;
    }
    grand /= n > 0 ? n : 1;
    for (int64_t i = 0; i < a->n_rows; i++) {
        if (c->code[i] < 0) continue;
        const double d = a->y[i] - mean[c->code[i]], e = a->y[i] - grand;
        within += d * d;
        total += e * e;
    }
    const double df = n - (double)c->n_values;
    *out = df >= FEWEST_REPEATED && total > 0 && 1 - within / df / (total / (n - 1)) > EXPLAINED;
    mlsd__free(al, mean);
    return MLSD_OK;
}

static mlsd_status try_column(mlsd__audit *a, groups *g, int64_t j, double *values)
{
    enum { FIRST_LOOK = 256 };
    int64_t n_levels;
    const bool is_text = mlsd__audit_column_is_category(a, j, &n_levels);
    const int64_t n_first = a->n_rows < FIRST_LOOK ? a->n_rows : FIRST_LOOK;
    mlsd__audit_column_read(a, j, a->frame.rows, 0, n_first, values);
    if (!are_whole(values, n_first)) return MLSD_OK;
    if (is_text && (n_levels < FEWEST_REPEATED || n_levels > a->n_rows - FEWEST_REPEATED))
        return MLSD_OK;
    mlsd__audit_column_read(a, j, a->frame.rows, 0, a->n_rows, values);
    if (!are_whole(values, a->n_rows)) return MLSD_OK;

    names c = {.column = j};
    bool is_kept = sounds_like_group(mlsd__audit_column_name(a, j)), is_ordered = false;
    mlsd_status status = number_values(a, values, &c);
    if (status == MLSD_OK && n_repeated(&c) < FEWEST_REPEATED) is_kept = false;
    if (status == MLSD_OK && a->y != NULL && n_repeated(&c) >= FEWEST_REPEATED) {
        status = a->n_classes > 0 ? never_mixes_classes(a, &c, &c.is_pure)
                                  : explains_target(a, &c, &c.is_pure);
        if (status == MLSD_OK && c.is_pure && !is_text)
            status = order_explains(a, values, &is_ordered);
        c.is_pure = c.is_pure && !is_ordered;
    }
    if (status == MLSD_OK && (is_kept || c.is_pure)) status = keep(a, g, &c);
    names_free(a, &c);
    return status;
}

static mlsd_status groups_open(mlsd__audit *a, void **out_state)
{
    groups *const g = mlsd__alloc(a->scope->allocator, 1, sizeof *g);
    if (g == NULL) return MLSD_E_NOMEM;
    *out_state = g;
    MLSD__TRY(open_declared(a, g));
    double *const values = mlsd__alloc_raw(a->scope->allocator, a->n_rows, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    const int64_t n = mlsd__audit_n_columns(a);
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; j < n && status == MLSD_OK; j++) {
        status = try_column(a, g, j, values);
        if (status == MLSD_OK) status = mlsd__checkpoint(a->scope);
    }
    mlsd__free(a->scope->allocator, values);
    mlsd__audit_measure(a, "columns that may name groups", (double)(g->n - g->has_declared));
    return status;
}

/* A test row's value is missing from training by chance where all its other rows are elsewhere. */
static double chance_of_cut(const names *c, int32_t value, double train_share)
{
    double none = 1;
    for (int64_t i = 1; i < c->count[value] && none > 1e-9; i++) none *= 1 - train_share;
    return 1 - none;
}

static mlsd_status visit_column(mlsd__audit *a, names *c, const mlsd__audit_split *s)
{
    memset(c->in_train, 0xff, (size_t)c->n_values * sizeof *c->in_train);
    for (int64_t i = s->n_train - 1; i >= 0; i--) {
        const int32_t v = c->code[s->train[i]];
        if (v >= 0) c->in_train[v] = s->train[i];
    }
    const double train_share = (double)s->n_train / (double)(a->n_rows > 0 ? a->n_rows : 1);
    for (int64_t i = 0; i < s->n_test; i++) {
        const int64_t row = s->test[i];
        const int32_t v = c->code[row];
        if (v < 0) continue;
        c->n_expected += chance_of_cut(c, v, train_share < 1 ? train_share : 1);
        if (c->in_train[v] < 0 || s->mark[row] != MLSD__IN_TEST) continue;
        c->n_cut++;
        MLSD__TRY(mlsd__audit_hit_add(a, &c->hits, s->number, row, c->in_train[v]));
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

static mlsd_status groups_visit(mlsd__audit *a, void *state, const mlsd__audit_split *s)
{
    groups *const g = state;
    for (int64_t k = 0; k < g->n; k++) {
        names *const c = &g->columns[k];
        /* A split by time is not meant to keep groups that nobody declared together. */
        if (c->column >= 0 && s->is_ordered) continue;
        MLSD__TRY(visit_column(a, c, s));
    }
    return MLSD_OK;
}

static mlsd_status report_declared(mlsd__audit *a, names *c)
{
    char rows[64];
    return mlsd__audit_report(
        a, "group_overlap", MLSD__ERROR, -1, -1, a->dataset->store->group_name, &c->hits,
        "%s of groups that training has rows of as well (column '%.60s'): split by group "
        "(group_kfold, stratified_group_kfold)",
        mlsd__audit_counted(c->hits.n_rows, "test row", rows), a->dataset->store->group_name);
}

static mlsd_status report_undeclared(mlsd__audit *a, names *c)
{
    const char *const name = mlsd__audit_column_name(a, c->column);
    char rows[64], values[64];
    mlsd__audit_counted(c->hits.n_rows, "test row", rows);
    mlsd__audit_counted(c->n_values, "value", values);
    if (c->is_pure) {
        return mlsd__audit_report(
            a, "undeclared_groups", MLSD__WARNING, -1, -1, name, &c->hits,
            "column '%.60s' looks like groups: each of its %s has one %s, and %s meet the same "
            "value in training: give it the role group and split by group",
            name, values, a->n_classes > 0 ? "class only" : "level of the target", rows);
    }
    return mlsd__audit_report(
        a, "undeclared_groups", MLSD__WARNING, -1, -1, name, &c->hits,
        "column '%.60s' looks like groups: the folds keep its values together but for %s: give it "
        "the role group and split by group",
        name, rows);
}

static mlsd_status groups_close(mlsd__audit *a, void *state)
{
    groups *const g = state;
    if (g->is_unreadable)
        mlsd__audit_skip(a, "the declared groups are not below 2^53; columns were looked at");
    for (int64_t k = 0; k < g->n; k++) {
        names *const c = &g->columns[k];
        if (c->hits.n_rows == 0) continue;
        if (c->column < 0) {
            MLSD__TRY(report_declared(a, c));
        } else if (c->is_pure || c->n_cut < CUT_SHARE * c->n_expected) {
            MLSD__TRY(report_undeclared(a, c));
        }
    }
    return MLSD_OK;
}

static void groups_free(mlsd__audit *a, void *state)
{
    groups *const g = state;
    if (g == NULL) return;
    for (int64_t k = 0; k < g->n; k++) names_free(a, &g->columns[k]);
    mlsd__free(a->scope->allocator, g->columns);
    mlsd__free(a->scope->allocator, g);
}

const mlsd__audit_check mlsd__audit_groups = {.name = "groups",
                                              .is_cheap = true,
                                              .open = groups_open,
                                              .visit = groups_visit,
                                              .close = groups_close,
                                              .free_state = groups_free};
