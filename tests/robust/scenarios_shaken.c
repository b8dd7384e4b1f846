/* scenarios_shaken.c - a model on changed rows under hardship: categories, classes, refusals. */
#include "scenario_data.h"

enum { FEW = 48 };

mlsd_status run_shaken(const mlsd_context *context, uint64_t *hash)
{
    static const char *const pipeline =
        "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"a\",\"kind\":\"one_hot\","
        "\"handle_unknown\":\"error\"},{\"name\":\"b\",\"kind\":\"logistic_regression\"}]}";
    static const char *const analysis = "{\"kind\":\"robustness\",\"noise\":[0.5],\"n_repeats\":2,"
                                        "\"missing_rate\":[0.2],\"n_rows\":3}";
    static const char *const metrics[] = {"log_loss", "roc_auc", "f1", "average_precision"};
    const char *column = "y", *role = "target", *group[FEW];
    sample s;
    make_sample(&s);
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL, *shake = NULL;
    mlsd_model *model = NULL;
    mlsd_result *found = NULL;
    mlsd_status status;
    for (int i = 0; i < FEW; i++) group[i] = i % 3 == 0 ? "left" : "right";
    TRY(mlsd_table_new(context, &table));
    TRY(mlsd_table_set_str(table, "g", group, FEW));
    TRY(mlsd_table_set_f64(table, "x", s.x, FEW));
    TRY(mlsd_table_set_f64(table, "y", s.label, FEW));
    TRY(mlsd_dataset_from_table(context, table, &column, &role, 1, MLSD_TASK_BINARY, &data));
    TRY(mlsd_spec_from_json(context, pipeline, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_spec_from_json(context, analysis, &shake));
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        TRY(mlsd_spec_set_str(shake, "metric", metrics[m]));
        TRY(mlsd_robustness(context, shake, model, data, &found));
        TRY(hash_result(found, hash));
        mlsd_result_free(found);
        found = NULL;
    }
out:
    mlsd_result_free(found);
    mlsd_model_free(model);
    mlsd_spec_free(shake);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status;
}
