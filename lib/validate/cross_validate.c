/* cross_validate.c - one estimator on every split, scored by any number of metrics. The fits are
 * fold_tasks.c's, the intervals corrected.c's; here they become tables and numbers. */
#include "mlsd/validate.h"
#include "base/handle.h"
#include "model/select/selection.h"
#include "numeric/blas.h"
#include "validate/fold_choices.h"
#include "validate/fold_report.h"
#include "validate/result_impl.h"

static const double LEVEL = 0.95;

static mlsd_status make_result(mlsd__scope *scope, const mlsd_context *context,
                               const mlsd__fold_input *in, const mlsd__fold_output *out,
                               mlsd_result **result)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(&out->allocator, "cross_validate", &r));
    mlsd__t_memo memo = {0};
    const mlsd__fold_report report = {.in = in, .out = out, .level = LEVEL, .memo = &memo};
    mlsd_status status = mlsd__report_folds(r, &report);
    if (status == MLSD_OK) status = mlsd__report_numbers(r, &report, 0);
    if (status == MLSD_OK) status = mlsd__report_choices(r, out, 0);
    if (status == MLSD_OK) status = mlsd__report_predictions(r, &report);
    if (status == MLSD_OK) status = mlsd__report_plan(r, out);
    if (status == MLSD_OK) status = mlsd__report_audit(r, scope, context, in);
    if (status == MLSD_OK) status = mlsd__report_say(r, &report);
    if (status == MLSD_OK) {
        *result = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd_cross_validate(const mlsd_context *context, const mlsd_spec *estimator,
                                const mlsd_dataset *dataset, const mlsd_folds *folds,
                                const char *const *metrics, int64_t n_metrics, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE(n_metrics >= 0 && (metrics != NULL || n_metrics == 0), "the metrics are NULL");
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    const char *const fallback = mlsd__metric_default(mlsd_dataset_task(dataset));
    mlsd__fold_input in = {.estimators = &estimator,
                           .n_estimators = 1,
                           .dataset = dataset,
                           .folds = folds,
                           .metrics = n_metrics > 0 ? metrics : &fallback,
                           .n_metrics = n_metrics > 0 ? n_metrics : 1,
                           .keep_predictions = true};
    MLSD__TRY(mlsd__fold_check(&in));
    in.keep_choices = mlsd__spec_selects(estimator);

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__fold_output runs;
    mlsd_status status = mlsd__fold_run_all(&scope, &in, &runs);
    if (status == MLSD_OK) status = mlsd__report_require_one(&runs);
    if (status == MLSD_OK) status = make_result(&scope, context, &in, &runs, out);
    mlsd__fold_output_free(&runs);
    mlsd__scope_close(&scope);
    return status;
}
