/* test_frame.c - blocks of rows read from any source come out as the elements that plain indexing
 * gives (brute force), through chains and selections, whatever the block size and number of
 * threads. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "data/frame.h"
#include "failing_allocator.h"

enum { N = 300, P = 7, GAP = 2 };

/* A buffer with room for every stride below, holding small whole numbers. */
typedef struct numbers {
    double f64[N * GAP * P * GAP];
    float f32[N * GAP * P * GAP];
    int32_t i32[N * GAP * P * GAP];
    int64_t i64[N * GAP * P * GAP];
} numbers;

static numbers data;

static void fill(void)
{
    for (int64_t k = 0; k < N * GAP * P * GAP; k++) {
        const int value = (int)((k * 7919) % 10007) - 5000;
        data.f64[k] = value;
        data.f32[k] = (float)value;
        data.i32[k] = value;
        data.i64[k] = value;
    }
}

static const void *buffer_of(mlsd_dtype dtype)
{
    const void *const buffers[] = {NULL, data.f32, data.f64, data.i32, data.i64};
    return buffers[dtype];
}

static size_t size_of(mlsd_dtype dtype)
{
    return dtype == MLSD_F32 || dtype == MLSD_I32 ? 4 : 8;
}

/* Start, row stride, column stride: row-major, with gaps, column-major, reversed, broadcast. */
static const int64_t layouts[][3] = {
    {0, P, 1},      {0, P *GAP, 1},      {0, P *GAP, GAP},
    {0, 1, N},      {0, GAP, N *GAP},    {(N - 1) * P, -P, 1},
    {P - 1, P, -1}, {N * P - 1, -P, -1}, {N - 1, -1, N},
    {3, 0, 1},      {3, 1, 0},
};

static mlsd_matrix matrix_of(mlsd_dtype dtype, const int64_t layout[3])
{
    const char *const start = buffer_of(dtype);
    return (mlsd_matrix){.data = start + layout[0] * (int64_t)size_of(dtype),
                         .rows = N,
                         .cols = P,
                         .row_stride = layout[1],
                         .col_stride = layout[2],
                         .dtype = dtype};
}

static double element(const int64_t layout[3], int64_t row, int64_t column)
{
    return data.f64[layout[0] + row * layout[1] + column * layout[2]];
}

static void test_frame__read_equals_indexing(void **state)
{
    (void)state;
    int64_t rows[N];
    for (int64_t i = 0; i < N; i++) rows[i] = (i * 37) % N;
    static double out[N * P];
    for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++) {
        for (mlsd_dtype dtype = MLSD_F32; dtype <= MLSD_I64; dtype++) {
            for (int listed = 0; listed < 2; listed++) {
                const mlsd__frame f = {.n_rows = N,
                                       .n_features = P,
                                       .rows = listed ? rows : NULL,
                                       .matrix = matrix_of(dtype, layouts[k])};
                assert_int_equal(mlsd__frame_scratch(&f, N), 0);
                for (int64_t first = 0; first < N; first += 150) {
                    mlsd__frame_read(&f, first, 150, out, NULL);
                    for (int64_t i = 0; i < 150; i++) {
                        const int64_t row = listed ? rows[first + i] : first + i;
                        for (int64_t j = 0; j < P; j++)
                            assert_true(out[i * P + j] == element(layouts[k], row, j));
                    }
                }
            }
        }
    }
}

static void test_frame__direct_only_for_rows_that_lie_in_order(void **state)
{
    (void)state;
    int64_t ld = 0;
    mlsd__frame f = {.n_rows = N, .n_features = P, .matrix = matrix_of(MLSD_F64, layouts[1])};
    assert_ptr_equal(mlsd__frame_direct(&f, 5, &ld), data.f64 + 5 * P * GAP);
    assert_int_equal(ld, P * GAP);
    for (size_t k = 2; k < sizeof layouts / sizeof *layouts; k++) {
        f.matrix = matrix_of(MLSD_F64, layouts[k]);
        assert_null(mlsd__frame_direct(&f, 0, &ld));
    }
    f.matrix = matrix_of(MLSD_F32, layouts[0]);
    assert_null(mlsd__frame_direct(&f, 0, &ld));
    const int64_t rows[1] = {0};
    f.matrix = matrix_of(MLSD_F64, layouts[0]);
    f.rows = rows;
    assert_null(mlsd__frame_direct(&f, 0, &ld));
}

static void test_frame__table_columns(void **state)
{
    (void)state;
    static double x[N];
    static int64_t whole[N];
    static int32_t codes[N];
    for (int64_t i = 0; i < N; i++) {
        x[i] = i % 11 == 0 ? NAN : 0.5 * (double)i;
        whole[i] = 3 * i - 100;
        codes[i] = (int32_t)(i % 4) - 1;
    }
    const mlsd__column columns[] = {
        {.type = MLSD_COLUMN_F64, .n = N, .values = x},
        {.type = MLSD_COLUMN_I64, .n = N, .values = whole},
        {.type = MLSD_COLUMN_CATEGORY, .n = N, .values = codes, .n_levels = 3},
    };
    const double recode[] = {2, -1, 0};
    const mlsd__frame_column sources[] = {
        {&columns[0], NULL}, {&columns[1], NULL}, {&columns[2], NULL}, {&columns[2], recode}};
    mlsd__frame f = {.n_rows = N, .n_features = 4, .columns = sources};
    int64_t rows[N], storage[N];
    for (int64_t i = 0; i < N; i++) rows[i] = N - 1 - i;
    mlsd__frame reversed;
    mlsd__frame_select(&f, rows, N, storage, &reversed);
    static double out[N * 4], back[N * 4];
    mlsd__frame_read(&f, 0, N, out, NULL);
    mlsd__frame_read(&reversed, 0, N, back, NULL);
    for (int64_t i = 0; i < N; i++) {
        const double *const row = out + 4 * i;
        assert_true(i % 11 == 0 ? isnan(row[0]) : row[0] == x[i]);
        assert_true(row[1] == (double)whole[i]);
        assert_true(codes[i] < 0 ? isnan(row[2]) && isnan(row[3])
                                 : row[2] == codes[i] && row[3] == recode[codes[i]]);
        assert_memory_equal(row, back + 4 * (N - 1 - i), 4 * sizeof *row);
    }
}

/* Row-wise transforms with known results: doubled and appended sums; differences of neighbours. */
static void widen(const void *factor, const double *in, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < P; j++) {
            out[i * (P + 1) + j] = *(const double *)factor * in[i * P + j];
            sum += in[i * P + j];
        }
        out[i * (P + 1) + P] = sum;
    }
}

static void narrow(const void *unused, const double *in, int64_t n, double *out)
{
    (void)unused;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < 2; j++) out[i * 2 + j] = in[i * (P + 1) + j] - in[i * (P + 1) + P];
    }
}

static void add_one(const void *unused, const double *in, int64_t n, double *out)
{
    (void)unused;
    for (int64_t i = 0; i < n * 2; i++) out[i] = in[i] + 1;
}

/* widen, narrow, add_one of a row, by hand. */
static void expect_chain(const int64_t layout[3], int64_t row, const double *got)
{
    double sum = 0;
    for (int64_t j = 0; j < P; j++) sum += element(layout, row, j);
    for (int64_t j = 0; j < 2; j++) assert_true(got[j] == 2 * element(layout, row, j) - sum + 1);
}

static void test_frame__chain_and_select_in_any_order(void **state)
{
    (void)state;
    const double factor = 2;
    int64_t rows[40], storage[40], again[3] = {39, 0, 7}, storage_again[3];
    for (int64_t i = 0; i < 40; i++) rows[i] = (i * 71 + 3) % N;
    static double scratch[2 * N * (P + 1)];
    double out[2 * 40];
    for (size_t k = 0; k < 4; k++) {
        const mlsd__frame f = {
            .n_rows = N, .n_features = P, .matrix = matrix_of(MLSD_F64, layouts[k])};
        mlsd__frame a, b, c, selected, twice;
        mlsd__frame_chain(&f, widen, &factor, NULL, P + 1, &a);
        mlsd__frame_chain(&a, narrow, NULL, NULL, 2, &b);
        mlsd__frame_chain(&b, add_one, NULL, NULL, 2, &c);
        assert_int_equal(c.max_width, P + 1);
        assert_int_equal(mlsd__frame_scratch(&c, N), 2 * N * (P + 1));
        int64_t ld;
        assert_null(mlsd__frame_direct(&c, 0, &ld));

        mlsd__frame_read(&c, 13, 40, out, scratch);
        for (int64_t i = 0; i < 40; i++) expect_chain(layouts[k], 13 + i, out + 2 * i);
        /* The same rows, read by somebody else and pushed in. */
        double given[40 * P];
        mlsd__frame_read(&f, 13, 40, given, NULL);
        memset(out, 0, sizeof out);
        mlsd__frame_push(&c, rows, given, 40, out, scratch);
        for (int64_t i = 0; i < 40; i++) expect_chain(layouts[k], 13 + i, out + 2 * i);
        mlsd__frame_push(&f, rows, given, 1, given + P, scratch);
        assert_memory_equal(given, given + P, P * sizeof *given);
        mlsd__frame_select(&c, rows, 40, storage, &selected);
        mlsd__frame_read(&selected, 0, 40, out, scratch);
        for (int64_t i = 0; i < 40; i++) expect_chain(layouts[k], rows[i], out + 2 * i);
        mlsd__frame_select(&selected, again, 3, storage_again, &twice);
        assert_int_equal(twice.n_rows, 3);
        mlsd__frame_read(&twice, 0, 3, out, scratch);
        for (int64_t i = 0; i < 3; i++) expect_chain(layouts[k], rows[again[i]], out + 2 * i);

        /* Selected first, chained after. */
        mlsd__frame_select(&f, rows, 40, storage, &selected);
        mlsd__frame_chain(&selected, widen, &factor, NULL, P + 1, &a);
        mlsd__frame_chain(&a, narrow, NULL, NULL, 2, &b);
        mlsd__frame_chain(&b, add_one, NULL, NULL, 2, &c);
        mlsd__frame_read(&c, 1, 39, out, scratch);
        for (int64_t i = 0; i < 39; i++) expect_chain(layouts[k], rows[1 + i], out + 2 * i);
    }
}

static mlsd_context *threads(int64_t n_threads)
{
    mlsd_context *context;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    return context;
}

enum { MANY = 20000 };

static void test_frame__materialize_is_the_same_for_any_threads(void **state)
{
    (void)state;
    double *const x = malloc(MANY * P * sizeof *x);
    for (int64_t i = 0; i < MANY * P; i++) x[i] = (double)((i * 31) % 1009);
    const mlsd__frame f = {
        .n_rows = MANY, .n_features = P, .matrix = {x, MANY, P, 1, MANY, MLSD_F64, 0}};
    const double factor = 0.1;
    mlsd__frame chained;
    mlsd__frame_chain(&f, widen, &factor, NULL, P + 1, &chained);
    double *wanted = NULL;
    const int64_t counts[] = {1, 2, 7};
    for (int k = 0; k < 3; k++) {
        mlsd_context *const context = threads(counts[k]);
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        double *got;
        ASSERT_OK(mlsd__frame_materialize(&scope, &chained, &got));
        if (wanted == NULL) {
            wanted = malloc(MANY * (P + 1) * sizeof *wanted);
            memcpy(wanted, got, MANY * (P + 1) * sizeof *wanted);
            for (int64_t i = 0; i < MANY; i += 997)
                assert_true(got[i * (P + 1) + 2] == 0.1 * x[2 * MANY + i]);
        }
        assert_memory_equal(wanted, got, MANY * (P + 1) * sizeof *wanted);
        mlsd__free(scope.allocator, got);
        mlsd__scope_close(&scope);
        mlsd_context_free(context);
    }
    free(wanted);
    free(x);
}

static void expect_bad(const mlsd__frame *f, bool nan_ok, int64_t row, int64_t feature)
{
    const int64_t counts[] = {1, 2, 7};
    for (int k = 0; k < 3; k++) {
        mlsd_context *const context = threads(counts[k]);
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        int64_t got_row, got_feature;
        ASSERT_OK(mlsd__frame_find_bad(&scope, f, nan_ok, &got_row, &got_feature));
        assert_int_equal(got_row, row);
        assert_int_equal(got_feature, feature);
        mlsd__scope_close(&scope);
        mlsd_context_free(context);
    }
}

static void test_frame__find_bad_names_the_first(void **state)
{
    (void)state;
    double *const x = calloc(MANY * P, sizeof *x);
    mlsd__frame f = {.n_rows = MANY, .n_features = P, .matrix = {x, MANY, P, P, 1, MLSD_F64, 0}};
    expect_bad(&f, false, -1, -1);
    x[19999 * P + 6] = -INFINITY;
    x[15000 * P + 3] = INFINITY;
    x[1500 * P + 4] = NAN;
    x[1500 * P + 5] = NAN;
    expect_bad(&f, false, 1500, 4);
    expect_bad(&f, true, 15000, 3);
    int64_t rows[3] = {0, 19999, 1500};
    int64_t storage[3];
    mlsd__frame selected;
    mlsd__frame_select(&f, rows, 3, storage, &selected);
    expect_bad(&selected, false, 1, 6);
    const double factor = 1;
    mlsd__frame chained;
    mlsd__frame_chain(&f, widen, &factor, NULL, P + 1, &chained);
    expect_bad(&chained, true, 15000, 3);
    f.n_rows = 0;
    expect_bad(&f, false, -1, -1);
    f.n_rows = 1400;
    expect_bad(&f, false, -1, -1);
    free(x);
}

static void test_frame__wide_rows_keep_buffers_small(void **state)
{
    (void)state;
    enum { WIDE = 30000, ROWS = 40 };
    double *const x = calloc((size_t)WIDE * ROWS, sizeof *x);
    x[7] = NAN;
    /* Column-major, so that it has to be copied into a buffer. */
    const mlsd__frame f = {
        .n_rows = ROWS, .n_features = WIDE, .matrix = {x, ROWS, WIDE, 1, ROWS, MLSD_F64, 0}};
    expect_bad(&f, false, 7, 0);
    free(x);
}

static void test_frame__out_of_memory(void **state)
{
    (void)state;
    const mlsd__frame f = {.n_rows = N, .n_features = P, .matrix = matrix_of(MLSD_F32, layouts[3])};
    for (long long k = 1;; k++) {
        failing_allocator allocator;
        failing_allocator_init(&allocator, k, 0);
        mlsd_context *const context = failing_context(&allocator, 2);
        mlsd__scope scope;
        mlsd_status status = context == NULL ? MLSD_E_NOMEM : mlsd__scope_open(&scope, context);
        if (status == MLSD_OK) {
            double *x = NULL;
            int64_t row, feature;
            status = mlsd__frame_materialize(&scope, &f, &x);
            if (status == MLSD_OK) status = mlsd__frame_find_bad(&scope, &f, false, &row, &feature);
            mlsd__free(scope.allocator, x);
            mlsd__scope_close(&scope);
        }
        mlsd_context_free(context);
        assert_int_equal(atomic_load(&allocator.live_blocks), 0);
        if (atomic_load(&allocator.failed) == 0) {
            ASSERT_OK(status);
            return;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
}

int main(void)
{
    fill();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__read_equals_indexing),
        cmocka_unit_test(test_frame__direct_only_for_rows_that_lie_in_order),
        cmocka_unit_test(test_frame__table_columns),
        cmocka_unit_test(test_frame__chain_and_select_in_any_order),
        cmocka_unit_test(test_frame__materialize_is_the_same_for_any_threads),
        cmocka_unit_test(test_frame__find_bad_names_the_first),
        cmocka_unit_test(test_frame__wide_rows_keep_buffers_small),
        cmocka_unit_test(test_frame__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
