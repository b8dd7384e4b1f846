/* The audit of folds: each leak planted, found with its rows, and a clean twin that stays silent.
 * Witnesses are the planted rows themselves, brute force over all pairs, and for the statistics
 * scipy 1.10.1 (chi2.sf, poisson.sf, spearmanr) and scikit-learn 1.2.1 (roc_auc_score). */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/handle.h"
#include "failing_allocator.h"
#include "linear_data.h"
#include "mlsd/mlsd.h"
#include "split/splitter.h"
#include "validate/audit_impl.h"

enum { N = 600, P = 5 };

static double X[N * P], Y[N];

/* Normal enough: sums of uniform numbers. */
static double noise(uint32_t *state)
{
    double sum = 0;
    for (int i = 0; i < 6; i++) sum += next_uniform(state);
    return sum;
}

static void fill(int n_classes)
{
    uint32_t state = 20;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = noise(&state);
        const double score = X[i * P] + noise(&state);
        Y[i] = n_classes == 0   ? score
               : n_classes == 2 ? score > 0
                                : (score > -0.5) + (double)(score > 0.5);
    }
}

static mlsd_dataset *data_of(int n_classes)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    static const mlsd_task tasks[] = {MLSD_TASK_REGRESSION, 0, MLSD_TASK_BINARY,
                                      MLSD_TASK_MULTICLASS};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &y, NULL, tasks[n_classes], &data));
    return data;
}

static mlsd_folds *folds_by(const char *json, const mlsd_dataset *data)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, data, &folds));
    mlsd_spec_free(spec);
    return folds;
}

/* One split with these rows. */
static mlsd_folds *folds_of_rows(const int64_t *train, int64_t n_train, const int64_t *test,
                                 int64_t n_test)
{
    mlsd_folds *folds = mlsd__alloc(&mlsd__libc_allocator, 1, sizeof *folds);
    const int64_t sizes[] = {n_train, n_test};
    assert_non_null(folds);
    folds->magic = MLSD__MAGIC_FOLDS;
    folds->allocator = mlsd__libc_allocator;
    folds->n_rows = N;
    ASSERT_OK(mlsd__folds_make_rows(folds, 1, 2, sizes));
    memcpy(folds->rows, train, (size_t)n_train * sizeof *train);
    memcpy(folds->rows + n_train, test, (size_t)n_test * sizeof *test);
    return folds;
}

static const char SHUFFLED[] = "{\"kind\":\"kfold\",\"shuffle\":true,\"seed\":3}";
static const char BLOCKS[] = "{\"kind\":\"kfold\"}";
static const char FULL[] = "{\"kind\":\"leakage_audit\",\"depth\":\"full\"}";

static mlsd_result *audit(const char *options, const mlsd_dataset *data, mlsd_folds *folds)
{
    mlsd_spec *spec = options != NULL ? spec_from(options) : NULL;
    mlsd_result *result = NULL;
    ASSERT_OK(mlsd_folds_audit(NULL, spec, data, folds, &result));
    mlsd_spec_free(spec);
    mlsd_folds_free(folds);
    return result;
}

static double number(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j = -1;
    double value = NAN;
    ASSERT_OK(mlsd_table_find(t, column, &j));
    ASSERT_OK(mlsd_table_get_f64(t, j, row, 1, &value));
    return value;
}

static const char *text(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j = -1, code = -1;
    ASSERT_OK(mlsd_table_find(t, column, &j));
    ASSERT_OK(mlsd_table_get_i64(t, j, row, 1, &code));
    return code < 0 ? "" : mlsd_table_level_at(t, j, code);
}

/* The finding of that kind, -1 without. */
static int64_t find(const mlsd_result *r, const char *kind)
{
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_non_null(t);
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (strcmp(text(t, "kind", i), kind) == 0) return i;
    }
    return -1;
}

static void assert_found(const mlsd_result *r, const char *kind, const char *severity,
                         int64_t count)
{
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    const int64_t i = find(r, kind);
    if (i < 0) fail_msg("no finding '%s': %s", kind, mlsd_result_verdict(r));
    if (strcmp(text(t, "severity", i), severity) != 0)
        fail_msg("'%s' is %s: %s", kind, text(t, "severity", i), text(t, "message", i));
    if (count >= 0 && number(t, "count", i) != (double)count)
        fail_msg("'%s' counts %g: %s", kind, number(t, "count", i), text(t, "message", i));
}

static void assert_silent(const mlsd_result *r)
{
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_non_null(t);
    if (mlsd_table_n_rows(t) > 0) fail_msg("%s: %s", text(t, "kind", 0), text(t, "message", 0));
    assert_string_equal(mlsd_result_verdict(r), "no leak was found between training and test");
}

static double value_of(const mlsd_result *r, const char *check)
{
    const mlsd_table *t = mlsd_result_get_table(r, "checks");
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (strcmp(text(t, "check", i), check) == 0) return number(t, "value", i);
    }
    return NAN;
}

static const char *reason_of(const mlsd_result *r, const char *check)
{
    const mlsd_table *t = mlsd_result_get_table(r, "checks");
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (strcmp(text(t, "check", i), check) == 0) return text(t, "reason", i);
    }
    return "";
}

/* ---- clean data ---- */

static void test_audit__clean_data_are_silent(void **state)
{
    static const char *const splitters[] = {
        "{\"kind\":\"kfold\"}",
        "{\"kind\":\"kfold\",\"shuffle\":true,\"seed\":1}",
        "{\"kind\":\"kfold\",\"shuffle\":true,\"n_splits\":10,\"seed\":2}",
        "{\"kind\":\"repeated_kfold\",\"n_repeats\":3}",
        "{\"kind\":\"holdout\",\"parts\":[0.7,0.15,0.15]}",
        "{\"kind\":\"leave_one_out\"}",
        "{\"kind\":\"time_series_split\"}",
    };
    (void)state;
    for (int k = 0; k <= 3; k++) {
        if (k == 1) continue;
        fill(k);
        mlsd_dataset *data = data_of(k);
        for (size_t i = 0; i < sizeof splitters / sizeof splitters[0]; i++) {
            mlsd_result *r = audit(FULL, data, folds_by(splitters[i], data));
            assert_silent(r);
            mlsd_result_free(r);
        }
        mlsd_dataset_free(data);
    }
}

static void test_audit__coarse_data_are_silent(void **state)
{
    (void)state;
    fill(2);
    uint32_t seed = 5;
    for (int i = 0; i < N; i++) { /* few values of each: many equal rows */
        for (int j = 0; j < P; j++) X[i * P + j] = next_uniform(&seed) > 0.2;
    }
    mlsd_dataset *data = data_of(2);
    mlsd_result *r = audit(FULL, data, folds_by(SHUFFLED, data));
    assert_true(value_of(r, "duplicates") > 0.9);
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    for (int i = 0; i < N; i++) { /* one-hot codes: no column ever differs alone */
        const int level = (int)floor((next_uniform(&seed) + 0.5) * P);
        for (int j = 0; j < P; j++) X[i * P + j] = j == level;
    }
    data = data_of(2);
    r = audit(FULL, data, folds_by(SHUFFLED, data));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 1: rows as numbers ---- */

static void test_audit__rows_on_both_sides(void **state)
{
    int64_t train[400], test[200];
    (void)state;
    fill(2);
    for (int i = 0; i < 400; i++) train[i] = i;
    for (int i = 0; i < 200; i++) test[i] = 400 + i;
    test[7] = 12; /* is trained on */
    test[9] = 13;
    test[11] = test[10]; /* twice */
    train[5] = train[4]; /* a bootstrap would */
    mlsd_dataset *data = data_of(2);
    mlsd_result *r = audit("{\"kind\":\"leakage_audit\",\"checks\":[\"overlap\"]}", data,
                           folds_of_rows(train, 400, test, 200));
    assert_found(r, "overlap", "error", 2);
    assert_found(r, "repeated_test_rows", "warning", 1);
    assert_found(r, "repeated_training_rows", "info", 1);
    assert_found(r, "unused_rows", "info", 4); /* 5, 407, 409, 411 */
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_string_equal(text(t, "kind", 0), "overlap"); /* the worst comes first */
    assert_string_equal(text(t, "rows", 0), "12, 13");
    const mlsd_table *e = mlsd_result_get_table(r, "examples");
    assert_true(number(e, "row", 0) == 12 && number(e, "row", 1) == 13);
    assert_string_equal(reason_of(r, "order"), "not asked for");
    mlsd_result_free(r);

    r = audit(NULL, data, folds_of_rows(train, 400, test, 0));
    assert_found(r, "empty_part", "error", 1);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 2: equal rows ---- */

enum { N_COPIES = 40 };

/* Rows 300 .. 339 become copies of rows 0 .. 39; -0 and 0 are equal, as are NaN of any bits. */
static void copy_rows(int n_conflicts)
{
    for (int i = 0; i < N_COPIES; i++) {
        memcpy(X + (300 + i) * P, X + i * P, P * sizeof *X);
        X[i * P + 1] = 0.0;
        X[(300 + i) * P + 1] = -0.0;
        X[i * P + 2] = NAN;
        X[(300 + i) * P + 2] = -NAN;
        Y[300 + i] = i < n_conflicts ? 1 - Y[i] : Y[i];
    }
}

/* Brute force: test rows of a split that equal a training row in features, and in the target. */
static void count_equal(const mlsd_folds *folds, int64_t *out_same, int64_t *out_other)
{
    *out_same = *out_other = 0;
    int64_t train[N], test[N];
    for (int64_t k = 0; k < mlsd_folds_n_splits(folds); k++) {
        const int64_t n_train = mlsd_folds_part_size(folds, k, 0),
                      n_test = mlsd_folds_part_size(folds, k, 1);
        ASSERT_OK(mlsd_folds_part(folds, k, 0, train, N));
        ASSERT_OK(mlsd_folds_part(folds, k, 1, test, N));
        for (int64_t i = 0; i < n_test; i++) {
            int equal = 0, same = 0;
            for (int64_t t = 0; t < n_train; t++) {
                int n = 0;
                for (int j = 0; j < P; j++) {
                    const double u = X[test[i] * P + j], v = X[train[t] * P + j];
                    n += u == v || (isnan(u) && isnan(v));
                }
                equal |= n == P;
                same |= n == P && Y[test[i]] == Y[train[t]];
            }
            *out_same += same;
            *out_other += equal && !same;
        }
    }
}

static void test_audit__equal_rows(void **state)
{
    (void)state;
    fill(2);
    copy_rows(12);
    mlsd_dataset *data = data_of(2);
    int64_t same, other;
    mlsd_folds *folds = folds_by(SHUFFLED, data);
    count_equal(folds, &same, &other);
    assert_true(same > 30 && other > 10);
    mlsd_result *r = audit(NULL, data, folds);
    assert_found(r, "duplicates", (double)same / N >= 0.05 ? "error" : "warning", same);
    assert_found(r, "conflicting_duplicates", (double)other / N >= 0.05 ? "error" : "warning",
                 other);
    const mlsd_table *e = mlsd_result_get_table(r, "examples");
    for (int64_t i = 0; i < mlsd_table_n_rows(e); i++)
        assert_true(fabs(number(e, "row", i) - number(e, "other", i)) == 300);
    mlsd_result_free(r);

    /* Copies that no training part has leak nothing. */
    int64_t train[500], test[20];
    for (int i = 0; i < 500; i++) train[i] = i < 260 ? 40 + i : 80 + i;
    for (int i = 0; i < 20; i++) test[i] = i;
    r = audit("{\"kind\":\"leakage_audit\",\"checks\":[\"duplicates\"]}", data,
              folds_of_rows(train, 500, test, 20));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 3: nearly equal rows ---- */

static void test_audit__near_rows(void **state)
{
    (void)state;
    fill(2);
    uint32_t seed = 9;
    for (int i = 0; i < N_COPIES; i++) {
        for (int j = 0; j < P; j++)
            X[(300 + i) * P + j] = X[i * P + j] + 1e-5 * next_uniform(&seed);
    }
    mlsd_dataset *data = data_of(2);
    mlsd_folds *folds = folds_by(SHUFFLED, data);
    /* Of each pair both rows are flagged where the folds part them. */
    int64_t fold_of[N], rows[N], parted = 0;
    for (int64_t k = 0; k < 5; k++) {
        ASSERT_OK(mlsd_folds_part(folds, k, 1, rows, N));
        for (int64_t i = 0; i < mlsd_folds_part_size(folds, k, 1); i++) fold_of[rows[i]] = k;
    }
    for (int i = 0; i < N_COPIES; i++) parted += 2 * (fold_of[i] != fold_of[300 + i]);
    mlsd_result *r = audit(FULL, data, folds);
    assert_found(r, "near_duplicates", "warning", parted);
    assert_int_equal(find(r, "duplicates"), -1);
    mlsd_result_free(r);

    /* The median distance to the nearest row, by brute force over all of them. */
    double nearest[N];
    double mean[P] = {0}, scale[P] = {0};
    for (int j = 0; j < P; j++) {
        for (int i = 0; i < N; i++) mean[j] += X[i * P + j] / N;
        for (int i = 0; i < N; i++) scale[j] += pow(X[i * P + j] - mean[j], 2) / N;
    }
    fill(2);
    mlsd_dataset_free(data);
    data = data_of(2);
    for (int j = 0; j < P; j++) {
        mean[j] = scale[j] = 0;
        for (int i = 0; i < N; i++) mean[j] += X[i * P + j] / N;
        for (int i = 0; i < N; i++) scale[j] += pow(X[i * P + j] - mean[j], 2) / N;
    }
    for (int i = 0; i < N; i += 3) { /* the 200 anchors */
        nearest[i / 3] = INFINITY;
        for (int k = 0; k < N; k++) {
            double d = 0;
            for (int j = 0; j < P; j++) d += pow(X[i * P + j] - X[k * P + j], 2) / scale[j];
            if (k != i && sqrt(d) < nearest[i / 3]) nearest[i / 3] = sqrt(d);
        }
    }
    for (int i = 1; i < N / 3; i++) {
        const double moving = nearest[i];
        int k = i;
        for (; k > 0 && nearest[k - 1] > moving; k--) nearest[k] = nearest[k - 1];
        nearest[k] = moving;
    }
    r = audit(FULL, data, folds_by(SHUFFLED, data));
    ASSERT_NEAR(value_of(r, "near_duplicates"), (nearest[99] + nearest[100]) / 2, 1e-12);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 4 and 5: groups and times, which stand in a table ---- */

typedef struct column {
    const char *name, *role;
    const double *values;
} column;

static mlsd_dataset *table_data(const column *columns, int n_columns, int n_classes)
{
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    double scratch[N];
    const char *names[8], *roles[8];
    int n = 0;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    for (int j = 0; j < P; j++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", j);
        for (int i = 0; i < N; i++) scratch[i] = X[i * P + j];
        ASSERT_OK(mlsd_table_set_f64(table, name, scratch, N));
    }
    ASSERT_OK(mlsd_table_set_f64(table, "y", Y, N));
    names[n] = "y";
    roles[n++] = "target";
    for (int k = 0; k < n_columns; k++) {
        ASSERT_OK(mlsd_table_set_f64(table, columns[k].name, columns[k].values, N));
        names[n] = columns[k].name;
        roles[n++] = columns[k].role;
    }
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, names, roles, n,
                                      n_classes > 0 ? MLSD_TASK_BINARY : MLSD_TASK_REGRESSION,
                                      &data));
    mlsd_table_free(table);
    return data;
}

static void test_audit__declared_groups(void **state)
{
    double group[N];
    (void)state;
    fill(2);
    for (int i = 0; i < N; i++) group[i] = i % 60;
    const column columns[] = {{"who", "group", group}};
    mlsd_dataset *data = table_data(columns, 1, 2);
    mlsd_result *r = audit(NULL, data, folds_by(SHUFFLED, data));
    assert_found(r, "group_overlap", "error", N);
    mlsd_result_free(r);
    r = audit(FULL, data, folds_by("{\"kind\":\"group_kfold\"}", data));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_audit__undeclared_groups(void **state)
{
    double id[N], count[N], patient[N];
    uint32_t seed = 4;
    (void)state;
    fill(2);
    for (int i = 0; i < N; i++) {
        id[i] = (i * 7) % 60; /* each value has ten rows */
        count[i] = floor(10 * (next_uniform(&seed) + 0.5));
        patient[i] = floor(i / 10.0);
    }
    /* A whole number that repeats, and measures something: silent. */
    const column harmless[] = {{"n_rooms", "feature", count}};
    mlsd_dataset *data = table_data(harmless, 1, 2);
    mlsd_result *r = audit(FULL, data, folds_by(SHUFFLED, data));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    /* One class for all rows of a value; the column is no feature. */
    for (int i = 0; i < N; i++) Y[i] = ((int)id[i] * 37 % 61) % 2;
    const column hidden[] = {{"batch", "ignore", id}};
    data = table_data(hidden, 1, 2);
    r = audit(NULL, data, folds_by(SHUFFLED, data));
    assert_found(r, "undeclared_groups", "warning", N);
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_string_equal(text(t, "columns", find(r, "undeclared_groups")), "batch");
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    /* Rows sorted by an identifier: seven blocks cut six of its values, at most. */
    fill(2);
    const column sorted[] = {{"patient_id", "id", patient}};
    data = table_data(sorted, 1, 2);
    r = audit(NULL, data, folds_by("{\"kind\":\"kfold\",\"n_splits\":7}", data));
    assert_found(r, "undeclared_groups", "warning", -1);
    t = mlsd_result_get_table(r, "findings");
    const double n_cut = number(t, "count", find(r, "undeclared_groups"));
    assert_true(n_cut > 0 && n_cut <= 60);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by("{\"kind\":\"kfold\",\"n_splits\":6}", data)); /* cuts none */
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_audit__time(void **state)
{
    double when[N], until[N];
    (void)state;
    fill(0);
    for (int i = 0; i < N; i++) {
        when[i] = i;
        until[i] = i + 5;
    }
    const column columns[] = {{"when", "time", when}, {"until", "time_end", until}};
    mlsd_dataset *data = table_data(columns, 1, 0);
    mlsd_result *r = audit(FULL, data, folds_by("{\"kind\":\"time_series_split\"}", data));
    assert_silent(r);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by(SHUFFLED, data));
    assert_found(r, "future_in_training", "warning", -1);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by(BLOCKS, data)); /* all blocks but the last have later ones */
    assert_found(r, "later_training_block", "info", 480);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    /* Labels reach five steps on: the first five test rows of each of five splits meet one. */
    data = table_data(columns, 2, 0);
    r = audit(NULL, data, folds_by("{\"kind\":\"time_series_split\"}", data));
    assert_found(r, "label_overlap", "error", 25);
    mlsd_result_free(r);
    r = audit(FULL, data, folds_by("{\"kind\":\"time_series_split\",\"gap\":5}", data));
    assert_int_equal(find(r, "label_overlap"), -1);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    /* Two rows a day: a border within a day. */
    for (int i = 0; i < N; i++) when[i] = floor((i + 1) / 2.0);
    data = table_data(columns, 1, 0);
    r = audit(NULL, data, folds_by("{\"kind\":\"time_series_split\"}", data));
    assert_found(r, "equal_times", "warning", 5);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 6: columns that tell the target ---- */

static void test_audit__target_leak(void **state)
{
    uint32_t seed = 8;
    (void)state;
    fill(2);
    for (int i = 0; i < N; i++) {
        X[i * P + 1] = 3 - 2 * Y[i];                          /* a copy */
        X[i * P + 2] = (Y[i] > 0 ? 1 : 5) * (i % 2 ? 1 : -1); /* not monotone */
        X[i * P + 2] += 0.1 * next_uniform(&seed);
        if (Y[i] > 0) X[i * P + 3] = NAN; /* only its absence tells */
    }
    mlsd_dataset *data = data_of(2);
    mlsd_result *r = audit(NULL, data, folds_by(SHUFFLED, data));
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_found(r, "target_copy", "error", 1);
    assert_string_equal(text(t, "columns", find(r, "target_copy")), "x1");
    assert_found(r, "target_leak", "warning", 1);
    assert_string_equal(text(t, "columns", find(r, "target_leak")), "x2");
    assert_found(r, "missing_pattern", "warning", 1);
    assert_string_equal(text(t, "columns", find(r, "missing_pattern")), "x3");
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    fill(0);
    for (int i = 0; i < N; i++) X[i * P + 4] = -exp(Y[i]); /* a monotone copy */
    data = data_of(0);
    r = audit(NULL, data, folds_by(SHUFFLED, data));
    assert_found(r, "target_copy", "error", 1);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 7: order ---- */

static void test_audit__order(void **state)
{
    uint32_t seed = 3;
    (void)state;
    fill(0);
    for (int i = 1; i < N; i++) Y[i] = 0.9 * Y[i - 1] + noise(&seed);
    mlsd_dataset *data = data_of(0);
    mlsd_result *r = audit(NULL, data, folds_by(SHUFFLED, data));
    assert_found(r, "order_leak", "warning", -1);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by("{\"kind\":\"time_series_split\"}", data));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    fill(0); /* a trend: blocks test what training lacks, and shuffling helps unless time goes on */
    for (int i = 0; i < N; i++) Y[i] = i;
    data = data_of(0);
    r = audit(NULL, data, folds_by(BLOCKS, data));
    assert_found(r, "sorted_by_target", "warning", -1);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by("{\"kind\":\"time_series_split\"}", data));
    assert_found(r, "trend", "info", -1);
    assert_true(find(r, "sorted_by_target") < 0);
    mlsd_result_free(r);
    mlsd_dataset_free(data);

    fill(2);
    for (int i = 0; i < N; i++) Y[i] = i >= N / 2;
    data = data_of(2);
    r = audit(NULL, data, folds_by("{\"kind\":\"stratified_kfold\",\"shuffle\":true}", data));
    assert_found(r, "sorted_by_target", "info", -1);
    mlsd_result_free(r);
    r = audit(NULL, data, folds_by(BLOCKS, data));
    assert_found(r, "class_not_in_test", "warning", -1);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 8: shift ---- */

static void test_audit__shift(void **state)
{
    (void)state;
    fill(0);
    for (int i = 0; i < N; i++) X[i * P + 2] += 4.0 * (i >= 480); /* the last block is another */
    mlsd_dataset *data = data_of(0);
    mlsd_result *r = audit(FULL, data, folds_by("{\"kind\":\"kfold\"}", data));
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    assert_true(find(r, "shift") >= 0);
    assert_string_equal(text(t, "columns", find(r, "shift")), "x2");
    assert_true(number(t, "split", find(r, "shift")) == 4);
    assert_true(value_of(r, "shift") > 0.95);
    mlsd_result_free(r);
    r = audit(FULL, data, folds_by(SHUFFLED, data));
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 9 and effects: with an estimator ---- */

static void test_audit__effect_of_copies(void **state)
{
    static const char options[] =
        "{\"kind\":\"leakage_audit\",\"depth\":\"full\",\"estimator\":{\"kind\":\"pipeline\","
        "\"steps\":[{\"kind\":\"impute\"},{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]},"
        "\"metric\":\"rmse\"}";
    (void)state;
    fill(0);
    for (int i = 0; i < N_COPIES; i++) {
        memcpy(X + (300 + i) * P, X + i * P, P * sizeof *X);
        Y[300 + i] = Y[i];
    }
    mlsd_dataset *data = data_of(0);
    mlsd_spec
        *splitter = spec_from(SHUFFLED),
        *model = spec_from(
            "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"impute\"},{\"kind\":\"standardize\"},"
            "{\"kind\":\"ridge\"}]}");
    mlsd_folds *folds = NULL;
    mlsd_result *cv = NULL;
    const char *metric = "rmse";
    ASSERT_OK(mlsd_folds_split_dataset(NULL, splitter, data, &folds));
    ASSERT_OK(mlsd_cross_validate(NULL, model, data, folds, &metric, 1, &cv));

    /* By hand: the rmse of each test part without rows that have a copy in training. */
    const mlsd_table *p = mlsd_result_get_table(cv, "predictions");
    double effect = 0;
    for (int64_t k = 0; k < 5; k++) {
        double all = 0, n_all = 0, clean = 0, n_clean = 0;
        int64_t in_test[N] = {0};
        for (int64_t i = 0; i < N; i++) {
            if (number(p, "fold", i) == (double)k) in_test[(int)number(p, "row", i)] = 1;
        }
        for (int64_t i = 0; i < N; i++) {
            if (number(p, "fold", i) != (double)k) continue;
            const int row = (int)number(p, "row", i);
            const int twin = row < N_COPIES ? row + 300 : row - 300;
            const int has_twin = row < N_COPIES || (row >= 300 && row < 300 + N_COPIES);
            const double square = pow(number(p, "value", i) - Y[row], 2);
            all += square;
            n_all++;
            if (has_twin && !in_test[twin]) continue;
            clean += square;
            n_clean++;
        }
        effect += (sqrt(clean / n_clean) - sqrt(all / n_all)) / 5;
    }
    mlsd_result *r = audit(options, data, folds);
    const mlsd_table *t = mlsd_result_get_table(r, "findings");
    ASSERT_NEAR(number(t, "effect", find(r, "duplicates")), effect, 1e-12);
    assert_string_equal(reason_of(r, "preprocessing"), ""); /* it ran, and found nothing */
    assert_int_equal(find(r, "preprocessing_leak"), -1);
    assert_true(fabs(value_of(r, "preprocessing")) < 0.01);
    mlsd_result_free(r);
    mlsd_result_free(cv);
    mlsd_spec_free(model);
    mlsd_spec_free(splitter);

    r = audit(FULL, data, folds_by(SHUFFLED, data));
    assert_string_equal(reason_of(r, "preprocessing"), "no estimator is given");
    assert_string_equal(reason_of(r, "time"), "no column has the role time");
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* ---- 10: stratification ---- */

static void test_audit__class_shares(void **state)
{
    (void)state;
    fill(2);
    /* Sorted by a feature that goes with the class, and cut into blocks. */
    for (int i = 0; i < N; i++) Y[i] = i % 10 < (i < N / 2 ? 2 : 8);
    mlsd_dataset *data = data_of(2);
    mlsd_result *r = audit(NULL, data, folds_by(BLOCKS, data));
    assert_found(r, "class_shares", "warning", -1);
    mlsd_result_free(r);

    /* scipy.stats.chi2_contingency([[240, 240], [60, 60]]) of equal shares has p 1. */
    r = audit(NULL, data, folds_by("{\"kind\":\"stratified_kfold\"}", data));
    ASSERT_NEAR(value_of(r, "stratification"), 1, 0);
    assert_silent(r);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_audit__statistics(void **state)
{
    (void)state;
    /* scipy.stats.chi2.sf, poisson.sf(k - 1). */
    ASSERT_NEAR(mlsd__audit_chi2_tail(3.84, 1), 0.05004352124870519, 1e-15);
    ASSERT_NEAR(mlsd__audit_chi2_tail(30, 10), 0.000856641210775301, 1e-16);
    ASSERT_NEAR(mlsd__audit_chi2_tail(0.1, 4), 0.9987908957257497, 1e-14);
    ASSERT_NEAR(mlsd__audit_chi2_tail(500, 40) / 8.636144778513832e-81, 1, 1e-10);
    assert_true(mlsd__audit_chi2_tail(0, 3) == 1);
    ASSERT_NEAR(mlsd__audit_poisson_tail(3, 1.5), 0.19115316946194183, 1e-14);
    ASSERT_NEAR(mlsd__audit_poisson_tail(2, 10), 0.9995006007726127, 1e-14);
    assert_true(mlsd__audit_poisson_tail(0, 1) == 1 && mlsd__audit_poisson_tail(2, 0) == 0);

    /* roc_auc_score([0,0,1,1,0,1], [.1,.4,.35,.8,.4,.4]) and spearmanr. */
    const double score[] = {.1, .4, .35, .8, .4, .4};
    const uint8_t positive[] = {0, 0, 1, 1, 0, 1};
    double value = 0;
    ASSERT_OK(mlsd__audit_auc(&mlsd__libc_allocator, score, positive, 6, &value));
    ASSERT_NEAR(value, 0.6666666666666667, 1e-15);
    const double x[] = {1, 2, NAN, 4, 4, 6}, y[] = {2, 1, 9, 3, 5, 4};
    ASSERT_OK(mlsd__audit_spearman(&mlsd__libc_allocator, x, y, 6, &value));
    ASSERT_NEAR(value, 0.7181848464596079, 1e-14);
}

/* ---- the call ---- */

static void test_audit__bad_input(void **state)
{
    (void)state;
    fill(2);
    mlsd_dataset *data = data_of(2);
    mlsd_folds *folds = folds_by(SHUFFLED, data), *few = NULL;
    mlsd_spec *wrong = spec_from("{\"kind\":\"ridge\"}"), *kfold = spec_from(BLOCKS),
              *typo = spec_from("{\"kind\":\"leakage_audit\",\"checks\":[\"overlop\"]}");
    mlsd_result *r = (mlsd_result *)&r;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_audit(NULL, NULL, data, folds, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "data", mlsd_folds_audit(NULL, NULL, NULL, folds, &r));
    assert_null(r);
    ASSERT_FAILS(MLSD_E_ARG, "folds", mlsd_folds_audit(NULL, NULL, data, NULL, &r));
    ASSERT_FAILS(MLSD_E_KIND, "ridge", mlsd_folds_audit(NULL, wrong, data, folds, &r));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "did you mean 'overlap'",
                 mlsd_folds_audit(NULL, typo, data, folds, &r));
    ASSERT_OK(mlsd_folds_split(NULL, kfold, 10, NULL, NULL, &few));
    ASSERT_FAILS(MLSD_E_SHAPE, "10 rows", mlsd_folds_audit(NULL, NULL, data, few, &r));
    mlsd_folds_free(few);
    mlsd_spec_free(kfold);
    mlsd_spec_free(typo);
    mlsd_spec_free(wrong);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static char *json_without_timings(const mlsd_result *r)
{
    int64_t length = 0;
    ASSERT_OK(mlsd_result_to_json(r, NULL, 0, &length));
    char *json = malloc((size_t)length + 1);
    assert_non_null(json);
    ASSERT_OK(mlsd_result_to_json(r, json, length + 1, NULL));
    *strstr(json, "\"timings\"") = '\0';
    return json;
}

static void test_audit__same_bytes_for_any_threads(void **state)
{
    (void)state;
    fill(2);
    copy_rows(5);
    mlsd_dataset *data = data_of(2);
    mlsd_spec *options = spec_from(FULL);
    mlsd_folds *folds = folds_by(SHUFFLED, data);
    char *first = NULL;
    for (int n = 1; n <= 7; n += 3) {
        mlsd_context *context = context_with_threads(n);
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_folds_audit(context, options, data, folds, &r));
        char *json = json_without_timings(r);
        if (first != NULL) assert_string_equal(json, first);
        if (first == NULL) {
            first = json;
        } else {
            free(json);
        }
        mlsd_result_free(r);
        mlsd_context_free(context);
    }
    free(first);
    mlsd_folds_free(folds);
    mlsd_spec_free(options);
    mlsd_dataset_free(data);
}

/* A cross-validation carries the audit of its folds, and does not where it is not wanted. */
static void test_audit__in_cross_validation(void **state)
{
    (void)state;
    fill(2);
    copy_rows(0);
    for (int i = 0; i < N; i++) X[i * P + 2] = 0.1 * i * i; /* ridge takes no NaN */
    for (int i = 0; i < N_COPIES; i++) X[(300 + i) * P + 2] = X[i * P + 2];
    mlsd_dataset *data = data_of(2);
    mlsd_spec *model = spec_from("{\"kind\":\"logistic_regression\"}");
    mlsd_folds *folds = folds_by(SHUFFLED, data);
    mlsd_result *r = NULL;
    double n_errors = 0;
    ASSERT_OK(mlsd_cross_validate(NULL, model, data, folds, NULL, 0, &r));
    ASSERT_OK(mlsd_result_get_f64(r, "audit.n_errors", &n_errors));
    assert_true(n_errors == 1);
    assert_non_null(strstr(mlsd_result_verdict(r), "the audit of the folds: 1 error"));
    assert_non_null(mlsd_result_get_table(r, "audit.findings"));
    mlsd_result_free(r);

    mlsd_context *context = context_with_threads(1);
    ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
    ASSERT_OK(mlsd_cross_validate(context, model, data, folds, NULL, 0, &r));
    assert_null(mlsd_result_get_table(r, "audit.findings"));
    mlsd_result_free(r);
    mlsd_context_free(context);
    mlsd_folds_free(folds);
    mlsd_spec_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit__clean_data_are_silent),
        cmocka_unit_test(test_audit__coarse_data_are_silent),
        cmocka_unit_test(test_audit__rows_on_both_sides),
        cmocka_unit_test(test_audit__equal_rows),
        cmocka_unit_test(test_audit__near_rows),
        cmocka_unit_test(test_audit__declared_groups),
        cmocka_unit_test(test_audit__undeclared_groups),
        cmocka_unit_test(test_audit__time),
        cmocka_unit_test(test_audit__target_leak),
        cmocka_unit_test(test_audit__order),
        cmocka_unit_test(test_audit__shift),
        cmocka_unit_test(test_audit__effect_of_copies),
        cmocka_unit_test(test_audit__class_shares),
        cmocka_unit_test(test_audit__statistics),
        cmocka_unit_test(test_audit__bad_input),
        cmocka_unit_test(test_audit__same_bytes_for_any_threads),
        cmocka_unit_test(test_audit__in_cross_validation),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
