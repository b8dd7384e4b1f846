/* model_impl.h - what a fitted model is made of, and the calls the layers above use within a scope. */
#ifndef MLSD_MODEL_MODEL_IMPL_H
#define MLSD_MODEL_MODEL_IMPL_H

#include "data/dataset_impl.h"
#include "model/estimator.h"

struct mlsd_model {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd_spec *spec;
    const mlsd__estimator_ops *ops;
    void *state;
    mlsd_task task;
    bool has_names;
    int64_t n_features, n_classes;
    mlsd__feature *features; /* names and levels owned */
    char **class_names;
    double *class_values;    /* NULL when classes are texts */
    char *target_name;
};

/* As the public calls, inside an open scope (which may be a worker's serial one). */
mlsd_status mlsd__model_fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                            const mlsd_dataset *valid, mlsd_curve *curve, mlsd_model **out);
mlsd_status mlsd__model_predict(mlsd__scope *scope, const mlsd_model *model,
                                const mlsd_dataset *data, mlsd_output what, double *out,
                                int64_t capacity);
/* Bytes of the saved model, without saving it to a file. */
mlsd_status mlsd__model_n_bytes(const mlsd_model *model, int64_t *out);

#endif
