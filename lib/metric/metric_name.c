/* metric_name.c - between names of metrics and specs. */
#include "metric/metric_name.h"

#include <string.h>

#include "base/handle.h"
#include "base/kindtable.h"
#include "base/spec_impl.h"

/* The parameters of an alias as a spec, to be read only: it owns nothing. */
static mlsd_spec spec_of_alias(const mlsd__metric_alias *alias)
{
    return (mlsd_spec){.magic = MLSD__MAGIC_SPEC,
                       .kind = mlsd_kind_find(alias->kind),
                       .params = (void *)(uintptr_t)alias->ops.params};
}

static const mlsd__metric_alias *find_alias(const char *name)
{
    for (int64_t i = 0; mlsd__metric_alias_at(i) != NULL; i++) {
        if (strcmp(mlsd__metric_alias_at(i)->name, name) == 0) return mlsd__metric_alias_at(i);
    }
    return NULL;
}

mlsd_status mlsd__metric_spec_new(const mlsd__allocator *a, const char *name, mlsd_spec **out)
{
    const mlsd__metric_ops *ops = NULL;
    *out = NULL;
    MLSD__TRY(mlsd__metric_find(name, &ops));
    const mlsd__metric_alias *const alias = find_alias(name);
    if (alias == NULL || &alias->ops != ops) return mlsd__spec_new(a, name, out);
    MLSD__TRY(mlsd__spec_new(a, alias->kind, out));
    const mlsd_spec from = spec_of_alias(alias);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < from.kind->n_params; i++) {
        status = mlsd__value_copy(*out, &from, &from.kind->params[i]);
    }
    if (status != MLSD_OK) {
        mlsd_spec_free(*out);
        *out = NULL;
    }
    return status;
}

static bool says_the_same(const mlsd_spec *spec, const mlsd__metric_alias *alias)
{
    if (strcmp(spec->kind->name, alias->kind) != 0) return false;
    const mlsd_spec other = spec_of_alias(alias);
    for (int64_t i = 0; i < spec->kind->n_params; i++) {
        if (!mlsd__value_equals(spec, &other, &spec->kind->params[i])) return false;
    }
    return true;
}

/* {"kind": "f_score", "beta": 2.0} as f_score {"beta": 2.0}. */
static mlsd_status name_by_json(const mlsd_spec *spec, mlsd__text *out)
{
    int64_t length = 0;
    const mlsd_status sized = mlsd_spec_to_json(spec, 0, NULL, 0, &length);
    if (sized != MLSD_OK && sized != MLSD_E_BUFFER) return sized;
    char *const json = mlsd__alloc(&spec->allocator, length + 1, 1);
    if (json == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_spec_to_json(spec, 0, json, length + 1, &length);
    const char *const rest = strchr(json, ',');
    mlsd__text_append(out, spec->kind->name);
    if (status == MLSD_OK && rest != NULL) {
        mlsd__text_append(out, " {");
        mlsd__text_append(out, rest[1] == ' ' ? rest + 2 : rest + 1);
    }
    mlsd__free(&spec->allocator, json);
    return status != MLSD_OK ? status : out->status;
}

mlsd_status mlsd__metric_spec_name(const mlsd_spec *spec, mlsd__text *out)
{
    const mlsd_kind *const kind = mlsd_spec_kind(spec);
    mlsd_spec *defaults = NULL;
    MLSD__TRY(mlsd__spec_new(&spec->allocator, kind->name, &defaults));
    const bool is_plain = mlsd__spec_equals(spec, defaults);
    mlsd_spec_free(defaults);
    if (is_plain) {
        mlsd__text_append(out, kind->name);
        return out->status;
    }
    for (int64_t i = 0; mlsd__metric_alias_at(i) != NULL; i++) {
        if (!says_the_same(spec, mlsd__metric_alias_at(i))) continue;
        mlsd__text_append(out, mlsd__metric_alias_at(i)->name);
        return out->status;
    }
    return name_by_json(spec, out);
}

mlsd_status mlsd_metric_new(const mlsd_context *context, const char *name, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the spec is NULL");
    return mlsd__metric_spec_new(mlsd__context_allocator(context), name, out);
}
