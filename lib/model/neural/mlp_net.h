/* mlp_net.h - the network itself: where its numbers lie, from rows to scores, and from slopes of
 * scores to slopes of its numbers. Nothing here knows epochs or rows of a data set.
 *
 * All that is learned is one array, theta: tables of embedded levels, then for each layer weights
 * (n_in x n_out), biases, and under batch normalisation gains and shifts. What batch normalisation
 * remembers of the batches is another array, stats. */
#ifndef MLSD_MODEL_NEURAL_MLP_NET_H
#define MLSD_MODEL_NEURAL_MLP_NET_H

#include "data/frame.h"
#include "model/neural/activation.h"
#include "model/neural/mlp_loss.h"
#include "numeric/tile_product.h"

enum { MLSD__MLP_MOST_LAYERS = 64 };

/* Added to variances in batch normalisation, as everywhere (Ioffe & Szegedy 2015). */
#define MLSD__MLP_NORM_EPSILON 1e-5

/* What this thread multiplies with: fused kernels, or exact ones. */
mlsd__tile_isa mlsd__mlp_kernels(void);

typedef struct mlsd__mlp_layer {
    int64_t n_in, n_out;
    int64_t weight, bias; /* places in theta */
    int64_t gain;         /* n_out gains, then n_out shifts; -1: none */
    int64_t stats;        /* place in stats: n_out means, then n_out variances; -1: none */
} mlsd__mlp_layer;

/* A category column: its level's row of the table goes in; zeros for a level not seen before. */
typedef struct mlsd__mlp_embedding {
    int64_t column, n_levels, width, table; /* place in theta: n_levels x width */
} mlsd__mlp_embedding;

typedef struct mlsd__mlp_net {
    mlsd__activation activation;
    mlsd__mlp_loss loss;
    int64_t n_features, n_numeric, n_embeddings, n_layers;
    int64_t *numeric; /* columns */
    mlsd__mlp_embedding *embeddings;
    int64_t n_in, n_out;      /* of the whole network */
    int64_t widest;           /* layer, with the input */
    int64_t n_theta, n_stats; /* numbers */
    mlsd__mlp_layer layers[MLSD__MLP_MOST_LAYERS];
} mlsd__mlp_net;

/* What a network is made from. */
typedef struct mlsd__mlp_shape {
    const mlsd__feature *features;
    int64_t n_features;
    const double *hidden;                       /* units of n_hidden layers */
    int64_t n_hidden, n_outputs, embedding_dim; /* embedding_dim 0: by the number of levels */
    const int64_t *widths; /* of n_widths embeddings, as they are known; or NULL */
    int64_t n_widths;
    bool batch_norm;
    mlsd__activation activation;
    mlsd__mlp_loss loss;
} mlsd__mlp_shape;

/* End it with _close, also after a failure. */
mlsd_status mlsd__mlp_net_open(mlsd__mlp_net *net, const mlsd__allocator *a,
                               const mlsd__mlp_shape *shape);
void mlsd__mlp_net_close(mlsd__mlp_net *net, const mlsd__allocator *a);

/* First numbers, by the seed: weights and biases as scikit-learn draws them (Glorot & Bengio 2010).
 */
void mlsd__mlp_net_start(const mlsd__mlp_net *net, uint64_t seed, double *theta, double *stats);

/* Numbers of a row into the network's input (n x n_in), from a row's features. */
void mlsd__mlp_embed(const mlsd__mlp_net *net, const double *theta, const double *x, int64_t n,
                     int64_t ld, double *in);

/* Scores (n x n_out) of n rows of features, as for prediction. A row's bits do not depend on the
 * others. scratch: n * mlsd__mlp_net_scratch. */
void mlsd__mlp_scores(const mlsd__mlp_net *net, const double *theta, const double *stats,
                      const double *x, int64_t n, int64_t ld, double *scores, double *scratch);
int64_t mlsd__mlp_net_scratch(const mlsd__mlp_net *net);

/* Room for training on up to `capacity` rows, in double or (is_single) in float: what `void` points
 * to is of that type, and so are theta and gradient below. features, mask and scores are for the
 * caller, as told below; the others are for the functions here. */
typedef struct mlsd__mlp_pass {
    int64_t capacity;
    bool is_single;
    double *features;                    /* n x n_features: rows as they are */
    double *scores;                      /* n x n_out; slopes of the loss by them for _back */
    double *moments;                     /* as stats: of this batch */
    float *mask[MLSD__MLP_MOST_LAYERS];  /* factors of dropout; NULL: none */
    void *in;                            /* n x n_in */
    void *sums[MLSD__MLP_MOST_LAYERS];   /* where the slope needs them; centred and scaled ones
                                            under batch normalisation */
    void *values[MLSD__MLP_MOST_LAYERS]; /* of hidden units */
    void *out[MLSD__MLP_MOST_LAYERS];    /* after dropout: what the next layer sees */
    void *delta[2];
    char *room;
} mlsd__mlp_pass;

/* End it with _close, also after a failure. */
mlsd_status mlsd__mlp_pass_open(mlsd__mlp_pass *pass, const mlsd__allocator *a,
                                const mlsd__mlp_net *net, int64_t capacity, bool drops,
                                bool is_single);
void mlsd__mlp_pass_close(mlsd__mlp_pass *pass, const mlsd__allocator *a);

/* From pass->features to the network's input. */
void mlsd__mlp_pass_embed(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass,
                          int64_t n);
/* From there and pass->mask to pass->scores, for n rows. Batch normalisation is over these. */
void mlsd__mlp_forward(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass,
                       int64_t n);
/* From slopes in pass->scores to the gradient (n_theta), which is overwritten, or added to. */
void mlsd__mlp_back(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass, int64_t n,
                    bool adds, void *gradient);

#endif
