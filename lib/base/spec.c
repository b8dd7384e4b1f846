/* spec.c - specs: making, copying and ending them, parameters by dotted name, children in slots.
 * The values themselves are in spec_value.c, JSON in spec_json.c. */
#include "mlsd/spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context_impl.h"
#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/spec_impl.h"
#include "base/text.h"

enum { LIST_CAPACITY = 300, CHILD_CAPACITY = 64 }; /* of what a message shows */

mlsd_status mlsd__spec_new_of(const mlsd__allocator *allocator, const mlsd_kind *kind,
                              mlsd_spec **out)
{
    *out = NULL;
    mlsd_spec *spec = mlsd__alloc(allocator, 1, sizeof *spec);
    if (spec == NULL) return MLSD_E_NOMEM;
    spec->magic = MLSD__MAGIC_SPEC;
    spec->allocator = *allocator;
    spec->kind = kind;
    mlsd__kind_retain(kind);
    mlsd_status status = MLSD_OK;
    if (kind->params_size > 0) {
        spec->params = mlsd__alloc(allocator, 1, kind->params_size);
        if (spec->params == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t i = 0; status == MLSD_OK && i < kind->n_params; i++)
        status = mlsd__value_reset(spec, &kind->params[i]);
    if (status != MLSD_OK) {
        mlsd_spec_free(spec);
        return status;
    }
    *out = spec;
    return MLSD_OK;
}

mlsd_status mlsd__spec_new(const mlsd__allocator *allocator, const char *kind_name, mlsd_spec **out)
{
    *out = NULL;
    const mlsd_kind *kind = mlsd_kind_find(kind_name);
    if (kind == NULL) return kind_name == NULL ? MLSD_E_ARG : MLSD_E_KIND;
    return mlsd__spec_new_of(allocator, kind, out);
}

mlsd_status mlsd__spec_new_in(const mlsd_context *context, const char *kind_name, mlsd_spec **out)
{
    *out = NULL;
    const mlsd_kind *kind = mlsd__context_find_kind(context, kind_name);
    if (kind == NULL) return kind_name == NULL ? MLSD_E_ARG : MLSD_E_KIND;
    return mlsd__spec_new_of(mlsd__context_allocator(context), kind, out);
}

mlsd_status mlsd_spec_new(const mlsd_context *context, const char *kind, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    return mlsd__spec_new_in(context, kind, out);
}

void mlsd_spec_free(mlsd_spec *spec)
{
    if (!MLSD__IS_LIVE(spec, MLSD__MAGIC_SPEC)) return;
    const mlsd__allocator a = spec->allocator;
    for (int64_t i = 0; i < spec->n_children; i++) {
        mlsd__free(&a, spec->children[i].name);
        mlsd_spec_free(spec->children[i].spec);
    }
    mlsd__free(&a, spec->children);
    for (int64_t i = 0; spec->params != NULL && i < spec->kind->n_params; i++)
        mlsd__value_free(spec, &spec->kind->params[i]);
    mlsd__free(&a, spec->params);
    spec->magic = MLSD__DEAD_MAGIC;
    mlsd__kind_release(spec->kind);
    mlsd__free(&a, spec);
}

mlsd_status mlsd_spec_clone(const mlsd_spec *spec, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    mlsd_spec *copy = NULL;
    MLSD__TRY(mlsd__spec_new_of(&spec->allocator, spec->kind, &copy));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < spec->kind->n_params; i++)
        status = mlsd__value_copy(copy, spec, &spec->kind->params[i]);
    for (int64_t i = 0; status == MLSD_OK && i < spec->n_children; i++) {
        const mlsd__child *child = &spec->children[i];
        status = mlsd_spec_add(copy, spec->kind->slots[child->slot].name, child->name, child->spec);
    }
    if (status != MLSD_OK) {
        mlsd_spec_free(copy);
        return status;
    }
    *out = copy;
    return MLSD_OK;
}

const mlsd_kind *mlsd_spec_kind(const mlsd_spec *spec)
{
    return MLSD__IS_LIVE(spec, MLSD__MAGIC_SPEC) ? spec->kind : NULL;
}

bool mlsd__spec_is_custom(const mlsd_spec *spec)
{
    bool is_custom = spec->kind->life != NULL;
    for (int64_t i = 0; !is_custom && i < spec->n_children; i++)
        is_custom = mlsd__spec_is_custom(spec->children[i].spec);
    return is_custom;
}

const void *mlsd__spec_params(const mlsd_spec *spec)
{
    return spec->params;
}

const void *mlsd__spec_ops(const mlsd_spec *spec)
{
    return spec->kind->ops;
}

/* Is `family` one of "a,b,c"? */
static bool family_among(const char *family, const char *families)
{
    const size_t length = strlen(family);
    for (const char *at = families; *at != '\0'; at += *at == ',') {
        const size_t n = strcspn(at, ",");
        if (n == length && memcmp(at, family, n) == 0) return true;
        at += n;
    }
    return false;
}

mlsd_status mlsd__spec_require(const mlsd_spec *spec, const char *families)
{
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    if (family_among(spec->kind->family, families)) return MLSD_OK;
    return mlsd__fail(MLSD_E_KIND, "'%s' is of family '%s', but %s is wanted here",
                      spec->kind->name, spec->kind->family, families);
}

int64_t mlsd__kind_slot(const mlsd_kind *kind, const char *name)
{
    for (int64_t i = 0; i < kind->n_slots; i++) {
        if (strcmp(kind->slots[i].name, name) == 0) return i;
    }
    return -1;
}

static const char *param_name_at(const void *user, int64_t i)
{
    return ((const mlsd_kind *)user)->params[i].name;
}

static const char *slot_name_at(const void *user, int64_t i)
{
    return ((const mlsd_kind *)user)->slots[i].name;
}

/* "ridge has no parameter 'c'; it has alpha, fit_intercept, ...": where no name is near. */
static mlsd_status fail_listing(mlsd_status code, const char *owner, const char *what,
                                const char *name,
                                const char *(*name_at)(const void *user, int64_t i),
                                const void *user, int64_t n)
{
    char list[LIST_CAPACITY] = "";
    size_t length = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *const one = name_at(user, i);
        if (length + strlen(one) + sizeof ", ..." > sizeof list) {
            (void)snprintf(list + length, sizeof list - length, ", ...");
            break;
        }
        const int added =
            snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", one);
        length += (size_t)added;
    }
    return mlsd__fail(code, "%s has no %s '%.60s'%s%s", owner, what, name,
                      n > 0 ? "; it has " : ", and none at all", list);
}

const mlsd_param *mlsd__kind_param(const mlsd_kind *kind, const char *name)
{
    for (int64_t i = 0; i < kind->n_params; i++) {
        if (strcmp(kind->params[i].name, name) == 0) return &kind->params[i];
    }
    const char *near = mlsd__nearest_name(name, param_name_at, kind, kind->n_params);
    const char *slot = mlsd__nearest_name(name, slot_name_at, kind, kind->n_slots);
    if (near != NULL)
        (void)mlsd__fail(MLSD_E_PARAM_UNKNOWN, "%s has no parameter '%.60s'; did you mean '%s'?",
                         kind->name, name, near);
    else if (slot != NULL)
        (void)mlsd__fail(MLSD_E_PARAM_UNKNOWN,
                         "%s has no parameter '%.60s'; a spec goes into its slot '%s'", kind->name,
                         name, slot);
    else
        (void)fail_listing(MLSD_E_PARAM_UNKNOWN, kind->name, "parameter", name, param_name_at, kind,
                           kind->n_params);
    return NULL;
}

static mlsd__child *find_child(const mlsd_spec *spec, const char *name, size_t length)
{
    for (int64_t i = 0; i < spec->n_children; i++) {
        const char *child = spec->children[i].name;
        if (strlen(child) == length && memcmp(child, name, length) == 0) return &spec->children[i];
    }
    return NULL;
}

static const char *child_name_at(const void *user, int64_t i)
{
    return ((const mlsd_spec *)user)->children[i].name;
}

static mlsd_status fail_no_child(const mlsd_spec *spec, const char *name, size_t length)
{
    char child[CHILD_CAPACITY];
    (void)snprintf(child, sizeof child, "%.*s", (int)length, name);
    const char *near = mlsd__nearest_name(child, child_name_at, spec, spec->n_children);
    if (near != NULL)
        return mlsd__fail(MLSD_E_CHILD, "%s has no child '%s'; did you mean '%s'?",
                          spec->kind->name, child, near);
    return fail_listing(MLSD_E_CHILD, spec->kind->name, "child", child, child_name_at, spec,
                        spec->n_children);
}

/* Follow "child.child.name" to the spec that has the parameter. */
mlsd_status mlsd__spec_resolve(const mlsd_spec *spec, const char *name, mlsd_spec **out_spec,
                               const mlsd_param **out_param)
{
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(name != NULL, "'name' is NULL");
    for (const char *dot; (dot = strchr(name, '.')) != NULL; name = dot + 1) {
        const mlsd__child *child = find_child(spec, name, (size_t)(dot - name));
        if (child == NULL) return fail_no_child(spec, name, (size_t)(dot - name));
        spec = child->spec;
    }
    *out_spec = (mlsd_spec *)(uintptr_t)spec;
    *out_param = mlsd__kind_param(spec->kind, name);
    return *out_param != NULL ? MLSD_OK : MLSD_E_PARAM_UNKNOWN;
}

#define RESOLVE                     \
    mlsd_spec *owner = NULL;        \
    const mlsd_param *param = NULL; \
    MLSD__TRY(mlsd__spec_resolve(spec, name, &owner, &param))

mlsd_status mlsd_spec_set_f64(mlsd_spec *spec, const char *name, double value)
{
    RESOLVE;
    return mlsd__value_set_f64(owner, param, value);
}

mlsd_status mlsd_spec_set_i64(mlsd_spec *spec, const char *name, int64_t value)
{
    RESOLVE;
    return mlsd__value_set_i64(owner, param, value);
}

mlsd_status mlsd_spec_set_bool(mlsd_spec *spec, const char *name, int32_t value)
{
    RESOLVE;
    return mlsd__value_set_bool(owner, param, value);
}

mlsd_status mlsd_spec_set_str(mlsd_spec *spec, const char *name, const char *value)
{
    RESOLVE;
    MLSD__REQUIRE(value != NULL, "the value for '%s' is NULL", param->name);
    return mlsd__value_set_str(owner, param, value);
}

mlsd_status mlsd_spec_set_f64_list(mlsd_spec *spec, const char *name, const double *values,
                                   int64_t n)
{
    RESOLVE;
    MLSD__REQUIRE(n >= 0 && (values != NULL || n == 0),
                  "the list for '%s' is NULL or its length "
                  "negative",
                  param->name);
    return mlsd__value_set_f64_list(owner, param, values, n);
}

mlsd_status mlsd_spec_set_str_list(mlsd_spec *spec, const char *name, const char *const *values,
                                   int64_t n)
{
    RESOLVE;
    MLSD__REQUIRE(n >= 0 && (values != NULL || n == 0),
                  "the list for '%s' is NULL or its length "
                  "negative",
                  param->name);
    return mlsd__value_set_str_list(owner, param, values, n);
}

mlsd_status mlsd_spec_set_text(mlsd_spec *spec, const char *name, const char *text)
{
    RESOLVE;
    MLSD__REQUIRE(text != NULL, "the text for '%s' is NULL", param->name);
    return mlsd__value_set_text(owner, param, text);
}

mlsd_status mlsd_spec_reset(mlsd_spec *spec, const char *name)
{
    RESOLVE;
    return mlsd__value_reset(owner, param);
}

static mlsd_status fail_get(const mlsd_spec *owner, const mlsd_param *p, const char *wanted)
{
    return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is %s, not %s", p->name,
                      mlsd__value_is_null(owner, p) ? "null" : "of another type", wanted);
}

mlsd_status mlsd_spec_get_f64(const mlsd_spec *spec, const char *name, double *out)
{
    RESOLVE;
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    if (param->type != MLSD_PARAM_F64 && param->type != MLSD_PARAM_I64)
        return fail_get(owner, param, "a number");
    if (mlsd__value_is_null(owner, param))
        *out = NAN;
    else if (param->type == MLSD_PARAM_F64)
        *out = *(const double *)mlsd__value_at(owner, param);
    else
        *out = (double)*(const int64_t *)mlsd__value_at(owner, param);
    return MLSD_OK;
}

static mlsd_status get_whole(const mlsd_spec *spec, const char *name, mlsd_param_type type,
                             const char *wanted, int64_t *out)
{
    RESOLVE;
    if (param->type != type || mlsd__value_is_null(owner, param))
        return fail_get(owner, param, wanted);
    *out = *(const int64_t *)mlsd__value_at(owner, param);
    return MLSD_OK;
}

mlsd_status mlsd_spec_get_i64(const mlsd_spec *spec, const char *name, int64_t *out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    return get_whole(spec, name, MLSD_PARAM_I64, "a whole number", out);
}

mlsd_status mlsd_spec_get_bool(const mlsd_spec *spec, const char *name, int32_t *out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    int64_t value = 0;
    MLSD__TRY(get_whole(spec, name, MLSD_PARAM_BOOL, "true or false", &value));
    *out = (int32_t)value;
    return MLSD_OK;
}

mlsd_status mlsd_spec_get_str(const mlsd_spec *spec, const char *name, const char **out)
{
    RESOLVE;
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    if (mlsd__value_is_null(owner, param)) return fail_get(owner, param, "a text");
    if (param->type == MLSD_PARAM_STR)
        *out = *(char *const *)mlsd__value_at(owner, param);
    else if (param->type == MLSD_PARAM_CHOICE)
        *out = param->choices[*(const int64_t *)mlsd__value_at(owner, param)];
    else
        return fail_get(owner, param, "a text");
    return MLSD_OK;
}

mlsd_status mlsd_spec_get_f64_list(const mlsd_spec *spec, const char *name, double *values,
                                   int64_t capacity, int64_t *out_n)
{
    RESOLVE;
    MLSD__REQUIRE(out_n != NULL, "'out_n' is NULL");
    if (param->type != MLSD_PARAM_F64_LIST || mlsd__value_is_null(owner, param))
        return fail_get(owner, param, "a list of numbers");
    const mlsd__f64_list *list = mlsd__value_at(owner, param);
    *out_n = list->n;
    if (values == NULL && capacity == 0) return MLSD_OK;
    MLSD__REQUIRE(values != NULL, "'values' is NULL");
    if (capacity < list->n)
        return mlsd__fail(MLSD_E_BUFFER, "'%s' has %lld values, there is room for %lld",
                          param->name, (long long)list->n, (long long)capacity);
    memcpy(values, list->values, (size_t)list->n * sizeof *values);
    return MLSD_OK;
}

mlsd_status mlsd_spec_get_str_at(const mlsd_spec *spec, const char *name, int64_t i,
                                 const char **out, int64_t *out_n)
{
    RESOLVE;
    if (param->type != MLSD_PARAM_STR_LIST || mlsd__value_is_null(owner, param))
        return fail_get(owner, param, "a list of texts");
    const mlsd__str_list *list = mlsd__value_at(owner, param);
    if (out_n != NULL) *out_n = list->n;
    if (out == NULL) return MLSD_OK;
    MLSD__REQUIRE(i >= 0 && i < list->n, "'%s' has %lld texts, there is no text %lld", param->name,
                  (long long)list->n, (long long)i);
    *out = list->values[i];
    return MLSD_OK;
}

mlsd_status mlsd_spec_is_null(const mlsd_spec *spec, const char *name, int32_t *out)
{
    RESOLVE;
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = mlsd__value_is_null(owner, param);
    return MLSD_OK;
}

/* Letters, digits, '_', '-', ' ', '(' and ')' : no dot, which separates names. */
static bool is_word(const char *name)
{
    return *name != '\0' && strlen(name) < 64 && strpbrk(name, ".\n\r\t\"\\") == NULL;
}

static mlsd_status place_child(mlsd_spec *spec, int64_t slot, const char *name, mlsd_spec *child)
{
    const mlsd__allocator *a = &spec->allocator;
    char *copy = mlsd__strdup(a, name);
    if (copy == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; !spec->kind->slots[slot].many && i < spec->n_children; i++) {
        mlsd__child *old = &spec->children[i];
        if (old->slot != slot) continue;
        mlsd__free(a, old->name);
        mlsd_spec_free(old->spec);
        *old = (mlsd__child){slot, copy, child};
        return MLSD_OK;
    }
    const mlsd_status status = mlsd__reserve(a, (void **)&spec->children, &spec->capacity,
                                             spec->n_children + 1, sizeof *spec->children);
    if (status != MLSD_OK) {
        mlsd__free(a, copy);
        return status;
    }
    spec->children[spec->n_children++] = (mlsd__child){slot, copy, child};
    return MLSD_OK;
}

mlsd_status mlsd__spec_adopt_child(mlsd_spec *spec, const char *slot_name, const char *name,
                                   mlsd_spec *child)
{
    const mlsd_kind *kind = spec->kind;
    const int64_t slot = mlsd__kind_slot(kind, slot_name);
    mlsd_status status = MLSD_OK;
    if (name == NULL) name = slot >= 0 && !kind->slots[slot].many ? slot_name : child->kind->name;
    const mlsd__child *taken = find_child(spec, name, strlen(name));
    if (slot < 0)
        status = mlsd__fail(MLSD_E_CHILD, "%s has no slot '%.60s'", kind->name, slot_name);
    else if (!family_among(child->kind->family, kind->slots[slot].families))
        status = mlsd__fail(MLSD_E_CHILD, "'%s' of %s takes %s, but '%s' is of family '%s'",
                            slot_name, kind->name, kind->slots[slot].families, child->kind->name,
                            child->kind->family);
    else if (!is_word(name))
        status = mlsd__fail(MLSD_E_CHILD,
                            "'%.60s' cannot be a child's name: it must be 1 to 63 "
                            "bytes without a dot or quote",
                            name);
    else if (taken != NULL && (taken->slot != slot || kind->slots[slot].many))
        status = mlsd__fail(MLSD_E_CHILD, "%s already has a child '%s'; give this one another name",
                            kind->name, name);
    else
        status = place_child(spec, slot, name, child);
    if (status != MLSD_OK) mlsd_spec_free(child);
    return status;
}

mlsd_status mlsd_spec_add(mlsd_spec *spec, const char *slot, const char *name,
                          const mlsd_spec *child)
{
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(slot != NULL, "'slot' is NULL");
    MLSD__REQUIRE_LIVE(child, MLSD__MAGIC_SPEC, "spec");
    mlsd_spec *copy = NULL;
    MLSD__TRY(mlsd_spec_clone(child, &copy));
    return mlsd__spec_adopt_child(spec, slot, name, copy);
}

int64_t mlsd_spec_child_count(const mlsd_spec *spec)
{
    return MLSD__IS_LIVE(spec, MLSD__MAGIC_SPEC) ? spec->n_children : 0;
}

static const mlsd__child *child_at(const mlsd_spec *spec, int64_t i)
{
    if (!MLSD__IS_LIVE(spec, MLSD__MAGIC_SPEC) || i < 0 || i >= spec->n_children) return NULL;
    return &spec->children[i];
}

const mlsd_spec *mlsd_spec_child_at(const mlsd_spec *spec, int64_t i)
{
    const mlsd__child *child = child_at(spec, i);
    return child != NULL ? child->spec : NULL;
}

const char *mlsd_spec_child_name(const mlsd_spec *spec, int64_t i)
{
    const mlsd__child *child = child_at(spec, i);
    return child != NULL ? child->name : NULL;
}

const char *mlsd_spec_child_slot(const mlsd_spec *spec, int64_t i)
{
    const mlsd__child *child = child_at(spec, i);
    return child != NULL ? spec->kind->slots[child->slot].name : NULL;
}

static const mlsd__child *slot_at(const mlsd_spec *spec, const char *slot_name, int64_t i)
{
    const int64_t slot = mlsd__kind_slot(spec->kind, slot_name);
    for (int64_t k = 0; k < spec->n_children; k++) {
        if (spec->children[k].slot == slot && i-- == 0) return &spec->children[k];
    }
    return NULL;
}

const mlsd_spec *mlsd__spec_slot_at(const mlsd_spec *spec, const char *slot, int64_t i)
{
    const mlsd__child *child = slot_at(spec, slot, i);
    return child != NULL ? child->spec : NULL;
}

const mlsd_spec *mlsd__spec_slot_child(const mlsd_spec *spec, const char *slot)
{
    return mlsd__spec_slot_at(spec, slot, 0);
}

const char *mlsd__spec_slot_name_at(const mlsd_spec *spec, const char *slot, int64_t i)
{
    const mlsd__child *child = slot_at(spec, slot, i);
    return child != NULL ? child->name : NULL;
}

bool mlsd__spec_equals(const mlsd_spec *a, const mlsd_spec *b)
{
    if (a == b) return true;
    if (a->kind != b->kind || a->n_children != b->n_children) return false;
    for (int64_t i = 0; i < a->kind->n_params; i++) {
        if (!mlsd__value_equals(a, b, &a->kind->params[i])) return false;
    }
    for (int64_t i = 0; i < a->n_children; i++) {
        const mlsd__child *const x = &a->children[i], *const y = &b->children[i];
        if (x->slot != y->slot || strcmp(x->name, y->name) != 0) return false;
        if (!mlsd__spec_equals(x->spec, y->spec)) return false;
    }
    return true;
}
