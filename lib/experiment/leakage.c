/* leakage.c - does the split of an experiment keep test rows new? The three parts are audited on
 * all rows that count, whose numbers are those of the table without rows that were left out, and
 * the folds of the cross-validation on the training part by the checks that are about folds alone:
 * what is in the columns shows in the parts already. */
#include "experiment/experiment_impl.h"
#include "validate/audit_impl.h"

/* Positions of the choices of 'audit'. */
enum { AUDIT_CHEAP = 0, AUDIT_FULL = 1, AUDIT_OFF = 2 };

static mlsd_status make_options(mlsd__experiment *x, mlsd_spec **out)
{
    MLSD__TRY(mlsd__spec_new(x->scope->allocator, "leakage_audit", out));
    MLSD__TRY(mlsd_spec_set_i64(*out, "seed", x->params->seed));
    return mlsd_spec_set_str(*out, "depth", x->params->audit == AUDIT_FULL ? "full" : "cheap");
}

static mlsd_status audit(mlsd__experiment *x, const mlsd_spec *options, const mlsd_dataset *data,
                         const mlsd_folds *folds, const char *prefix)
{
    mlsd_result *found = NULL;
    mlsd_status status = mlsd__audit_run(x->scope, x->context, options, data, folds, &found);
    if (status == MLSD_OK) status = mlsd__result_absorb(x->result, prefix, found);
    mlsd_result_free(found);
    return status;
}

mlsd_status mlsd__experiment_audit(mlsd__experiment *x)
{
    mlsd_spec *options = NULL;
    if (x->params->audit == AUDIT_OFF) return MLSD_OK;
    mlsd_status status = make_options(x, &options);
    if (status == MLSD_OK) status = audit(x, options, x->data, x->partition, MLSD__AUDIT_PREFIX);
    mlsd_spec_free(options);
    return status;
}

mlsd_status mlsd__experiment_audit_folds(mlsd__experiment *x, const mlsd_folds *folds)
{
    static const char *const checks[] = {"overlap", "stratification", "groups", "time"};
    mlsd_spec *options = NULL;
    if (x->params->audit == AUDIT_OFF) return MLSD_OK;
    mlsd_status status = make_options(x, &options);
    if (status == MLSD_OK)
        status = mlsd_spec_set_str_list(options, "checks", checks, MLSD__COUNT(checks));
    if (status == MLSD_OK)
        status = audit(x, options, x->parts[MLSD__TRAIN], folds, MLSD__FOLDS_AUDIT_PREFIX);
    mlsd_spec_free(options);
    return status;
}
