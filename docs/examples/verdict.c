/* verdict.c - from a CSV file to a verdict: is a model any good, and for whom?
 *
 *   cc verdict.c $(pkg-config --cflags --libs mlsd) -o verdict && ./verdict
 * docs/examples/data/hmda.csv
 */
#include <stdio.h>

#include <mlsd/mlsd.h>

int main(int argc, char **argv)
{
    const char *slices[] = {"afam", "single", "selfemp"};
    mlsd_table *table = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *result = NULL;
    double loss = 0, low = 0, high = 0;
    const char *model = NULL;

    mlsd_status status = argc > 1 ? MLSD_OK : MLSD_E_ARG;
    if (!status) status = mlsd_table_read_csv(NULL, argv[1], NULL, &table);
    if (!status) status = mlsd_spec_new(NULL, "experiment", &spec);
    if (!status) status = mlsd_spec_set_str(spec, "target", "deny");
    if (!status) status = mlsd_spec_set_bool(spec, "quick", 1);
    if (!status) status = mlsd_spec_set_str_list(spec, "slices", slices, 3);
    if (!status) status = mlsd_experiment_run(NULL, spec, table, &result);
    if (!status) status = mlsd_result_get_str(result, "chosen", &model);
    if (!status) status = mlsd_result_get_f64(result, "test.value", &loss);
    if (!status) status = mlsd_result_get_f64(result, "test.low", &low);
    if (!status) status = mlsd_result_get_f64(result, "test.high", &high);
    if (!status)
        printf("model: %s\ntest log loss: %.3f [%.3f, %.3f]\n%s\n", model, loss, low, high,
               mlsd_result_verdict(result));
    else
        fprintf(stderr, "%s\n", argc > 1 ? mlsd_last_error() : "usage: verdict FILE.csv");

    mlsd_result_free(result);
    mlsd_spec_free(spec);
    mlsd_table_free(table);
    return status != MLSD_OK;
}
