/* experiment.c - the main job from beginning to end: complete the spec, screen the columns, split,
 * compare, train, test, conclude. Each step stands in a file of its own and reads what the ones
 * before it left in the experiment. What goes into the result outside "timings" depends on the
 * table, the spec and the machine alone, never on the threads or the clock. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mlsd/version.h"
#include "base/handle.h"
#include "base/hash.h"
#include "base/text.h"
#include "experiment/experiment_impl.h"
#include "numeric/blas.h"
#include "numeric/exact.h"

static const mlsd__row_column note_columns[] = {{"note", MLSD_COLUMN_CATEGORY}};

void mlsd__experiment_note(mlsd__experiment *x, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    mlsd__rows_str(&x->notes, line);
    mlsd__log_line(x->scope, MLSD_LOG_WARNING, "%s", line);
}

/* A number for the whole content of a table: names, types, values, levels. */
static uint64_t fingerprint(const mlsd_table *t)
{
    static const size_t sizes[] = {[MLSD_COLUMN_F64] = sizeof(double),
                                   [MLSD_COLUMN_I64] = sizeof(int64_t),
                                   [MLSD_COLUMN_CATEGORY] = sizeof(int32_t)};
    uint64_t h = (uint64_t)t->n_rows;
    for (int64_t j = 0; j < t->n_columns; j++) {
        const mlsd__column *c = t->columns[j];
        h = mlsd__hash64(t->names[j], strlen(t->names[j]) + 1, h);
        h = mlsd__hash64(&c->type, sizeof c->type, h);
        h = mlsd__hash64(c->values, (size_t)c->n * sizes[c->type], h);
        for (int64_t k = 0; k < c->n_levels; k++) {
            h = mlsd__hash64(c->levels[k], strlen(c->levels[k]) + 1, h);
        }
    }
    return h;
}

/* What computed. It bears on fast results and is part of them; exact ones are the same wherever
 * they are made, so there it stands among what differs from run to run. */
static mlsd_status put_machine(mlsd__experiment *x, bool is_exact)
{
    if (is_exact)
        return mlsd__result_set_str(x->result, "environment.exact_kernels", mlsd__exact_name(),
                                    true);
    MLSD__TRY(mlsd__result_set_str(x->result, "environment.blas", mlsd__blas_config(), false));
    return mlsd__result_set_str(x->result, "environment.blas_core", mlsd__blas_core(), false);
}

static mlsd_status put_texts(mlsd__experiment *x)
{
    char hash[17];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)fingerprint(x->input));
    const char *task = "";
    MLSD__TRY(mlsd_spec_get_str(x->spec, "task", &task));
    const bool is_exact = mlsd__thread_numerics() == MLSD__EXACT;
    const char *const texts[][2] = {
        {"target", x->params->target},
        {"task", task},
        {"metric", x->params->metric},
        {"data.fingerprint", hash},
        {"environment.version", mlsd_version_string()},
        {"environment.numerics", is_exact ? "exact" : "fast"},
    };
    for (int64_t i = 0; i < MLSD__COUNT(texts); i++) {
        MLSD__TRY(mlsd__result_set_str(x->result, texts[i][0], texts[i][1], false));
    }
    return put_machine(x, is_exact);
}

/* The rows that count, and what became of the others. */
static mlsd_status choose_rows(mlsd__experiment *x)
{
    int64_t n_missing, n_known;
    MLSD__TRY(mlsd__experiment_rows(x->scope, x->params, x->input, x->target, &x->table, &n_missing,
                                    &n_known));
    if (n_missing > 0) {
        mlsd__experiment_note(x, "left out: %lld of %lld rows, whose target is not known",
                              (long long)n_missing, (long long)x->input->n_rows);
    }
    if (x->table->n_rows < n_known) {
        mlsd__experiment_note(x, "quick: %lld of %lld rows were drawn", (long long)x->table->n_rows,
                              (long long)n_known);
    }
    MLSD__TRY(mlsd__result_set_f64(x->result, "data.rows", (double)x->input->n_rows, false));
    MLSD__TRY(mlsd__result_set_f64(x->result, "data.columns", (double)x->input->n_columns, false));
    MLSD__TRY(
        mlsd__result_set_f64(x->result, "data.rows_without_target", (double)n_missing, false));
    return mlsd__result_set_f64(x->result, "data.rows_used", (double)x->table->n_rows, false);
}

static mlsd_status put_numbers(mlsd__experiment *x)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n_features", (double)mlsd_dataset_n_features(x->data)},
        {"n_classes", (double)mlsd_dataset_n_classes(x->data)},
        {"n_train", (double)mlsd_dataset_n_rows(x->parts[MLSD__TRAIN])},
        {"n_valid", (double)mlsd_dataset_n_rows(x->parts[MLSD__VALID])},
        {"n_test", (double)mlsd_dataset_n_rows(x->parts[MLSD__TEST])},
        {"seed", (double)x->params->seed},
        {"level", x->params->level},
        {"direction", x->metric->greater_is_better ? 1 : -1},
        {"test.value", x->test_score.value},
        {"test.low", x->test_score.low},
        {"test.high", x->test_score.high},
        {"test.baseline", x->baseline_score.value},
        {"test.looks", (double)x->test_looks},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++) {
        MLSD__TRY(mlsd__result_set_f64(x->result, numbers[i].name, numbers[i].value, false));
    }
    return MLSD_OK;
}

static mlsd_status put_notes(mlsd__experiment *x)
{
    mlsd_table *notes;
    MLSD__TRY(mlsd__rows_to_table(&x->notes, &notes));
    return mlsd__result_set_table(x->result, "notes", notes, false);
}

/* Hand the final model over; the baseline goes with the experiment. */
static mlsd_status put_model(mlsd__experiment *x)
{
    int64_t n_bytes;
    MLSD__TRY(mlsd__model_n_bytes(x->final, &n_bytes));
    MLSD__TRY(mlsd__result_set_f64(x->result, "model_bytes", (double)n_bytes, false));
    mlsd_model *model = x->final;
    x->final = NULL;
    return mlsd__result_set_model(x->result, "chosen", model);
}

static mlsd_status run(mlsd__experiment *x, const mlsd_spec *spec)
{
    static mlsd_status (*const steps[])(mlsd__experiment *) = {
        put_texts,
        mlsd__experiment_screen,
        choose_rows,
        mlsd__experiment_partition,
        mlsd__experiment_audit,
        mlsd__experiment_compare,
        mlsd__experiment_fit,
        mlsd__experiment_judge,
        mlsd__experiment_coefficients,
        put_numbers,
        mlsd__experiment_conclude,
        put_notes,
        put_model,
    };
    const double start = mlsd__seconds();
    MLSD__TRY(mlsd__experiment_complete(x->context, x->scope, spec, x->input, &x->spec));
    x->params = mlsd__spec_params(x->spec);
    x->task = (mlsd_task)x->params->task;
    MLSD__TRY(mlsd__metric_find(x->params->metric, &x->metric));
    MLSD__TRY(mlsd_table_find(x->input, x->params->target, &x->target));
    MLSD__TRY(mlsd__result_new(x->scope->allocator, "experiment", &x->result));
    for (int64_t i = 0; i < MLSD__COUNT(steps); i++) {
        MLSD__TRY(steps[i](x));
        MLSD__TRY(mlsd__checkpoint(x->scope));
    }
    return mlsd__result_set_f64(x->result, "total_seconds", mlsd__seconds() - start, true);
}

static void release(mlsd__experiment *x)
{
    const mlsd__allocator *a = x->scope->allocator;
    mlsd__rows_free(&x->notes);
    mlsd_model_free(x->final);
    mlsd_model_free(x->baseline);
    mlsd__fold_output_free(&x->runs);
    mlsd_result_free(x->board);
    mlsd__free(a, x->models);
    mlsd__free(a, x->names);
    for (int64_t k = 0; k < MLSD__N_PARTS; k++) mlsd_dataset_free(x->parts[k]);
    mlsd_folds_free(x->partition);
    mlsd_dataset_free(x->data);
    mlsd_table_free(x->table);
    mlsd__free(a, x->findings);
    mlsd_spec_free(x->spec);
    mlsd_result_free(x->result);
}

mlsd_status mlsd_experiment_run(const mlsd_context *context, const mlsd_spec *spec,
                                const mlsd_table *table, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(spec, "experiment"));
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__experiment x = {.context = context, .scope = &scope, .input = table, .watched = -1};
    mlsd__rows_init(&x.notes, scope.allocator, note_columns, MLSD__COUNT(note_columns));
    const mlsd_status status = run(&x, spec);
    if (status == MLSD_OK) {
        *out = x.result;
        x.result = NULL;
    }
    release(&x);
    mlsd__scope_close(&scope);
    return status;
}
