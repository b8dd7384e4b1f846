/* kind.c - looking into the table of kinds. The table itself is lib/registry.c. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "base/text.h"

static bool in_family(const mlsd_kind *kind, const char *family)
{
    return family == NULL || strcmp(kind->family, family) == 0;
}

void mlsd__kind_retain(const mlsd_kind *kind)
{
    if (kind->life != NULL) (void)atomic_fetch_add(&kind->life->n_references, 1);
}

void mlsd__kind_release(const mlsd_kind *kind)
{
    mlsd__kind_life *const life = kind->life;
    if (life != NULL && atomic_fetch_sub(&life->n_references, 1) == 1) life->end(life);
}

int64_t mlsd_kind_count(const char *family)
{
    int64_t n = 0;
    for (int64_t i = 0; i < mlsd__n_kinds; i++) n += in_family(mlsd__kinds[i], family);
    return n;
}

const mlsd_kind *mlsd_kind_at(const char *family, int64_t i)
{
    for (int64_t k = 0; i >= 0 && k < mlsd__n_kinds; k++) {
        if (in_family(mlsd__kinds[k], family) && i-- == 0) return mlsd__kinds[k];
    }
    (void)mlsd__fail(MLSD_E_ARG, "there is no kind at that position");
    return NULL;
}

static const char *kind_name_at(const void *user, int64_t i)
{
    (void)user;
    return mlsd__kinds[i]->name;
}

const mlsd_kind *mlsd_kind_find(const char *name)
{
    if (name == NULL) {
        (void)mlsd__fail(MLSD_E_ARG, "'name' is NULL");
        return NULL;
    }
    for (int64_t i = 0; i < mlsd__n_kinds; i++) {
        if (strcmp(mlsd__kinds[i]->name, name) == 0) return mlsd__kinds[i];
    }
    const char *near = mlsd__nearest_name(name, kind_name_at, NULL, mlsd__n_kinds);
    if (near != NULL)
        (void)mlsd__fail(MLSD_E_KIND, "no kind '%.60s'; did you mean '%s'?", name, near);
    else
        (void)mlsd__fail(
            MLSD_E_KIND,
            "no kind '%.60s'; 'mlsd kinds' lists them, and the context must be given an "
            "estimator of your own",
            name);
    return NULL;
}

const char *mlsd_kind_name(const mlsd_kind *kind)
{
    return kind != NULL ? kind->name : NULL;
}

const char *mlsd_kind_family(const mlsd_kind *kind)
{
    return kind != NULL ? kind->family : NULL;
}

const char *mlsd_kind_doc(const mlsd_kind *kind)
{
    return kind != NULL ? kind->doc : NULL;
}

int64_t mlsd_kind_param_count(const mlsd_kind *kind)
{
    return kind != NULL ? kind->n_params : 0;
}

const mlsd_param *mlsd_kind_param_at(const mlsd_kind *kind, int64_t i)
{
    return kind != NULL && i >= 0 && i < kind->n_params ? &kind->params[i] : NULL;
}

const char *mlsd_param_name(const mlsd_param *param)
{
    return param != NULL ? param->name : NULL;
}

mlsd_param_type mlsd_param_get_type(const mlsd_param *param)
{
    return param != NULL ? param->type : 0;
}

const char *mlsd_param_doc(const mlsd_param *param)
{
    return param != NULL ? param->doc : NULL;
}

const char *mlsd_param_default(const mlsd_param *param)
{
    return param != NULL ? param->fallback : NULL;
}

static bool is_bounded(const mlsd_param *param)
{
    return param->type == MLSD_PARAM_F64 || param->type == MLSD_PARAM_I64 ||
           param->type == MLSD_PARAM_F64_LIST;
}

void mlsd_param_bounds(const mlsd_param *param, double *out_lower, double *out_upper,
                       int32_t *out_open)
{
    const bool bounded = param != NULL && is_bounded(param);
    if (out_lower != NULL) *out_lower = bounded ? param->lower : -INFINITY;
    if (out_upper != NULL) *out_upper = bounded ? param->upper : INFINITY;
    if (out_open != NULL) *out_open = bounded ? param->open : 0;
}

const char *mlsd_param_scale(const mlsd_param *param)
{
    return param != NULL && param->scale != NULL ? param->scale : "linear";
}

int64_t mlsd_param_choice_count(const mlsd_param *param)
{
    int64_t n = 0;
    while (param != NULL && param->choices != NULL && param->choices[n] != NULL) n++;
    return n;
}

const char *mlsd_param_choice_at(const mlsd_param *param, int64_t i)
{
    return i >= 0 && i < mlsd_param_choice_count(param) ? param->choices[i] : NULL;
}

static const char *const type_names[] = {
    [MLSD_PARAM_F64] = "float",     [MLSD_PARAM_I64] = "int",
    [MLSD_PARAM_BOOL] = "bool",     [MLSD_PARAM_STR] = "str",
    [MLSD_PARAM_CHOICE] = "choice", [MLSD_PARAM_F64_LIST] = "floats",
    [MLSD_PARAM_STR_LIST] = "strs",
};

static void write_key_string(mlsd__text *t, const char *key, const char *value)
{
    mlsd__text_format(t, "\"%s\":", key);
    mlsd__text_json_string(t, value);
}

static void write_param(mlsd__text *t, const mlsd_param *p)
{
    mlsd__text_append(t, "{");
    write_key_string(t, "name", p->name);
    mlsd__text_format(t, ",\"type\":\"%s\",\"nullable\":%s,\"default\":%s", type_names[p->type],
                      p->nullable ? "true" : "false", p->fallback);
    if (is_bounded(p)) {
        mlsd__text_append(t, ",\"lower\":");
        mlsd__text_json_double(t, p->lower);
        mlsd__text_append(t, ",\"upper\":");
        mlsd__text_json_double(t, p->upper);
        mlsd__text_format(t, ",\"lower_open\":%s,\"upper_open\":%s",
                          p->open & MLSD__OPEN_LOWER ? "true" : "false",
                          p->open & MLSD__OPEN_UPPER ? "true" : "false");
    }
    if (p->choices != NULL) {
        mlsd__text_append(t, ",\"choices\":[");
        for (int64_t i = 0; p->choices[i] != NULL; i++) {
            if (i > 0) mlsd__text_append(t, ",");
            mlsd__text_json_string(t, p->choices[i]);
        }
        mlsd__text_append(t, "]");
    }
    mlsd__text_format(t, ",\"scale\":\"%s\",", mlsd_param_scale(p));
    write_key_string(t, "doc", p->doc);
    mlsd__text_append(t, "}");
}

static void write_kind(mlsd__text *t, const mlsd_kind *kind)
{
    mlsd__text_append(t, "{");
    write_key_string(t, "kind", kind->name);
    mlsd__text_append(t, ",");
    write_key_string(t, "family", kind->family);
    mlsd__text_append(t, ",");
    write_key_string(t, "doc", kind->doc);
    mlsd__text_format(t, ",\"traits\":%s,\"params\":[", kind->traits != NULL ? kind->traits : "{}");
    for (int64_t i = 0; i < kind->n_params; i++) {
        if (i > 0) mlsd__text_append(t, ",");
        write_param(t, &kind->params[i]);
    }
    mlsd__text_append(t, "],\"slots\":[");
    for (int64_t i = 0; i < kind->n_slots; i++) {
        const mlsd__slot *slot = &kind->slots[i];
        mlsd__text_format(t, "%s{\"name\":\"%s\",\"families\":\"%s\",\"many\":%s,",
                          i > 0 ? "," : "", slot->name, slot->families,
                          slot->many ? "true" : "false");
        write_key_string(t, "doc", slot->doc);
        mlsd__text_append(t, "}");
    }
    mlsd__text_append(t, "]}");
}

mlsd_status mlsd_kind_json(const mlsd_kind *kind, char *buf, int64_t capacity, int64_t *out_length)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    if (kind != NULL) {
        write_kind(&t, kind);
    } else {
        mlsd__text_append(&t, "[");
        for (int64_t i = 0; i < mlsd__n_kinds; i++) {
            if (i > 0) mlsd__text_append(&t, ",\n");
            write_kind(&t, mlsd__kinds[i]);
        }
        mlsd__text_append(&t, "]");
    }
    const mlsd_status status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    return status;
}
