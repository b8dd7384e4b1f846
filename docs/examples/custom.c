/* custom.c - an estimator of your own beside a built-in one: the class whose mean is nearest.
 *
 *   cc custom.c $(pkg-config --cflags --libs mlsd) -o custom && ./custom hmda.csv
 */
#include <stdio.h>
#include <stdlib.h>

#include <mlsd/mlsd.h>

/* What is learned: the mean of each column in class 0 and in class 1. */
static int fit(const mlsd_spec *spec, const mlsd_matrix *X, const double *y, const double *weight,
               int64_t n_classes, void **out_state, void *user)
{
    (void)spec, (void)weight, (void)user;
    if (n_classes != 2) return mlsd_error_set(MLSD_E_DATA, "two classes are needed");
    double *mean = calloc((size_t)(2 * X->cols), sizeof *mean), n[2] = {0, 0};
    if (mean == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < X->rows; i++) n[(int)y[i]] += 1;
    for (int64_t i = 0; i < X->rows; i++)
        for (int64_t j = 0; j < X->cols; j++)
            mean[(int)y[i] * X->cols + j] +=
                ((const double *)X->data)[i * X->row_stride + j] / n[(int)y[i]];
    *out_state = mean;
    return 0;
}

/* Probabilities of the two classes: the nearer the mean, the likelier. Classes are made from them.
 */
static int predict(const void *state, const mlsd_matrix *X, mlsd_output what, double *out,
                   void *user)
{
    const double *mean = state;
    (void)what, (void)user;
    for (int64_t i = 0; i < X->rows; i++) {
        const double *x = (const double *)X->data + i * X->row_stride;
        double distance[2] = {1e-9, 1e-9};
        for (int c = 0; c < 2; c++)
            for (int64_t j = 0; j < X->cols; j++)
                distance[c] += (x[j] - mean[c * X->cols + j]) * (x[j] - mean[c * X->cols + j]);
        out[2 * i] = distance[1] / (distance[0] + distance[1]);
        out[2 * i + 1] = 1 - out[2 * i];
    }
    return 0;
}

static void end(void *state, void *user)
{
    (void)user;
    free(state);
}

int main(int argc, char **argv)
{
    const char *columns[] = {"deny"}, *roles[] = {"target"};
    const char *const steps[] = {"impute", "one_hot", "standardize"};
    const char *const names[] = {"constant", "nearest mean"};
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_custom *custom = NULL;
    mlsd_spec *step = NULL, *own = NULL, *pipeline = NULL, *constant = NULL, *split = NULL;
    mlsd_folds *folds = NULL;
    mlsd_result *board = NULL;

    mlsd_status status = mlsd_table_read_csv(NULL, argc > 1 ? argv[1] : "hmda.csv", NULL, &table);
    if (!status)
        status = mlsd_dataset_from_table(NULL, table, columns, roles, 1, MLSD_TASK_BINARY, &data);
    if (!status)
        status = mlsd_custom_new(NULL, "nearest_mean", MLSD_CUSTOM_CLASSIFIES | MLSD_CUSTOM_PROBA,
                                 fit, predict, end, NULL, NULL, &custom);
    if (!status) status = mlsd_spec_new_custom(custom, &own);
    if (!status) status = mlsd_spec_new(NULL, "pipeline", &pipeline);
    for (int i = 0; i < 3 && !status; i++) {
        status = mlsd_spec_new(NULL, steps[i], &step);
        if (!status) status = mlsd_spec_add(pipeline, "steps", NULL, step);
        mlsd_spec_free(step);
    }
    if (!status) status = mlsd_spec_add(pipeline, "steps", NULL, own);
    if (!status) status = mlsd_spec_new(NULL, "dummy_classifier", &constant);
    if (!status) status = mlsd_spec_new(NULL, "stratified_kfold", &split);
    if (!status) status = mlsd_folds_split_dataset(NULL, split, data, &folds);
    if (!status) {
        const mlsd_spec *const models[] = {constant, pipeline};
        status = mlsd_leaderboard(NULL, models, names, 2, data, folds, "roc_auc", &board);
    }
    if (!status)
        printf("%s\n", mlsd_result_verdict(board));
    else
        fprintf(stderr, "%s\n", mlsd_last_error());

    mlsd_result_free(board);
    mlsd_folds_free(folds);
    mlsd_spec_free(split);
    mlsd_spec_free(constant);
    mlsd_spec_free(pipeline);
    mlsd_spec_free(own);
    mlsd_custom_free(custom);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status != MLSD_OK;
}
