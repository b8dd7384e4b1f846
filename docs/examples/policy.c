/* policy.c - is a rule fair, what would equal odds cost, and decisions that keep them.
 *
 *   cc policy.c $(pkg-config --cflags --libs mlsd) -o policy && ./policy
 * docs/examples/data/hmda.csv
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mlsd/mlsd.h>

/* y: 1 where the mortgage was granted; score: the smaller the payments, the likelier. */
static mlsd_status read_rows(const mlsd_table *table, int64_t n, double *y, double *score)
{
    int64_t deny, ratio;
    mlsd_status status = mlsd_table_find(table, "deny", &deny);
    if (!status) status = mlsd_table_find(table, "pirat", &ratio);
    if (!status) status = mlsd_table_get_f64(table, ratio, 0, n, score);
    for (int64_t i = 0; !status && i < n; i++) {
        y[i] = strcmp(mlsd_table_get_str(table, deny, i), "no") == 0;
        score[i] = -score[i];
    }
    return status;
}

/* How far apart the groups' rates are, with the interval and what it means. */
static mlsd_status judge(const mlsd_table *people, const mlsd_matrix *y, const mlsd_matrix *said)
{
    mlsd_spec *spec = NULL;
    mlsd_result *report = NULL;
    const char *by = "afam";
    mlsd_status status = mlsd_spec_new(NULL, "fairness", &spec);
    if (!status) status = mlsd_spec_set_str_list(spec, "by", &by, 1);
    if (!status) status = mlsd_slice_run(NULL, spec, people, y, said, NULL, &report);
    if (!status) printf("%s\n\n", mlsd_result_verdict(report));
    mlsd_result_free(report);
    mlsd_spec_free(spec);
    return status;
}

/* Thresholds under which both groups have nearly the same true and false positive rates. */
static mlsd_status fit(const mlsd_table *people, const mlsd_matrix *y, const mlsd_matrix *score,
                       mlsd_policy **out)
{
    mlsd_spec *spec = NULL;
    mlsd_result *told = NULL;
    const char *by = "afam";
    mlsd_status status = mlsd_spec_new(NULL, "group_thresholds", &spec);
    if (!status) status = mlsd_spec_set_str_list(spec, "by", &by, 1);
    if (!status) status = mlsd_spec_set_str(spec, "id", "person");
    if (!status) status = mlsd_spec_set_str(spec, "constraint", "equalized_odds");
    if (!status) status = mlsd_spec_set_str(spec, "objective", "balanced_accuracy");
    if (!status) status = mlsd_spec_set_f64(spec, "tolerance", 0.02);
    if (!status) status = mlsd_policy_fit(NULL, spec, people, y, score, NULL, out);
    if (!status) status = mlsd_policy_describe(*out, &told);
    if (!status) printf("%s\n\n", mlsd_result_verdict(told));
    mlsd_result_free(told);
    mlsd_spec_free(spec);
    return status;
}

int main(int argc, char **argv)
{
    mlsd_table *people = NULL;
    mlsd_policy *policy = NULL;
    double *numbers = NULL;
    int64_t n = 0;
    mlsd_status status = argc > 1 ? MLSD_OK : MLSD_E_ARG;
    if (!status) status = mlsd_table_read_csv(NULL, argv[1], NULL, &people);
    if (!status) n = mlsd_table_n_rows(people);
    if (!status) numbers = calloc((size_t)n, 4 * sizeof *numbers);
    if (!status && numbers == NULL) status = MLSD_E_NOMEM;
    double *const y = numbers, *const score = y + n, *const said = score + n, *const id = said + n;
    const mlsd_matrix Y = {y, n, 1, 1, 1, MLSD_F64, 0}, S = {score, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix D = {said, n, 1, 1, 1, MLSD_F64, 0};
    for (int64_t i = 0; !status && i < n; i++) id[i] = (double)i;
    if (!status) status = read_rows(people, n, y, score);
    if (!status) status = mlsd_table_set_f64(people, "person", id, n);
    for (int64_t i = 0; !status && i < n; i++) said[i] = score[i] >= -0.35;
    if (!status) status = judge(people, &Y, &D); /* one rule for everybody */
    if (!status) status = fit(people, &Y, &S, &policy);
    if (!status) status = mlsd_policy_predict(policy, people, &S, said, n);
    if (!status) status = judge(people, &Y, &D); /* a threshold for each group */
    if (status) fprintf(stderr, "%s\n", argc > 1 ? mlsd_last_error() : "usage: policy FILE.csv");
    mlsd_policy_free(policy);
    mlsd_table_free(people);
    free(numbers);
    return status != MLSD_OK;
}
