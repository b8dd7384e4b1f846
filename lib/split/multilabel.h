/* multilabel.h - rows with several labels each, dealt so that every part has its share of each. */
#ifndef MLSD_SPLIT_MULTILABEL_H
#define MLSD_SPLIT_MULTILABEL_H

#include "split/splitter.h"

/* Room for the deals of one split call, and the labels that it deals by. */
typedef struct mlsd__multilabel {
    int64_t n, n_labels, n_parts;
    const uint8_t *labels;   /* n x n_labels */
    const double *fractions; /* of each part */
    int64_t *counts;         /* rows of each label */
    int64_t *left;           /* of them not yet dealt */
    int64_t *starts;         /* n_labels + 1: where the rows of each label start in places */
    int32_t *places;         /* by label, in the order of the deal */
    double *wanted;          /* rows that each part still wants */
    double *wanted_of;       /* n_labels x n_parts: of each label */
    int32_t *ties;           /* n_labels or n_parts, whichever is more */
    uint8_t *is_dealt;       /* by row */
} mlsd__multilabel;

/* Borrows labels and fractions. Errors: MLSD_E_DATA for more than INT32_MAX rows. End it with
 * _free, also after a failure. */
mlsd_status mlsd__multilabel_new(const mlsd__allocator *a, const mlsd__split_input *in,
                                 const double *fractions, int64_t n_parts, mlsd__multilabel *out);
void mlsd__multilabel_free(mlsd__multilabel *m, const mlsd__allocator *a);

/* The part of each row: iterative stratification of the rows in this order. */
mlsd_status mlsd__multilabel_deal(mlsd__scope *scope, mlsd__mt19937 *mt, mlsd__multilabel *m,
                                  const int32_t *order, int32_t *part_of);

#endif
