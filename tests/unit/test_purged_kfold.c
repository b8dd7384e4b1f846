/* test_purged_kfold.c - purged_kfold and combinatorial_purged_split. Witnesses: the definition of
 * overlapping intervals (Lopez de Prado 2018, snippet 7.1), tried on every pair of a row and a
 * tested fold, and splits written out by hand; tests/reference/test_time_sklearn.py also has the
 * class of snippet 7.3. */
#include "time_folds.h"

#define PURGED(rest) "{\"kind\":\"purged_kfold\"" rest "}"
#define COMBINED(rest) "{\"kind\":\"combinatorial_purged_split\"" rest "}"

static const int64_t days[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static void test_purged_kfold__purges_and_embargoes(void **state)
{
    const timed_rows rows = timed(10, days);
    (void)state;
    assert_timed_split(PURGED(",\"n_splits\":3,\"label_horizon\":\"0\""), rows,
                       "4 5 6 7 8 9|0 1 2 3;0 1 2 3 7 8 9|4 5 6;0 1 2 3 4 5 6|7 8 9");
    assert_timed_split(PURGED(",\"n_splits\":3,\"label_horizon\":\"1\""), rows,
                       "5 6 7 8 9|0 1 2 3;0 1 2 8 9|4 5 6;0 1 2 3 4 5|7 8 9");
    assert_timed_split(PURGED(",\"n_splits\":3,\"label_horizon\":\"1\",\"embargo\":\"1\""), rows,
                       "6 7 8 9|0 1 2 3;0 1 2 9|4 5 6;0 1 2 3 4 5|7 8 9");
    assert_timed_split(PURGED(",\"n_splits\":3,\"label_horizon\":\"1\",\"embargo_fraction\":0.2"),
                       rows, "7 8 9|0 1 2 3;0 1 2|4 5 6;0 1 2 3 4 5|7 8 9");
}

static void test_purged_kfold__a_long_label_reaches_far_folds(void **state)
{
    static const int64_t ends[10] = {0, 7, 2, 3, 4, 5, 6, 7, 8, 9};
    (void)state;
    assert_timed_split(PURGED(",\"n_splits\":5"), labelled(10, days, ends),
                       "8 9|0 1;0 4 5 6 7 8 9|2 3;0 2 3 6 7 8 9|4 5;0 2 3 4 5 8 9|6 7;"
                       "0 1 2 3 4 5 6 7|8 9");
}

static void test_combinatorial_purged_split__tests_every_choice(void **state)
{
    static const int64_t times[4] = {0, 10, 20, 30};
    (void)state;
    assert_timed_split(COMBINED(",\"n_folds\":4,\"label_horizon\":\"0\""), timed(4, times),
                       "2 3|0 1;1 3|0 2;1 2|0 3;0 3|1 2;0 2|1 3;0 1|2 3");
    assert_timed_split(COMBINED(",\"n_folds\":4,\"n_test_folds\":1,\"label_horizon\":\"10\""),
                       timed(4, times), "2 3|0;3|1;0|2;0 1|3");
}

static void test_purged_kfold__errors_say_what_would_work(void **state)
{
    const timed_rows rows = timed(10, days);
    (void)state;
    assert_no_split(PURGED(""), 10, NULL, MLSD_E_DATA, "needs times");
    assert_no_timed_split(PURGED(""), rows, MLSD_E_DATA, "needs the ends of the labels' intervals");
    assert_no_timed_split(PURGED(",\"n_splits\":11,\"label_horizon\":\"1\""), rows, MLSD_E_DATA,
                          "n_splits=11 is more than there are rows, 10");
    assert_no_timed_split(PURGED(",\"n_splits\":2,\"label_horizon\":\"5\""), rows, MLSD_E_DATA,
                          "split 0 of 2 has nothing left to train on: all of the other 5 rows");
    assert_no_timed_split(PURGED(",\"label_horizon\":\"1\",\"embargo\":\"1\",\"embargo_fraction\":"
                                 "0.1"),
                          rows, MLSD_E_PARAM_CONFLICT, "'embargo_fraction' are both set");
    assert_no_timed_split(PURGED(",\"label_horizon\":\"1d\""), rows, MLSD_E_DATA, "set time_unit");
    assert_no_timed_split(PURGED(""), labelled(10, days, (int64_t[]){0, 1, 2, 0, 4, 5, 6, 7, 8, 9}),
                          MLSD_E_DATA, "the interval of row 3 ends before it begins");
    assert_no_timed_split(COMBINED(",\"n_folds\":3,\"n_test_folds\":3,\"label_horizon\":\"1\""),
                          rows, MLSD_E_PARAM_CONFLICT, "must be below 'n_folds', which is 3");
    assert_no_timed_split(COMBINED(",\"n_folds\":11,\"label_horizon\":\"1\""), rows, MLSD_E_DATA,
                          "use fewer folds");
}

static void test_combinatorial_purged_split__too_many_splits_are_refused(void **state)
{
    int64_t times[40];
    (void)state;
    for (int i = 0; i < 40; i++) times[i] = i;
    assert_no_timed_split(COMBINED(",\"n_folds\":40,\"n_test_folds\":20,\"label_horizon\":\"0\""),
                          timed(40, times), MLSD_E_DATA, "more than 2147483647 splits");
}

/* Rows as they come, few distinct times, some long labels. */
enum { RANDOM_ROWS = 200 };

static void draw_rows(uint64_t *random, int64_t n, int64_t *times, int64_t *ends)
{
    for (int64_t i = 0; i < n; i++) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        times[i] = (int64_t)(*random >> 33) % (2 * n);
        ends[i] = times[i] + (int64_t)(*random >> 20) % (*random >> 60 == 0 ? n : 4);
    }
}

/* The fold of each row: its rank by time and number, cut as evenly as can be. */
static void brute_folds(int64_t n, const int64_t *times, int64_t n_folds, int64_t *fold)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t rank = 0;
        for (int64_t j = 0; j < n; j++)
            rank += times[j] < times[i] || (times[j] == times[i] && j < i);
        int64_t f = 0, end = 0;
        for (; f < n_folds; f++) {
            end += n / n_folds + (f < n % n_folds);
            if (rank < end) break;
        }
        fold[i] = f;
    }
}

/* Whether row i may be trained on where fold f is tested. */
static int brute_is_kept(int64_t n, const int64_t *times, const int64_t *ends, const int64_t *fold,
                         int64_t i, int64_t f, int64_t embargo)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t j = 0; j < n; j++) {
        if (fold[j] != f) continue;
        if (times[j] < low) low = times[j];
        if (ends[j] > high) high = ends[j];
    }
    const int64_t reach = high + embargo;
    return fold[i] != f && (ends[i] < low || times[i] > reach);
}

static void test_combinatorial_purged_split__leaves_out_exactly_what_overlaps(void **state)
{
    static int64_t times[RANDOM_ROWS], ends[RANDOM_ROWS], fold[RANDOM_ROWS], got[RANDOM_ROWS];
    uint64_t random = 7;
    int n_checked = 0;
    (void)state;
    for (int64_t n = 12; n <= RANDOM_ROWS; n += 17) {
        const int64_t n_folds = 4 + n % 4, embargo = n % 5;
        char json[200];
        draw_rows(&random, n, times, ends);
        (void)snprintf(json, sizeof json,
                       COMBINED(",\"n_folds\":%d,\"n_test_folds\":2,\"embargo\":\"%d\""),
                       (int)n_folds, (int)embargo);
        const timed_rows rows = labelled(n, times, ends);
        mlsd_folds *folds = NULL;
        if (split_timed(NULL, json, &rows, &folds) != MLSD_OK) continue;
        brute_folds(n, times, n_folds, fold);
        int64_t split = 0;
        for (int64_t f = 0; f < n_folds; f++) {
            for (int64_t g = f + 1; g < n_folds; g++, split++) {
                int64_t n_train = 0, n_test = 0;
                const int64_t size = mlsd_folds_part_size(folds, split, 0);
                ASSERT_OK(mlsd_folds_part(folds, split, 0, got, RANDOM_ROWS));
                for (int64_t i = 0; i < n; i++) {
                    n_test += fold[i] == f || fold[i] == g;
                    if (!brute_is_kept(n, times, ends, fold, i, f, embargo) ||
                        !brute_is_kept(n, times, ends, fold, i, g, embargo))
                        continue;
                    assert_true(n_train < size && got[n_train] == i);
                    n_train++;
                }
                assert_int_equal(n_train, size);
                assert_int_equal(n_test, mlsd_folds_part_size(folds, split, 1));
                n_checked++;
            }
        }
        assert_int_equal(split, mlsd_folds_n_splits(folds));
        mlsd_folds_free(folds);
    }
    assert_true(n_checked > 50);
}

static void test_purged_kfold__threads_do_not_matter(void **state)
{
    (void)state;
    assert_threads_do_not_matter(PURGED(",\"n_splits\":3"), labelled(10, days, days));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_purged_kfold__purges_and_embargoes),
        cmocka_unit_test(test_purged_kfold__a_long_label_reaches_far_folds),
        cmocka_unit_test(test_combinatorial_purged_split__tests_every_choice),
        cmocka_unit_test(test_purged_kfold__errors_say_what_would_work),
        cmocka_unit_test(test_combinatorial_purged_split__too_many_splits_are_refused),
        cmocka_unit_test(test_combinatorial_purged_split__leaves_out_exactly_what_overlaps),
        cmocka_unit_test(test_purged_kfold__threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
