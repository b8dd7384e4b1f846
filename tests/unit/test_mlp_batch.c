/* test_mlp_batch.c - what chance does to training rows: how often units are dropped, how far noise
 * goes, how rows are mixed, and that a row's draws are its own wherever a batch is cut. Witness:
 * the definitions, and moments of the distributions named in the code. */
#include "linear_data.h"
#include "model/neural/mlp_batch.h"

enum { N = 400, P = 3, CLASSES = 3, UNITS = 50 };

static const mlsd__feature features[P] = {
    {"a", MLSD__NUMERIC, 0, NULL}, {"b", MLSD__NUMERIC, 0, NULL}, {"c", MLSD__NUMERIC, 0, NULL}};
static const double hidden[] = {UNITS};

typedef struct fixture {
    linear_data data;
    mlsd__frame frame;
    mlsd__mlp_net net;
    mlsd__mlp_rows rows;
    mlsd__mlp_block block;
    mlsd__scope scope;
    int64_t row[N], partner[N];
    double *theta;
} fixture;

static void open_fixture(fixture *f, const mlsd__mlp_changes *changes)
{
    const mlsd__mlp_shape shape = {.features = features,
                                   .n_features = P,
                                   .hidden = hidden,
                                   .n_hidden = 1,
                                   .n_outputs = CLASSES,
                                   .loss = MLSD__MLP_LOG_LOSS};
    memset(f, 0, sizeof *f);
    f->data = make_linear_data(N, P, CLASSES, 12);
    f->frame = (mlsd__frame){.n_rows = N,
                             .n_features = P,
                             .features = features,
                             .matrix = {f->data.x, N, P, P, 1, MLSD_F64, 0},
                             .n_source = P,
                             .max_width = P};
    assert_int_equal(mlsd__scope_open(&f->scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__mlp_net_open(&f->net, f->scope.allocator, &shape), MLSD_OK);
    assert_int_equal(
        mlsd__mlp_block_open(&f->block, f->scope.allocator, &f->net, 0, N, false, changes),
        MLSD_OK);
    f->theta = mlsd__alloc(f->scope.allocator, f->net.n_theta, sizeof *f->theta);
    f->rows =
        (mlsd__mlp_rows){.y = f->data.y, .n_classes = CLASSES, .total_weight = N, .n_used = N};
    f->rows.rows.frame = &f->frame;
    for (int64_t i = 0; i < N; i++) {
        f->row[i] = (7 * i) % N;
        f->partner[i] = (7 * (i + 31)) % N;
    }
}

static void close_fixture(fixture *f)
{
    mlsd__free(f->scope.allocator, f->theta);
    mlsd__mlp_block_close(&f->block, f->scope.allocator);
    mlsd__mlp_net_close(&f->net, f->scope.allocator);
    mlsd__scope_close(&f->scope);
    free_linear_data(&f->data);
}

/* Places [first, first + n) of the batch. */
static void fill_part(fixture *f, const mlsd__mlp_changes *changes, int64_t first, int64_t n)
{
    assert_int_equal(mlsd__mlp_block_fill(&f->block, &f->scope, &f->net, f->theta, &f->rows,
                                          f->row + first, f->partner + first, n, changes),
                     MLSD_OK);
}

static void test_mlp_batch__a_rows_draws_are_its_own(void **state)
{
    (void)state;
    mlsd__mlp_changes changes = {.dropout = 0.25,
                                 .label_smoothing = 0.1,
                                 .mixup = 0.7,
                                 .input_noise = 0.5,
                                 .seed = 3,
                                 .epoch = 8};
    static fixture f;
    static double x[N * P], t[N * CLASSES];
    static float mask[N * UNITS];
    open_fixture(&f, &changes);
    fill_part(&f, &changes, 0, N);
    memcpy(x, f.block.pass.features, sizeof x);
    memcpy(t, f.block.target, sizeof t);
    memcpy(mask, f.block.pass.mask[0], sizeof mask);
    for (int64_t first = 0; first < N; first += 37) {
        const int64_t n = N - first < 37 ? N - first : 37;
        fill_part(&f, &changes, first, n);
        assert_memory_equal(f.block.pass.features, x + first * P, (size_t)(n * P) * sizeof *x);
        assert_memory_equal(f.block.target, t + first * CLASSES, (size_t)(n * CLASSES) * sizeof *t);
        assert_memory_equal(f.block.pass.mask[0], mask + first * UNITS,
                            (size_t)(n * UNITS) * sizeof *mask);
    }
    changes.epoch = 9;
    fill_part(&f, &changes, 0, N);
    assert_memory_not_equal(f.block.pass.features, x, sizeof x);
    assert_memory_not_equal(f.block.pass.mask[0], mask, sizeof mask);
    close_fixture(&f);
}

/* Of N x UNITS draws the share that is dropped has a standard deviation of 0.0031; the others make
 * up for it. */
static void test_mlp_batch__dropout_keeps_the_mean(void **state)
{
    (void)state;
    const mlsd__mlp_changes changes = {.dropout = 0.25, .seed = 1};
    static fixture f;
    open_fixture(&f, &changes);
    fill_part(&f, &changes, 0, N);
    int64_t n_dropped = 0;
    for (int64_t i = 0; i < N * UNITS; i++) {
        const float factor = f.block.pass.mask[0][i];
        n_dropped += factor == 0.0F;
        assert_true(factor == 0.0F || fabsf(factor - 4.0F / 3.0F) < 1e-6F);
    }
    assert_true(fabs((double)n_dropped / (N * UNITS) - 0.25) < 5 * 0.0031);
    close_fixture(&f);
}

static void test_mlp_batch__noise_is_normal(void **state)
{
    (void)state;
    const mlsd__mlp_changes changes = {.input_noise = 0.5, .seed = 1};
    static fixture f;
    double sum = 0.0, squares = 0.0, fourth = 0.0;
    open_fixture(&f, &changes);
    fill_part(&f, &changes, 0, N);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < P; j++) {
            const double u = (f.block.pass.features[i * P + j] - f.data.x[f.row[i] * P + j]) / 0.5;
            sum += u;
            squares += u * u;
            fourth += u * u * u * u;
        }
    assert_true(fabs(sum / (N * P)) < 5 / sqrt(N * P));
    assert_true(fabs(squares / (N * P) - 1) < 5 * sqrt(2.0 / (N * P)));
    assert_true(fabs(fourth / (N * P) - 3) < 5 * sqrt(96.0 / (N * P)));
    close_fixture(&f);
}

/* Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)); numbers and targets have one share. */
static void test_mlp_batch__mixing_is_by_beta_shares(void **state)
{
    (void)state;
    static const double SHAPES[] = {0.2, 1.0, 3.0};
    for (int s = 0; s < 3; s++) {
        const mlsd__mlp_changes changes = {.mixup = SHAPES[s], .seed = 5};
        static fixture f;
        double sum = 0.0, squares = 0.0;
        open_fixture(&f, &changes);
        fill_part(&f, &changes, 0, N);
        for (int64_t i = 0; i < N; i++) {
            const double *const a = f.data.x + f.row[i] * P, *const b = f.data.x + f.partner[i] * P;
            const double *const x = f.block.pass.features + i * P;
            const double share = (x[0] - b[0]) / (a[0] - b[0]);
            for (int64_t j = 0; j < P; j++)
                assert_true(fabs(x[j] - (share * a[j] + (1 - share) * b[j])) < 1e-9);
            const int64_t own = (int64_t)f.data.y[f.row[i]];
            const bool same = f.data.y[f.row[i]] == f.data.y[f.partner[i]];
            assert_true(fabs(f.block.target[i * CLASSES + own] - (same ? 1 : share)) < 1e-9);
            sum += share;
            squares += (share - 0.5) * (share - 0.5);
        }
        const double variance = 1 / (4 * (2 * SHAPES[s] + 1));
        assert_true(fabs(sum / N - 0.5) < 5 * sqrt(variance / N));
        assert_true(fabs(squares / N - variance) < 0.25 * variance);
        close_fixture(&f);
    }
}

static void test_mlp_batch__smoothing_deals_a_share_out(void **state)
{
    (void)state;
    const mlsd__mlp_changes changes = {.label_smoothing = 0.3};
    static fixture f;
    open_fixture(&f, &changes);
    fill_part(&f, &changes, 0, N);
    for (int64_t i = 0; i < N; i++)
        for (int64_t c = 0; c < CLASSES; c++) {
            const double want = 0.1 + ((int64_t)f.data.y[f.row[i]] == c ? 0.7 : 0.0);
            assert_true(fabs(f.block.target[i * CLASSES + c] - want) < 1e-15);
        }
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp_batch__a_rows_draws_are_its_own),
        cmocka_unit_test(test_mlp_batch__dropout_keeps_the_mean),
        cmocka_unit_test(test_mlp_batch__noise_is_normal),
        cmocka_unit_test(test_mlp_batch__mixing_is_by_beta_shares),
        cmocka_unit_test(test_mlp_batch__smoothing_deals_a_share_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
