/* scenarios_rates.c - how sure rates are, and what many looks cost. */
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
