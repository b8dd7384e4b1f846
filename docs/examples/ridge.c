/* ridge.c - numbers already in memory: fit, predict, cross-validate.
 *
 *   cc ridge.c $(pkg-config --cflags --libs mlsd) -o ridge && ./ridge
 */
#include <stdio.h>

#include <mlsd/mlsd.h>

int main(void)
{
    /* Six rows, two columns; y = 1 + 2 a - b. Strides count elements: any slice or transpose works.
     */
    const double x[] = {0, 1, 1, 0, 2, 1, 3, 5, 4, 2, 5, 3};
    const double y[] = {0, 3, 4, 2, 7, 8};
    const mlsd_matrix X = {x, 6, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix Y = {y, 6, 1, 1, 1, MLSD_F64, 0};
    const char *metric = "rmse";
    mlsd_dataset *data = NULL;
    mlsd_spec *ridge = NULL, *kfold = NULL;
    mlsd_model *model = NULL;
    mlsd_folds *folds = NULL;
    mlsd_result *scores = NULL;
    double out[6], rmse = 0;

    mlsd_status status = mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_REGRESSION, &data);
    if (!status) status = mlsd_spec_new(NULL, "ridge", &ridge);
    if (!status) status = mlsd_spec_set_f64(ridge, "alpha", 1e-6);
    if (!status) status = mlsd_model_fit(NULL, ridge, data, NULL, NULL, &model);
    if (!status) status = mlsd_model_predict_matrix(NULL, model, &X, MLSD_OUTPUT_VALUE, out, 6);
    if (!status) status = mlsd_spec_new(NULL, "kfold", &kfold);
    if (!status) status = mlsd_spec_set_i64(kfold, "n_splits", 3);
    if (!status) status = mlsd_folds_split_dataset(NULL, kfold, data, &folds);
    if (!status) status = mlsd_cross_validate(NULL, ridge, data, folds, &metric, 1, &scores);
    if (!status) status = mlsd_result_get_f64(scores, "rmse.mean", &rmse);
    if (!status)
        printf("first prediction %.3f, cross-validated rmse %.1e\n", out[0], rmse);
    else
        fprintf(stderr, "%s\n", mlsd_last_error());

    mlsd_result_free(scores);
    mlsd_folds_free(folds);
    mlsd_model_free(model);
    mlsd_spec_free(kfold);
    mlsd_spec_free(ridge);
    mlsd_dataset_free(data);
    return status != MLSD_OK;
}
