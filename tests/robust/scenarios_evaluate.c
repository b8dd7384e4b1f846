/* scenarios_evaluate.c - looks at a test set: a view with repeated rows, twice. */
#include "scenario_data.h"

mlsd_status run_evaluate(const mlsd_context *context, uint64_t *hash)
{
    static const char *const metrics[] = {"rmse", "r2"};
    static const int64_t rows[] = {4, 7, 4};
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.y, N, 1);
    mlsd_dataset *data = NULL, *test = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_result *first = NULL, *second = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_REGRESSION, &data));
    TRY(mlsd_spec_new(context, "ridge", &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_dataset_rows(data, rows, 3, &test));
    TRY(mlsd_evaluate(context, model, test, metrics, 2, &first));
    TRY(hash_result(first, hash));
    TRY(mlsd_evaluate(context, model, test, metrics, 2, &second));
    TRY(hash_result(second, hash));
    const int64_t looks = mlsd_dataset_n_looks(data);
    mix(hash, &looks, sizeof looks);
out:
    mlsd_result_free(second);
    mlsd_result_free(first);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(test);
    mlsd_dataset_free(data);
    return status;
}

static mlsd_status evaluate_one(const mlsd_context *context, const char *json, const mlsd_matrix *y,
                                const mlsd_matrix *prediction, const mlsd_matrix *weight,
                                uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_metric_evaluate(context, spec, y, prediction, weight, 0.9, &r));
    TRY(hash_result(r, hash));
out:
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    return status;
}

/* Metrics of classes with their parts, from labels and from probabilities. */
mlsd_status run_metrics(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"f_score\",\"average\":\"macro\",\"beta\":2}",
        "{\"kind\":\"recall\",\"labels\":[1,0],\"average\":\"weighted\"}",
        "{\"kind\":\"log_loss\"}",
        "{\"kind\":\"roc_auc\",\"curve\":\"all\"}",
        "{\"kind\":\"roc_auc\",\"max_fpr\":0.5}",
        "{\"kind\":\"average_precision\",\"curve\":\"corners\"}",
        "{\"kind\":\"equal_error_rate\"}",
        "{\"kind\":\"gini\"}",
        "{\"kind\":\"ks\"}",
        "{\"kind\":\"top_k_accuracy\",\"k\":1}",
        "{\"kind\":\"calibration_error\",\"strategy\":\"quantile\",\"n_bins\":3}",
        "{\"kind\":\"calibration_error\",\"norm\":\"l2\",\"debiased\":true}",
        "{\"kind\":\"calibration_error\",\"norm\":\"max\"}",
        "{\"kind\":\"brier_resolution\",\"n_bins\":3}",
        "{\"kind\":\"brier_within\",\"n_bins\":3}",
        "{\"kind\":\"log_loss\",\"eps\":0}",
        "{\"kind\":\"hinge_loss\"}",
        "{\"kind\":\"confusion_matrix\",\"normalize\":\"true\"}",
        "{\"kind\":\"multilabel_confusion_matrix\",\"labels\":[1,0]}",
    };
    static const char *const of_three[] = {
        "{\"kind\":\"roc_auc\",\"multi_class\":\"ovo\"}",
        "{\"kind\":\"calibration_error\"}",
        "{\"kind\":\"calibration_error\",\"multi_class\":\"classwise\"}",
        "{\"kind\":\"calibration_error\",\"multi_class\":\"classwise\",\"norm\":\"max\"}",
        "{\"kind\":\"brier_reliability\"}",
        "{\"kind\":\"brier_uncertainty\"}",
    };
    static const char *const of_labels[] = {
        "{\"kind\":\"roc_auc\",\"average\":\"micro\"}",
        "{\"kind\":\"roc_auc\",\"average\":\"weighted\"}",
        "{\"kind\":\"average_precision\",\"average\":\"samples\"}",
        "{\"kind\":\"label_ranking_loss\"}",
        "{\"kind\":\"recall_at_k\",\"k\":1}",
        "{\"kind\":\"ndcg\",\"k\":1}",
        "{\"kind\":\"multilabel_confusion_matrix\"}", /* of labels, not of their scores */
    };
    sample s;
    make_sample(&s);
    double score[N];
    for (int64_t i = 0; i < N; i++) score[i] = (double)(i % 9) / 9;
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(score, N, 1),
                      w = matrix_of(s.weight, N, 1);
    mlsd_status status = MLSD_OK;
    for (int i = 0; i < (int)(sizeof specs / sizeof *specs); i++) {
        TRY(evaluate_one(context, specs[i], &y, &p, &w, hash));
    }
    double classes[N], thirds[N][3], pairs[N][2], scores[N][2];
    for (int64_t i = 0; i < N; i++) {
        classes[i] = (double)(i % 3);
        thirds[i][0] = (double)(i % 5) / 8;
        thirds[i][1] = (double)(i % 7) / 12;
        thirds[i][2] = 1 - thirds[i][0] - thirds[i][1];
        pairs[i][0] = (double)(i % 2);
        pairs[i][1] = i % 3 == 0;
        scores[i][0] = (double)(i % 5) / 5;
        scores[i][1] = (double)(i % 7) / 7;
    }
    const mlsd_matrix y3 = matrix_of(classes, N, 1), p3 = matrix_of(*thirds, N, 3);
    for (int i = 0; i < (int)(sizeof of_three / sizeof *of_three); i++) {
        TRY(evaluate_one(context, of_three[i], &y3, &p3, &w, hash));
    }
    const mlsd_matrix y2 = matrix_of(*pairs, N, 2), p2 = matrix_of(*scores, N, 2);
    const int n_of_labels = (int)(sizeof of_labels / sizeof *of_labels);
    for (int i = 0; i < n_of_labels; i++) {
        TRY(evaluate_one(context, of_labels[i], &y2, i < n_of_labels - 1 ? &p2 : &y2, &w, hash));
    }
out:
    return status;
}

/* A scorecard of sums and of kept rows: add, merge, finish, to bytes and back. */
mlsd_status run_scorecard(const mlsd_context *context, uint64_t *hash)
{
    static const char *const names[] = {"f1_macro", "log_loss", "roc_auc", "confusion_matrix"};
    unsigned char bytes[1 << 15];
    sample s;
    make_sample(&s);
    double score[N];
    int32_t group[N];
    for (int i = 0; i < N; i++) {
        score[i] = (double)(i % 9) / 9;
        group[i] = i % 4 - 1;
    }
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(score, N, 1),
                      w = matrix_of(s.weight, N, 1);
    mlsd_spec *specs[4] = {NULL, NULL, NULL, NULL};
    mlsd_scorecard *card = NULL, *other = NULL;
    mlsd_result *r = NULL;
    size_t size = 0;
    mlsd_status status = MLSD_OK;
    for (int i = 0; i < 4; i++) TRY(mlsd_metric_new(context, names[i], &specs[i]));
    TRY(mlsd_scorecard_new(context, (const mlsd_spec *const *)specs, 4, 2, 3, &card));
    TRY(mlsd_scorecard_add(context, card, &y, &p, &w, group));
    TRY(mlsd_scorecard_to_bytes(card, bytes, sizeof bytes, &size));
    TRY(mlsd_scorecard_from_bytes(context, bytes, size, &other));
    TRY(mlsd_scorecard_merge(context, card, other));
    TRY(mlsd_scorecard_finish(context, card, 0.9, 10, &r));
    TRY(hash_result(r, hash));
    const int64_t n = mlsd_scorecard_n_rows(card);
    mix(hash, &n, sizeof n);
out:
    mlsd_result_free(r);
    mlsd_scorecard_free(other);
    mlsd_scorecard_free(card);
    for (int i = 0; i < 4; i++) mlsd_spec_free(specs[i]);
    return status;
}
