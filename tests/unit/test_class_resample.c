/* test_class_resample.c - resamplers. Witness: the papers' definitions by brute force: neighbours
 * by comparing all distances, rows in danger by counting, adasyn's counts by its formula. */
#include "augment_rows.h"
#include "model/augment/class_resample.h"

enum { N = 240, P = 3 };

typedef struct sample {
    linear_data d;
    augment_rows a;
    mlsd__resampled made;
} sample;

/* Three classes of about 120, 80 and 40 rows that lie into one another. */
static void sample_make(sample *s, const char *list, uint64_t seed)
{
    s->d = make_linear_data(N, P, 0, 17);
    uint32_t noise = 3;
    for (int64_t i = 0; i < N; i++) {
        s->d.y[i] = i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2;
        s->d.x[i * P] += 0.5 * s->d.y[i] + 0.2 * next_uniform(&noise);
    }
    augment_rows_prepare(&s->a, list, s->d.x, s->d.y, N, P, 3);
    const mlsd_spec *const spec = mlsd__spec_slot_at(s->a.spec, "augment", 0);
    const mlsd__augmentation_ops *const ops = mlsd__spec_ops(spec);
    s->made = (mlsd__resampled){0};
    if (ops->resample(&s->a.scope, spec, seed, &s->a.train, &s->made) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
}

static void sample_free(sample *s)
{
    const mlsd__allocator *const a = s->a.scope.allocator;
    mlsd__free(a, s->made.rows);
    mlsd__free(a, s->made.x);
    mlsd__free(a, s->made.y);
    mlsd__free(a, s->made.weight);
    augment_rows_close(&s->a);
    free_linear_data(&s->d);
}

static double gap2(const double *a, const double *b)
{
    double sum = 0;
    for (int j = 0; j < P; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

/* How many rows (of class c, or of any where c < 0) are nearer to row i than row j is. */
static int64_t rank_of(const sample *s, int64_t i, int64_t j, int c)
{
    int64_t n = 0;
    for (int64_t k = 0; k < N; k++)
        n += k != i && (c < 0 || s->d.y[k] == c) &&
             gap2(s->d.x + i * P, s->d.x + k * P) < gap2(s->d.x + i * P, s->d.x + j * P);
    return n;
}

/* How many of the m nearest of all rows are of another class. */
static int64_t others_around(const sample *s, int64_t i, int64_t m)
{
    int64_t n = 0;
    for (int64_t j = 0; j < N; j++)
        n += j != i && s->d.y[j] != s->d.y[i] && rank_of(s, i, j, -1) < m;
    return n;
}

/* Does the new row lie on a line from row i to one of its 5 nearest of its class? */
static bool starts_from(const sample *s, int64_t number, int64_t i)
{
    const double *const at = s->made.x + number * P, *const from = s->d.x + i * P;
    const int c = (int)s->made.y[number];
    for (int64_t j = 0; j < N; j++) {
        if (j == i || s->d.y[j] != c || rank_of(s, i, j, c) >= 5) continue;
        const double *const to = s->d.x + j * P;
        const double gap = (at[0] - from[0]) / (to[0] - from[0]);
        double miss = 0;
        for (int k = 0; k < P; k++) miss += fabs(from[k] + gap * (to[k] - from[k]) - at[k]);
        if (gap >= 0 && gap < 1 && miss < 1e-10) return true;
    }
    return false;
}

/* Can the new rows of a class, which come row after row, have started so often from each: at least
 * low[i] and at most high[i] times? */
static bool can_start_so(const sample *s, int c, const int64_t *low, const int64_t *high)
{
    int64_t first = 0, n = 0;
    while (first < s->made.n_new && s->made.y[first] != c) first++;
    while (first + n < s->made.n_new && s->made.y[first + n] == c) n++;
    bool reached[2][2 * N] = {{true}};
    int here = 0;
    for (int64_t i = 0; i < N; i++) {
        if (s->d.y[i] != c) continue;
        bool *const next = reached[!here];
        memset(next, 0, sizeof reached[0]);
        for (int64_t at = 0; at <= n; at++) {
            bool fits = reached[here][at];
            for (int64_t g = 0; fits && g <= high[i] && at + g <= n; g++) {
                next[at + g] |= g >= low[i];
                fits = at + g < n && starts_from(s, first + at + g, i);
            }
        }
        here = !here;
    }
    return reached[here][n];
}

static int64_t count_class(const double *y, int64_t n, int c)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += y[i] == c;
    return count;
}

static void assert_all_kept(const sample *s)
{
    assert_int_equal(s->made.n_rows, N);
    for (int64_t i = 0; i < N; i++) assert_int_equal(s->made.rows[i], i);
}

/* Chawla et al. 2002: every class as large as the largest, on lines to neighbours, as many from
 * each row as from any other. */
static void test_class_resample__smote(void **state)
{
    (void)state;
    sample s;
    int64_t low[N], high[N];
    sample_make(&s, "{\"kind\":\"smote\"}", 1);
    assert_all_kept(&s);
    assert_int_equal(count_class(s.made.y, s.made.n_new, 0), 0);
    assert_int_equal(count_class(s.made.y, s.made.n_new, 1), 40);
    assert_int_equal(count_class(s.made.y, s.made.n_new, 2), 80);
    for (int64_t i = 0; i < N; i++) {
        low[i] = s.d.y[i] == 2 ? 2 : 0;
        high[i] = s.d.y[i] == 2 ? 2 : 1;
    }
    assert_true(can_start_so(&s, 1, low, high) && can_start_so(&s, 2, low, high));
    low[5] = high[5] = 3;
    assert_false(can_start_so(&s, 2, low, high));
    sample other;
    sample_make(&other, "{\"kind\":\"smote\"}", 2);
    assert_memory_not_equal(s.made.x, other.made.x, 120 * P * sizeof(double));
    sample_free(&other);
    sample_free(&s);
    sample_make(&s, "{\"kind\":\"smote\",\"sampling_strategy\":0.5}", 1);
    assert_int_equal(count_class(s.made.y, s.made.n_new, 1), 0);
    assert_int_equal(count_class(s.made.y, s.made.n_new, 2), 20);
    sample_free(&s);
}

/* Han et al. 2005: from rows of which m/2 <= m' < m of the 10 around are of other classes. */
static void test_class_resample__borderline(void **state)
{
    (void)state;
    sample s;
    int64_t low[N] = {0}, high[N] = {0}, n_danger[3] = {0}, n_safe = 0;
    sample_make(&s, "{\"kind\":\"borderline_smote\"}", 1);
    for (int64_t i = 0; i < N; i++) {
        const int64_t others = others_around(&s, i, 10);
        high[i] = others >= 5 && others < 10;
        n_danger[(int)s.d.y[i]] += high[i];
        n_safe += high[i] == 0;
    }
    assert_true(n_safe > 20 && n_danger[1] > 0 && n_danger[2] > 0);
    for (int64_t i = 0; i < N; i++) {
        const int64_t c = (int64_t)s.d.y[i];
        if (high[i] == 0 || c == 0) continue;
        low[i] = (c == 1 ? 40 : 80) / n_danger[c];
        high[i] = low[i] + 1;
    }
    assert_true(can_start_so(&s, 1, low, high) && can_start_so(&s, 2, low, high));
    sample_free(&s);
}

/* He et al. 2008, step 4: g_i = G times the normalised part of others among the 5 around. */
static void test_class_resample__adasyn(void **state)
{
    (void)state;
    sample s;
    int64_t wanted[N] = {0};
    double total[3] = {0};
    sample_make(&s, "{\"kind\":\"adasyn\"}", 1);
    for (int64_t i = 0; i < N; i++) total[(int)s.d.y[i]] += (double)others_around(&s, i, 5) / 5;
    for (int64_t i = 0; i < N; i++) {
        const int c = (int)s.d.y[i];
        const double part = (double)others_around(&s, i, 5) / 5 / total[c];
        wanted[i] = (int64_t)floor(part * (c == 1 ? 40 : 80) + 0.5);
    }
    assert_true(can_start_so(&s, 1, wanted, wanted) && can_start_so(&s, 2, wanted, wanted));
    sample_free(&s);
}

static void test_class_resample__random(void **state)
{
    (void)state;
    sample s;
    int64_t counts[3] = {0}, seen[N] = {0};
    sample_make(&s, "{\"kind\":\"random_oversample\",\"sampling_strategy\":0.75}", 1);
    assert_int_equal(s.made.n_new, 0);
    for (int64_t i = 0; i < s.made.n_rows; i++) {
        counts[(int)s.d.y[s.made.rows[i]]]++;
        seen[s.made.rows[i]]++;
    }
    assert_int_equal(counts[0], 120);
    assert_int_equal(counts[1], 90);
    assert_int_equal(counts[2], 90);
    int64_t most = 0;
    for (int64_t i = 0; i < N; i++) {
        assert_true(seen[i] >= 1);
        most = seen[i] > most ? seen[i] : most;
    }
    assert_true(most >= 3); /* 50 draws from 40 rows, with replacement */
    sample_free(&s);

    sample_make(&s, "{\"kind\":\"random_undersample\",\"sampling_strategy\":0.5}", 1);
    memset(counts, 0, sizeof counts);
    for (int64_t i = 0; i < s.made.n_rows; i++) {
        counts[(int)s.d.y[s.made.rows[i]]]++;
        assert_true(i == 0 || s.made.rows[i] > s.made.rows[i - 1]);
    }
    assert_int_equal(counts[0], 80);
    assert_int_equal(counts[1], 80);
    assert_int_equal(counts[2], 40);
    sample_free(&s);
}

/* Rows of weight 0 are not there; new rows have weights between those they are made of. */
static void test_class_resample__weights(void **state)
{
    (void)state;
    double x[] = {0, 1, 2, 3, 4, 100, 101, 50}, y[] = {0, 0, 0, 0, 0, 1, 1, 1};
    const double weight[] = {1, 1, 1, 1, 1, 2, 4, 0};
    augment_rows a;
    augment_rows_prepare(&a, "{\"kind\":\"smote\"}", x, y, 8, 1, 2);
    a.train.weight = weight;
    const mlsd_spec *const spec = mlsd__spec_slot_at(a.spec, "augment", 0);
    const mlsd__augmentation_ops *const ops = mlsd__spec_ops(spec);
    mlsd__resampled made = {0};
    assert_int_equal(ops->resample(&a.scope, spec, 0, &a.train, &made), MLSD_OK);
    assert_int_equal(made.n_new, 3);
    for (int64_t i = 0; i < 3; i++) {
        assert_true(made.x[i] >= 100 && made.x[i] <= 101);
        assert_true(fabs(made.weight[i] - (2 + 2 * (made.x[i] - 100))) < 1e-12);
    }
    mlsd__row_set set;
    assert_int_equal(mlsd__row_set_resampled(&a.scope, &a.train, &made, &set), MLSD_OK);
    assert_int_equal(set.frame.n_rows, 11);
    for (int64_t i = 0; i < 11; i++) {
        assert_true(set.x[i] == (i < 8 ? x[i] : made.x[i - 8]));
        assert_true(set.train.y[i] == (i < 5 ? 0 : 1));
        assert_true(set.train.weight[i] == (i < 8 ? weight[i] : made.weight[i - 8]));
    }
    mlsd__row_set_close(&set, a.scope.allocator);
    mlsd__free(a.scope.allocator, made.rows);
    mlsd__free(a.scope.allocator, made.x);
    mlsd__free(a.scope.allocator, made.y);
    mlsd__free(a.scope.allocator, made.weight);
    augment_rows_close(&a);
}

static void test_class_resample__one_row(void **state)
{
    (void)state;
    double x[] = {0, 1, 2, 3}, y[] = {0, 0, 0, 1};
    augment_rows a;
    augment_rows_prepare(&a, "{\"kind\":\"smote\"}", x, y, 4, 1, 2);
    const mlsd_spec *const spec = mlsd__spec_slot_at(a.spec, "augment", 0);
    const mlsd__augmentation_ops *const ops = mlsd__spec_ops(spec);
    mlsd__resampled made = {0};
    assert_int_equal(ops->resample(&a.scope, spec, 0, &a.train, &made), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "use random_oversample"));
    mlsd__free(a.scope.allocator, made.rows);
    mlsd__free(a.scope.allocator, made.x);
    mlsd__free(a.scope.allocator, made.y);
    augment_rows_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_resample__smote),
        cmocka_unit_test(test_class_resample__borderline),
        cmocka_unit_test(test_class_resample__adasyn),
        cmocka_unit_test(test_class_resample__random),
        cmocka_unit_test(test_class_resample__weights),
        cmocka_unit_test(test_class_resample__one_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
