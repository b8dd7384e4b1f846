/* class_weight.h - what a row of each class counts, the same for every classifier.
 *
 * A classifier has the member `mlsd__class_weight class_weight` in its parameters, the rows
 * MLSD__CLASS_WEIGHT_PARAMS in their table, and says in its ops where the member is;
 * mlsd__estimator_fit then multiplies the weights of the rows before fit() sees them. */
#ifndef MLSD_MODEL_CLASS_WEIGHT_H
#define MLSD_MODEL_CLASS_WEIGHT_H

#include "model/estimator.h"

enum { MLSD__CLASS_WEIGHT_NONE = 0, MLSD__CLASS_WEIGHT_BALANCED = 1 };

struct mlsd__class_weight {
    int64_t choice;
    mlsd__f64_list given; /* a factor for each class; NULL: by choice */
};

extern const char *const mlsd__class_weight_choices[];

#define MLSD__CLASS_WEIGHT_PARAMS(S)                                                              \
    {.name = "class_weight",                                                                      \
     .type = MLSD_PARAM_CHOICE,                                                                   \
     .offset = offsetof(S, class_weight) + offsetof(mlsd__class_weight, choice),                  \
     .choices = mlsd__class_weight_choices,                                                       \
     .fallback = "\"none\"",                                                                      \
     .doc = "balanced: every class counts the same in sum, whatever its number of rows"},         \
    {                                                                                             \
        .name = "class_weights", .type = MLSD_PARAM_F64_LIST, .open = MLSD__OPEN_UPPER,           \
        .nullable = 1, .offset = offsetof(S, class_weight) + offsetof(mlsd__class_weight, given), \
        .upper = INFINITY, .fallback = "null",                                                    \
        .doc = "a factor for the rows of each class, in the order of the classes"                 \
    }

/* The training set with weights times those of the classes. *out_product is the caller's to free,
 * NULL where nothing changes. Balanced is, as in scikit-learn, W / (K W_c), with the sums of the
 * weights of all rows and of the class, and K the classes that have any: so a weight counts as that
 * many rows. Errors: MLSD_E_PARAM_CONFLICT, MLSD_E_DATA. */
mlsd_status mlsd__class_weight_apply(mlsd__scope *scope, const mlsd__class_weight *classes,
                                     const mlsd__train *train, mlsd__train *out,
                                     double **out_product);

#endif
