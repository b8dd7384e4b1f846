/* coefficients.c - what a linear final model learned, a row for each of its columns and classes.
 * Columns are those that the preprocessing makes, on its scale: standardised, so that their sizes
 * compare. */
#include <math.h>
#include <string.h>

#include "experiment/experiment_impl.h"

/* A pipeline says what its last step sees; an estimator alone sees the features. */
static const char *column_name(const mlsd_model *model, int64_t i)
{
    int64_t n = 0;
    const mlsd__feature *features = NULL;
    if (model->ops->features_seen != NULL) features = model->ops->features_seen(model->state, &n);
    return features != NULL && i < n ? features[i].name : mlsd_model_feature_name(model, i);
}

static mlsd_status put(mlsd__experiment *x, const double *coef, int64_t rows, int64_t cols)
{
    static const mlsd__row_column columns[] = {{"feature", MLSD_COLUMN_CATEGORY},
                                               {"class", MLSD_COLUMN_CATEGORY},
                                               {"coef", MLSD_COLUMN_F64}};
    const int64_t n_classes = mlsd_model_n_classes(x->final);
    mlsd__rows table_rows;
    mlsd__rows_init(&table_rows, x->scope->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < cols; i++) {
        for (int64_t c = 0; c < rows; c++) {
            /* One row of coefficients for two classes speaks for the second. */
            const int64_t class_number = n_classes == 0 ? -1 : rows == 1 ? n_classes - 1 : c;
            mlsd__rows_str(&table_rows, column_name(x->final, i));
            mlsd__rows_str(&table_rows,
                           class_number < 0 ? NULL : mlsd_model_class_name(x->final, class_number));
            mlsd__rows_f64(&table_rows, coef[c * cols + i]);
        }
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&table_rows, &table));
    return mlsd__result_set_table(x->result, "coefficients", table, false);
}

mlsd_status mlsd__experiment_coefficients(mlsd__experiment *x)
{
    int64_t rows, cols;
    if (mlsd_model_get_array(x->final, "coef", NULL, 0, &rows, &cols) != MLSD_OK) return MLSD_OK;
    double *coef = mlsd__alloc(x->scope->allocator, rows * cols, sizeof *coef);
    if (coef == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_model_get_array(x->final, "coef", coef, rows * cols, &rows, &cols);
    if (status == MLSD_OK) status = put(x, coef, rows, cols);
    mlsd__free(x->scope->allocator, coef);
    return status;
}
