/* scenarios_values.c - metrics of numbers, forecasts, clusterings and survival times. */
#include <stdbool.h>

#include "scenario_data.h"

typedef struct metric_case {
    const char *spec;
    int64_t y_cols, prediction_cols;
    bool weighted;
} metric_case;

static const metric_case cases[] = {
    {"{\"kind\":\"rmse\"}", 1, 1, true},
    {"{\"kind\":\"r2\",\"multioutput\":\"variance_weighted\"}", 2, 2, true},
    {"{\"kind\":\"median_absolute_error\"}", 1, 1, true},
    {"{\"kind\":\"d2_pinball\",\"alpha\":0.3}", 1, 1, true},
    {"{\"kind\":\"pinball\",\"quantiles\":[0.2,0.8]}", 1, 2, false},
    {"{\"kind\":\"crps_ensemble\"}", 1, 2, true},
    {"{\"kind\":\"mase\",\"training\":[1,3,2,5]}", 1, 1, false},
    {"{\"kind\":\"directional_accuracy\"}", 1, 1, false},
    {"{\"kind\":\"rand\"}", 1, 1, true},
    {"{\"kind\":\"adjusted_mutual_info\"}", 1, 1, false},
    {"{\"kind\":\"concordance\",\"ipcw\":true}", 2, 1, true},
};

mlsd_status run_value_metrics(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    double y[2 * N], p[2 * N];
    make_sample(&s);
    for (int64_t i = 0; i < N; i++) {
        y[2 * i] = (double)(i * 7 % 11);
        y[2 * i + 1] = (double)(i % 3 > 0);
        p[2 * i] = (double)(i * 5 % 13) / 2;
        p[2 * i + 1] = (double)(i % 5);
    }
    const mlsd_matrix w = matrix_of(s.weight, N, 1);
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    mlsd_status status = MLSD_OK;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const mlsd_matrix of_y = {y, N, cases[i].y_cols, 2, 1, MLSD_F64, 0};
        const mlsd_matrix of_p = {p, N, cases[i].prediction_cols, 2, 1, MLSD_F64, 0};
        mlsd_spec_free(spec);
        spec = NULL;
        TRY(mlsd_spec_from_json(context, cases[i].spec, &spec));
        TRY(mlsd_metric_evaluate(context, spec, &of_y, &of_p, cases[i].weighted ? &w : NULL, 0.9,
                                 &r));
        TRY(hash_result(r, hash));
        mlsd_result_free(r);
        r = NULL;
    }
out:
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    return status;
}
