/* test_cholesky.c - U'U is A. Witness: the product by a plain loop. */
#include "linear_data.h"

#include "numeric/cholesky.h"

/* M'M + I of random M; what is below the diagonal is a mark. */
static void make_matrix(int64_t n, double *a, double *whole)
{
    enum { RANK = 5 };
    double *const m = malloc((size_t)(n * RANK) * sizeof *m);
    uint32_t seed = 11;
    for (int64_t i = 0; i < n * RANK; i++) m[i] = next_uniform(&seed);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = i == j;
            for (int64_t k = 0; k < RANK; k++) sum += m[i * RANK + k] * m[j * RANK + k];
            whole[i * n + j] = sum;
            a[i * n + j] = j >= i ? sum : -7;
        }
    }
    free(m);
}

static bool factorise(int64_t n_threads, int64_t n, double *a)
{
    mlsd_context *context = context_with_threads(n_threads);
    mlsd__scope scope;
    bool ok = false;
    assert_int_equal(mlsd__scope_open(&scope, context), MLSD_OK);
    assert_int_equal(mlsd__cholesky(&scope, n, a, &ok), MLSD_OK);
    mlsd__scope_close(&scope);
    mlsd_context_free(context);
    return ok;
}

static void test_cholesky__product(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 191, 192, 193, 500};
    enum { MOST = 500 };
    double *const a = malloc(sizeof *a * MOST * MOST), *const whole =
                                                           malloc(sizeof *a * MOST * MOST);
    double *const first = malloc(sizeof *a * MOST * MOST);
    for (int s = 0; s < 6; s++) {
        const int64_t n = sizes[s];
        for (int64_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
            make_matrix(n, a, whole);
            assert_true(factorise(n_threads, n, a));
            if (n_threads == 1) memcpy(first, a, (size_t)(n * n) * sizeof *a);
            assert_memory_equal(a, first, (size_t)(n * n) * sizeof *a);
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j += j < i ? 1 : 7) {
                double sum = 0;
                for (int64_t k = 0; k <= i && j >= i; k++) sum += a[k * n + i] * a[k * n + j];
                if (j >= i)
                    assert_true(fabs(sum - whole[i * n + j]) < 1e-13);
                else
                    assert_true(a[i * n + j] == -7);
            }
        }
    }
    /* Rows 450 on are those before once more: the last block finds it out. */
    make_matrix(MOST, a, whole);
    for (int64_t i = 0; i < MOST; i++) {
        a[i * MOST + i] -= 1;
        a[i * MOST + i] += i < 450;
    }
    assert_false(factorise(2, MOST, a));
    a[0] = -1;
    assert_false(factorise(1, 1, a));
    free(a);
    free(whole);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cholesky__product)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
