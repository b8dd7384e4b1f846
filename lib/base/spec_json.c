/* spec_json.c - specs as JSON: read with jansson, written here because the bytes must be the same
 * everywhere and numbers the shortest that read back exactly. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/spec_impl.h"
#include "base/text.h"

enum { MAX_DEPTH = 32 };

static void indent(mlsd__text *t, int depth)
{
    mlsd__text_append(t, "\n");
    for (int i = 0; i < depth; i++) mlsd__text_append(t, "  ");
}

static void write_value(mlsd__text *t, const mlsd_spec *spec, const mlsd_param *p)
{
    const void *at = mlsd__value_at(spec, p);
    const mlsd__f64_list *numbers = at;
    const mlsd__str_list *texts = at;
    if (mlsd__value_is_null(spec, p)) {
        mlsd__text_append(t, "null");
        return;
    }
    switch (p->type) {
    case MLSD_PARAM_F64:
        mlsd__text_json_double(t, *(const double *)at);
        break;
    case MLSD_PARAM_I64:
        mlsd__text_format(t, "%lld", (long long)*(const int64_t *)at);
        break;
    case MLSD_PARAM_BOOL:
        mlsd__text_append(t, *(const int64_t *)at ? "true" : "false");
        break;
    case MLSD_PARAM_STR:
        mlsd__text_json_string(t, *(char *const *)at);
        break;
    case MLSD_PARAM_CHOICE:
        mlsd__text_json_string(t, p->choices[*(const int64_t *)at]);
        break;
    case MLSD_PARAM_F64_LIST:
        mlsd__text_append(t, "[");
        for (int64_t i = 0; i < numbers->n; i++) {
            if (i > 0) mlsd__text_append(t, ", ");
            mlsd__text_json_double(t, numbers->values[i]);
        }
        mlsd__text_append(t, "]");
        break;
    default:
        mlsd__text_append(t, "[");
        for (int64_t i = 0; i < texts->n; i++) {
            if (i > 0) mlsd__text_append(t, ", ");
            mlsd__text_json_string(t, texts->values[i]);
        }
        mlsd__text_append(t, "]");
    }
}

static void write_spec(mlsd__text *t, const mlsd_spec *spec, const mlsd_spec *defaults,
                       const char *name, bool all, int depth);

static void write_slot(mlsd__text *t, const mlsd_spec *spec, int64_t slot, bool all, int depth)
{
    const bool many = spec->kind->slots[slot].many != 0;
    int64_t n = 0;
    for (int64_t i = 0; i < spec->n_children; i++) {
        const mlsd__child *child = &spec->children[i];
        if (child->slot != slot) continue;
        if (n++ == 0) {
            mlsd__text_append(t, ",");
            indent(t, depth + 1);
            mlsd__text_json_string(t, spec->kind->slots[slot].name);
            mlsd__text_append(t, many ? ": [" : ": ");
        } else {
            mlsd__text_append(t, ",");
        }
        if (many) indent(t, depth + 2);
        mlsd_spec *defaults = NULL;
        const mlsd_status status =
            mlsd__spec_new_of(&spec->allocator, child->spec->kind, &defaults);
        if (status != MLSD_OK) {
            t->status = status;
            return;
        }
        write_spec(t, child->spec, defaults, many ? child->name : NULL, all,
                   depth + (many ? 2 : 1));
        mlsd_spec_free(defaults);
    }
    if (n > 0 && many) {
        indent(t, depth + 1);
        mlsd__text_append(t, "]");
    }
}

static void write_spec(mlsd__text *t, const mlsd_spec *spec, const mlsd_spec *defaults,
                       const char *name, bool all, int depth)
{
    mlsd__text_append(t, "{\"kind\": ");
    mlsd__text_json_string(t, spec->kind->name);
    if (name != NULL && strcmp(name, spec->kind->name) != 0) {
        mlsd__text_append(t, ", \"name\": ");
        mlsd__text_json_string(t, name);
    }
    int64_t n_lines = 0;
    for (int64_t i = 0; i < spec->kind->n_params; i++) {
        const mlsd_param *p = &spec->kind->params[i];
        if (!all && mlsd__value_equals(spec, defaults, p)) continue;
        mlsd__text_append(t, ",");
        indent(t, depth + 1);
        mlsd__text_json_string(t, p->name);
        mlsd__text_append(t, ": ");
        write_value(t, spec, p);
        n_lines++;
    }
    const int64_t before = t->length;
    for (int64_t slot = 0; slot < spec->kind->n_slots; slot++)
        write_slot(t, spec, slot, all, depth);
    if (n_lines > 0 || t->length != before) indent(t, depth);
    mlsd__text_append(t, "}");
}

static mlsd_status spec_text(const mlsd_spec *spec, bool all, mlsd__text *t)
{
    mlsd_spec *defaults = NULL;
    MLSD__TRY(mlsd__spec_new_of(&spec->allocator, spec->kind, &defaults));
    write_spec(t, spec, defaults, NULL, all, 0);
    mlsd_spec_free(defaults);
    mlsd__text_append(t, "\n");
    return t->status;
}

mlsd_status mlsd_spec_to_json(const mlsd_spec *spec, int32_t all, char *buf, int64_t capacity,
                              int64_t *out_length)
{
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    mlsd__text t;
    mlsd__text_init(&t, &spec->allocator);
    mlsd_status status = spec_text(spec, all != 0, &t);
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd_spec_save(const mlsd_spec *spec, const char *path)
{
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    mlsd__text t;
    mlsd__text_init(&t, &spec->allocator);
    mlsd_status status = spec_text(spec, false, &t);
    if (status == MLSD_OK)
        status = mlsd__file_write(&spec->allocator, path, t.data, (size_t)t.length);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status read_list(mlsd_spec *spec, const mlsd_param *p, const json_t *array)
{
    const int64_t n = (int64_t)json_array_size(array);
    const bool numbers = p->type == MLSD_PARAM_F64_LIST;
    double *values = mlsd__alloc(&spec->allocator, n, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    const char **texts = (const char **)values;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const json_t *item = json_array_get(array, (size_t)i);
        const char *text = json_string_value(item);
        if (!numbers && text != NULL)
            texts[i] = text;
        else if (numbers && json_is_number(item))
            values[i] = json_number_value(item);
        else if (!numbers || text == NULL || !mlsd__parse_double(text, strlen(text), &values[i]))
            status = mlsd__fail(MLSD_E_PARAM_TYPE, "element %lld of '%s' is not a %s", (long long)i,
                                p->name, numbers ? "number" : "text");
    }
    if (status == MLSD_OK)
        status = numbers ? mlsd__value_set_f64_list(spec, p, values, n)
                         : mlsd__value_set_str_list(spec, p, texts, n);
    mlsd__free(&spec->allocator, values);
    return status;
}

static mlsd_status read_value(mlsd_spec *spec, const mlsd_param *p, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return mlsd__value_set_null(spec, p);
    case JSON_TRUE:
        return mlsd__value_set_bool(spec, p, 1);
    case JSON_FALSE:
        return mlsd__value_set_bool(spec, p, 0);
    case JSON_INTEGER:
        return mlsd__value_set_i64(spec, p, json_integer_value(value));
    case JSON_REAL:
        return mlsd__value_set_f64(spec, p, json_real_value(value));
    case JSON_STRING:
        /* Infinities have no other way into JSON. */
        if (p->type == MLSD_PARAM_F64)
            return mlsd__value_set_text(spec, p, json_string_value(value));
        return mlsd__value_set_str(spec, p, json_string_value(value));
    case JSON_ARRAY:
        if (p->type == MLSD_PARAM_F64_LIST || p->type == MLSD_PARAM_STR_LIST)
            return read_list(spec, p, value);
        return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is not a list", p->name);
    default:
        return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is not an object", p->name);
    }
}

static mlsd_status read_spec(const mlsd_context *context, const json_t *object, int depth,
                             mlsd_spec **out);

static mlsd_status read_child(const mlsd_context *context, mlsd_spec *spec, const char *slot,
                              const json_t *object, int depth)
{
    mlsd_spec *child = NULL;
    MLSD__TRY(read_spec(context, object, depth + 1, &child));
    return mlsd__spec_adopt_child(spec, slot, json_string_value(json_object_get(object, "name")),
                                  child);
}

static mlsd_status read_slot(const mlsd_context *context, mlsd_spec *spec, const char *slot,
                             const json_t *value, int depth)
{
    if (!json_is_array(value)) return read_child(context, spec, slot, value, depth);
    for (size_t i = 0; i < json_array_size(value); i++)
        MLSD__TRY(read_child(context, spec, slot, json_array_get(value, i), depth));
    return MLSD_OK;
}

static mlsd_status read_member(const mlsd_context *context, mlsd_spec *spec, const char *key,
                               const json_t *value, int depth)
{
    if (strcmp(key, "kind") == 0) return MLSD_OK;
    if (strcmp(key, "name") == 0) {
        if (depth > 0 && json_is_string(value)) return MLSD_OK;
        return mlsd__fail(MLSD_E_PARSE, "\"name\" is a text, and only a child has one");
    }
    if (mlsd__kind_slot(spec->kind, key) >= 0) return read_slot(context, spec, key, value, depth);
    const mlsd_param *p = mlsd__kind_param(spec->kind, key);
    return p != NULL ? read_value(spec, p, value) : MLSD_E_PARAM_UNKNOWN;
}

static mlsd_status read_spec(const mlsd_context *context, const json_t *object, int depth,
                             mlsd_spec **out)
{
    if (!json_is_object(object))
        return mlsd__fail(MLSD_E_PARSE, "a spec is a JSON object such as {\"kind\": \"ridge\"}");
    if (depth > MAX_DEPTH)
        return mlsd__fail(MLSD_E_PARSE, "specs are nested more than %d deep", (int)MAX_DEPTH);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (kind == NULL) return mlsd__fail(MLSD_E_PARSE, "a spec has no text \"kind\"");
    mlsd_spec *spec = NULL;
    MLSD__TRY(mlsd__spec_new_in(context, kind, &spec));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const mlsd_status status = read_member(context, spec, key, value, depth);
        if (status != MLSD_OK) {
            mlsd_spec_free(spec);
            return status;
        }
    }
    *out = spec;
    return MLSD_OK;
}

static mlsd_status parse_spec(const mlsd_context *context, const char *text, size_t size,
                              const char *where, mlsd_spec **out)
{
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory) return mlsd__fail_nomem();
        return mlsd__fail(MLSD_E_PARSE, "%s: line %d, column %d: %s", where, error.line,
                          error.column, error.text);
    }
    const mlsd_status status = read_spec(context, root, 0, out);
    json_decref(root);
    return status;
}

mlsd_status mlsd_spec_from_json(const mlsd_context *context, const char *text, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(text != NULL, "'text' is NULL");
    return parse_spec(context, text, strlen(text), "JSON", out);
}

mlsd_status mlsd_spec_load(const mlsd_context *context, const char *path, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    mlsd__map map;
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status = parse_spec(context, map.data, map.size, path, out);
    mlsd__map_close(&map);
    return status;
}
