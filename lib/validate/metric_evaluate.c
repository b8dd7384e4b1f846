/* metric_evaluate.c - one metric with its parameters on rows at hand, as a result. It stands here
 * and not in lib/metric because results do. */
#include <math.h>

#include "mlsd/metric.h"
#include "base/handle.h"
#include "base/scope.h"
#include "metric/scorecard.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

static const mlsd__row_column value_columns[] = {
    {"id", MLSD_COLUMN_I64},          {"value", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},         {"high", MLSD_COLUMN_F64},
    {"se", MLSD_COLUMN_F64},          {"numerator", MLSD_COLUMN_F64},
    {"denominator", MLSD_COLUMN_F64}, {"support", MLSD_COLUMN_I64},
    {"status", MLSD_COLUMN_CATEGORY},
};

static mlsd_status put_parts(mlsd_result *r, const mlsd__allocator *a, const mlsd__measured *m)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, value_columns, MLSD__COUNT(value_columns));
    for (int64_t i = 0; i < m->n_parts; i++) {
        const mlsd__estimate *const e = &m->parts[i].estimate;
        mlsd__rows_i64(&rows, m->parts[i].id);
        mlsd__rows_f64(&rows, e->value);
        mlsd__rows_f64(&rows, e->low);
        mlsd__rows_f64(&rows, e->high);
        mlsd__rows_f64(&rows, e->se);
        mlsd__rows_f64(&rows, e->numerator);
        mlsd__rows_f64(&rows, e->denominator);
        mlsd__rows_i64(&rows, (int64_t)e->support);
        mlsd__rows_str(&rows, isnan(e->value) ? "undefined" : "ok");
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "values", table, false);
}

static mlsd_status put_all(mlsd_result *r, const mlsd__allocator *a, const mlsd_spec *spec,
                           mlsd__measured *m)
{
    const mlsd__estimate *const e = &m->estimate;
    MLSD__TRY(mlsd__result_set_str(r, "metric", mlsd_kind_name(mlsd_spec_kind(spec)), false));
    MLSD__TRY(mlsd__result_set_f64(r, "value", e->value, false));
    MLSD__TRY(mlsd__result_set_f64(r, "low", e->low, false));
    MLSD__TRY(mlsd__result_set_f64(r, "high", e->high, false));
    MLSD__TRY(mlsd__result_set_f64(r, "se", e->se, false));
    MLSD__TRY(mlsd__result_set_f64(r, "n", e->support, false));
    MLSD__TRY(mlsd__result_set_f64(r, "n_effective", e->n_rows, false));
    MLSD__TRY(mlsd__result_set_f64(r, "numerator", e->numerator, false));
    MLSD__TRY(mlsd__result_set_f64(r, "denominator", e->denominator, false));
    if (m->n_parts > 0) MLSD__TRY(put_parts(r, a, m));
    while (m->n_tables > 0) {
        const mlsd__measured_table_entry entry = m->tables[--m->n_tables];
        MLSD__TRY(mlsd__result_set_table(r, entry.name, entry.table, false));
    }
    return MLSD_OK;
}

mlsd_status mlsd_metric_evaluate(const mlsd_context *context, const mlsd_spec *metric,
                                 const mlsd_matrix *y, const mlsd_matrix *prediction,
                                 const mlsd_matrix *weight, double level, mlsd_result **out)
{
    mlsd__metric_ops ops;
    mlsd__scope scope;
    mlsd__measured measured;
    mlsd_result *r = NULL;
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(metric, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(y != NULL, "y is NULL");
    MLSD__REQUIRE(prediction != NULL, "prediction is NULL");
    MLSD__REQUIRE(isnan(level) || (level > 0 && level < 1),
                  "the level of an interval must be in (0, 1), such as 0.95");
    MLSD__TRY(mlsd__metric_of_spec(metric, &ops));

    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd__allocator *const a = scope.allocator;
    mlsd__measured_init(&measured, a);
    mlsd_status status =
        mlsd__scorecard_measure(&scope, &ops, y, prediction, weight, level, &measured);
    if (status == MLSD_OK) status = mlsd__result_new(a, "metric", &r);
    if (status == MLSD_OK) status = put_all(r, a, metric, &measured);
    mlsd__measured_free(&measured);
    mlsd__scope_close(&scope);
    if (status != MLSD_OK) {
        mlsd_result_free(r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}
