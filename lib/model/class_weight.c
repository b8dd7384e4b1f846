/* class_weight.c - the weights of rows times those of their classes. */
#include "model/class_weight.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

const char *const mlsd__class_weight_choices[] = {"none", "balanced", NULL};

static double weight_of(const mlsd__train *train, int64_t row)
{
    return train->weight != NULL ? train->weight[row] : 1.0;
}

/* factor[c] = W / (K W_c), 0 for a class without weight. */
static void balance(const mlsd__train *train, double *factor)
{
    double total = 0.0, n_there = 0.0;
    memset(factor, 0, (size_t)train->n_classes * sizeof *factor);
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        factor[(int64_t)train->y[i]] += weight_of(train, i);
        total += weight_of(train, i);
    }
    for (int64_t c = 0; c < train->n_classes; c++) n_there += factor[c] > 0.0;
    for (int64_t c = 0; c < train->n_classes; c++)
        factor[c] = factor[c] > 0.0 ? total / (n_there * factor[c]) : 0.0;
}

static mlsd_status find_factors(const mlsd__class_weight *classes, const mlsd__train *train,
                                double *factor)
{
    if (classes->given.values == NULL) {
        balance(train, factor);
        return MLSD_OK;
    }
    if (classes->given.n != train->n_classes)
        return mlsd__fail(MLSD_E_DATA, "'class_weights' has %lld values for %lld classes",
                          (long long)classes->given.n, (long long)train->n_classes);
    memcpy(factor, classes->given.values, (size_t)train->n_classes * sizeof *factor);
    return MLSD_OK;
}

/* product[i] = weight of row i times its class's. */
static mlsd_status multiply(const mlsd__train *train, const double *factor, double *product)
{
    double sum = 0.0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        product[i] = weight_of(train, i) * factor[(int64_t)train->y[i]];
        sum += product[i];
    }
    if (!(sum > 0.0))
        return mlsd__fail(MLSD_E_DATA, "'class_weights' leaves no row with a weight above 0");
    if (!isfinite(sum))
        return mlsd__fail(MLSD_E_DATA, "the weights times 'class_weights' overflow");
    return MLSD_OK;
}

mlsd_status mlsd__class_weight_apply(mlsd__scope *scope, const mlsd__class_weight *classes,
                                     const mlsd__train *train, mlsd__train *out,
                                     double **out_product)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = *train;
    *out_product = NULL;
    const bool is_balanced = classes->choice == MLSD__CLASS_WEIGHT_BALANCED;
    if (is_balanced && classes->given.values != NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'class_weights' are given and 'class_weight' is balanced: set one");
    if (!is_balanced && classes->given.values == NULL) return MLSD_OK;
    double *const factor = mlsd__alloc_raw(a, train->n_classes, sizeof *factor);
    double *const product = mlsd__alloc_raw(a, train->x->n_rows, sizeof *product);
    mlsd_status status = factor != NULL && product != NULL ? MLSD_OK : MLSD_E_NOMEM;
    if (status == MLSD_OK) status = find_factors(classes, train, factor);
    if (status == MLSD_OK) status = multiply(train, factor, product);
    mlsd__free(a, factor);
    if (status != MLSD_OK) {
        mlsd__free(a, product);
        return status;
    }
    out->weight = product;
    *out_product = product;
    return MLSD_OK;
}
