/* model_predict.c - from rows to outputs: finding a model's columns in a data set, and predicting
 * block by block. A row's outputs never depend on which rows stand beside it or on the threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/model_impl.h"
#include "model/row_pass.h"

/* Doubles of buffers that a few rows may take from the stack: a single row through a linear model
 * or a small pipeline needs no memory from the allocator. */
enum { STACK_DOUBLES = 1024 };

static const char *const type_nouns[] = {[MLSD__NUMERIC] = "numbers", [MLSD__CATEGORY] = "text"};

mlsd_model mlsd__model_view(const mlsd__scope *scope, const mlsd_spec *spec,
                            const mlsd__train *train, const mlsd__frame *frame, void *state)
{
    return (mlsd_model){.magic = MLSD__MAGIC_MODEL,
                        .allocator = *scope->allocator,
                        .spec = (mlsd_spec *)(uintptr_t)spec,
                        .ops = mlsd__spec_ops(spec),
                        .state = state,
                        .task = train->task,
                        .n_features = frame->n_features,
                        .n_classes = train->n_classes,
                        .features = (mlsd__feature *)(uintptr_t)frame->features};
}

mlsd_output mlsd__model_raw(const mlsd_model *model, mlsd_output what)
{
    if (what != MLSD_OUTPUT_VALUE || model->n_classes == 0 ||
        mlsd__estimator_final_ops(model->spec)->gives_classes)
        return what;
    return mlsd__model_width(model, MLSD_OUTPUT_DECISION) > 0 ? MLSD_OUTPUT_DECISION
                                                              : MLSD_OUTPUT_PROBA;
}

int64_t mlsd__model_width(const mlsd_model *model, mlsd_output what)
{
    const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(model->spec);
    int64_t n_features = 0;
    switch (what) {
    case MLSD_OUTPUT_VALUE:
        if (mlsd__only_transforms(final)) return 0;
        return model->ops->n_targets != NULL ? model->ops->n_targets(model->state) : 1;
    case MLSD_OUTPUT_PROBA:
        if (model->n_classes == 0 || !final->has_proba) return 0;
        if (final->spec_has_proba == NULL) return model->n_classes;
        return final->spec_has_proba(mlsd__estimator_final(model->spec)) ? model->n_classes : 0;
    case MLSD_OUTPUT_DECISION:
        if (model->n_classes == 0 || final->lacks_decision) return 0;
        return model->n_classes <= 2 ? 1 : model->n_classes;
    case MLSD_OUTPUT_FEATURES:
    case MLSD_OUTPUT_TRAIN_FEATURES:
        if (final->transforms) (void)model->ops->features_out(model->state, &n_features);
        return n_features;
    default:
        return 0;
    }
}

static bool same_levels(const mlsd__feature *a, const mlsd__feature *b)
{
    if (a->n_levels != b->n_levels) return false;
    for (int64_t i = 0; i < a->n_levels; i++) {
        if (strcmp(a->levels[i], b->levels[i]) != 0) return false;
    }
    return true;
}

/* A table from the codes of `theirs` to those of `ours`, -1 for texts that the model does not know.
 */
static mlsd_status recode_levels(const mlsd__allocator *a, const mlsd__feature *ours,
                                 const mlsd__feature *theirs, const mlsd__frame_column *column,
                                 double **out)
{
    mlsd__dictionary *known = NULL;
    const int64_t n_codes = column->column->n_levels;
    double *const recode = mlsd__alloc_raw(a, n_codes, sizeof *recode);
    mlsd_status status = recode == NULL ? MLSD_E_NOMEM : mlsd__dictionary_new(a, &known);
    for (int64_t i = 0; status == MLSD_OK && i < ours->n_levels; i++) {
        int32_t code;
        status = mlsd__dictionary_intern(known, ours->levels[i], strlen(ours->levels[i]), &code);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n_codes; i++) {
        const double value = column->recode != NULL ? column->recode[i] : (double)i;
        if (value >= 0 && value < (double)theirs->n_levels) {
            const char *const text = theirs->levels[(int64_t)value];
            recode[i] = mlsd__dictionary_find(known, text, strlen(text));
        } else {
            recode[i] = value;
        }
    }
    mlsd__dictionary_free(known);
    if (status != MLSD_OK) {
        mlsd__free(a, recode);
        return status;
    }
    *out = recode;
    return MLSD_OK;
}

static const char *feature_name_at(const void *user, int64_t i)
{
    return ((const mlsd__data_store *)user)->features[i].name;
}

/* Column i of the model, and others, are not in the data: their first by name and number. */
static mlsd_status fail_no_column(const mlsd_model *model, const mlsd_dataset *data, int64_t i)
{
    const mlsd__data_store *const store = data->store;
    const char *const name = model->features[i].name;
    int64_t n_others = 0;
    for (int64_t j = i + 1; j < model->n_features; j++)
        n_others += mlsd__dataset_find_feature(data, model->features[j].name) < 0;
    char others[48] = "";
    if (n_others > 0)
        (void)snprintf(others, sizeof others, ", nor %lld others", (long long)n_others);
    const char *const near = mlsd__nearest_name(name, feature_name_at, store, store->n_features);
    return mlsd__fail(
        MLSD_E_COLUMN,
        "the data has no column '%.100s', which the model was fitted with (its column "
        "%lld)%s%s%.100s%s",
        name, (long long)i, others, near != NULL ? "; it has '" : "", near != NULL ? near : "",
        near != NULL ? "'" : "");
}

mlsd_status mlsd__model_fail_n_columns(const mlsd_model *model, int64_t n_given)
{
    const int64_t p = model->n_features;
    if (n_given > p)
        return mlsd__fail(MLSD_E_SHAPE,
                          "the model was fitted with %lld features, the data has %lld: column %lld "
                          "and what follows it is too much",
                          (long long)p, (long long)n_given, (long long)p);
    return mlsd__fail(MLSD_E_SHAPE,
                      "the model was fitted with %lld features, the data has %lld: column %lld, "
                      "'%.100s', is missing",
                      (long long)p, (long long)n_given, (long long)n_given,
                      model->features[n_given].name);
}

static mlsd_status align_feature(const mlsd__allocator *a, const mlsd_model *model, int64_t i,
                                 bool by_name, const mlsd_dataset *data, mlsd__aligned *out)
{
    const mlsd__data_store *const store = data->store;
    const mlsd__feature *const ours = &model->features[i];
    int64_t j = i;
    if (by_name && (i >= store->n_features || strcmp(store->features[i].name, ours->name) != 0))
        j = mlsd__dataset_find_feature(data, ours->name);
    if (j < 0) return fail_no_column(model, data, i);
    const mlsd__feature *const theirs = &store->features[j];
    if (theirs->type != ours->type)
        return mlsd__fail(MLSD_E_TYPE,
                          "column '%.100s' holds %s, but the model was fitted with %s (its column "
                          "%lld)",
                          theirs->name, type_nouns[theirs->type], type_nouns[ours->type],
                          (long long)i);
    if (out->columns == NULL) return MLSD_OK;
    out->columns[i] = store->columns[j];
    if (ours->type != MLSD__CATEGORY || same_levels(ours, theirs)) return MLSD_OK;
    MLSD__TRY(recode_levels(a, ours, theirs, &store->columns[j], &out->recodes[i]));
    out->columns[i].recode = out->recodes[i];
    return MLSD_OK;
}

mlsd_status mlsd__model_align(const mlsd__allocator *a, const mlsd_model *model,
                              const mlsd_dataset *data, mlsd__aligned *out)
{
    memset(out, 0, sizeof *out);
    const mlsd__data_store *const store = data->store;
    const int64_t p = model->n_features;
    const bool by_name = model->has_names && store->has_names;
    if (!by_name && store->n_features != p)
        return mlsd__model_fail_n_columns(model, store->n_features);
    if (store->table != NULL) {
        out->columns = mlsd__alloc(a, p, sizeof *out->columns);
        out->recodes = mlsd__alloc(a, p, sizeof *out->recodes);
        if (out->columns == NULL || out->recodes == NULL) {
            mlsd__aligned_free(a, out);
            return MLSD_E_NOMEM;
        }
        out->n_recodes = p;
    }
    for (int64_t i = 0; i < p; i++) {
        const mlsd_status status = align_feature(a, model, i, by_name, data, out);
        if (status != MLSD_OK) {
            mlsd__aligned_free(a, out);
            return status;
        }
    }
    mlsd__dataset_frame(data, &out->frame);
    out->frame.features = model->features;
    out->frame.n_features = p;
    if (out->columns != NULL) {
        out->frame.columns = out->columns;
        out->frame.n_source = p;
        out->frame.max_width = p;
    }
    return MLSD_OK;
}

void mlsd__aligned_free(const mlsd__allocator *a, mlsd__aligned *aligned)
{
    for (int64_t i = 0; i < aligned->n_recodes; i++) mlsd__free(a, aligned->recodes[i]);
    mlsd__free(a, aligned->recodes);
    mlsd__free(a, aligned->columns);
    memset(aligned, 0, sizeof *aligned);
}

typedef struct predict_job {
    const mlsd_model *model;
    const mlsd__frame *frame;
    mlsd_output what;     /* what is wanted */
    mlsd_output raw;      /* what the estimator is asked for */
    int64_t n_raw, n_out; /* their widths */
    int64_t n_neighbors;  /* nearest training rows are wanted instead; 0: they are not */
    int64_t n_block;      /* rows of a block */
    bool is_direct;       /* rows are read where they lie */
    int64_t n_scratch;    /* of the estimator, for each row */
    double *out;
    double *buffers;
    int64_t n_buffer; /* doubles for each worker */
} predict_job;

static mlsd_status prepare(predict_job *job, const mlsd_model *model, const mlsd__frame *frame,
                           mlsd_output what, int64_t n_neighbors, double *out)
{
    const mlsd__estimator_ops *const ops = model->ops;
    *job = (predict_job){.model = model,
                         .frame = frame,
                         .what = what,
                         .raw = what,
                         .n_neighbors = n_neighbors,
                         .out = out};
    if (what == MLSD_OUTPUT_TRAIN_FEATURES && mlsd__estimator_by_rows(ops, model->state))
        job->what = job->raw = what = MLSD_OUTPUT_FEATURES; /* nothing is cross-fitted */
    job->n_out = n_neighbors > 0 ? 2 * n_neighbors : mlsd__model_width(model, what);
    job->raw = mlsd__model_raw(model, what);
    job->n_raw = job->raw == what ? 0 : mlsd__model_width(model, job->raw);
    job->n_scratch = ops->scratch_width != NULL ? ops->scratch_width(model->state) : 0;
    int64_t ld = 0;
    job->is_direct = frame->n_rows > 0 && mlsd__frame_direct(frame, 0, &ld) != NULL &&
                     ((ops->transform_block == NULL && what != MLSD_OUTPUT_TRAIN_FEATURES) ||
                      ld == frame->n_features);
    const int64_t n_wanted = ops->block_rows != NULL ? ops->block_rows(model->state) : INT64_MAX;
    job->n_block = n_wanted < MLSD__BLOCK_ROWS ? n_wanted : MLSD__BLOCK_ROWS;
    const int64_t n = frame->n_rows < job->n_block ? frame->n_rows : job->n_block;
    int64_t width = job->n_scratch + job->n_raw;
    if (!job->is_direct) width += frame->n_features;
    MLSD__TRY(mlsd__mul_size(n, width, &job->n_buffer));
    if (!job->is_direct) job->n_buffer += mlsd__frame_scratch(frame, n);
    return MLSD_OK;
}

/* The first NaN or infinity that the model cannot take. */
static mlsd_status check_values(const mlsd_model *model, const double *x, int64_t n, int64_t ld,
                                int64_t first_row, bool *out_has_nan)
{
    const int64_t p = model->ops->clock != NULL ? 0 : model->n_features; /* steps are numbers */
    *out_has_nan = false;
    for (int64_t i = 0; i < n; i++) {
        if (!mlsd__any_nonfinite(x + i * ld, p)) continue;
        for (int64_t j = 0; j < p; j++) {
            const double value = x[i * ld + j];
            if (isinf(value))
                return mlsd__fail(MLSD_E_DATA, "row %lld, column '%.100s' is infinite",
                                  (long long)(first_row + i), model->features[j].name);
            if (isnan(value) && !model->ops->takes_nan)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN; add an impute step",
                                  (long long)(first_row + i), model->features[j].name);
            *out_has_nan |= isnan(value);
        }
    }
    return MLSD_OK;
}

void mlsd__choose_classes(const double *raw, int64_t n, int64_t width, int64_t n_classes,
                          double *out)
{
    if (width == 1 && n_classes < 2) {
        memset(out, 0, (size_t)n * sizeof *out);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const double *const row = raw + i * width;
        int64_t best = 0;
        for (int64_t k = 1; k < width; k++) {
            if (row[k] > row[best]) best = k;
        }
        out[i] = width == 1 ? (double)(row[0] > 0) : (double)best;
    }
}

static mlsd_status predict_block(mlsd__scope *scope, const predict_job *job, int64_t block,
                                 double *buffer)
{
    const int64_t first = block * job->n_block, left = job->frame->n_rows - first;
    const int64_t n = left < job->n_block ? left : job->n_block;
    const mlsd_model *const model = job->model;
    const mlsd__estimator_ops *const ops = model->ops;
    const int64_t p = job->frame->n_features;
    int64_t ld = p;
    const double *x = job->is_direct ? mlsd__frame_direct(job->frame, first, &ld) : NULL;
    if (!job->is_direct) {
        mlsd__frame_read(job->frame, first, n, buffer, buffer + n * p);
        x = buffer;
        buffer += n * p;
    }
    bool has_nan;
    MLSD__TRY(check_values(model, x, n, ld, first, &has_nan));
    double *const raw = buffer, *const scratch = buffer + n * job->n_raw;
    if (ops->check_block != NULL)
        MLSD__TRY(ops->check_block(model->state, x, n, ld, first, has_nan, scratch));

    double *const out = job->out + first * job->n_out;
    if (job->n_neighbors > 0)
        return ops->neighbors(scope, model->state, x, n, ld, job->n_neighbors, out,
                              out + n * job->n_neighbors);
    if (job->raw == MLSD_OUTPUT_TRAIN_FEATURES) {
        mlsd__transform_training_rows(ops, model->state, job->frame->rows, first, x, n, p, out,
                                      scratch);
    } else if (job->raw == MLSD_OUTPUT_FEATURES && ops->transform_block != NULL) {
        ops->transform_block(model->state, x, n, out);
    } else if (job->raw == job->what) {
        return mlsd__estimator_predict(scope, ops, model->state, x, n, ld, job->raw, out, scratch);
    } else {
        if (job->n_raw > 1 || model->n_classes >= 2)
            MLSD__TRY(mlsd__estimator_predict(scope, ops, model->state, x, n, ld, job->raw, raw,
                                              scratch));
        mlsd__choose_classes(raw, n, job->n_raw, model->n_classes, out);
    }
    return MLSD_OK;
}

static mlsd_status predict_task(void *arg, int64_t block, mlsd__scope *scope)
{
    const predict_job *const job = arg;
    return predict_block(scope, job, block, job->buffers + scope->worker * job->n_buffer);
}

static mlsd_status run(mlsd__scope *scope, predict_job *job)
{
    const int64_t n_rows = job->frame->n_rows;
    if (n_rows == 0) return MLSD_OK;
    const int64_t n_blocks = (n_rows + job->n_block - 1) / job->n_block;
    double on_stack[STACK_DOUBLES];
    if (n_blocks == 1 && job->n_buffer <= STACK_DOUBLES)
        return predict_block(scope, job, 0, on_stack);

    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &job->model->allocator;
    const int64_t n_workers = scope != NULL ? scope->n_threads : 1;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_workers, job->n_buffer, &size));
    job->buffers = mlsd__alloc_raw(a, size, sizeof *job->buffers);
    if (job->buffers == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    if (scope != NULL) {
        status = mlsd__parallel_for(scope, n_blocks, predict_task, job);
    } else {
        for (int64_t b = 0; status == MLSD_OK && b < n_blocks; b++)
            status = predict_block(NULL, job, b, job->buffers);
    }
    mlsd__free(a, job->buffers);
    return status;
}

static mlsd_status check_chunk(const void *user, const double *x, int64_t n, int64_t ld,
                               int64_t first_row)
{
    bool has_nan;
    return check_values(user, x, n, ld, first_row, &has_nan);
}

static mlsd_status predict_by_rows(mlsd__scope *scope, const predict_job *job)
{
    const mlsd_model *const model = job->model;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &model->allocator;
    const int64_t n = job->frame->n_rows;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, job->n_raw, &size));
    double *const raw = mlsd__alloc_raw(a, size, sizeof *raw);
    if (raw == NULL) return MLSD_E_NOMEM;
    const bool is_raw = job->raw == job->what;
    const mlsd__rows_job rows = {.ops = model->ops,
                                 .state = model->state,
                                 .frame = job->frame,
                                 .what = job->raw,
                                 .width = is_raw ? job->n_out : job->n_raw,
                                 .check = check_chunk,
                                 .check_user = model,
                                 .out = is_raw ? job->out : raw};
    const mlsd_status status = mlsd__estimator_predict_rows(scope, a, &rows);
    if (status == MLSD_OK && !is_raw)
        mlsd__choose_classes(raw, n, job->n_raw, model->n_classes, job->out);
    mlsd__free(a, raw);
    return status;
}

mlsd_status mlsd__model_predict_frame(mlsd__scope *scope, const mlsd_model *model,
                                      const mlsd__frame *frame, mlsd_output what, double *out)
{
    predict_job job;
    MLSD__TRY(prepare(&job, model, frame, what, 0, out));
    if (frame->n_rows > 0 && mlsd__estimator_by_rows(model->ops, model->state))
        return predict_by_rows(scope, &job);
    return run(scope, &job);
}

/* Numbers of rows go out as whole numbers. A block's answers lie together: first its distances,
 * then its numbers. */
static void hand_over(const predict_job *job, int64_t *index, double *distance)
{
    const int64_t k = job->n_neighbors, n_rows = job->frame->n_rows;
    for (int64_t first = 0; first < n_rows; first += job->n_block) {
        const int64_t n = n_rows - first < job->n_block ? n_rows - first : job->n_block;
        const double *const found = job->out + first * job->n_out;
        for (int64_t i = 0; i < n * k; i++) {
            if (distance != NULL) distance[first * k + i] = found[i];
            index[first * k + i] = (int64_t)found[n * k + i];
        }
    }
}

mlsd_status mlsd__model_neighbors_frame(mlsd__scope *scope, const mlsd_model *model,
                                        const mlsd__frame *frame, int64_t k, int64_t *index,
                                        double *distance)
{
    predict_job job;
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(frame->n_rows, 2 * k, &n_cells));
    double *const found = mlsd__alloc_raw(scope->allocator, n_cells, sizeof *found);
    if (found == NULL) return MLSD_E_NOMEM;
    mlsd_status status = prepare(&job, model, frame, MLSD_OUTPUT_VALUE, k, found);
    if (status == MLSD_OK) status = run(scope, &job);
    if (status == MLSD_OK) hand_over(&job, index, distance);
    mlsd__free(scope->allocator, found);
    return status;
}
