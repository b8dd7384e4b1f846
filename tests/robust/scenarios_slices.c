/* scenarios_slices.c - searches for slices and measures of fairness under hardship. */
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
    TRY(run_kind(context, "slice_search", "loss", "zero_one", groups, &y, &p, NULL, hash));
    TRY(run_kind(context, "slice_search", "loss", "squared", groups, &value, &x, &weight, hash));
    TRY(run_kind(context, "slice_tree", "loss", "absolute", groups, &value, &x, NULL, hash));
    TRY(run_kind(context, "slice_divergence", "outcome", "fpr", groups, &y, &p, &weight, hash));
    TRY(run_kind(context, "slice_divergence", "outcome", "recall", groups, &y, &p, NULL, hash));
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
