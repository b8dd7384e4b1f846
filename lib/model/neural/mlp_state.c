/* mlp_state.c - the fitted network: predictions, attributes, files. */
#include "model/neural/mlp_state.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/mathfun.h"

/* ---- attributes ---- */

static void put_named(mlsd__mlp_state *s, const char *name, int64_t number, const double *data,
                      int64_t rows, int64_t cols)
{
    mlsd__mlp_named *const at = &s->named[s->n_named++];
    if (number >= 0)
        (void)snprintf(at->name, sizeof at->name, "%s_%lld", name, (long long)number);
    else
        (void)snprintf(at->name, sizeof at->name, "%s", name);
    at->data = data;
    at->rows = rows;
    at->cols = cols;
}

static double share_of_zeros(const mlsd__mlp_state *s)
{
    int64_t n = 0, n_zeros = 0;
    for (int64_t l = 0; l < s->net.n_layers; l++) {
        const mlsd__mlp_layer *const layer = &s->net.layers[l];
        for (int64_t i = 0; i < layer->n_in * layer->n_out; i++, n++)
            n_zeros += s->theta[layer->weight + i] == 0.0;
    }
    return n > 0 ? (double)n_zeros / (double)n : 0.0;
}

/* Names of everything there is. */
static mlsd_status name_all(mlsd__mlp_state *s)
{
    const mlsd__mlp_net *const net = &s->net;
    mlsd__training_outcome outcome = {0};
    double value;
    s->named =
        mlsd__alloc(&s->allocator, 4 * net->n_layers + net->n_embeddings + 5 + MLSD__MLP_NUMBERS,
                    sizeof *s->named);
    if (s->named == NULL) return MLSD_E_NOMEM;
    for (int64_t l = 0; l < net->n_layers; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const int64_t m = layer->n_out;
        put_named(s, "coefs", l, s->theta + layer->weight, layer->n_in, m);
        put_named(s, "intercepts", l, s->theta + layer->bias, 1, m);
        if (layer->gain < 0) continue;
        put_named(s, "batch_norm", l, s->theta + layer->gain, 2, m);
        put_named(s, "batch_norm_stats", l, s->stats + layer->stats, 2, m);
    }
    for (int64_t e = 0; e < net->n_embeddings; e++)
        put_named(s, "embedding", e, s->theta + net->embeddings[e].table,
                  net->embeddings[e].n_levels, net->embeddings[e].width);
    s->sparsity = share_of_zeros(s);
    put_named(s, "sparsity", -1, &s->sparsity, 1, 1);
    if (s->center != NULL) {
        put_named(s, "target_mean", -1, s->center, 1, net->n_out);
        put_named(s, "target_scale", -1, &s->scale, 1, 1);
    }
    put_named(s, "loss_curve", -1, s->loss_curve, 1, s->n_curve);
    for (int64_t i = 0; i < MLSD__MLP_NUMBERS; i++) {
        const char *const name = mlsd__training_number(&outcome, i, &value);
        if (name != NULL) put_named(s, name, -1, &s->numbers[i], 1, 1);
    }
    return MLSD_OK;
}

const char *mlsd__mlp_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                int64_t *cols)
{
    const mlsd__mlp_state *const s = state;
    if (i < 0 || i >= s->n_named) return NULL;
    *data = s->named[i].data;
    *rows = s->named[i].rows;
    *cols = s->named[i].cols;
    return s->named[i].name;
}

/* ---- life ---- */

void mlsd__mlp_free(const mlsd__allocator *a, void *state)
{
    mlsd__mlp_state *const s = state;
    if (s == NULL) return;
    mlsd__mlp_net_close(&s->net, a);
    mlsd__free(a, s->theta);
    mlsd__free(a, s->stats);
    mlsd__free(a, s->center);
    mlsd__free(a, s->first);
    mlsd__free(a, s->second);
    mlsd__free(a, s->loss_curve);
    mlsd__free(a, s->named);
    mlsd__free(a, s);
}

static double *move_out(double **from)
{
    double *const there = *from;
    *from = NULL;
    return there;
}

mlsd_status mlsd__mlp_state_take(mlsd__mlp_training *t, const mlsd__allocator *a, int64_t n_classes,
                                 const mlsd__training_outcome *outcome, mlsd__mlp_state **out)
{
    mlsd__mlp_state *const s = mlsd__alloc(a, 1, sizeof *s);
    *out = NULL;
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *a;
    s->net = t->net;
    t->net.numeric = NULL;
    t->net.embeddings = NULL;
    s->n_classes = n_classes;
    s->theta = move_out(&t->theta);
    s->stats = move_out(&t->stats);
    s->center = move_out(&t->center);
    s->scale = t->scale;
    s->first = move_out(&t->optimiser.first);
    s->second = move_out(&t->optimiser.second);
    s->loss_curve = move_out(&t->loss_curve);
    s->n_steps = t->n_steps;
    s->n_epochs = t->first_epoch + outcome->n_epochs;
    s->n_curve =
        outcome->n_epochs < MLSD__MLP_LOSS_CURVE ? outcome->n_epochs : MLSD__MLP_LOSS_CURVE;
    for (int64_t i = 0; i < MLSD__MLP_NUMBERS; i++)
        (void)mlsd__training_number(outcome, i, &s->numbers[i]);
    const mlsd_status status = name_all(s);
    if (status != MLSD_OK)
        mlsd__mlp_free(a, s);
    else
        *out = s;
    return status;
}

static bool is_same_net(const mlsd__mlp_net *a, const mlsd__mlp_net *b)
{
    bool same = a->n_layers == b->n_layers && a->n_theta == b->n_theta &&
                a->n_stats == b->n_stats && a->n_in == b->n_in && a->n_out == b->n_out &&
                a->activation == b->activation && a->loss == b->loss;
    for (int64_t l = 0; same && l < a->n_layers; l++)
        same = a->layers[l].n_out == b->layers[l].n_out;
    return same;
}

static void copy_numbers(const double *from, double *to, int64_t n)
{
    if (from != NULL && to != NULL && n > 0) memcpy(to, from, (size_t)n * sizeof *to);
}

mlsd_status mlsd__mlp_state_start(const mlsd__mlp_state *s, mlsd__mlp_training *t)
{
    if (!is_same_net(&s->net, &t->net))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "the model is another network: 'hidden_layer_sizes', 'activation', "
                          "'loss', 'batch_norm' and 'embedding_dim' must stay as they were");
    copy_numbers(s->theta, t->theta, s->net.n_theta);
    copy_numbers(s->stats, t->stats, s->net.n_stats);
    if (s->center != NULL) mlsd__mlp_training_scale(t, s->center, s->scale);
    t->first_epoch = s->n_epochs;
    /* Another solver remembers nothing of the way. */
    if ((s->second != NULL) != (t->optimiser.second != NULL) || s->first == NULL) return MLSD_OK;
    copy_numbers(s->first, t->optimiser.first, s->net.n_theta);
    copy_numbers(s->second, t->optimiser.second, s->net.n_theta);
    t->n_steps = s->n_steps;
    return MLSD_OK;
}

/* ---- predictions ---- */

int64_t mlsd__mlp_scratch(const void *state)
{
    const mlsd__mlp_state *const s = state;
    return mlsd__mlp_net_scratch(&s->net) + s->net.n_out;
}

int64_t mlsd__mlp_block_rows(const void *state)
{
    (void)state;
    return 256; /* activations stay in the cache */
}

int64_t mlsd__mlp_n_targets(const void *state)
{
    const mlsd__mlp_state *const s = state;
    return s->n_classes == 0 ? s->net.n_out : 1;
}

void mlsd__mlp_predict(const void *state, const double *x, int64_t n, int64_t ld, mlsd_output what,
                       double *out, double *scratch)
{
    const mlsd__mlp_state *const s = state;
    const int64_t k = s->net.n_out, room = mlsd__mlp_net_scratch(&s->net);
    const bool is_two = what == MLSD_OUTPUT_PROBA && k == 1;
    double *const scores = is_two ? scratch + n * room : out;
    mlsd__mlp_scores(&s->net, s->theta, s->stats, x, n, ld, scores, scratch);
    for (int64_t i = 0; is_two && i < n; i++) {
        out[2 * i] = mlsd__sigmoid(-scores[i]);
        out[2 * i + 1] = mlsd__sigmoid(scores[i]);
    }
    for (int64_t i = 0; what == MLSD_OUTPUT_PROBA && k > 1 && i < n; i++)
        (void)mlsd__softmax(out + i * k, k);
    if (s->center == NULL) return;
    for (int64_t i = 0; i < n * k; i++)
        out[i] = s->net.loss == MLSD__MLP_POISSON ? fmin(mlsd__exp(out[i]), DBL_MAX)
                                                  : s->center[i % k] + s->scale * out[i];
}

/* ---- files ---- */

mlsd_status mlsd__mlp_save(const void *state, mlsd__writer *w)
{
    const mlsd__mlp_state *const s = state;
    const mlsd__mlp_net *const net = &s->net;
    mlsd__put_u32(w, (uint32_t)net->activation);
    mlsd__put_u32(w, (uint32_t)net->loss);
    mlsd__put_u32(w, net->n_stats > 0);
    mlsd__put_i64(w, net->n_out);
    mlsd__put_i64(w, net->n_layers - 1);
    for (int64_t l = 0; l < net->n_layers - 1; l++) mlsd__put_i64(w, net->layers[l].n_out);
    mlsd__put_i64(w, net->n_embeddings);
    for (int64_t e = 0; e < net->n_embeddings; e++) mlsd__put_i64(w, net->embeddings[e].width);
    mlsd__put_f64s(w, s->theta, net->n_theta);
    mlsd__put_f64s(w, s->stats, net->n_stats);
    if (s->center != NULL) {
        mlsd__put_f64s(w, s->center, net->n_out);
        mlsd__put_f64(w, s->scale);
    }
    mlsd__put_f64s(w, s->first, s->first != NULL ? net->n_theta : 0);
    mlsd__put_f64s(w, s->second, s->second != NULL ? net->n_theta : 0);
    mlsd__put_f64s(w, s->loss_curve, s->n_curve);
    mlsd__put_f64s(w, s->numbers, MLSD__MLP_NUMBERS);
    mlsd__put_i64(w, s->n_steps);
    mlsd__put_i64(w, s->n_epochs);
    return w->status;
}

static mlsd_status fail_corrupt(mlsd__reader *r)
{
    if (r->status == MLSD_OK)
        r->status = mlsd__fail(MLSD_E_CORRUPT, "the network in the file contradicts itself");
    return r->status;
}

/* The network's form; embedded columns take the widths that are in the file. */
static mlsd_status load_net(mlsd__reader *r, mlsd__mlp_state *s, const mlsd__feature *features,
                            int64_t n_features)
{
    double hidden[MLSD__MLP_MOST_LAYERS] = {0};
    const uint32_t activation = mlsd__take_u32(r), loss = mlsd__take_u32(r);
    const uint32_t has_norm = mlsd__take_u32(r);
    const int64_t n_outputs = mlsd__take_count(r, INT32_MAX);
    const int64_t n_hidden = mlsd__take_count(r, MLSD__MLP_MOST_LAYERS - 1);
    for (int64_t l = 0; l < n_hidden; l++) hidden[l] = (double)mlsd__take_count(r, INT32_MAX);
    const int64_t n_embeddings = mlsd__take_count(r, n_features);
    bool same = true;
    int64_t *const widths = mlsd__alloc(r->allocator, n_embeddings, sizeof *widths);
    if (widths == NULL) return MLSD_E_NOMEM;
    for (int64_t e = 0; e < n_embeddings; e++) widths[e] = mlsd__take_count(r, 4096);
    for (int64_t e = 0; e < n_embeddings; e++) same = same && widths[e] >= 1;
    const bool tells_classes = loss == MLSD__MLP_LOG_LOSS || loss == MLSD__MLP_BRIER;
    const int64_t n_scores = s->n_classes <= 2 ? 1 : s->n_classes;
    const bool is_form = r->status == MLSD_OK && same && n_outputs >= 1 &&
                         activation <= MLSD__ACTIVATION_IDENTITY && loss >= MLSD__MLP_LOG_LOSS &&
                         loss <= MLSD__MLP_BRIER && tells_classes == (s->n_classes > 0) &&
                         (s->n_classes == 0 || n_outputs == n_scores);
    const mlsd__mlp_shape shape = {.features = features,
                                   .n_features = n_features,
                                   .hidden = hidden,
                                   .n_hidden = n_hidden,
                                   .n_outputs = n_outputs,
                                   .widths = widths,
                                   .n_widths = n_embeddings,
                                   .batch_norm = has_norm != 0,
                                   .activation = (mlsd__activation)activation,
                                   .loss = (mlsd__mlp_loss)loss};
    const mlsd_status status =
        is_form ? mlsd__mlp_net_open(&s->net, r->allocator, &shape) : fail_corrupt(r);
    mlsd__free(r->allocator, widths);
    return status;
}

static mlsd_status load_numbers(mlsd__reader *r, mlsd__mlp_state *s)
{
    int64_t n[7] = {0};
    s->theta = mlsd__take_f64s(r, &n[0]);
    s->stats = mlsd__take_f64s(r, &n[1]);
    if (s->n_classes == 0) {
        s->center = mlsd__take_f64s(r, &n[6]);
        s->scale = mlsd__take_f64(r);
    }
    s->first = mlsd__take_f64s(r, &n[2]);
    s->second = mlsd__take_f64s(r, &n[3]);
    s->loss_curve = mlsd__take_f64s(r, &n[4]);
    double *const numbers = mlsd__take_f64s(r, &n[5]);
    s->n_steps = mlsd__take_i64(r);
    s->n_epochs = mlsd__take_i64(r);
    s->n_curve = n[4];
    const bool fits = r->status == MLSD_OK && n[0] == s->net.n_theta && n[1] == s->net.n_stats &&
                      (n[2] == 0 || n[2] == n[0]) && (n[3] == 0 || n[3] == n[0]) &&
                      n[4] <= MLSD__MLP_LOSS_CURVE && n[5] == MLSD__MLP_NUMBERS &&
                      s->n_steps >= 0 && s->n_epochs >= 0 &&
                      n[6] == (s->n_classes > 0 ? 0 : s->net.n_out) &&
                      (n[6] == 0 || (s->scale > 0.0 && isfinite(s->scale)));
    if (fits) memcpy(s->numbers, numbers, sizeof s->numbers);
    mlsd__free(r->allocator, numbers);
    if (!fits) return fail_corrupt(r);
    double **const memory[] = {&s->first, &s->second, &s->center};
    const int64_t n_memory[] = {n[2], n[3], n[6]};
    for (int i = 0; i < 3; i++) {
        if (n_memory[i] > 0) continue;
        mlsd__free(r->allocator, *memory[i]);
        *memory[i] = NULL;
    }
    return name_all(s);
}

mlsd_status mlsd__mlp_load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                           int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec;
    *out_state = NULL;
    mlsd__mlp_state *const s = mlsd__alloc(r->allocator, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *r->allocator;
    s->n_classes = n_classes;
    mlsd_status status = load_net(r, s, features, n_features);
    if (status == MLSD_OK) status = load_numbers(r, s);
    if (status != MLSD_OK) {
        mlsd__mlp_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
