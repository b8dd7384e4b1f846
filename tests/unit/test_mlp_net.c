/* test_mlp_net.c - slopes of networks beside differences of their loss, for every hidden function,
 * every loss, and with what else stands in a layer; scores beside a plain loop of the definition.
 * Witness: central differences, and libm. */
#include "linear_data.h"
#include "model/neural/mlp_net.h"

enum { N = 13, P = 4, LEVELS = 3, MOST_OUT = 3 };

typedef struct network {
    mlsd__mlp_net net;
    mlsd__mlp_pass pass;
    double theta[400], stats[64], gradient[400], target[N * MOST_OUT], weight[N];
} network;

static char level_a[] = "a", level_b[] = "b", level_c[] = "c";
static char *levels[LEVELS] = {level_a, level_b, level_c};
static const mlsd__feature features[P] = {{"x", MLSD__NUMERIC, 0, NULL},
                                          {"level", MLSD__CATEGORY, LEVELS, levels},
                                          {"y", MLSD__NUMERIC, 0, NULL},
                                          {"z", MLSD__NUMERIC, 0, NULL}};
static const double hidden[] = {5, 4};

typedef struct form {
    mlsd__activation activation;
    mlsd__mlp_loss loss;
    int64_t n_outputs;
    bool norm, drops, embeds, single;
} form;

static void fill(network *w, const form *f, uint32_t seed)
{
    const mlsd__mlp_net *const net = &w->net;
    for (int64_t j = 0; j < net->n_theta; j++) w->theta[j] += 0.3 * next_uniform(&seed);
    for (int64_t j = 0; j < net->n_stats; j++) w->stats[j] = 1.0 + next_uniform(&seed);
    for (int64_t i = 0; i < N; i++) {
        double *const x = w->pass.features + i * net->n_features;
        for (int64_t j = 0; j < net->n_features; j++) x[j] = 2.0 * next_uniform(&seed);
        if (f->embeds) x[1] = (double)(i % 4) - (i % 4 == 3 ? 4.0 : 0.0); /* -1: not seen */
        w->weight[i] = 1.0 + (double)(i % 3);
        for (int64_t c = 0; c < net->n_out; c++)
            w->target[i * net->n_out + c] = f->loss == MLSD__MLP_LOG_LOSS
                                                ? 0.5 + next_uniform(&seed)
                                                : 3.0 * (0.5 + next_uniform(&seed));
        for (int64_t l = 0; l < 2; l++)
            for (int64_t j = 0; f->drops && j < net->layers[l].n_out; j++)
                w->pass.mask[l][i * net->layers[l].n_out + j] =
                    next_uniform(&seed) < 0.0 ? 0.0F : 2.0F;
    }
}

static void make(network *w, const form *f)
{
    memset(w, 0, sizeof *w);
    const mlsd__mlp_shape shape = {.features = f->embeds ? features : &features[2],
                                   .n_features = f->embeds ? P : 2,
                                   .hidden = hidden,
                                   .n_hidden = 2,
                                   .n_outputs = f->n_outputs,
                                   .embedding_dim = 2,
                                   .batch_norm = f->norm,
                                   .activation = f->activation,
                                   .loss = f->loss};
    assert_int_equal(mlsd__mlp_net_open(&w->net, &mlsd__libc_allocator, &shape), MLSD_OK);
    assert_true(w->net.n_theta <= 400 && w->net.n_stats <= 64);
    assert_int_equal(
        mlsd__mlp_pass_open(&w->pass, &mlsd__libc_allocator, &w->net, N + 3, f->drops, f->single),
        MLSD_OK);
    mlsd__mlp_net_start(&w->net, 5, w->theta, w->stats);
    fill(w, f, 77);
}

static void unmake(network *w)
{
    mlsd__mlp_pass_close(&w->pass, &mlsd__libc_allocator);
    mlsd__mlp_net_close(&w->net, &mlsd__libc_allocator);
}

/* The mean loss at theta; slopes by the scores stay in the pass. */
static double loss_at(network *w, const void *theta)
{
    mlsd__mlp_pass_embed(&w->net, theta, &w->pass, N);
    mlsd__mlp_forward(&w->net, theta, &w->pass, N);
    return mlsd__mlp_loss_rows(w->net.loss, 0.5, w->target, w->weight, 1.0 / N, N, w->net.n_out,
                               w->pass.scores) /
           N;
}

static void check_slopes(const form *f)
{
    static network w;
    make(&w, f);
    (void)loss_at(&w, w.theta);
    memset(w.gradient, 0xff, sizeof w.gradient); /* all of it must be written */
    mlsd__mlp_back(&w.net, w.theta, &w.pass, N, false, w.gradient);
    for (int64_t j = 0; j < w.net.n_theta; j++) {
        const double h = 1e-6, at = w.theta[j];
        w.theta[j] = at + h;
        const double up = loss_at(&w, w.theta);
        w.theta[j] = at - h;
        const double down = loss_at(&w, w.theta);
        w.theta[j] = at;
        const double want = (up - down) / (2.0 * h);
        if (!(fabs(w.gradient[j] - want) < 2e-8 * (1.0 + fabs(want))))
            fail_msg("%s, loss %d, norm %d, drops %d, embeds %d: slope %lld is %.12g, differences "
                     "say %.12g",
                     mlsd__activation_names[f->activation], (int)f->loss, f->norm, f->drops,
                     f->embeds, (long long)j, w.gradient[j], want);
    }
    unmake(&w);
}

/* Of the same source: float is as near as it can be. */
static void check_single(const form *f)
{
    static network wide, narrow;
    static float theta[400], gradient[400];
    form other = *f;
    other.single = true;
    make(&wide, f);
    make(&narrow, &other);
    for (int64_t j = 0; j < wide.net.n_theta; j++) theta[j] = (float)wide.theta[j];
    const double want = loss_at(&wide, wide.theta), got = loss_at(&narrow, theta);
    assert_true(fabs(got - want) < 1e-5 * (1.0 + fabs(want)));
    mlsd__mlp_back(&wide.net, wide.theta, &wide.pass, N, false, wide.gradient);
    mlsd__mlp_back(&narrow.net, theta, &narrow.pass, N, false, gradient);
    double most = 0.0;
    for (int64_t j = 0; j < wide.net.n_theta; j++) most = fmax(most, fabs(wide.gradient[j]));
    for (int64_t j = 0; j < wide.net.n_theta; j++)
        if (!(fabs((double)gradient[j] - wide.gradient[j]) < 1e-5 * (1.0 + most)))
            fail_msg("%s, loss %d: slope %lld is %.9g in float, %.9g in double",
                     mlsd__activation_names[f->activation], (int)f->loss, (long long)j,
                     (double)gradient[j], wide.gradient[j]);
    unmake(&wide);
    unmake(&narrow);
}

static void test_mlp_net__slopes_are_differences(void **state)
{
    (void)state;
    static const struct {
        mlsd__mlp_loss loss;
        int64_t n_outputs;
    } LOSSES[] = {{MLSD__MLP_LOG_LOSS, 1}, {MLSD__MLP_LOG_LOSS, 3}, {MLSD__MLP_SQUARED, 1},
                  {MLSD__MLP_SQUARED, 2},  {MLSD__MLP_ABSOLUTE, 1}, {MLSD__MLP_HUBER, 2},
                  {MLSD__MLP_POISSON, 1},  {MLSD__MLP_BRIER, 1},    {MLSD__MLP_BRIER, 3}};
    for (int a = MLSD__ACTIVATION_RELU; a <= MLSD__ACTIVATION_IDENTITY; a++)
        for (size_t l = 0; l < sizeof LOSSES / sizeof *LOSSES; l++)
            for (int options = 0; options < 8; options++) {
                const form f = {.activation = (mlsd__activation)a,
                                .loss = LOSSES[l].loss,
                                .n_outputs = LOSSES[l].n_outputs,
                                .norm = (options & 1) != 0,
                                .drops = (options & 2) != 0,
                                .embeds = (options & 4) != 0};
                check_slopes(&f);
                check_single(&f);
            }
}

static double by_definition(mlsd__activation activation, double z)
{
    switch (activation) {
    case MLSD__ACTIVATION_RELU:
        return z > 0.0 ? z : 0.0;
    case MLSD__ACTIVATION_LEAKY_RELU:
        return z > 0.0 ? z : 0.01 * z;
    case MLSD__ACTIVATION_GELU:
        return 0.5 * z * (1.0 + erf(z / sqrt(2.0)));
    case MLSD__ACTIVATION_TANH:
        return tanh(z);
    case MLSD__ACTIVATION_LOGISTIC:
        return 1.0 / (1.0 + exp(-z));
    default:
        return z;
    }
}

/* Scores of a row as they are predicted: no dropout, remembered moments. */
static void scores_by_definition(const network *w, const double *x, double *out)
{
    double in[16], next[16];
    mlsd__mlp_embed(&w->net, w->theta, x, 1, w->net.n_features, in);
    for (int64_t l = 0; l < w->net.n_layers; l++) {
        const mlsd__mlp_layer *const layer = &w->net.layers[l];
        const int64_t m = layer->n_out;
        for (int64_t j = 0; j < m; j++) {
            double z = w->theta[layer->bias + j];
            for (int64_t i = 0; i < layer->n_in; i++)
                z += in[i] * w->theta[layer->weight + i * m + j];
            if (layer->gain >= 0) {
                const double *const s = w->stats + layer->stats;
                z = w->theta[layer->gain + j] * (z - s[j]) / sqrt(s[m + j] + 1e-5) +
                    w->theta[layer->gain + m + j];
            }
            next[j] = l < w->net.n_layers - 1 ? by_definition(w->net.activation, z) : z;
        }
        memcpy(in, next, sizeof in);
    }
    memcpy(out, in, (size_t)w->net.n_out * sizeof *out);
}

static void test_mlp_net__scores_are_the_definition_and_a_rows_own(void **state)
{
    (void)state;
    for (int options = 0; options < 24; options++) {
        static network w;
        const form f = {.activation = (mlsd__activation)(options % 6),
                        .loss = MLSD__MLP_LOG_LOSS,
                        .n_outputs = 3,
                        .norm = (options / 6 & 1) != 0,
                        .embeds = (options / 12 & 1) != 0};
        double many[N * MOST_OUT], one[MOST_OUT], want[MOST_OUT], scratch[N * 64];
        make(&w, &f);
        assert_true(mlsd__mlp_net_scratch(&w.net) <= 64);
        const double *const x = w.pass.features;
        mlsd__mlp_scores(&w.net, w.theta, w.stats, x, N, w.net.n_features, many, scratch);
        for (int64_t i = 0; i < N; i++) {
            const double *const row = x + i * w.net.n_features;
            mlsd__mlp_scores(&w.net, w.theta, w.stats, row, 1, w.net.n_features, one, scratch);
            scores_by_definition(&w, row, want);
            assert_memory_equal(one, many + i * MOST_OUT, sizeof one);
            assert_close(one, want, MOST_OUT, 1e-12);
        }
        unmake(&w);
    }
}

/* Far out, where exponentials end, and where there is no number. */
static void test_mlp_net__functions_at_their_ends(void **state)
{
    (void)state;
    for (int a = MLSD__ACTIVATION_RELU; a <= MLSD__ACTIVATION_IDENTITY; a++) {
        const double z[] = {-1e300, -800.0, -30.0, -1e-20, 0.0, 1e-20, 1e-9, 30.0, 800.0, 1e300};
        double got[10], nan[1] = {NAN};
        memcpy(got, z, sizeof z);
        mlsd__activate((mlsd__activation)a, got, 10);
        for (int i = 0; i < 10; i++) {
            const double want = by_definition((mlsd__activation)a, z[i]);
            if (!(fabs(got[i] - want) <= 1e-15 * (1.0 + fabs(want))))
                fail_msg("%s of %g is %.17g, not %.17g", mlsd__activation_names[a], z[i], got[i],
                         want);
        }
        mlsd__activate((mlsd__activation)a, nan, 1);
        assert_true(isnan(nan[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp_net__slopes_are_differences),
        cmocka_unit_test(test_mlp_net__scores_are_the_definition_and_a_rows_own),
        cmocka_unit_test(test_mlp_net__functions_at_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
