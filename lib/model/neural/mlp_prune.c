/* mlp_prune.c - weights set to 0, the smallest of each layer first, more of them epoch by epoch, so
 * that the others can make up for it (Zhu & Gupta 2017, equation 1, from no weights on). A weight
 * that is 0 stays it: stretches of numbers are moved without it (mlp_train.c). */
#include <math.h>

#include "model/neural/mlp_train.h"
#include "numeric/rank.h"

/* The share that is 0 after so many epochs. */
static double share_after(const mlsd__mlp_params *params, int64_t n_epochs)
{
    const double part = (double)n_epochs / (double)params->pruning_epochs;
    const double left = part < 1.0 ? 1.0 - part : 0.0;
    return params->pruning * (1.0 - left * left * left);
}

/* Of n weights the `least` smallest become 0; sizes has room for them. */
static mlsd_status cut(const mlsd__allocator *a, double *weight, int64_t n, int64_t least,
                       double *sizes)
{
    int64_t *const order = mlsd__alloc(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) sizes[i] = fabs(weight[i]);
    const mlsd_status status = mlsd__argsort(a, sizes, n, order);
    for (int64_t i = 0; status == MLSD_OK && i < least; i++) weight[order[i]] = 0.0;
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__mlp_prune(mlsd__mlp_training *t, mlsd__scope *scope, int64_t n_epochs)
{
    const double share = share_after(t->params, n_epochs);
    for (int64_t l = 0; l < t->net.n_layers; l++) {
        const mlsd__mlp_layer *const layer = &t->net.layers[l];
        const int64_t n = layer->n_in * layer->n_out;
        const int64_t least = (int64_t)floor(share * (double)n);
        if (least > 0)
            MLSD__TRY(cut(scope->allocator, t->theta + layer->weight, n, least, t->gradient));
    }
    return MLSD_OK;
}
