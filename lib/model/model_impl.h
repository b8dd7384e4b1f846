/* model_impl.h - what a fitted model is made of, and the calls the layers above use within a scope.
 */
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
    int64_t n_fitted_rows; /* 0: it was loaded */
    int64_t n_features, n_classes;
    mlsd__feature *features; /* names and levels owned */
    char **class_names;
    double *class_values; /* NULL when classes are texts */
    char *target_name;
};

/* A data set's features brought into the model's order and codes; data and model must outlive it.
 */
typedef struct mlsd__aligned {
    mlsd__frame frame;
    mlsd__frame_column *columns; /* NULL where the source is a matrix */
    double **recodes;            /* one for each feature, NULL where the codes agree */
    int64_t n_recodes;
} mlsd__aligned;
mlsd_status mlsd__model_align(const mlsd__allocator *a, const mlsd_model *model,
                              const mlsd_dataset *data, mlsd__aligned *out);
/* MLSD_E_SHAPE for data of another number of columns: says which is missing, or the first too much.
 */
mlsd_status mlsd__model_fail_n_columns(const mlsd_model *model, int64_t n_given);
void mlsd__aligned_free(const mlsd__allocator *a, mlsd__aligned *aligned);

/* A model without state: what it will know about its training set. It is the caller's by
 * mlsd_model_free. */
mlsd_status mlsd__model_describe(const mlsd__allocator *a, const mlsd_spec *spec,
                                 const mlsd_dataset *train, mlsd_model **out);

/* Predict the rows of a frame that is aligned already. scope may be NULL for few rows: then they
 * are done on the calling thread. */
mlsd_status mlsd__model_predict_frame(mlsd__scope *scope, const mlsd_model *model,
                                      const mlsd__frame *frame, mlsd_output what, double *out);

/* The k nearest training rows of each row of a frame: its numbers, and distances unless NULL. */
mlsd_status mlsd__model_neighbors_frame(mlsd__scope *scope, const mlsd_model *model,
                                        const mlsd__frame *frame, int64_t k, int64_t *index,
                                        double *distance);

/* As the public calls, inside an open scope (which may be a worker's serial one). */
mlsd_status mlsd__model_fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                            const mlsd_dataset *valid, mlsd_curve *curve, mlsd_model **out);
/* Fit an estimator with a budget (estimator.h) from where *progress ends, and leave there what a
 * larger budget goes on from; *progress is the caller's by mlsd__free. */
mlsd_status mlsd__model_fit_on(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                               void **progress, mlsd_model **out);
mlsd_status mlsd__model_predict(mlsd__scope *scope, const mlsd_model *model,
                                const mlsd_dataset *data, mlsd_output what, double *out,
                                int64_t capacity);
/* The target of a data set's rows as the model numbers classes; *out ends by mlsd__free with the
 * store's allocator. `noun` is "test set". MLSD_E_DATA for a class that the model was not fitted
 * with, or no target; MLSD_E_TYPE for numbers where it has classes, and the other way round. */
mlsd_status mlsd__model_gather_target(const mlsd_model *model, const mlsd_dataset *data,
                                      const char *noun, double **out);
/* Columns of an output, 0 where the model does not have it. */
int64_t mlsd__model_width(const mlsd_model *model, mlsd_output what);
/* A model around a state that was fitted to `train`, to predict rows of such a frame with, for the
 * layers above: everything is borrowed, and nothing is freed. */
mlsd_model mlsd__model_view(const mlsd__scope *scope, const mlsd_spec *spec,
                            const mlsd__train *train, const mlsd__frame *frame, void *state);
/* What the estimator is asked for where `what` is wanted: classes come from scores. */
mlsd_output mlsd__model_raw(const mlsd_model *model, mlsd_output what);
/* Class numbers from scores (n x width): the largest, ties to the lowest number; of two classes by
 * sign. */
void mlsd__choose_classes(const double *raw, int64_t n, int64_t width, int64_t n_classes,
                          double *out);
/* Bytes of the saved model, without saving it to a file. */
mlsd_status mlsd__model_n_bytes(const mlsd_model *model, int64_t *out);

#endif
