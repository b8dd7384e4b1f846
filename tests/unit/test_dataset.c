/* test_dataset.c - roles, tasks and classes as mlsd/dataset.h promises them (the rules there are
 * the witness), row views that share storage, memory that is let go of exactly once. */
#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlsd/dataset.h"
#include "data/dataset_impl.h"
#include "failing_allocator.h"

static mlsd_matrix column_of(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

static mlsd_matrix matrix_of(const double *x, int64_t n, int64_t p)
{
    return (mlsd_matrix){x, n, p, p, 1, MLSD_F64, 0};
}

static const double zeros[64];

/* A data set of n rows with that target. */
static mlsd_status from_target(const double *y, int64_t n, mlsd_task task, mlsd_dataset **out)
{
    const mlsd_matrix X = matrix_of(zeros, n, 2), target = column_of(y, n);
    return mlsd_dataset_from_matrix(NULL, &X, &target, NULL, task, out);
}

static mlsd_table *small_table(void)
{
    const double age[] = {30, 41.5, NAN, 28, 55, 60};
    const int64_t loans[] = {1, 0, 2, 1, 3, 0};
    const char *const city[] = {"Ulm", "Bonn", NULL, "Ulm", "Ahlen", "Bonn"};
    const char *const deny[] = {"yes", "no", "no", "yes", "no", "no"};
    const double weight[] = {1, 2, 0, 1, 1, 0.5};
    const int64_t id[] = {6, 5, 4, 3, 2, 1};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "age", age, 6));
    ASSERT_OK(mlsd_table_set_i64(t, "loans", loans, 6));
    ASSERT_OK(mlsd_table_set_str(t, "city", city, 6));
    ASSERT_OK(mlsd_table_set_str(t, "deny", deny, 6));
    ASSERT_OK(mlsd_table_set_f64(t, "weight", weight, 6));
    ASSERT_OK(mlsd_table_set_i64(t, "id", id, 6));
    return t;
}

static const char *const columns[] = {"deny", "weight", "id", "city"};
static const char *const roles[] = {"target", "weight", "id", "slice"};

static void test_dataset__from_table_gives_roles(void **state)
{
    (void)state;
    mlsd_table *const t = small_table();
    mlsd_dataset *d;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, columns, roles, 4, MLSD_TASK_AUTO, &d));
    mlsd_table_free(t); /* the data set keeps what it needs */

    assert_int_equal(mlsd_dataset_n_rows(d), 6);
    assert_int_equal(mlsd_dataset_n_features(d), 3);
    assert_string_equal(mlsd_dataset_feature_name(d, 0), "age");
    assert_string_equal(mlsd_dataset_feature_name(d, 2), "city");
    assert_null(mlsd_dataset_feature_name(d, 3));
    assert_null(mlsd_dataset_feature_name(d, -1));
    assert_int_equal(mlsd_dataset_task(d), MLSD_TASK_BINARY);
    assert_int_equal(mlsd_dataset_n_classes(d), 2);
    assert_string_equal(mlsd_dataset_class_name(d, 0), "no");
    assert_string_equal(mlsd_dataset_class_name(d, 1), "yes");
    assert_null(mlsd_dataset_class_name(d, 2));
    double y[6];
    ASSERT_OK(mlsd_dataset_target(d, y, 6));
    const double wanted[] = {1, 0, 0, 1, 0, 0};
    assert_memory_equal(y, wanted, sizeof y);
    ASSERT_FAILS(MLSD_E_BUFFER, "6 values", mlsd_dataset_target(d, y, 5));

    const mlsd__data_store *const s = d->store;
    assert_true(s->has_names);
    assert_null(s->class_values);
    assert_string_equal(s->target_name, "deny");
    assert_int_equal(s->features[1].type, MLSD__NUMERIC);
    assert_int_equal(s->features[2].type, MLSD__CATEGORY);
    assert_int_equal(s->features[2].n_levels, 3);
    assert_int_equal(mlsd__dataset_find_feature(d, "city"), 2);
    assert_int_equal(mlsd__dataset_find_feature(d, "deny"), -1);
    mlsd__frame f;
    mlsd__dataset_frame(d, &f);
    double x[18];
    mlsd__frame_read(&f, 0, 6, x, NULL);
    assert_true(x[0] == 30 && x[1] == 1 && isnan(x[6]) && x[7] == 2 && isnan(x[8]));
    assert_string_equal(s->features[2].levels[(int)x[2]], "Ulm");
    mlsd_dataset_free(d);
}

static void test_dataset__role_errors(void **state)
{
    (void)state;
    mlsd_table *const t = small_table();
    mlsd_dataset *d = (mlsd_dataset *)1;
    const char *name[] = {"denny", "weight"}, *role[] = {"target", "weight"};
    ASSERT_FAILS(MLSD_E_COLUMN, "did you mean 'deny'?",
                 mlsd_dataset_from_table(NULL, t, name, role, 1, MLSD_TASK_AUTO, &d));
    assert_null(d);
    name[0] = "deny";
    role[0] = "targt";
    ASSERT_FAILS(MLSD_E_ARG, "did you mean 'target'?",
                 mlsd_dataset_from_table(NULL, t, name, role, 1, MLSD_TASK_AUTO, &d));
    role[0] = "target";
    role[1] = "target";
    ASSERT_FAILS(MLSD_E_ARG, "'deny' and 'weight' both",
                 mlsd_dataset_from_table(NULL, t, name, role, 2, MLSD_TASK_AUTO, &d));
    name[1] = "deny";
    role[1] = "ignore";
    ASSERT_FAILS(MLSD_E_ARG, "two roles: 'target' and 'ignore'",
                 mlsd_dataset_from_table(NULL, t, name, role, 2, MLSD_TASK_AUTO, &d));
    name[1] = "city";
    role[1] = "weight";
    ASSERT_FAILS(MLSD_E_TYPE, "'city' is texts",
                 mlsd_dataset_from_table(NULL, t, name, role, 2, MLSD_TASK_AUTO, &d));
    role[1] = NULL;
    ASSERT_FAILS(MLSD_E_ARG, "NULL",
                 mlsd_dataset_from_table(NULL, t, name, role, 2, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(MLSD_E_DATA, "no target",
                 mlsd_dataset_from_table(NULL, t, NULL, NULL, 0, MLSD_TASK_BINARY, &d));
    ASSERT_FAILS(MLSD_E_ARG, "unknown task 9",
                 mlsd_dataset_from_table(NULL, t, NULL, NULL, 0, 9, &d));
    ASSERT_FAILS(MLSD_E_ARG, "NULL",
                 mlsd_dataset_from_table(NULL, NULL, NULL, NULL, 0, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(
        MLSD_E_DATA, "missing in 1 of 6 rows, first in row 2",
        mlsd_dataset_from_table(NULL, t, (const char *[]){"city"}, role, 1, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(
        MLSD_E_DATA, "missing (NaN) in 1 of 6 rows, first in row 2",
        mlsd_dataset_from_table(NULL, t, (const char *[]){"age"}, role, 1, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(MLSD_E_DATA, "'deny' is texts",
                 mlsd_dataset_from_table(NULL, t, name, role, 1, MLSD_TASK_REGRESSION, &d));
    const char *const all[] = {"age", "loans", "city", "deny", "weight", "id"};
    const char *const ignored[] = {"ignore", "ignore", "ignore", "ignore", "group", "id"};
    ASSERT_FAILS(MLSD_E_DATA, "no column",
                 mlsd_dataset_from_table(NULL, t, all, ignored, 6, MLSD_TASK_AUTO, &d));
    /* Nothing that failed may have spoiled the table; a target may be missing for the task none. */
    ASSERT_OK(
        mlsd_dataset_from_table(NULL, t, (const char *[]){"city"}, role, 1, MLSD_TASK_NONE, &d));
    assert_int_equal(mlsd_dataset_n_features(d), 5);
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "no target", mlsd_dataset_target(d, NULL, 0));
    mlsd_dataset_free(d);
    mlsd_table_free(t);
}

static void expect_task(const double *y, int64_t n, mlsd_task task, int64_t n_classes)
{
    mlsd_dataset *d;
    ASSERT_OK(from_target(y, n, MLSD_TASK_AUTO, &d));
    assert_int_equal(mlsd_dataset_task(d), task);
    assert_int_equal(mlsd_dataset_n_classes(d), n_classes);
    mlsd_dataset_free(d);
}

static void test_dataset__auto_task(void **state)
{
    (void)state;
    double y[21];
    for (int i = 0; i < 21; i++) y[i] = 20 - i;
    expect_task(y, 20, MLSD_TASK_MULTICLASS, 20);
    expect_task(y, 21, MLSD_TASK_REGRESSION, 0);
    expect_task(y, 3, MLSD_TASK_MULTICLASS, 3);
    expect_task(y, 2, MLSD_TASK_BINARY, 2);
    expect_task((const double[]){0.5, -1.5, 0.5, 0.5}, 4, MLSD_TASK_BINARY, 2);
    expect_task((const double[]){0.5, 1, 2}, 3, MLSD_TASK_REGRESSION, 0);
    expect_task((const double[]){1, 2, 3, 0.5}, 4, MLSD_TASK_REGRESSION, 0);
    expect_task((const double[]){0.5, 0.5}, 2, MLSD_TASK_REGRESSION, 0);
    expect_task((const double[]){0.0, -0.0, 1}, 3, MLSD_TASK_BINARY, 2);
}

static void test_dataset__number_classes_ascend(void **state)
{
    (void)state;
    const double y[] = {10, -0.0, 2.5, 10, 1e300, -3};
    mlsd_dataset *d;
    ASSERT_OK(from_target(y, 6, MLSD_TASK_MULTICLASS, &d));
    const char *const names[] = {"-3", "0", "2.5", "10", "1e+300"};
    assert_int_equal(mlsd_dataset_n_classes(d), 5);
    for (int i = 0; i < 5; i++) assert_string_equal(mlsd_dataset_class_name(d, i), names[i]);
    double got[6];
    ASSERT_OK(mlsd_dataset_target(d, got, 6));
    const double wanted[] = {3, 1, 2, 3, 4, 0};
    assert_memory_equal(got, wanted, sizeof got);
    assert_true(d->store->class_values[2] == 2.5);
    assert_false(d->store->has_names);
    assert_string_equal(mlsd_dataset_feature_name(d, 1), "x1");
    mlsd_dataset_free(d);
}

static void test_dataset__text_classes_ascend_by_code_point(void **state)
{
    (void)state;
    const char *const y[] = {"b", "\xc3\xa9", "", "aa", "a", "Z", "\xf0\x9f\x99\x82", "b"};
    const double x[8] = {0};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 8));
    ASSERT_OK(mlsd_table_set_str(t, "y", y, 8));
    mlsd_dataset *d;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, (const char *[]){"y"}, (const char *[]){"target"}, 1,
                                      MLSD_TASK_AUTO, &d));
    mlsd_table_free(t);
    assert_int_equal(mlsd_dataset_task(d), MLSD_TASK_MULTICLASS);
    const char *const names[] = {"", "Z", "a", "aa", "b", "\xc3\xa9", "\xf0\x9f\x99\x82"};
    assert_int_equal(mlsd_dataset_n_classes(d), 7);
    for (int i = 0; i < 7; i++) assert_string_equal(mlsd_dataset_class_name(d, i), names[i]);
    double got[8];
    ASSERT_OK(mlsd_dataset_target(d, got, 8));
    const double wanted[] = {4, 5, 0, 3, 2, 1, 6, 4};
    assert_memory_equal(got, wanted, sizeof got);
    mlsd_dataset_free(d);
}

/* Classes are the levels that occur, in whatever order the levels stand. */
static void test_dataset__unused_levels_are_no_classes(void **state)
{
    (void)state;
    mlsd__dictionary *levels;
    ASSERT_OK(mlsd__dictionary_new(&mlsd__libc_allocator, &levels));
    enum { LEVELS = 500 };
    char text[8];
    int32_t id;
    for (int i = 0; i < LEVELS; i++) {
        const int n = snprintf(text, sizeof text, "%03d", (i * 7 + 3) % LEVELS);
        ASSERT_OK(mlsd__dictionary_intern(levels, text, (size_t)n, &id));
    }
    /* Every second level occurs. */
    int32_t *const codes = mlsd__alloc(&mlsd__libc_allocator, LEVELS, sizeof *codes);
    for (int i = 0; i < LEVELS; i++) codes[i] = i - i % 2;
    mlsd__column *column;
    ASSERT_OK(mlsd__column_new_category(&mlsd__libc_allocator, codes, LEVELS, levels, &column));
    mlsd__dictionary_free(levels);
    mlsd_table *t;
    const double x[LEVELS] = {0};
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, LEVELS));
    ASSERT_OK(mlsd__table_set_column(t, "y", column));
    mlsd_dataset *d;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, (const char *[]){"y"}, (const char *[]){"target"}, 1,
                                      MLSD_TASK_AUTO, &d));
    assert_int_equal(mlsd_dataset_n_classes(d), LEVELS / 2);
    double y[LEVELS];
    ASSERT_OK(mlsd_dataset_target(d, y, LEVELS));
    for (int i = 0; i < LEVELS; i++) {
        assert_string_equal(mlsd_dataset_class_name(d, (int64_t)y[i]), mlsd_table_get_str(t, 1, i));
        if (i > 0 && i < LEVELS / 2)
            assert_true(strcmp(mlsd_dataset_class_name(d, i - 1), mlsd_dataset_class_name(d, i)) <
                        0);
    }
    mlsd_dataset_free(d);
    mlsd_table_free(t);
}

static void test_dataset__unsuitable_targets(void **state)
{
    (void)state;
    mlsd_dataset *d;
    ASSERT_FAILS(MLSD_E_DATA, "has 3: '1', '2', '3'",
                 from_target((const double[]){3, 1, 2}, 3, MLSD_TASK_BINARY, &d));
    const double seven[] = {1, 2, 3, 4, 5, 6, 7};
    ASSERT_FAILS(MLSD_E_DATA, "has 7: '1', '2', '3', '4', '5', ...",
                 from_target(seven, 7, MLSD_TASK_BINARY, &d));
    ASSERT_FAILS(MLSD_E_DATA, "'5' in every row",
                 from_target((const double[]){5, 5}, 2, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(MLSD_E_DATA, "first in row 1",
                 from_target((const double[]){5, NAN, NAN}, 3, MLSD_TASK_REGRESSION, &d));
    ASSERT_FAILS(MLSD_E_DATA, "infinite in row 2",
                 from_target((const double[]){5, 1, -INFINITY}, 3, MLSD_TASK_REGRESSION, &d));
    ASSERT_FAILS(MLSD_E_DATA, "infinite in row 0",
                 from_target((const double[]){INFINITY, 1}, 2, MLSD_TASK_BINARY, &d));
    ASSERT_FAILS(MLSD_E_DATA, "no rows", from_target(zeros, 0, MLSD_TASK_REGRESSION, &d));
    ASSERT_OK(from_target((const double[]){5, 5}, 2, MLSD_TASK_REGRESSION, &d));
    mlsd_dataset_free(d);
    /* With the task none nobody looks at it. */
    ASSERT_OK(from_target((const double[]){NAN, 5}, 2, MLSD_TASK_NONE, &d));
    mlsd_dataset_free(d);
}

static mlsd_status from_weight(const double *w, int64_t n, mlsd_dataset **out)
{
    const mlsd_matrix X = matrix_of(zeros, n, 1), weight = column_of(w, n);
    return mlsd_dataset_from_matrix(NULL, &X, NULL, &weight, MLSD_TASK_AUTO, out);
}

static void test_dataset__weights(void **state)
{
    (void)state;
    mlsd_dataset *d;
    ASSERT_FAILS(MLSD_E_DATA, "negative (-0.5) in row 1",
                 from_weight((const double[]){1, -0.5}, 2, &d));
    ASSERT_FAILS(MLSD_E_DATA, "0 in every row", from_weight(zeros, 2, &d));
    ASSERT_FAILS(MLSD_E_DATA, "first in row 0", from_weight((const double[]){NAN, 1}, 2, &d));
    ASSERT_FAILS(MLSD_E_DATA, "infinite in row 1",
                 from_weight((const double[]){1, INFINITY}, 2, &d));
    ASSERT_FAILS(MLSD_E_DATA, "too large", from_weight((const double[]){1e308, 1e308}, 2, &d));
    ASSERT_OK(from_weight((const double[]){1, 0, 3}, 3, &d));
    assert_int_equal(mlsd_dataset_task(d), MLSD_TASK_NONE);
    mlsd_dataset *view;
    ASSERT_OK(mlsd_dataset_rows(d, (const int64_t[]){2, 0}, 2, &view));
    double *w, *y;
    ASSERT_OK(mlsd__dataset_gather_weight(view, &w));
    ASSERT_OK(mlsd__dataset_gather_target(view, &y));
    assert_true(w[0] == 3 && w[1] == 1);
    assert_null(y);
    mlsd__free(&view->store->allocator, w);
    mlsd_dataset_free(view);
    mlsd_dataset_free(d);
}

static void test_dataset__matrix_errors(void **state)
{
    (void)state;
    mlsd_dataset *d;
    const mlsd_matrix good = matrix_of(zeros, 4, 2), y = column_of(zeros, 3);
    ASSERT_FAILS(MLSD_E_SHAPE, "y must be 4 x 1, got 3 x 1",
                 mlsd_dataset_from_matrix(NULL, &good, &y, NULL, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(MLSD_E_SHAPE, "weight must be 4 x 1",
                 mlsd_dataset_from_matrix(NULL, &good, NULL, &y, MLSD_TASK_AUTO, &d));
    ASSERT_FAILS(MLSD_E_ARG, "X is NULL",
                 mlsd_dataset_from_matrix(NULL, NULL, NULL, NULL, MLSD_TASK_AUTO, &d));
    const struct {
        mlsd_matrix matrix;
        mlsd_status status;
        const char *message;
    } bad[] = {
        {{zeros, -1, 2, 2, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "negative size"},
        {{zeros, 4, 0, 2, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "no columns"},
        {{zeros, INT64_MAX / 2, 3, 3, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "too large"},
        {{zeros, 1 + (INT64_C(1) << 60), 1, 1, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "too large"},
        {{zeros, 4, 2, INT64_MAX / 2, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "too large"},
        {{zeros, 4, 2, INT64_MIN, 1, MLSD_F64, 0}, MLSD_E_SHAPE, "too large"},
        {{zeros, 4, 2, 2, 1, 0, 0}, MLSD_E_ARG, "unknown dtype 0"},
        {{zeros, 4, 2, 2, 1, 5, 0}, MLSD_E_ARG, "unknown dtype 5"},
        {{zeros, 4, 2, 2, 1, MLSD_F64, 1}, MLSD_E_ARG, "flags"},
        {{NULL, 4, 2, 2, 1, MLSD_F64, 0}, MLSD_E_ARG, "no data"},
        {{(const char *)zeros + 4, 4, 2, 2, 1, MLSD_F64, 0}, MLSD_E_ARG, "not aligned"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ASSERT_FAILS(
            bad[i].status, bad[i].message,
            mlsd_dataset_from_matrix(NULL, &bad[i].matrix, NULL, NULL, MLSD_TASK_AUTO, &d));
        assert_null(d);
    }
    ASSERT_FAILS(MLSD_E_ARG, "NULL",
                 mlsd_dataset_from_matrix(NULL, &good, NULL, NULL, MLSD_TASK_AUTO, NULL));
    const mlsd_matrix empty = {NULL, 0, 3, 3, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &empty, NULL, NULL, MLSD_TASK_NONE, &d));
    assert_int_equal(mlsd_dataset_n_rows(d), 0);
    assert_int_equal(mlsd_dataset_n_features(d), 3);
    mlsd_dataset_free(d);
}

static void test_dataset__any_dtype_and_stride(void **state)
{
    (void)state;
    const float x[] = {1.5F, 2.5F, 3.5F, 4.5F, 5.5F, 6.5F};
    const int32_t y[] = {7, 0, 8, 0, 7, 0};
    const mlsd_matrix X = {x + 5, 3, 2, -1, -3, MLSD_F32, 0};
    const mlsd_matrix target = {y, 3, 1, 2, 1, MLSD_I32, 0};
    mlsd_dataset *d;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &target, NULL, MLSD_TASK_AUTO, &d));
    mlsd__frame f;
    mlsd__dataset_frame(d, &f);
    int64_t ld;
    const double *const rows = mlsd__frame_direct(&f, 0, &ld);
    assert_non_null(rows);
    const double wanted[] = {6.5, 3.5, 5.5, 2.5, 4.5, 1.5};
    assert_memory_equal(rows, wanted, sizeof wanted);
    assert_string_equal(mlsd_dataset_class_name(d, 1), "8");
    mlsd_dataset_free(d);
}

static void count(void *user)
{
    ++*(int *)user;
}

static void test_dataset__adopt_releases_once_and_last(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6};
    const mlsd_matrix X = matrix_of(x, 3, 2);
    int n_released = 0;
    mlsd_dataset *d, *view, *inner;
    ASSERT_OK(mlsd_dataset_adopt(NULL, &X, NULL, NULL, MLSD_TASK_NONE, count, &n_released, &d));
    mlsd__frame f;
    mlsd__dataset_frame(d, &f);
    int64_t ld;
    assert_ptr_equal(mlsd__frame_direct(&f, 1, &ld), x + 2);
    ASSERT_OK(mlsd_dataset_rows(d, (const int64_t[]){2, 0, 2, 1}, 4, &view));
    mlsd_dataset_free(d);
    ASSERT_OK(mlsd_dataset_rows(view, (const int64_t[]){3, 0}, 2, &inner));
    mlsd_dataset_free(view);
    assert_int_equal(n_released, 0);
    mlsd__dataset_frame(inner, &f);
    double out[4];
    mlsd__frame_read(&f, 0, 2, out, NULL);
    const double wanted[] = {3, 4, 5, 6};
    assert_memory_equal(out, wanted, sizeof out);
    mlsd_dataset_free(inner);
    assert_int_equal(n_released, 1);

    /* Never on failure; NULL is fine. */
    const mlsd_matrix y = column_of(zeros, 2);
    ASSERT_FAILS(MLSD_E_SHAPE, "y",
                 mlsd_dataset_adopt(NULL, &X, &y, NULL, MLSD_TASK_AUTO, count, &n_released, &d));
    assert_int_equal(n_released, 1);
    ASSERT_OK(mlsd_dataset_adopt(NULL, &X, NULL, NULL, MLSD_TASK_NONE, NULL, NULL, &d));
    mlsd_dataset_free(d);
    mlsd_dataset_free(NULL);
}

static void test_dataset__rows_compose(void **state)
{
    (void)state;
    mlsd_table *const t = small_table();
    mlsd_dataset *d, *view, *inner, *empty, *none;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, columns, roles, 4, MLSD_TASK_AUTO, &d));
    mlsd_table_free(t);
    ASSERT_OK(mlsd_dataset_rows(d, (const int64_t[]){5, 3, 3, 0}, 4, &view));
    ASSERT_OK(mlsd_dataset_rows(view, (const int64_t[]){1, 3, 0}, 3, &inner));
    ASSERT_OK(mlsd_dataset_rows(view, NULL, 0, &empty));
    ASSERT_FAILS(MLSD_E_ARG, "row 4 is not there; the data set has 4 rows",
                 mlsd_dataset_rows(view, (const int64_t[]){4}, 1, &none));
    assert_null(none);
    mlsd_dataset_free(d);
    assert_int_equal(mlsd_dataset_n_rows(empty), 0);
    mlsd_dataset_free(view);
    double y[3];
    ASSERT_OK(mlsd_dataset_target(inner, y, 3));
    const double wanted[] = {1, 1, 0}; /* classes keep their numbers */
    assert_memory_equal(y, wanted, sizeof y);
    double *w;
    ASSERT_OK(mlsd__dataset_gather_weight(inner, &w));
    assert_true(w[0] == 1 && w[1] == 1 && w[2] == 0.5);
    mlsd__free(&inner->store->allocator, w);
    mlsd__frame f;
    mlsd__dataset_frame(inner, &f);
    double x[9];
    mlsd__frame_read(&f, 0, 3, x, NULL);
    assert_true(x[0] == 28 && x[3] == 30 && x[6] == 60);
    ASSERT_FAILS(MLSD_E_ARG, "row -1", mlsd_dataset_rows(inner, (const int64_t[]){-1}, 1, &view));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_dataset_rows(inner, NULL, 1, &view));
    ASSERT_FAILS(MLSD_E_ARG, "negative", mlsd_dataset_rows(inner, NULL, -1, &view));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_dataset_rows(NULL, NULL, 0, &view));
    mlsd_dataset_free(inner);
    mlsd_dataset_free(empty);
}

static void *use_views(void *shared)
{
    for (int i = 0; i < 200; i++) {
        mlsd_dataset *view, *inner;
        double y[2];
        if (mlsd_dataset_rows(shared, (const int64_t[]){2, 0}, 2, &view) != MLSD_OK) return shared;
        if (mlsd_dataset_rows(view, (const int64_t[]){1, 0}, 2, &inner) != MLSD_OK) return shared;
        mlsd_dataset_free(view);
        if (mlsd_dataset_target(inner, y, 2) != MLSD_OK || y[0] != 7) return shared;
        mlsd_dataset_free(inner);
    }
    return NULL;
}

/* A data set is const: views of it come and go on any thread (the thread sanitizer is the witness).
 */
static void test_dataset__views_on_many_threads(void **state)
{
    (void)state;
    mlsd_dataset *d;
    ASSERT_OK(from_target((const double[]){7, 8, 9}, 3, MLSD_TASK_REGRESSION, &d));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_views, d), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    mlsd_dataset_free(d);
}

/* Everything that allocates, once. */
static mlsd_status use_all(const mlsd_context *context, const mlsd_table *t, int *n_released)
{
    mlsd_dataset *d = NULL, *view = NULL, *numbers = NULL, *adopted = NULL;
    double *y = NULL;
    const double values[] = {3, 1, 2, 1};
    const mlsd_matrix X = matrix_of(zeros, 4, 2), target = column_of(values, 4);
    mlsd_status status = mlsd_dataset_from_table(context, t, columns, roles, 4, MLSD_TASK_AUTO, &d);
    if (status == MLSD_OK) status = mlsd_dataset_rows(d, (const int64_t[]){4, 1}, 2, &view);
    if (status == MLSD_OK) status = mlsd__dataset_gather_target(view, &y);
    if (y != NULL) mlsd__free(&view->store->allocator, y);
    if (status == MLSD_OK)
        status = mlsd_dataset_from_matrix(context, &X, &target, &target, MLSD_TASK_AUTO, &numbers);
    if (status == MLSD_OK) {
        status = mlsd_dataset_adopt(context, &X, &target, NULL, MLSD_TASK_REGRESSION, count,
                                    n_released, &adopted);
        assert_int_equal(*n_released, 0);
    }
    mlsd_dataset *none;
    if (status == MLSD_OK && mlsd_dataset_adopt(context, &X, &target, NULL, MLSD_TASK_BINARY, count,
                                                n_released, &none) == MLSD_E_NOMEM)
        status = MLSD_E_NOMEM;
    mlsd_dataset_free(d);
    mlsd_dataset_free(view);
    mlsd_dataset_free(numbers);
    mlsd_dataset_free(adopted);
    assert_int_equal(*n_released, adopted != NULL);
    return status;
}

static void test_dataset__out_of_memory(void **state)
{
    (void)state;
    mlsd_table *const t = small_table();
    for (long long k = 1;; k++) {
        failing_allocator allocator;
        failing_allocator_init(&allocator, k, 0);
        mlsd_context *const context = failing_context(&allocator, 1);
        int n_released = 0;
        const mlsd_status status =
            context == NULL ? MLSD_E_NOMEM : use_all(context, t, &n_released);
        mlsd_context_free(context);
        assert_int_equal(atomic_load(&allocator.live_blocks), 0);
        if (atomic_load(&allocator.failed) == 0) {
            ASSERT_OK(status);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    mlsd_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset__from_table_gives_roles),
        cmocka_unit_test(test_dataset__role_errors),
        cmocka_unit_test(test_dataset__auto_task),
        cmocka_unit_test(test_dataset__number_classes_ascend),
        cmocka_unit_test(test_dataset__text_classes_ascend_by_code_point),
        cmocka_unit_test(test_dataset__unused_levels_are_no_classes),
        cmocka_unit_test(test_dataset__unsuitable_targets),
        cmocka_unit_test(test_dataset__weights),
        cmocka_unit_test(test_dataset__matrix_errors),
        cmocka_unit_test(test_dataset__any_dtype_and_stride),
        cmocka_unit_test(test_dataset__adopt_releases_once_and_last),
        cmocka_unit_test(test_dataset__rows_compose),
        cmocka_unit_test(test_dataset__views_on_many_threads),
        cmocka_unit_test(test_dataset__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
