/* model_file.c - models as bytes: what they were made with (the spec as JSON, task, features,
 * classes), then the state of the kind, in the container of base/file.h. All parameters are
 * written, not only those that differ from today's defaults, so that a model keeps its meaning when
 * a default changes. */
#include <string.h>

#include "base/handle.h"
#include "model/model_impl.h"

static void put_texts(mlsd__writer *w, char *const *texts, int64_t n)
{
    mlsd__put_i64(w, n);
    for (int64_t i = 0; i < n; i++) mlsd__put_str(w, texts[i]);
}

/* Texts into an array of the caller's; *n is how many there are, also on failure. */
static char **take_texts(mlsd__reader *r, int64_t *n)
{
    *n = 0;
    /* A text takes at least its length word. */
    const int64_t count = mlsd__take_count(r, (int64_t)((r->size - r->position) / sizeof(int64_t)));
    if (r->status != MLSD_OK) return NULL;
    char **const texts = mlsd__alloc(r->allocator, count, sizeof *texts);
    if (texts == NULL) {
        r->status = MLSD_E_NOMEM;
        return NULL;
    }
    *n = count;
    for (int64_t i = 0; i < count; i++) {
        texts[i] = mlsd__take_str(r);
        if (r->status != MLSD_OK) break;
        if (texts[i] == NULL) {
            r->status = mlsd__fail(MLSD_E_CORRUPT, "a name in the model file is missing");
            break;
        }
    }
    return texts;
}

static void texts_free(const mlsd__allocator *a, char **texts, int64_t n)
{
    for (int64_t i = 0; texts != NULL && i < n; i++) mlsd__free(a, texts[i]);
    mlsd__free(a, texts);
}

static mlsd_status put_spec(mlsd__writer *w, const mlsd_spec *spec)
{
    int64_t length = 0;
    MLSD__TRY(mlsd_spec_to_json(spec, 1, NULL, 0, &length));
    char *const json = mlsd__alloc_raw(w->allocator, length + 1, 1);
    if (json == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_spec_to_json(spec, 1, json, length + 1, NULL);
    if (status == MLSD_OK) mlsd__put_str(w, json);
    mlsd__free(w->allocator, json);
    return status;
}

static mlsd_status put_model(mlsd__writer *w, const mlsd_model *model)
{
    MLSD__TRY(put_spec(w, model->spec));
    mlsd__put_i64(w, model->task);
    mlsd__put_i64(w, model->has_names);
    mlsd__put_i64(w, model->n_features);
    for (int64_t i = 0; i < model->n_features; i++) {
        mlsd__put_str(w, model->features[i].name);
        mlsd__put_i64(w, model->features[i].type);
        put_texts(w, model->features[i].levels, model->features[i].n_levels);
    }
    mlsd__put_str(w, model->target_name);
    put_texts(w, model->class_names, model->n_classes);
    mlsd__put_f64s(w, model->class_values, model->class_values != NULL ? model->n_classes : 0);
    MLSD__TRY(model->ops->save(model->state, w));
    return w->status;
}

/* The whole file. */
static mlsd_status write_model(const mlsd_model *model, mlsd__writer *out)
{
    mlsd__writer payload;
    mlsd__writer_init(&payload, &model->allocator);
    mlsd__writer_init(out, &model->allocator);
    mlsd_status status = put_model(&payload, model);
    if (status == MLSD_OK) status = mlsd__container_wrap(&payload, MLSD__FILE_MODEL, out);
    mlsd__writer_free(&payload);
    if (status != MLSD_OK) mlsd__writer_free(out);
    return status;
}

static mlsd_status take_feature(mlsd__reader *r, mlsd__feature *out)
{
    int64_t n_levels = 0;
    char *const name = mlsd__take_str(r);
    const int64_t type = mlsd__take_i64(r);
    char **const levels = take_texts(r, &n_levels);
    mlsd_status status = r->status;
    if (status == MLSD_OK && (name == NULL || (type != MLSD__NUMERIC && type != MLSD__CATEGORY) ||
                              (type == MLSD__NUMERIC && n_levels > 0)))
        status = mlsd__fail(MLSD_E_CORRUPT, "a feature in the model file is of no known type");
    const mlsd__feature read = {
        .name = name, .type = (mlsd__feature_type)type, .n_levels = n_levels, .levels = levels};
    if (status == MLSD_OK) status = mlsd__feature_copy(r->allocator, &read, out);
    texts_free(r->allocator, levels, n_levels);
    mlsd__free(r->allocator, name);
    return status;
}

static mlsd_status take_features(mlsd__reader *r, mlsd_model *model)
{
    /* A feature takes at least three words. */
    const int64_t most = (int64_t)((r->size - r->position) / (3 * sizeof(int64_t)));
    const int64_t n = mlsd__take_count(r, most);
    if (r->status != MLSD_OK) return r->status;
    model->features = mlsd__alloc(r->allocator, n, sizeof *model->features);
    if (model->features == NULL) return MLSD_E_NOMEM;
    for (; model->n_features < n; model->n_features++)
        MLSD__TRY(take_feature(r, &model->features[model->n_features]));
    return MLSD_OK;
}

static mlsd_status take_classes(mlsd__reader *r, mlsd_model *model)
{
    int64_t n_values = 0;
    model->target_name = mlsd__take_str(r);
    model->class_names = take_texts(r, &model->n_classes);
    model->class_values = mlsd__take_f64s(r, &n_values);
    if (r->status != MLSD_OK) return r->status;
    if (n_values == 0) {
        mlsd__free(r->allocator, model->class_values);
        model->class_values = NULL;
    }
    const bool has_classes = model->task == MLSD_TASK_BINARY || model->task == MLSD_TASK_MULTICLASS;
    if ((n_values != 0 && n_values != model->n_classes) || has_classes != (model->n_classes > 0))
        return mlsd__fail(MLSD_E_CORRUPT, "the classes in the model file do not fit its task");
    return MLSD_OK;
}

/* The kind must be able to do what the file says it did. */
static mlsd_status check_kind(const mlsd_model *model)
{
    const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(model->spec);
    if (final == NULL) return mlsd__fail(MLSD_E_CORRUPT, "the pipeline in the model file is empty");
    const bool fits = model->task == MLSD_TASK_NONE         ? mlsd__only_transforms(final)
                      : model->task == MLSD_TASK_REGRESSION ? final->regresses
                                                            : final->classifies;
    if (!fits)
        return mlsd__fail(MLSD_E_CORRUPT, "the kind in the model file does not fit its task");
    for (int64_t i = 0; !model->ops->takes_category && i < model->n_features; i++) {
        if (model->features[i].type == MLSD__CATEGORY)
            return mlsd__fail(MLSD_E_CORRUPT, "the kind in the model file takes no text");
    }
    return MLSD_OK;
}

static mlsd_status take_model(const mlsd_context *context, mlsd__reader *r, mlsd_model *model)
{
    char *const json = mlsd__take_str(r);
    mlsd_status status = r->status;
    if (status == MLSD_OK && json == NULL)
        status = mlsd__fail(MLSD_E_CORRUPT, "the model file has no spec");
    if (status == MLSD_OK) status = mlsd_spec_from_json(context, json, &model->spec);
    mlsd__free(r->allocator, json);
    MLSD__TRY(status);
    MLSD__TRY(mlsd__spec_require(model->spec, "estimator,transform"));
    model->ops = mlsd__spec_ops(model->spec);

    const int64_t task = mlsd__take_i64(r);
    model->has_names = mlsd__take_i64(r) != 0;
    MLSD__TRY(r->status);
    if (task < MLSD_TASK_REGRESSION || task > MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_CORRUPT, "there is no task %lld", (long long)task);
    model->task = (mlsd_task)task;
    MLSD__TRY(take_features(r, model));
    MLSD__TRY(take_classes(r, model));
    MLSD__TRY(check_kind(model));
    MLSD__TRY(model->ops->load(r, model->spec, model->features, model->n_features, model->n_classes,
                               &model->state));
    if (r->position != r->size)
        return mlsd__fail(MLSD_E_CORRUPT, "the model file has %zu bytes too many",
                          r->size - r->position);
    return MLSD_OK;
}

mlsd_status mlsd_model_from_bytes(const mlsd_context *context, const void *bytes, size_t size,
                                  mlsd_model **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(bytes != NULL || size == 0, "'bytes' is NULL");
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    const unsigned char *payload;
    size_t payload_size;
    MLSD__TRY(mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &payload_size));

    const mlsd__allocator *const a = mlsd__context_allocator(context);
    mlsd_model *const model = mlsd__alloc(a, 1, sizeof *model);
    if (model == NULL) return MLSD_E_NOMEM;
    model->magic = MLSD__MAGIC_MODEL;
    model->allocator = *a;
    mlsd__reader reader;
    mlsd__reader_init(&reader, a, payload, payload_size);
    const mlsd_status status = take_model(context, &reader, model);
    if (status != MLSD_OK) {
        mlsd_model_free(model);
        return status;
    }
    *out = model;
    return MLSD_OK;
}

mlsd_status mlsd_model_load(const mlsd_context *context, const char *path, mlsd_model **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    mlsd__map map;
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status = mlsd_model_from_bytes(context, map.data, map.size, out);
    mlsd__map_close(&map);
    return status;
}

mlsd_status mlsd_model_to_bytes(const mlsd_model *model, void *buf, size_t capacity,
                                size_t *out_size)
{
    MLSD__REQUIRE(out_size != NULL, "'out_size' is NULL");
    *out_size = 0;
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    mlsd__writer file;
    MLSD__TRY(write_model(model, &file));
    mlsd_status status = MLSD_OK;
    *out_size = (size_t)file.size;
    if (buf != NULL || capacity != 0) {
        if (buf == NULL || capacity < *out_size)
            status =
                mlsd__fail(MLSD_E_BUFFER, "the model has %zu bytes, the buffer has room for %zu",
                           *out_size, buf != NULL ? capacity : (size_t)0);
        else
            memcpy(buf, file.data, *out_size);
    }
    mlsd__writer_free(&file);
    return status;
}

mlsd_status mlsd__model_n_bytes(const mlsd_model *model, int64_t *out)
{
    mlsd__writer file;
    *out = 0;
    MLSD__TRY(write_model(model, &file));
    *out = file.size;
    mlsd__writer_free(&file);
    return MLSD_OK;
}

mlsd_status mlsd_model_save(const mlsd_model *model, const char *path)
{
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    mlsd__writer file;
    MLSD__TRY(write_model(model, &file));
    const mlsd_status status =
        mlsd__file_write(&model->allocator, path, file.data, (size_t)file.size);
    mlsd__writer_free(&file);
    return status;
}
