/* test_dataset_roles.c - times and ids of rows. Witnesses: ids are what Debian's python3-xxhash
 * gives, xxh3_64_intdigest(struct.pack('<q', value)), ('<d', value) and of UTF-8 bytes; dates are
 * those of test_time_text.c. */
#include "data/dataset_roles.h"

#include <math.h>

#include "mlsd/table.h"
#include "unit.h"

#include "base/scope.h"

static mlsd_matrix column(const void *values, int64_t n, mlsd_dtype dtype)
{
    return (mlsd_matrix){
        .data = values, .rows = n, .cols = 1, .row_stride = 1, .col_stride = 1, .dtype = dtype};
}

static void test_dataset_roles__ids_are_those_of_xxhash(void **state)
{
    (void)state;
    assert_true(mlsd__id_of_i64(0) == UINT64_C(0xc77b3abb6f87acd9));
    assert_true(mlsd__id_of_i64(1) == UINT64_C(0x2fbc593564db792e));
    assert_true(mlsd__id_of_i64(-1) == UINT64_C(0x5111c7e47d784413));
    assert_true(mlsd__id_of_i64(INT64_C(1) << 62) == UINT64_C(0xc41da58624fd81ed));
    assert_true(mlsd__id_of_f64(1.5) == UINT64_C(0x2561a4889ff63458));
    assert_true(mlsd__id_of_text("") == UINT64_C(0x2d06800538d394c2));
    assert_true(mlsd__id_of_text("alice@example.org") == UINT64_C(0x581b7b790e2c959c));
    assert_true(mlsd__id_of_text("Z\xc3\xbcrich") == UINT64_C(0x0ba44fcc12cca74e));
    assert_true(mlsd__id_join(mlsd__id_of_i64(1), mlsd__id_of_text("a")) ==
                UINT64_C(0x3c8a2ecde8d5eb6e));
    /* However a whole number was read, it is the same id. */
    assert_true(mlsd__id_of_f64(1) == mlsd__id_of_i64(1));
    assert_true(mlsd__id_of_f64(-0.0) == mlsd__id_of_i64(0));
}

static void test_dataset_roles__ids_of_matrices_and_missing_ids(void **state)
{
    const mlsd__allocator *const a = mlsd__context_allocator(NULL);
    static const int64_t whole[3] = {0, 1, -1};
    static const double same[3] = {0, 1, -1}, gap[3] = {0, NAN, 1};
    uint64_t *ids = NULL, *others = NULL;
    (void)state;
    mlsd_matrix m = column(whole, 3, MLSD_I64), n = column(same, 3, MLSD_F64);
    ASSERT_OK(mlsd__ids_of_matrix(a, &m, &ids));
    ASSERT_OK(mlsd__ids_of_matrix(a, &n, &others));
    assert_memory_equal(ids, others, 3 * sizeof *ids);
    assert_true(ids[2] == UINT64_C(0x5111c7e47d784413));
    mlsd__free(a, ids);
    mlsd__free(a, others);
    n = column(gap, 3, MLSD_F64);
    ASSERT_FAILS(MLSD_E_DATA, "row 1", mlsd__ids_of_matrix(a, &n, &ids));
    mlsd__free(a, ids);
}

static void check_ticks(const mlsd_matrix *times, const mlsd_matrix *ends, double per_unit,
                        const int64_t *ticks, const int64_t *end_ticks, int64_t n)
{
    const mlsd__allocator *const a = mlsd__context_allocator(NULL);
    int64_t *t = NULL, *e = NULL;
    mlsd__time_scale scale;
    ASSERT_OK(mlsd__times_of_matrices(a, times, ends, &t, &e, &scale));
    ASSERT_NEAR(scale.per_unit, per_unit, 0);
    ASSERT_NEAR(scale.per_second, 0, 0);
    assert_memory_equal(t, ticks, (size_t)n * sizeof *t);
    if (end_ticks == NULL)
        assert_null(e);
    else
        assert_memory_equal(e, end_ticks, (size_t)n * sizeof *e);
    mlsd__free(a, t);
    mlsd__free(a, e);
}

static void test_dataset_roles__times_stay_exact(void **state)
{
    (void)state;
    static const int64_t nanoseconds[3] = {INT64_C(1709210096789012345),
                                           INT64_C(1709210096789012346), INT64_MIN};
    static const double whole[3] = {3, -1, 9}, halves[3] = {0.5, 1, -3};
    static const int64_t whole_ticks[3] = {3, -1, 9}, later[3] = {4, 4, 9};
    const int64_t unit = INT64_C(1) << 60; /* 3 needs two bits of 62 */
    const int64_t half_ticks[3] = {unit / 2, unit, -3 * unit};
    const int64_t wide_unit = INT64_C(1) << 58; /* 9 needs four */
    const int64_t mixed[3] = {wide_unit / 2, wide_unit, -3 * wide_unit};
    const int64_t mixed_ends[3] = {3 * wide_unit, -wide_unit, 9 * wide_unit};
    mlsd_matrix m = column(nanoseconds, 3, MLSD_I64);
    check_ticks(&m, NULL, 1, nanoseconds, NULL, 3);
    m = column(whole, 3, MLSD_F64);
    mlsd_matrix ends = column(later, 3, MLSD_I64);
    check_ticks(&m, &ends, 1, whole_ticks, later, 3);
    m = column(halves, 3, MLSD_F64);
    check_ticks(&m, NULL, (double)unit, half_ticks, NULL, 3);
    ends = column(whole, 3, MLSD_F64);
    check_ticks(&m, &ends, (double)wide_unit, mixed, mixed_ends, 3);
}

static void test_dataset_roles__times_that_are_none_are_refused(void **state)
{
    const mlsd__allocator *const a = mlsd__context_allocator(NULL);
    static const double missing[2] = {1, NAN}, infinite[2] = {INFINITY, 1};
    int64_t *t = NULL, *e = NULL;
    mlsd__time_scale scale;
    (void)state;
    mlsd_matrix m = column(missing, 2, MLSD_F64);
    ASSERT_FAILS(MLSD_E_DATA, "'time' is missing in row 1",
                 mlsd__times_of_matrices(a, &m, NULL, &t, &e, &scale));
    m = column(infinite, 2, MLSD_F64);
    ASSERT_FAILS(MLSD_E_DATA, "'time_end' is infinite in row 0",
                 mlsd__times_of_matrices(a, NULL, &m, &t, &e, &scale));
}

enum { N = 4 };

static void add_text(mlsd_table *table, const char *name, const char *const *texts)
{
    ASSERT_OK(mlsd_table_set_str(table, name, texts, N));
}

static mlsd_status make(const char *const *times, const char *const *ends, mlsd_dataset **out)
{
    static const char *const columns[] = {"t", "e", "who", "what"};
    static const char *const roles[] = {"time", "time_end", "id", "id"};
    static const char *const who[N] = {"a", "b", "a", "b"};
    static const double x[N] = {1, 2, 3, 4};
    static const int64_t what[N] = {1, 1, 2, 2};
    mlsd_table *table = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    add_text(table, "t", times);
    add_text(table, "e", ends);
    add_text(table, "who", who);
    ASSERT_OK(mlsd_table_set_i64(table, "what", what, N));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, N));
    const mlsd_status status =
        mlsd_dataset_from_table(NULL, table, columns, roles, 4, MLSD_TASK_NONE, out);
    mlsd_table_free(table);
    return status;
}

static void test_dataset_roles__columns_of_a_table(void **state)
{
    static const char *const times[N] = {"2024-02-29", "1970-01-01", "2024-02-29", "1970-01-01"};
    static const char *const ends[N] = {"2024-02-29", "1970-01-02", "2024-03-01", "1970-01-01"};
    const int64_t day = INT64_C(86400000000), leap = INT64_C(1709164800000000);
    const int64_t want[3] = {0, leap, 0}, want_ends[3] = {0, leap + day, day};
    static const int64_t rows[3] = {3, 2, 1};
    mlsd_dataset *all = NULL, *some = NULL;
    mlsd__time_scale scale;
    int64_t *t = NULL, *e = NULL;
    uint64_t *ids = NULL;
    (void)state;
    ASSERT_OK(make(times, ends, &all));
    ASSERT_OK(mlsd_dataset_rows(all, rows, 3, &some));
    const mlsd__allocator *const a = mlsd__context_allocator(NULL);
    ASSERT_OK(mlsd__dataset_gather_times(some, &t, &e, &scale));
    assert_memory_equal(t, want, sizeof want);
    assert_memory_equal(e, want_ends, sizeof want_ends);
    ASSERT_NEAR(scale.per_second, 1e6, 0);
    ASSERT_NEAR(scale.per_unit, 0, 0);
    ASSERT_OK(mlsd__dataset_gather_ids(some, &ids));
    assert_true(ids[2] == mlsd__id_join(mlsd__id_of_text("b"), mlsd__id_of_i64(1)));
    assert_true(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
    mlsd__free(a, t);
    mlsd__free(a, e);
    mlsd__free(a, ids);
    mlsd_dataset_free(some);
    mlsd_dataset_free(all);
}

static void test_dataset_roles__texts_that_are_no_dates_are_refused(void **state)
{
    static const char *const times[N] = {"2024-02-29", "1970-01-01", "yesterday", "1970-01-01"};
    mlsd_dataset *all = NULL;
    mlsd__time_scale scale;
    int64_t *t = NULL, *e = NULL;
    (void)state;
    ASSERT_OK(make(times, times, &all));
    ASSERT_FAILS(MLSD_E_DATA, "'t' of row 2 is 'yesterday'",
                 mlsd__dataset_gather_times(all, &t, &e, &scale));
    assert_null(t);
    mlsd_dataset_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset_roles__ids_are_those_of_xxhash),
        cmocka_unit_test(test_dataset_roles__ids_of_matrices_and_missing_ids),
        cmocka_unit_test(test_dataset_roles__times_stay_exact),
        cmocka_unit_test(test_dataset_roles__times_that_are_none_are_refused),
        cmocka_unit_test(test_dataset_roles__columns_of_a_table),
        cmocka_unit_test(test_dataset_roles__texts_that_are_no_dates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
