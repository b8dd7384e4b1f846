/* bin_edges.h - where to cut a column of numbers into bins. */
#ifndef MLSD_MODEL_TRANSFORM_BIN_EDGES_H
#define MLSD_MODEL_TRANSFORM_BIN_EDGES_H

#include "model/transform/column_pass.h"

/* In the order of the choices of bin. */
enum { MLSD__BIN_UNIFORM, MLSD__BIN_QUANTILE, MLSD__BIN_KMEANS };

/* Edges of at most n_bins bins, ascending, ends included, into out (room for n_bins + 1); returns
 * how many bins there are: equal edges are one. A constant column, or one without values, is one
 * bin with the edges -infinity and infinity, which *out_n_bins = 1 alone tells: out is 0, 0. */
mlsd_status mlsd__bin_edges(mlsd__scope *scope, const mlsd__sorted_column *c, int64_t n_bins,
                            int64_t strategy, double *out, int64_t *out_n_bins);

#endif
