/* result.c - numbers, texts, tables and models by name, and a verdict. How they become JSON stands
 * in result_json.c. Entries keep the order in which they were first set; a result that was handed
 * out is never written again, so that reading it needs no lock. */
#include <string.h>

#include "base/handle.h"
#include "data/table_impl.h"
#include "validate/result_impl.h"

static void entry_clear(mlsd__entry *e, const mlsd__allocator *a)
{
    mlsd__free(a, e->text);
    mlsd_table_free(e->table);
    mlsd_model_free(e->model);
    e->text = NULL;
    e->table = NULL;
    e->model = NULL;
}

mlsd_status mlsd__result_new(const mlsd__allocator *a, const char *kind, mlsd_result **out)
{
    *out = NULL;
    const mlsd__allocator copy = a != NULL ? *a : mlsd__libc_allocator;
    mlsd_result *r = mlsd__alloc(&copy, 1, sizeof *r);
    if (r == NULL) return MLSD_E_NOMEM;
    r->magic = MLSD__MAGIC_RESULT;
    r->allocator = copy;
    r->kind = mlsd__strdup(&copy, kind);
    if (r->kind == NULL) {
        mlsd_result_free(r);
        return MLSD_E_NOMEM;
    }
    *out = r;
    return MLSD_OK;
}

void mlsd_result_free(mlsd_result *r)
{
    if (!MLSD__IS_LIVE(r, MLSD__MAGIC_RESULT)) return;
    const mlsd__allocator a = r->allocator;
    for (int64_t i = 0; i < r->n_entries; i++) {
        entry_clear(&r->entries[i], &a);
        mlsd__free(&a, r->entries[i].name);
    }
    mlsd__free(&a, r->entries);
    mlsd__free(&a, r->verdict);
    mlsd__free(&a, r->kind);
    r->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, r);
}

/* Models have names of their own: a result may hold the model "chosen" and its name as a text. */
static mlsd__entry *find(const mlsd_result *r, const char *name, bool is_model)
{
    for (int64_t i = 0; i < r->n_entries; i++) {
        mlsd__entry *e = &r->entries[i];
        if ((e->type == MLSD__ENTRY_MODEL) == is_model && strcmp(e->name, name) == 0) return e;
    }
    return NULL;
}

/* The entry of that name, emptied of what it held, or a new one at the end. */
static mlsd_status entry_for(mlsd_result *r, const char *name, mlsd__entry_type type, bool timing,
                             mlsd__entry **out)
{
    *out = NULL;
    const size_t prefix = timing ? sizeof MLSD__TIMINGS_PREFIX - 1 : 0;
    const size_t length = strlen(name);
    char *full = mlsd__alloc(&r->allocator, (int64_t)(prefix + length + 1), 1);
    if (full == NULL) return MLSD_E_NOMEM;
    memcpy(full, MLSD__TIMINGS_PREFIX, prefix);
    memcpy(full + prefix, name, length + 1);

    mlsd__entry *e = find(r, full, type == MLSD__ENTRY_MODEL);
    if (e != NULL) {
        mlsd__free(&r->allocator, full);
        entry_clear(e, &r->allocator);
    } else {
        void *entries = r->entries;
        const mlsd_status status = mlsd__reserve(&r->allocator, &entries, &r->capacity,
                                                 r->n_entries + 1, sizeof *r->entries);
        r->entries = entries;
        if (status != MLSD_OK) {
            mlsd__free(&r->allocator, full);
            return status;
        }
        e = &r->entries[r->n_entries++];
        memset(e, 0, sizeof *e);
        e->name = full;
    }
    e->type = type;
    e->timing = timing;
    *out = e;
    return MLSD_OK;
}

mlsd_status mlsd__result_set_f64(mlsd_result *r, const char *name, double value, bool timing)
{
    mlsd__entry *e;
    MLSD__TRY(entry_for(r, name, MLSD__ENTRY_NUMBER, timing, &e));
    e->number = value;
    return MLSD_OK;
}

mlsd_status mlsd__result_set_metric(mlsd_result *r, const char *metric, const char *what,
                                    double value)
{
    mlsd__text name;
    mlsd__text_init(&name, &r->allocator);
    mlsd__text_format(&name, "%s.%s", metric, what);
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd__result_set_f64(r, name.data, value, false);
    mlsd__text_free(&name);
    return status;
}

mlsd_status mlsd__result_set_str(mlsd_result *r, const char *name, const char *value, bool timing)
{
    char *text = mlsd__strdup(&r->allocator, value);
    if (text == NULL) return MLSD_E_NOMEM;
    mlsd__entry *e;
    const mlsd_status status = entry_for(r, name, MLSD__ENTRY_TEXT, timing, &e);
    if (status != MLSD_OK) {
        mlsd__free(&r->allocator, text);
        return status;
    }
    e->text = text;
    return MLSD_OK;
}

mlsd_status mlsd__result_set_table(mlsd_result *r, const char *name, mlsd_table *table, bool timing)
{
    mlsd__entry *e;
    const mlsd_status status = entry_for(r, name, MLSD__ENTRY_TABLE, timing, &e);
    if (status != MLSD_OK) {
        mlsd_table_free(table);
        return status;
    }
    e->table = table;
    return MLSD_OK;
}

mlsd_status mlsd__result_set_model(mlsd_result *r, const char *name, mlsd_model *model)
{
    mlsd__entry *e;
    const mlsd_status status = entry_for(r, name, MLSD__ENTRY_MODEL, false, &e);
    if (status != MLSD_OK) {
        mlsd_model_free(model);
        return status;
    }
    e->model = model;
    return MLSD_OK;
}

mlsd_status mlsd__result_set_verdict(mlsd_result *r, const char *text)
{
    char *copy = mlsd__strdup(&r->allocator, text);
    if (copy == NULL) return MLSD_E_NOMEM;
    mlsd__free(&r->allocator, r->verdict);
    r->verdict = copy;
    return MLSD_OK;
}

mlsd_status mlsd__result_end_verdict(mlsd_result *r, mlsd__text *t)
{
    mlsd_status status = t->status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, t->data);
    mlsd__text_free(t);
    return status;
}

static mlsd_status absorb_entry(mlsd_result *r, const char *name, const mlsd__entry *e)
{
    if (e->type == MLSD__ENTRY_NUMBER) return mlsd__result_set_f64(r, name, e->number, e->timing);
    if (e->type == MLSD__ENTRY_TEXT) return mlsd__result_set_str(r, name, e->text, e->timing);
    if (e->type != MLSD__ENTRY_TABLE) return MLSD_OK;
    mlsd_table *shared = NULL;
    MLSD__TRY(mlsd__table_share(e->table, &shared));
    return mlsd__result_set_table(r, name, shared, e->timing);
}

mlsd_status mlsd__result_absorb(mlsd_result *r, const char *prefix, const mlsd_result *from)
{
    mlsd__text name;
    mlsd__text_init(&name, &r->allocator);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < from->n_entries && status == MLSD_OK; i++) {
        const mlsd__entry *e = &from->entries[i];
        const char *bare = e->name + (e->timing ? sizeof MLSD__TIMINGS_PREFIX - 1 : 0);
        mlsd__text_free(&name);
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_append(&name, prefix);
        mlsd__text_append(&name, bare);
        status = name.status == MLSD_OK ? absorb_entry(r, name.data, e) : name.status;
    }
    if (status == MLSD_OK && from->verdict != NULL && *prefix == '\0') {
        status = mlsd__result_set_verdict(r, from->verdict);
    } else if (status == MLSD_OK && from->verdict != NULL) {
        mlsd__text_free(&name);
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_append(&name, prefix);
        mlsd__text_append(&name, "verdict");
        status = name.status == MLSD_OK ? mlsd__result_set_str(r, name.data, from->verdict, false)
                                        : name.status;
    }
    mlsd__text_free(&name);
    return status;
}

const char *mlsd__result_kind(const mlsd_result *r)
{
    return r->kind;
}

static const char *name_at(const void *user, int64_t i)
{
    return ((const mlsd_result *)user)->entries[i].name;
}

/* Find what a caller asked for; `noun` is what it should be. */
static mlsd_status look_up(const mlsd_result *r, const char *name, mlsd__entry_type type,
                           const char *noun, const mlsd__entry **out)
{
    static const char *const nouns[] = {"", "number", "text", "table", "model"};
    *out = NULL;
    MLSD__REQUIRE_LIVE(r, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(name != NULL, "the name is NULL");
    const mlsd__entry *e = find(r, name, type == MLSD__ENTRY_MODEL);
    if (e != NULL && e->type == type) {
        *out = e;
        return MLSD_OK;
    }
    if (e == NULL) e = find(r, name, type != MLSD__ENTRY_MODEL);
    if (e != NULL) {
        return mlsd__fail(MLSD_E_PARAM_UNKNOWN, "'%s' of this result is a %s, not a %s", name,
                          nouns[e->type], noun);
    }
    const char *near = mlsd__nearest_name(name, name_at, r, r->n_entries);
    if (near != NULL) {
        return mlsd__fail(MLSD_E_PARAM_UNKNOWN, "no %s '%s' in this %s result; did you mean '%s'?",
                          noun, name, r->kind, near);
    }
    return mlsd__fail(MLSD_E_PARAM_UNKNOWN, "no %s '%s' in this %s result", noun, name, r->kind);
}

mlsd_status mlsd_result_get_f64(const mlsd_result *result, const char *name, double *out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the number is NULL");
    const mlsd__entry *e;
    MLSD__TRY(look_up(result, name, MLSD__ENTRY_NUMBER, "number", &e));
    *out = e->number;
    return MLSD_OK;
}

mlsd_status mlsd_result_get_str(const mlsd_result *result, const char *name, const char **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the text is NULL");
    *out = NULL;
    const mlsd__entry *e;
    MLSD__TRY(look_up(result, name, MLSD__ENTRY_TEXT, "text", &e));
    *out = e->text;
    return MLSD_OK;
}

const mlsd_table *mlsd_result_get_table(const mlsd_result *result, const char *name)
{
    const mlsd__entry *e;
    return look_up(result, name, MLSD__ENTRY_TABLE, "table", &e) == MLSD_OK ? e->table : NULL;
}

const mlsd_model *mlsd_result_get_model(const mlsd_result *result, const char *name)
{
    const mlsd__entry *e;
    return look_up(result, name, MLSD__ENTRY_MODEL, "model", &e) == MLSD_OK ? e->model : NULL;
}

int64_t mlsd_result_count(const mlsd_result *result)
{
    return MLSD__IS_LIVE(result, MLSD__MAGIC_RESULT) ? result->n_entries : 0;
}

const char *mlsd_result_name(const mlsd_result *result, int64_t i)
{
    if (i < 0 || i >= mlsd_result_count(result)) return NULL;
    return result->entries[i].name;
}

const char *mlsd_result_verdict(const mlsd_result *result)
{
    if (!MLSD__IS_LIVE(result, MLSD__MAGIC_RESULT) || result->verdict == NULL) return "";
    return result->verdict;
}
