/* scenarios_slices.c - searches for slices under hardship. */
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
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL, *weighted = NULL;
    mlsd_status status;
    TRY(make_groups(context, &s, &groups));
    TRY(mlsd_spec_new(context, "slice_search", &spec));
    TRY(mlsd_spec_set_i64(spec, "min_support", 4));
    TRY(mlsd_slice_run(context, spec, groups, &y, &p, NULL, &found));
    TRY(hash_result(found, hash));
    TRY(mlsd_spec_set_str(spec, "loss", "squared"));
    TRY(mlsd_slice_run(context, spec, groups, &value, &x, &weight, &weighted));
    TRY(hash_result(weighted, hash));
out:
    mlsd_result_free(weighted);
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return status;
}
