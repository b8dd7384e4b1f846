/* test_fold_moments.c - moments of parts and of unions of parts against one Gram summary of the
 * same rows, and the atoms of overlapping splits against membership row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/fold_atoms.h"
#include "numeric/blas.h"
#include "numeric/fold_moments.h"

enum { N = 5000, Q = 5, PARTS = 11 };

static double rows[N * Q], weight[N];
static int64_t order[N], first[PARTS + 1];

/* Columns far from 0, one that drifts, a constant one; part 3 is empty, part 7 has one row. */
static void draw(void)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, 5, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < Q; j++) rows[i * Q + j] = 1e6 * j + mlsd__stream_normal(&stream);
        rows[i * Q + 1] += i;
        rows[i * Q + 2] = 0.1;
        weight[i] = (double)mlsd__stream_below(&stream, 3);
        order[i] = i;
    }
    for (int i = N - 1; i > 0; i--) {
        const int64_t j = mlsd__stream_below(&stream, (uint64_t)i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    const int64_t ends[PARTS] = {400, 900, 1700, 1700, 2000, 2600, 2900, 2901, 3600, 4200, N};
    for (int k = 0; k < PARTS; k++) first[k + 1] = ends[k];
}

static mlsd_status read(const void *user, mlsd__scope *scope, const int64_t *numbers, int64_t n,
                        const double *origin, double *z, int64_t ld)
{
    (void)user, (void)scope;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < Q; j++) z[i * ld + j] = rows[numbers[i] * Q + j] - origin[j];
    return MLSD_OK;
}

static mlsd__gram gram_of_taken(const uint8_t *take, const double *w)
{
    mlsd__gram g;
    assert_int_equal(mlsd__gram_init(&g, &mlsd__libc_allocator, Q), MLSD_OK);
    for (int k = 0; k < PARTS; k++) {
        for (int64_t i = first[k]; take[k] && i < first[k + 1]; i++) {
            double row[Q];
            memcpy(row, rows + order[i] * Q, sizeof row);
            mlsd__gram_add(&g, row, 1, Q, w != NULL ? w + order[i] : NULL);
        }
    }
    return g;
}

static void assert_same_moments(const mlsd__gram *got, const mlsd__gram *want)
{
    assert_int_equal(got->n_rows, want->n_rows);
    assert_true(fabs(got->weight - want->weight) <= 1e-12 * want->weight);
    for (int i = 0; i < Q; i++) {
        assert_true(fabs(got->mean[i] - want->mean[i]) <= 1e-15 * fabs(want->mean[i]) + 1e-13);
        for (int j = i; j < Q; j++) {
            const double size = sqrt(want->scatter[i * Q + i]) * sqrt(want->scatter[j * Q + j]);
            assert_true(fabs(got->scatter[i * Q + j] - want->scatter[i * Q + j]) <= 2e-13 * size);
        }
    }
}

/* Some unions: single parts, all but one, prefixes, every third. */
static void check_unions(const mlsd__fold_moments *m, const double *w)
{
    for (int kind = 0; kind < 4; kind++) {
        for (int k = 0; k < PARTS; k++) {
            uint8_t take[PARTS];
            for (int j = 0; j < PARTS; j++)
                take[j] = kind == 0 ? j == k : kind == 1 ? j != k : kind == 2 ? j <= k : j % 3 == 0;
            mlsd__gram want = gram_of_taken(take, w), got;
            assert_int_equal(mlsd__gram_init(&got, &mlsd__libc_allocator, Q), MLSD_OK);
            mlsd__fold_moments_sum(m, take, &got);
            assert_same_moments(&got, &want);
            assert_true(got.scatter[2 * Q + 2] == 0);
            mlsd__gram_free(&want, &mlsd__libc_allocator);
            mlsd__gram_free(&got, &mlsd__libc_allocator);
        }
    }
}

static void test_fold_moments__unions_of_parts(void **state)
{
    (void)state;
    draw();
    const mlsd__part_rows parts = {.n_parts = PARTS, .rows = order, .first = first};
    for (int weighted = 0; weighted < 2; weighted++) {
        const double *const w = weighted ? weight : NULL;
        const mlsd__moment_source source = {.q = Q, .weight = w, .read = read};
        mlsd__fold_moments m;
        mlsd__scope scope;
        assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
        assert_int_equal(mlsd__fold_moments_new(&scope, &source, &parts, &m), MLSD_OK);
        check_unions(&m, w);
        assert_same_moments(mlsd__fold_moments_part(&m, 0), &m.nodes[0]);
        mlsd__fold_moments_free(&m, &mlsd__libc_allocator);
        mlsd__scope_close(&scope);
    }
}

/* Three windows over 12 rows; rows 10 and 11 are in none. */
static const int64_t WINDOWS[3][2][4] = {
    {{0, 1, 2, 3}, {4, 5}}, {{2, 3, 4, 5}, {6, 7}}, {{4, 5, 6, 7}, {8, 9}}};

static void test_fold_atoms__windows(void **state)
{
    (void)state;
    mlsd__path_rows splits[3];
    for (int k = 0; k < 3; k++) splits[k] = (mlsd__path_rows){WINDOWS[k][0], WINDOWS[k][1], 4, 2};
    mlsd__scope scope;
    mlsd__fold_atoms atoms;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__fold_atoms_cut(&scope, 12, splits, 3, false, 0, 100, &atoms), MLSD_OK);
    assert_int_equal(atoms.n_splits, 3);
    assert_int_equal(atoms.parts.n_parts, 6); /* 01 23 45 67 89, and the empty rest */
    assert_int_equal(atoms.first[6], 10);
    for (int k = 0; k < 3; k++) {
        for (int part = 0; part < 2; part++) {
            const uint8_t *const in = (part == 0 ? atoms.is_train : atoms.is_test) + k * 6;
            int64_t n = 0;
            for (int atom = 0; atom < 6; atom++)
                for (int64_t i = atoms.first[atom]; in[atom] && i < atoms.first[atom + 1]; i++)
                    assert_int_equal(atoms.rows[i], WINDOWS[k][part][n++]);
            assert_int_equal(n, part == 0 ? 4 : 2);
        }
    }
    mlsd__fold_atoms_free(&atoms, scope.allocator);

    /* Room for five: the first two splits have 01 23 45 67 and the rest. */
    assert_int_equal(mlsd__fold_atoms_cut(&scope, 12, splits, 3, false, 0, 5, &atoms), MLSD_OK);
    assert_int_equal(atoms.n_splits, 2);
    mlsd__fold_atoms_free(&atoms, scope.allocator);
    assert_int_equal(mlsd__fold_atoms_cut(&scope, 12, splits, 3, false, 2, 5, &atoms), MLSD_OK);
    assert_int_equal(atoms.first_split, 2);
    assert_int_equal(atoms.n_splits, 1);
    mlsd__fold_atoms_free(&atoms, scope.allocator);

    const int64_t twice[] = {0, 1, 1};
    const mlsd__path_rows repeats = {twice, WINDOWS[0][1], 3, 2};
    assert_int_equal(mlsd__fold_atoms_cut(&scope, 12, &repeats, 1, false, 0, 5, &atoms), MLSD_OK);
    assert_int_equal(atoms.n_splits, 0);
    mlsd__fold_atoms_free(&atoms, scope.allocator);
    mlsd__scope_close(&scope);
}

/* More folds than atoms may be: the rest of the rows is one atom that all train on. */
static void test_fold_atoms__partition(void **state)
{
    (void)state;
    static int64_t tests[9][2], trains[9][16];
    mlsd__path_rows splits[9];
    for (int64_t k = 0; k < 9; k++) {
        int64_t n = 0;
        tests[k][0] = k;
        tests[k][1] = k + 9;
        for (int64_t i = 0; i < 18; i++)
            if (i % 9 != k) trains[k][n++] = i;
        splits[k] = (mlsd__path_rows){trains[k], tests[k], 16, 2};
    }
    mlsd__scope scope;
    mlsd__fold_atoms atoms;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    for (int64_t from = 0; from < 9; from += 4) {
        const int64_t n = from < 8 ? 4 : 1;
        assert_int_equal(mlsd__fold_atoms_cut(&scope, 18, splits, 9, true, from, 5, &atoms),
                         MLSD_OK);
        assert_int_equal(atoms.n_splits, n);
        assert_int_equal(atoms.parts.n_parts, n + 1);
        assert_int_equal(atoms.first[n + 1], 18);
        for (int64_t k = 0; k < n; k++) {
            assert_int_equal(atoms.rows[atoms.first[k]], from + k);
            for (int64_t atom = 0; atom <= n; atom++) {
                assert_int_equal(atoms.is_test[k * (n + 1) + atom], atom == k);
                assert_int_equal(atoms.is_train[k * (n + 1) + atom], atom != k);
            }
        }
        mlsd__fold_atoms_free(&atoms, scope.allocator);
    }
    mlsd__scope_close(&scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_moments__unions_of_parts),
        cmocka_unit_test(test_fold_atoms__windows),
        cmocka_unit_test(test_fold_atoms__partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
