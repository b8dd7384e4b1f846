/* fold_atoms.h - the rows of many splits cut into atoms: rows that are trained on, or tested, in
 * the same of those splits. What adds up over rows is added up once an atom; the training and test
 * rows of each split are unions of atoms. Folds are their own atoms; windows and nested prefixes
 * of the rows are few. */
#ifndef MLSD_MODEL_FOLD_ATOMS_H
#define MLSD_MODEL_FOLD_ATOMS_H

#include "base/scope.h"
#include "model/path.h"
#include "numeric/fold_moments.h"

typedef struct mlsd__fold_atoms {
    int64_t first_split, n_splits; /* the run of splits that were cut */
    mlsd__part_rows parts;         /* ascending in each atom; rows of no split are in none */
    int64_t *rows, *first;         /* what parts shows */
    uint8_t *is_train, *is_test;   /* n_splits x n_parts */
} mlsd__fold_atoms;

/* Cut splits from first_split on, as many as give no more than most_atoms. *out is empty (n_splits
 * 0) where the first of them has a row twice, as bootstraps have: it has no atoms. is_partition
 * says that each row is tested in one split, and trained on in all others. End it with _free. */
mlsd_status mlsd__fold_atoms_cut(mlsd__scope *scope, int64_t n_rows, const mlsd__path_rows *splits,
                                 int64_t n_splits, bool is_partition, int64_t first_split,
                                 int64_t most_atoms, mlsd__fold_atoms *out);
void mlsd__fold_atoms_free(mlsd__fold_atoms *atoms, const mlsd__allocator *a);

#endif
