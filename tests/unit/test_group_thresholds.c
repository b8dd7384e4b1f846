/* test_group_thresholds.c - policies by hand: the coin, decisions, files that are damaged.
 * tests/reference/test_group_thresholds_lp.py compares what is chosen with a linear program. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mlsd/policy.h"
#include "base/coin.h"
#include "slice/mitigation/group_thresholds.h"

enum { N = 8 };
static const char *const group[N] = {"a", "a", "a", "a", "b", "b", "b", "b"};
static const char *const ids[N] = {"1", "2", "3", "4", "5", "6", "7", "8"};
static const double truth[N] = {0, 0, 1, 1, 0, 1, 0, 1};
static const double score[N] = {1, 2, 3, 4, 1, 2, 3, 4};

static mlsd_matrix vector(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

static mlsd_table *make_table(void)
{
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "g", group, N));
    ASSERT_OK(mlsd_table_set_str(t, "id", ids, N));
    return t;
}

static mlsd_policy *make_policy(const char *constraint, double tolerance)
{
    const mlsd_matrix y = vector(truth, N), s = vector(score, N);
    mlsd_table *const t = make_table();
    mlsd_spec *spec = NULL;
    mlsd_policy *p = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "group_thresholds", &spec));
    ASSERT_OK(mlsd_spec_set_str(spec, "constraint", constraint));
    ASSERT_OK(mlsd_spec_set_str(spec, "id", "id"));
    ASSERT_OK(mlsd_spec_set_f64(spec, "tolerance", tolerance));
    ASSERT_OK(mlsd_policy_fit(NULL, spec, t, &y, &s, NULL, &p));
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    return p;
}

/* The curve of 'a' passes (0, 1); the hull of 'b' is (0, 0), (0, 1/2), (1/2, 1), (1, 1). Equal odds
 * are best anywhere from (0, 1/2) to (1/2, 1) on b's hull, where 'a' gains nothing more: 6 of 8 are
 * right. */
static void equal_odds_by_hand(void **state)
{
    (void)state;
    mlsd_policy *const p = make_policy("equalized_odds", 0);
    mlsd_result *r = NULL;
    double value = 0;
    ASSERT_OK(mlsd_policy_describe(p, &r));
    ASSERT_OK(mlsd_result_get_f64(r, "objective", &value));
    ASSERT_NEAR(value, 0.75, 1e-12);
    ASSERT_OK(mlsd_result_get_f64(r, "unconstrained", &value));
    ASSERT_NEAR(value, 7. / 8, 1e-15);
    ASSERT_OK(mlsd_result_get_f64(r, "gap", &value));
    ASSERT_NEAR(value, 0, 1e-12);
    mlsd_result_free(r);
    mlsd_policy_free(p);
}

static void thresholds_lie_between_scores(void **state)
{
    (void)state;
    mlsd_policy *const p = make_policy("none", 0);
    const mlsd_table *t = NULL;
    mlsd_result *r = NULL;
    double at[2] = {0, 0};
    ASSERT_OK(mlsd_policy_describe(p, &r));
    t = mlsd_result_get_table(r, "thresholds");
    assert_int_equal(mlsd_table_n_rows(t), 2);
    ASSERT_OK(mlsd_table_get_f64(t, 2, 0, 2, at));
    ASSERT_NEAR(at[0], 2.5, 0);
    ASSERT_NEAR(at[1], 3.5, 0); /* as good as 1.5: the one that selects fewer */
    mlsd_result_free(r);
    mlsd_policy_free(p);
}

/* The coin is part of the policy's meaning: its values are pinned. XXH3 of the text, upper 53 bits,
 * as libxxhash gives it (of no bytes 2d06800538d394c2). */
static void the_coin_never_changes(void **state)
{
    (void)state;
    ASSERT_NEAR(mlsd__coin("person 1", 0), 0x1.4de5b2a40ccbp-1, 0);
    ASSERT_NEAR(mlsd__coin("person 1", 7), 0x1.8e444bf130784p-2, 0);
    ASSERT_NEAR(mlsd__coin("", 0), 0x1.68340029c69c8p-3, 0);
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        const double coin = mlsd__coin(id, 0);
        assert_true(coin >= 0 && coin < 1);
        sum += coin;
    }
    ASSERT_NEAR(sum / 10000, 0.5, 0.015); /* five standard errors */
}

/* Every byte of the file matters, and none of them crashes the reader. */
static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const char path[] = "test_group_thresholds.policy";
    mlsd_policy *const p = make_policy("equalized_odds", 0.1);
    ASSERT_OK(mlsd_policy_save(p, path));
    mlsd_policy_free(p);
    FILE *f = fopen(path, "rb");
    static unsigned char bytes[4096];
    const size_t size = fread(bytes, 1, sizeof bytes, f);
    assert_int_equal(fclose(f), 0);
    assert_in_range(size, 100, sizeof bytes - 1);
    for (size_t i = 0; i < size; i += 3) {
        mlsd_policy *read = NULL;
        bytes[i] ^= 0x41;
        f = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
        assert_true(mlsd_policy_load(NULL, path, &read) != MLSD_OK);
        assert_null(read);
        bytes[i] ^= 0x41;
    }
    assert_int_equal(remove(path), 0);
}

static void bytes_are_those_of_the_file(void **state)
{
    (void)state;
    static const char path[] = "test_group_thresholds_bytes.policy";
    static unsigned char bytes[4096], file[4096], again[4096];
    mlsd_policy *const p = make_policy("equalized_odds", 0.1), *read = NULL;
    size_t size = 0, same = 0;
    ASSERT_OK(mlsd_policy_to_bytes(p, NULL, 0, &size));
    assert_in_range(size, 100, sizeof bytes - 1);
    ASSERT_FAILS(MLSD_E_BUFFER, "the buffer has room for 10",
                 mlsd_policy_to_bytes(p, bytes, 10, &same));
    assert_int_equal(same, size);
    assert_int_equal(bytes[0], 0);
    ASSERT_OK(mlsd_policy_to_bytes(p, bytes, sizeof bytes, &same));
    ASSERT_OK(mlsd_policy_save(p, path));
    FILE *const f = fopen(path, "rb");
    assert_int_equal(fread(file, 1, sizeof file, f), size);
    assert_int_equal(fclose(f), 0);
    assert_memory_equal(bytes, file, size);
    ASSERT_OK(mlsd_policy_from_bytes(NULL, bytes, size, &read));
    ASSERT_OK(mlsd_policy_to_bytes(read, again, sizeof again, &same));
    assert_memory_equal(bytes, again, size);
    mlsd_policy_free(read);
    read = NULL;
    ASSERT_FAILS(MLSD_E_CORRUPT, "", mlsd_policy_from_bytes(NULL, bytes, size - 1, &read));
    ASSERT_FAILS(MLSD_E_ARG, "the bytes are NULL", mlsd_policy_from_bytes(NULL, NULL, 5, &read));
    assert_null(read);
    assert_int_equal(remove(path), 0);
    mlsd_policy_free(p);
}

static void names_the_culprit(void **state)
{
    (void)state;
    mlsd_policy *p = make_policy("equalized_odds", 0);
    mlsd_table *const t = make_table();
    const mlsd_matrix y = vector(score, N), s = vector(score, N);
    double out[N];
    mlsd_spec *spec = NULL;
    mlsd_policy *none = NULL;
    ASSERT_FAILS(MLSD_E_SHAPE, "n is 3", mlsd_policy_predict(p, t, &s, out, 3));
    ASSERT_FAILS(MLSD_E_ARG, "not a live mlsd_policy",
                 mlsd_policy_predict((const mlsd_policy *)(const void *)t, t, &s, out, N));
    ASSERT_OK(mlsd_spec_new(NULL, "group_thresholds", &spec));
    ASSERT_FAILS(MLSD_E_DATA, "y[1] is 2, not 0 or 1",
                 mlsd_policy_fit(NULL, spec, t, &y, &s, NULL, &none));
    ASSERT_FAILS(MLSD_E_ARG, "group_thresholds needs y",
                 mlsd_policy_fit(NULL, spec, t, NULL, &s, NULL, &none));
    mlsd_spec_free(spec);
    ASSERT_OK(mlsd_spec_new(NULL, "fairness", &spec));
    ASSERT_FAILS(MLSD_E_KIND, "kind group_thresholds",
                 mlsd_policy_fit(NULL, spec, t, &y, &s, NULL, &none));
    ASSERT_FAILS(MLSD_E_IO, "no/such/file", mlsd_policy_load(NULL, "no/such/file", &none));
    static const double zeros[N] = {0}, bad[N] = {1, 2, NAN, 4, 5, 6, 7, 8};
    const mlsd_matrix no_positives = vector(zeros, N), nan = vector(bad, N);
    const mlsd_matrix truths = vector(truth, N);
    mlsd_spec_free(spec);
    ASSERT_OK(mlsd_spec_new(NULL, "group_thresholds", &spec));
    ASSERT_OK(mlsd_spec_set_str(spec, "id", "id"));
    ASSERT_FAILS(MLSD_E_DATA, "no group has rows of both classes in y, so that equalized_odds",
                 mlsd_policy_fit(NULL, spec, t, &no_positives, &s, NULL, &none));
    ASSERT_FAILS(MLSD_E_DATA, "score[2] is nan, not a finite number; leave the row out",
                 mlsd_policy_fit(NULL, spec, t, &truths, &nan, NULL, &none));
    ASSERT_FAILS(MLSD_E_DATA, "all weights are 0",
                 mlsd_policy_fit(NULL, spec, t, &truths, &s, &no_positives, &none));
    ASSERT_FAILS(MLSD_E_DATA, "score[2] is nan", mlsd_policy_predict(p, t, &nan, out, N));
    assert_null(none);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    mlsd_policy_free(p);
}

/* A group of rows that weigh nothing is nobody's: it has no threshold, not one that nobody
 * reaches. */
static void weightless_groups_are_unknown(void **state)
{
    (void)state;
    static const double some[N] = {1, 1, 1, 1, 0, 0, 0, 0};
    const mlsd_matrix y = vector(truth, N), s = vector(score, N), w = vector(some, N);
    mlsd_table *const t = make_table();
    mlsd_spec *spec = NULL;
    mlsd_policy *p = NULL;
    double out[N];
    ASSERT_OK(mlsd_spec_new(NULL, "group_thresholds", &spec));
    ASSERT_OK(mlsd_spec_set_str(spec, "id", "id"));
    ASSERT_OK(mlsd_policy_fit(NULL, spec, t, &y, &s, &w, &p));
    ASSERT_FAILS(MLSD_E_DATA, "row 4 is of group 'b', whose rows all had weight 0",
                 mlsd_policy_predict(p, t, &s, out, N));
    mlsd_policy_free(p);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

/* One group is best off with one threshold: no coin is tossed for what rounding leaves over. */
static void no_coin_for_rounding(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    static const char *one[ROWS];
    static double y[ROWS], s[ROWS];
    for (int i = 0; i < ROWS; i++) {
        one[i] = "a";
        y[i] = i * 7919 % 13 < 6;
        s[i] = y[i] * 0.7 + i * 104729 % 1000 / 1000.0;
    }
    const mlsd_matrix Y = vector(y, ROWS), S = vector(s, ROWS);
    static const char *const constraints[] = {"equalized_odds", "equal_opportunity",
                                              "demographic_parity", "predictive_equality"};
    for (int k = 0; k < 4; k++) {
        mlsd_table *t = NULL;
        mlsd_spec *spec = NULL;
        mlsd_policy *p = NULL;
        mlsd_result *r = NULL;
        double is_random = 1, value = 0, best = 1;
        ASSERT_OK(mlsd_table_new(NULL, &t));
        ASSERT_OK(mlsd_table_set_str(t, "g", one, ROWS));
        ASSERT_OK(mlsd_spec_new(NULL, "group_thresholds", &spec));
        ASSERT_OK(mlsd_spec_set_str(spec, "constraint", constraints[k]));
        ASSERT_OK(mlsd_policy_fit(NULL, spec, t, &Y, &S, NULL, &p));
        ASSERT_OK(mlsd_policy_describe(p, &r));
        ASSERT_OK(mlsd_result_get_f64(r, "is_random", &is_random));
        ASSERT_OK(mlsd_result_get_f64(r, "objective", &value));
        ASSERT_OK(mlsd_result_get_f64(r, "unconstrained", &best));
        ASSERT_NEAR(is_random, 0, 0);
        ASSERT_NEAR(value, best, 1e-15);
        assert_non_null(
            strstr(mlsd_result_verdict(r), "1 group, with none that it could be equal"));
        mlsd_result_free(r);
        mlsd_policy_free(p);
        mlsd_spec_free(spec);
        mlsd_table_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_odds_by_hand),
        cmocka_unit_test(thresholds_lie_between_scores),
        cmocka_unit_test(the_coin_never_changes),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(weightless_groups_are_unknown),
        cmocka_unit_test(no_coin_for_rounding),
        cmocka_unit_test(bytes_are_those_of_the_file),
        cmocka_unit_test(names_the_culprit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
