/* test_time_spans.c - ticks in order, and spans of time as folds in whichever form is smallest.
 * Witnesses: a sort by insertion, and the same splits of rows that stand in another order. */
#include "time_folds.h"

#include "base/scope.h"
#include "split/time_spans.h"

static void test_time_spans__ticks_sort_exactly_over_all_of_int64(void **state)
{
    enum { N = 300 };
    static int64_t ticks[N], order[N], expected[N];
    mlsd__scope scope;
    uint64_t random = 3;
    (void)state;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    for (int shift = 0; shift < 64; shift += 7) {
        for (int i = 0; i < N; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const uint64_t word = random >> shift;
            /* Apart by ones, far from where doubles have ones, and some at the very ends. */
            ticks[i] = (int64_t)(shift > 20 ? word + (UINT64_C(1) << 60) : word);
            if (shift % 2 == 0 && i % 50 == 0) ticks[i] = i % 100 == 0 ? INT64_MIN : INT64_MAX;
            int at = i;
            while (at > 0 && ticks[expected[at - 1]] > ticks[i]) {
                expected[at] = expected[at - 1];
                at--;
            }
            expected[at] = i;
        }
        ASSERT_OK(mlsd__argsort_ticks(&scope, ticks, N, order));
        assert_memory_equal(order, expected, sizeof order);
    }
    mlsd__scope_close(&scope);
}

static void assert_form(const char *json, timed_rows rows, mlsd__folds_form form)
{
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_timed(NULL, json, &rows, &folds));
    assert_int_equal(folds->form, form);
    mlsd_folds_free(folds);
}

/* Rows 0 .. n-1 in time order, or the other way round. */
enum { MANY = 1000 };
static const char *const expanding = "{\"kind\":\"rolling_split\",\"n_splits\":9}";
static const char *const short_windows =
    "{\"kind\":\"rolling_split\",\"n_splits\":300,\"train_size\":2,\"test_size\":1}";

static void test_time_spans__take_the_smallest_form(void **state)
{
    static int64_t forward[MANY], backward[MANY], late[MANY];
    (void)state;
    for (int64_t i = 0; i < MANY; i++) {
        forward[i] = i;
        backward[i] = -i;
        late[i] = i + (i % 7 == 0 ? 50 : 0);
    }
    assert_form(expanding, timed(MANY, forward), MLSD__FOLDS_RANGES);
    assert_form(expanding, labelled(MANY, forward, forward), MLSD__FOLDS_RANGES);
    assert_form(expanding, labelled(MANY, forward, late), MLSD__FOLDS_MARKS);
    assert_form(expanding, timed(MANY, backward), MLSD__FOLDS_MARKS);
    assert_form(short_windows, timed(MANY, forward), MLSD__FOLDS_RANGES);
    assert_form(short_windows, timed(MANY, backward), MLSD__FOLDS_ROWS);
}

/* What stands backwards gives the same splits, rows counted from the other end. */
static void assert_mirrored(const char *json, const int64_t *forward, const int64_t *backward)
{
    static int64_t a[MANY], b[MANY];
    mlsd_folds *in_order = NULL, *mirrored = NULL;
    const timed_rows rows = timed(MANY, forward), other = timed(MANY, backward);
    ASSERT_OK(split_timed(NULL, json, &rows, &in_order));
    ASSERT_OK(split_timed(NULL, json, &other, &mirrored));
    assert_int_equal(mlsd_folds_n_splits(in_order), mlsd_folds_n_splits(mirrored));
    for (int64_t k = 0; k < mlsd_folds_n_splits(in_order); k++) {
        for (int64_t part = 0; part < 2; part++) {
            const int64_t n = mlsd_folds_part_size(in_order, k, part);
            assert_int_equal(n, mlsd_folds_part_size(mirrored, k, part));
            ASSERT_OK(mlsd_folds_part(in_order, k, part, a, MANY));
            ASSERT_OK(mlsd_folds_part(mirrored, k, part, b, MANY));
            for (int64_t i = 0; i < n; i++) assert_int_equal(a[i], MANY - 1 - b[n - 1 - i]);
        }
    }
    mlsd_folds_free(in_order);
    mlsd_folds_free(mirrored);
}

static void test_time_spans__all_forms_have_the_same_rows(void **state)
{
    static int64_t forward[MANY], backward[MANY];
    (void)state;
    for (int64_t i = 0; i < MANY; i++) {
        forward[i] = i;
        backward[i] = MANY - i;
    }
    assert_mirrored(expanding, forward, backward);
    assert_mirrored(short_windows, forward, backward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_spans__ticks_sort_exactly_over_all_of_int64),
        cmocka_unit_test(test_time_spans__take_the_smallest_form),
        cmocka_unit_test(test_time_spans__all_forms_have_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
