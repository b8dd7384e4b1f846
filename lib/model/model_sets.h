/* model_sets.h - the data sets that a fit looks at beside the training set, as estimators want
 * them: columns by name, classes by the training set's numbers. */
#ifndef MLSD_MODEL_MODEL_SETS_H
#define MLSD_MODEL_MODEL_SETS_H

#include "curve/curve_impl.h"
#include "model/model_impl.h"

/* One of them; `noun` is what messages call it. */
typedef struct mlsd__model_set {
    mlsd__aligned aligned;
    double *y, *weight;               /* owned by the data's allocator; NULL: none */
    const mlsd__allocator *allocator; /* that one */
} mlsd__model_set;
mlsd_status mlsd__model_set_open(mlsd__model_set *set, const mlsd__allocator *a,
                                 const mlsd_model *model, const mlsd_dataset *data,
                                 const char *noun);
void mlsd__model_set_close(mlsd__model_set *set, const mlsd__allocator *a);

/* Those of a curve (NULL: none). */
typedef struct mlsd__model_sets {
    int64_t n;
    mlsd__model_set *sets;
    mlsd__more_set *more; /* the same, as estimators see them */
} mlsd__model_sets;
mlsd_status mlsd__model_sets_open(mlsd__model_sets *sets, const mlsd__allocator *a,
                                  const mlsd_model *model, const mlsd_curve *curve);
void mlsd__model_sets_close(mlsd__model_sets *sets, const mlsd__allocator *a);

#endif
