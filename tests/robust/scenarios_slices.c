/* scenarios_slices.c - searches for slices and measures of fairness under hardship. */
#include <stdio.h>

#include "scenario_data.h"

/* Two columns of groups and one of numbers. */
static mlsd_status make_groups(const mlsd_context *context, const sample *s, mlsd_table **out)
{
    const char *group[N];
    double value[N];
    mlsd_status status;
    TRY(mlsd_table_new(context, out));
    for (int i = 0; i < N; i++) group[i] = i % 3 == 0 ? "left" : "right";
    TRY(mlsd_table_set_str(*out, "g", group, N));
    for (int i = 0; i < N; i++) group[i] = i % 16 == 0 ? NULL : i % 5 < 2 ? "up" : "down";
    TRY(mlsd_table_set_str(*out, "h", group, N));
    for (int i = 0; i < N; i++) value[i] = s->x[i * P];
    TRY(mlsd_table_set_f64(*out, "x", value, N));
out:
    return status;
}

/* Each analysis of losses, of classes and, weighted, of numbers; each of a rate that leaves rows
 * out.
 */
static mlsd_status run_kind(const mlsd_context *context, const char *kind, const char *parameter,
                            const char *value, const mlsd_table *groups, const mlsd_matrix *y,
                            const mlsd_matrix *prediction, const mlsd_matrix *weight,
                            uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL;
    mlsd_status status;
    TRY(mlsd_spec_new(context, kind, &spec));
    TRY(mlsd_spec_set_i64(spec, "min_support", 4));
    TRY(mlsd_spec_set_str(spec, parameter, value));
    TRY(mlsd_slice_run(context, spec, groups, y, prediction, weight, &found));
    TRY(hash_result(found, hash));
out:
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    return status;
}

mlsd_status run_slice_searches(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    double guess[N];
    for (int i = 0; i < N; i++) guess[i] = i % 7 == 0 ? 1 - s.label[i] : s.label[i];
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(guess, N, 1);
    const mlsd_matrix value = matrix_of(s.y, N, 1), weight = matrix_of(s.weight, N, 1);
    const mlsd_matrix x = matrix_of(s.x, N, 1);
    mlsd_table *groups = NULL;
    mlsd_status status;
    TRY(make_groups(context, &s, &groups));
    TRY(run_kind(context, "slice_metrics", "reference", "largest", groups, &y, &p, NULL, hash));
    TRY(run_kind(context, "slice_metrics", "reference", "overall", groups, &value, &x, &weight,
                 hash));
    TRY(run_kind(context, "slice_search", "loss", "zero_one", groups, &y, &p, NULL, hash));
    TRY(run_kind(context, "slice_search", "loss", "squared", groups, &value, &x, &weight, hash));
    TRY(run_kind(context, "slice_tree", "loss", "absolute", groups, &value, &x, NULL, hash));
    TRY(run_kind(context, "slice_divergence", "outcome", "fpr", groups, &y, &p, &weight, hash));
    TRY(run_kind(context, "slice_divergence", "outcome", "recall", groups, &y, &p, NULL, hash));
out:
    mlsd_table_free(groups);
    return status;
}

/* Two models: of classes, and, weighted, of numbers. */
mlsd_status run_slice_comparison(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    double guess[N][2], value[N][2];
    for (int i = 0; i < N; i++) {
        guess[i][0] = i % 7 == 0 ? 1 - s.label[i] : s.label[i];
        guess[i][1] = i % 5 == 0 ? 1 - s.label[i] : s.label[i];
        value[i][0] = s.y[i] + s.x[i * P];
        value[i][1] = s.y[i] + s.x[i * P + 1];
    }
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(guess[0], N, 2);
    const mlsd_matrix numbers = matrix_of(s.y, N, 1), q = matrix_of(value[0], N, 2);
    const mlsd_matrix weight = matrix_of(s.weight, N, 1);
    mlsd_table *groups = NULL;
    mlsd_status status;
    TRY(make_groups(context, &s, &groups));
    TRY(run_kind(context, "slice_comparison", "test", "exact", groups, &y, &p, NULL, hash));
    TRY(run_kind(context, "slice_comparison", "loss", "absolute", groups, &numbers, &q, &weight,
                 hash));
out:
    mlsd_table_free(groups);
    return status;
}

mlsd_status run_fairness(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    double score[N];
    for (int i = 0; i < N; i++) score[i] = (i % 7 == 0 ? 1 - s.label[i] : s.label[i]) * 0.7 + 0.1;
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(score, N, 1);
    const mlsd_matrix weight = matrix_of(s.weight, N, 1);
    const char *by = "h", *control = "g", *feature = "x";
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL, *weighted = NULL;
    mlsd_status status;
    TRY(make_groups(context, &s, &groups));
    TRY(mlsd_spec_new(context, "fairness", &spec));
    TRY(mlsd_spec_set_i64(spec, "min_support", 2));
    TRY(mlsd_spec_set_i64(spec, "permutations", 19));
    TRY(mlsd_spec_set_str_list(spec, "by", &by, 1));
    TRY(mlsd_spec_set_str(spec, "privileged", "up"));
    TRY(mlsd_spec_set_str_list(spec, "features", &feature, 1));
    TRY(mlsd_slice_run(context, spec, groups, &y, &p, NULL, &found));
    TRY(hash_result(found, hash));
    TRY(mlsd_spec_set_str_list(spec, "control", &control, 1));
    TRY(mlsd_slice_run(context, spec, groups, &y, &y, &weight, &weighted));
    TRY(hash_result(weighted, hash));
out:
    mlsd_result_free(weighted);
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return status;
}

/* Thresholds by group, applied, written and read; weights; the frontier. */
mlsd_status run_mitigation(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    char path[160];
    double said[N];
    const mlsd_matrix y = matrix_of(s.label, N, 1), score = matrix_of(s.y, N, 1);
    const mlsd_matrix weight = matrix_of(s.weight, N, 1);
    const char *by[] = {"h", "g"};
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL, *weigh = NULL, *sweep = NULL;
    mlsd_policy *policy = NULL, *again = NULL, *copy = NULL;
    unsigned char bytes[4096];
    size_t n_bytes = 0;
    mlsd_result *told = NULL, *weights = NULL, *frontier = NULL;
    mlsd_status status;
    file_path(path, "policy");
    TRY(make_groups(context, &s, &groups));
    TRY(mlsd_spec_new(context, "group_thresholds", &spec));
    TRY(mlsd_spec_set_str_list(spec, "by", by, 1));
    TRY(mlsd_spec_set_str(spec, "id", "x"));
    TRY(mlsd_policy_fit(context, spec, groups, &y, &score, &weight, &policy));
    TRY(mlsd_policy_predict(policy, groups, &score, said, N));
    TRY(mlsd_policy_chance(policy, groups, &score, said, N));
    TRY(mlsd_policy_save(policy, path));
    TRY(mlsd_policy_load(context, path, &again));
    TRY(mlsd_policy_to_bytes(again, bytes, sizeof bytes, &n_bytes));
    TRY(mlsd_policy_from_bytes(context, bytes, n_bytes, &copy));
    TRY(mlsd_policy_describe(again, &told));
    TRY(hash_result(told, hash));
    TRY(mlsd_spec_new(context, "reweighing", &weigh));
    TRY(mlsd_spec_set_str_list(weigh, "by", by, 2));
    TRY(mlsd_slice_run(context, weigh, groups, &y, NULL, &weight, &weights));
    TRY(hash_result(weights, hash));
    TRY(mlsd_spec_new(context, "fairness_frontier", &sweep));
    TRY(mlsd_spec_set_str_list(sweep, "by", by, 1));
    TRY(mlsd_spec_set_i64(sweep, "n_points", 3));
    TRY(mlsd_slice_run(context, sweep, groups, &y, &score, NULL, &frontier));
    TRY(hash_result(frontier, hash));
out:
    (void)remove(path);
    mlsd_result_free(frontier);
    mlsd_result_free(weights);
    mlsd_result_free(told);
    mlsd_policy_free(copy);
    mlsd_policy_free(again);
    mlsd_policy_free(policy);
    mlsd_spec_free(sweep);
    mlsd_spec_free(weigh);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return status;
}
