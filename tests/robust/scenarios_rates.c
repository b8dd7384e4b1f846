/* scenarios_rates.c - how sure rates and metrics are, and what many looks cost. */
#include "scenario_data.h"

mlsd_status run_rates(const mlsd_context *context, uint64_t *hash)
{
    const double cells[2][4] = {{12, 5, 9, 8}, {3, 7, 2, 11}};
    const mlsd_matrix tables = {(double *)cells, 2, 4, 4, 1, MLSD_F64, 0};
    double out[7], p[] = {0.01, 0.04, 0.03}, e[] = {20, 1, 300};
    int64_t n[3];
    mlsd_status status;
    (void)context;
    TRY(mlsd_common_odds_ratio(&tables, 0.95, out, out + 1, out + 2, out + 3, out + 4, out + 5,
                               out + 6));
    mix(hash, out, sizeof out);
    TRY(mlsd_interval_proportion("clopper_pearson", 7, 20, 0.95, out, out + 1));
    TRY(mlsd_interval_difference("newcombe", 7, 20, 3, 9, 0.95, out + 2, out + 3, out + 4,
                                 out + 5));
    TRY(mlsd_interval_ratio("log", 7, 20, 3, 9, 0.95, out + 2, NULL, NULL, NULL));
    TRY(mlsd_pass_rate_bound(7, 9, 0.95, out + 3));
    TRY(mlsd_interval_odds_ratio("log", 7, 20, 3, 9, 0.95, NULL, NULL, out + 6, NULL));
    mix(hash, out, sizeof out);
    TRY(mlsd_pass_rate_cases(0.9, 1, 0.95, n));
    TRY(mlsd_rows_needed("wilson", 0.5, 0.1, 0.95, n + 1));
    TRY(mlsd_rows_needed_difference("wald", 0.5, 0.2, 0.1, 0.95, n + 2));
    mix(hash, n, sizeof n);
    TRY(mlsd_adjust_p_values("benjamini_yekutieli", p, 3, p));
    TRY(mlsd_adjust_e_values(e, 3, e));
    mix(hash, p, sizeof p);
    mix(hash, e, sizeof e);
out:
    return status;
}

static mlsd_status resample(const mlsd_context *context, const char *json, const mlsd_matrix *y,
                            const mlsd_matrix *prediction, const mlsd_matrix *weight,
                            const mlsd_matrix *group, uint64_t *hash)
{
    mlsd_spec *how = NULL;
    double out[5], replicates[20] = {0};
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &how));
    TRY(mlsd_interval_resample(context, how, y, prediction, weight, weight == NULL ? NULL : group,
                               weight == NULL ? group : NULL, out, out + 1, out + 2, out + 3,
                               out + 4, replicates, 20));
    mix(hash, out, sizeof out);
    mix(hash, replicates, sizeof replicates);
out:
    mlsd_spec_free(how);
    return status;
}

/* Means, metrics of labels, and metrics that see all rows. */
mlsd_status run_resampling(const mlsd_context *context, uint64_t *hash)
{
    enum { FEW = 40 };
    sample s;
    make_sample(&s);
    double guess[FEW], half[FEW];
    for (int i = 0; i < FEW; i++) guess[i] = s.x[i] > 0, half[i] = i % 2;
    const mlsd_matrix y = matrix_of(s.y, FEW, 1), label = matrix_of(s.label, FEW, 1),
                      weight = matrix_of(s.weight, FEW, 1), g = matrix_of(half, FEW, 1),
                      guessed = matrix_of(guess, FEW, 1), score = matrix_of(s.x, FEW, 1);
    mlsd_status status;
    TRY(resample(context,
                 "{\"kind\":\"bootstrap_interval\",\"method\":\"studentized\",\"n_resamples\":20}",
                 &y, NULL, &weight, &g, hash));
    TRY(resample(context,
                 "{\"kind\":\"bootstrap_interval\",\"method\":\"bca\",\"n_resamples\":20,"
                 "\"metric\":{\"kind\":\"r2\"}}",
                 &y, &score, NULL, &g, hash));
    TRY(resample(context,
                 "{\"kind\":\"bootstrap_interval\",\"n_resamples\":20,\"metric\":{\"kind\":"
                 "\"accuracy\"}}",
                 &label, &guessed, NULL, &g, hash));
    TRY(resample(context,
                 "{\"kind\":\"bootstrap_interval\",\"method\":\"bca\",\"n_resamples\":20,"
                 "\"n_groups\":4,\"metric\":{\"kind\":\"roc_auc\"}}",
                 &label, &score, NULL, &g, hash));
    TRY(resample(context,
                 "{\"kind\":\"jackknife_interval\",\"n_groups\":4,\"metric\":{\"kind\":"
                 "\"roc_auc\"}}",
                 &label, &score, NULL, &g, hash));
    TRY(resample(context,
                 "{\"kind\":\"bootstrap_interval\",\"n_resamples\":20,\"metric\":{\"kind\":"
                 "\"adjusted_mutual_info\"}}",
                 &label, &guessed, NULL, &g, hash));
out:
    return status;
}

mlsd_status run_poisson_bootstrap(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix rows = matrix_of(s.x, N, 2);
    const int64_t numbers[] = {5000, 3};
    const mlsd_matrix two = matrix_of(s.y, 1, 2);
    mlsd_poisson_bootstrap *b = NULL, *other = NULL;
    static const int64_t n_replicates = 70;
    char bytes[8192];
    size_t size = 0;
    double out[4];
    int64_t n;
    mlsd_status status;
    TRY(mlsd_poisson_bootstrap_new(context, 2, n_replicates, 1, &b));
    TRY(mlsd_poisson_bootstrap_add(context, b, &rows, NULL, 0));
    TRY(mlsd_poisson_bootstrap_add(context, b, &two, numbers, 0));
    TRY(mlsd_poisson_bootstrap_to_bytes(b, bytes, sizeof bytes, &size));
    mix(hash, bytes, size);
    TRY(mlsd_poisson_bootstrap_from_bytes(context, bytes, size, &other));
    TRY(mlsd_poisson_bootstrap_merge(b, other));
    TRY(mlsd_poisson_bootstrap_interval(b, 0, -1, "percentile", 0.9, out, out + 1, out + 2, out + 3,
                                        &n));
    mix(hash, out, sizeof out);
out:
    mlsd_poisson_bootstrap_free(other);
    mlsd_poisson_bootstrap_free(b);
    return status;
}
