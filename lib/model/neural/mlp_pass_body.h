/* mlp_pass_body.h - a batch forward and back for one type of number, REAL, and one width of
 * vectors, TARGET; NAME(f) is f's name there, GEMM the product. Not a header: mlp_pass.c includes
 * it once for each. Only products add in another order than they are written in, and these are the
 * same for every width: so are the bytes. */

/* Numbers of a row into the network's input. */
TARGET static void NAME(embed)(const mlsd__mlp_net *net, const void *theta, const double *x,
                               int64_t n, int64_t ld, void *in)
{
    for (int64_t i = 0; i < n; i++) {
        const double *const row = x + i * ld;
        REAL *const to = (REAL *)in + i * net->n_in;
        int64_t at = net->n_numeric;
        if (net->n_embeddings == 0)
            for (int64_t j = 0; j < at; j++) to[j] = (REAL)row[j];
        else
            for (int64_t j = 0; j < at; j++) to[j] = (REAL)row[net->numeric[j]];
        for (int64_t e = 0; e < net->n_embeddings; e++) {
            const mlsd__mlp_embedding *const m = &net->embeddings[e];
            const int64_t level = level_of(m, row[m->column]);
            const REAL *const from =
                (const REAL *)theta + m->table + (level < 0 ? 0 : level) * m->width;
            for (int64_t j = 0; j < m->width; j++) to[at++] = level < 0 ? 0 : from[j];
        }
    }
}

/* Hidden functions but relu go through their doubles. */
TARGET static void NAME(activate)(mlsd__activation activation, REAL *z, int64_t n)
{
    double run[RUN];
    if (activation == MLSD__ACTIVATION_RELU) {
        for (int64_t i = 0; i < n; i++) z[i] = z[i] < 0 ? 0 : z[i];
        return;
    }
    for (int64_t first = 0; activation != MLSD__ACTIVATION_IDENTITY && first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        for (int64_t i = 0; i < m; i++) run[i] = (double)z[first + i];
        mlsd__activate(activation, run, m);
        for (int64_t i = 0; i < m; i++) z[first + i] = (REAL)run[i];
    }
}

TARGET static void NAME(activation_back)(mlsd__activation activation, const REAL *z,
                                         const REAL *out, REAL *delta, int64_t n)
{
    double sums[RUN], values[RUN], slopes[RUN];
    if (activation == MLSD__ACTIVATION_RELU) {
        for (int64_t i = 0; i < n; i++) delta[i] = out[i] > 0 ? delta[i] : 0;
        return;
    }
    for (int64_t first = 0; activation != MLSD__ACTIVATION_IDENTITY && first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        for (int64_t i = 0; i < m; i++) {
            sums[i] = z != NULL ? (double)z[first + i] : 0.0;
            values[i] = (double)out[first + i];
            slopes[i] = (double)delta[first + i];
        }
        mlsd__activation_back(activation, sums, values, slopes, m);
        for (int64_t i = 0; i < m; i++) delta[first + i] = (REAL)slopes[i];
    }
}

/* out = in W + b. */
TARGET static void NAME(sum_up)(const mlsd__mlp_layer *layer, const REAL *theta, const REAL *in,
                                int64_t n, REAL *restrict out)
{
    const int64_t m = layer->n_out;
    const REAL *const bias = theta + layer->bias;
    GEMM(kernels(), false, false, false, n, m, layer->n_in, 1, in, layer->n_in,
         theta + layer->weight, m, 0, out, m);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) out[i * m + j] += bias[j];
}

/* Mean and variance of each column, then sums become (z - mean) / sd. */
TARGET static void NAME(normalise)(const mlsd__mlp_layer *layer, double *moments, REAL *z,
                                   int64_t n)
{
    const int64_t m = layer->n_out;
    double *const mean = moments + layer->stats, *const variance = mean + m;
    memset(mean, 0, 2 * (size_t)m * sizeof *mean);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) mean[j] += (double)z[i * m + j];
    for (int64_t j = 0; j < m; j++) mean[j] /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            const double centred = (double)z[i * m + j] - mean[j];
            z[i * m + j] = (REAL)centred;
            variance[j] += centred * centred;
        }
    }
    for (int64_t j = 0; j < m; j++) variance[j] /= (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            z[i * m + j] =
                (REAL)((double)z[i * m + j] / sqrt(variance[j] + MLSD__MLP_NORM_EPSILON));
}

/* z = gain hat + shift. */
TARGET static void NAME(stretch)(const mlsd__mlp_layer *layer, const REAL *theta, const REAL *hat,
                                 int64_t n, REAL *z)
{
    const int64_t m = layer->n_out;
    const REAL *const gain = theta + layer->gain, *const shift = gain + m;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) z[i * m + j] = gain[j] * hat[i * m + j] + shift[j];
}

/* A hidden layer: values, and out where units are dropped. */
TARGET static void NAME(forward_hidden)(const mlsd__mlp_net *net, const REAL *theta,
                                        mlsd__mlp_pass *pass, int64_t l, const REAL *in, int64_t n)
{
    const mlsd__mlp_layer *const layer = &net->layers[l];
    const int64_t size = n * layer->n_out;
    REAL *const values = pass->values[l], *const out = pass->out[l];
    const float *const mask = pass->mask[l];
    NAME(sum_up)(layer, theta, in, n, values);
    if (layer->gain >= 0) NAME(normalise)(layer, pass->moments, values, n);
    if (pass->sums[l] != NULL) memcpy(pass->sums[l], values, (size_t)size * sizeof *values);
    if (layer->gain >= 0) NAME(stretch)(layer, theta, pass->sums[l], n, values);
    NAME(activate)(net->activation, values, size);
    if (mask != NULL)
        for (int64_t i = 0; i < size; i++) out[i] = values[i] * (REAL)mask[i];
}

TARGET static void NAME(forward)(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass,
                                 int64_t n)
{
    const int64_t last = net->n_layers - 1;
    const REAL *in = pass->in;
    for (int64_t l = 0; l < last; l++) {
        NAME(forward_hidden)(net, theta, pass, l, in, n);
        in = pass->out[l];
    }
    REAL *const scores = pass->delta[0];
    NAME(sum_up)(&net->layers[last], theta, in, n, scores);
    for (int64_t i = 0; i < n * net->n_out; i++) pass->scores[i] = (double)scores[i];
}

/* ---- and back ---- */

TARGET static void NAME(add_columns)(const REAL *delta, int64_t n, int64_t m, bool adds,
                                     REAL *restrict sums)
{
    if (!adds) memset(sums, 0, (size_t)m * sizeof *sums);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) sums[j] += delta[i * m + j];
}

/* Slopes by gains and shifts, and slopes by what batch normalisation was given (Ioffe & Szegedy
 * 2015, section 3). A batch is one block then, so nothing is added to. */
TARGET static void NAME(normalise_back)(const mlsd__mlp_layer *layer, const REAL *theta,
                                        const double *moments, const REAL *hat, int64_t n,
                                        REAL *delta, REAL *gradient)
{
    const int64_t m = layer->n_out;
    const REAL *const gain = theta + layer->gain;
    const double *const variance = moments + layer->stats + m;
    REAL *const by_gain = gradient + layer->gain, *const by_shift = by_gain + m;
    NAME(add_columns)(delta, n, m, false, by_shift);
    memset(by_gain, 0, (size_t)m * sizeof *by_gain);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) by_gain[j] += delta[i * m + j] * hat[i * m + j];
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            const REAL centred =
                delta[i * m + j] - (by_shift[j] + hat[i * m + j] * by_gain[j]) / (REAL)n;
            const double scale = (double)gain[j] / sqrt(variance[j] + MLSD__MLP_NORM_EPSILON);
            delta[i * m + j] = (REAL)scale * centred;
        }
    }
}

/* Slopes by a hidden layer's values become slopes by its sums. */
TARGET static void NAME(unit_back)(const mlsd__mlp_net *net, int64_t l, const REAL *theta,
                                   mlsd__mlp_pass *pass, int64_t n, REAL *delta, REAL *gradient)
{
    const mlsd__mlp_layer *const layer = &net->layers[l];
    const int64_t size = n * layer->n_out;
    const float *const mask = pass->mask[l];
    const REAL *sums = pass->sums[l];
    if (mask != NULL)
        for (int64_t i = 0; i < size; i++) delta[i] *= (REAL)mask[i];
    if (layer->gain >= 0 && mlsd__activation_needs_sums(net->activation)) {
        NAME(stretch)(layer, theta, pass->sums[l], n, pass->out[l]); /* no longer needed */
        sums = pass->out[l];
    }
    NAME(activation_back)(net->activation, sums, pass->values[l], delta, size);
    if (layer->gain >= 0)
        NAME(normalise_back)(layer, theta, pass->moments, pass->sums[l], n, delta, gradient);
}

TARGET static void NAME(embed_back)(const mlsd__mlp_net *net, const mlsd__mlp_pass *pass, int64_t n,
                                    const REAL *delta, bool adds, REAL *gradient)
{
    const REAL *from = delta + net->n_numeric;
    for (int64_t e = 0; e < net->n_embeddings; e++) {
        const mlsd__mlp_embedding *const m = &net->embeddings[e];
        REAL *const table = gradient + m->table;
        if (!adds) memset(table, 0, (size_t)(m->n_levels * m->width) * sizeof *table);
        for (int64_t i = 0; i < n; i++) {
            const int64_t level = level_of(m, pass->features[i * net->n_features + m->column]);
            for (int64_t j = 0; level >= 0 && j < m->width; j++)
                table[level * m->width + j] += from[i * net->n_in + j];
        }
        from += m->width;
    }
}

TARGET static void NAME(back)(const mlsd__mlp_net *net, const void *theta_, mlsd__mlp_pass *pass,
                              int64_t n, bool adds, void *gradient_)
{
    const REAL *const theta = theta_;
    REAL *const gradient = gradient_;
    REAL *delta = pass->delta[net->n_layers % 2];
    for (int64_t i = 0; i < n * net->n_out; i++) delta[i] = (REAL)pass->scores[i];
    for (int64_t l = net->n_layers - 1; l >= 0; l--) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const int64_t n_in = layer->n_in, m = layer->n_out;
        const REAL *const in = l > 0 ? pass->out[l - 1] : pass->in;
        if (l < net->n_layers - 1) NAME(unit_back)(net, l, theta, pass, n, delta, gradient);
        GEMM(kernels(), false, true, false, n_in, m, n, 1, in, n_in, delta, m, adds ? 1 : 0,
             gradient + layer->weight, m);
        NAME(add_columns)(delta, n, m, adds, gradient + layer->bias);
        if (l == 0 && net->n_embeddings == 0) break;
        REAL *const before = pass->delta[l % 2];
        GEMM(kernels(), false, false, true, n, n_in, m, 1, delta, m, theta + layer->weight, m, 0,
             before, n_in);
        delta = before;
    }
    if (net->n_embeddings > 0) NAME(embed_back)(net, pass, n, delta, adds, gradient);
}

static const pass_functions NAME(functions) = {NAME(embed), NAME(forward), NAME(back)};

#undef NAME
#undef TARGET
