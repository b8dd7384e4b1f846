/* policy_file.c - policies in files, in the container of base/file.h. What is read is checked, so
 * that a policy from a file is as sound as any other. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "slice/mitigation/policy_impl.h"

enum { FORMAT = 1 };

static void put_map(mlsd__writer *w, const mlsd__group_map *m)
{
    mlsd__put_i64(w, m->n_columns);
    for (int64_t j = 0; j < m->n_columns; j++) {
        const mlsd__group_column *const c = &m->columns[j];
        mlsd__put_str(w, c->name);
        mlsd__put_i64(w, c->n_levels);
        for (int64_t k = 0; k < c->n_levels; k++) {
            mlsd__put_str(w, c->labels[k]);
            mlsd__put_i64(w, c->levels[k].kind);
            mlsd__put_f64(w, c->levels[k].above);
            mlsd__put_f64(w, c->levels[k].at_most);
        }
    }
    mlsd__put_i64(w, m->n_groups);
    for (int64_t g = 0; g < m->n_groups; g++) {
        mlsd__put_str(w, m->labels[g]);
        mlsd__put_i64(w, m->codes[g]);
    }
}

static void put_group(mlsd__writer *w, const mlsd__policy_group *g)
{
    const double is[] = {g->n, g->positives, g->selection_rate, g->tpr, g->fpr, g->accuracy};
    for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) mlsd__put_f64(w, is[i]);
    mlsd__put_i64(w, g->bound);
    mlsd__put_i64(w, g->n_rules);
    for (int64_t k = 0; k < g->n_rules; k++) {
        mlsd__put_f64(w, g->rules[k].chance);
        mlsd__put_f64(w, g->rules[k].threshold);
    }
}

static void put_policy(mlsd__writer *w, const mlsd_policy *p)
{
    mlsd__put_u32(w, FORMAT);
    mlsd__put_str(w, p->id);
    mlsd__put_str(w, p->constraint);
    mlsd__put_str(w, p->objective);
    mlsd__put_i64(w, p->seed);
    mlsd__put_f64(w, p->value);
    mlsd__put_f64(w, p->unconstrained);
    mlsd__put_f64(w, p->gap);
    mlsd__put_f64(w, p->tolerance);
    put_map(w, &p->map);
    for (int64_t g = 0; g < p->map.n_groups; g++) put_group(w, &p->groups[g]);
}

/* The whole file; the caller's to free. */
static mlsd_status write_policy(const mlsd_policy *policy, mlsd__writer *out)
{
    mlsd__writer payload;
    mlsd__writer_init(&payload, &policy->allocator);
    mlsd__writer_init(out, &policy->allocator);
    put_policy(&payload, policy);
    mlsd_status status = payload.status;
    if (status == MLSD_OK) status = mlsd__container_wrap(&payload, MLSD__FILE_POLICY, out);
    mlsd__writer_free(&payload);
    if (status != MLSD_OK) mlsd__writer_free(out);
    return status;
}

mlsd_status mlsd_policy_save(const mlsd_policy *policy, const char *path)
{
    mlsd__writer file;
    MLSD__REQUIRE_LIVE(policy, MLSD__MAGIC_POLICY, "policy");
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    MLSD__TRY(write_policy(policy, &file));
    const mlsd_status status =
        mlsd__file_write(&policy->allocator, path, file.data, (size_t)file.size);
    mlsd__writer_free(&file);
    return status;
}

mlsd_status mlsd_policy_to_bytes(const mlsd_policy *policy, void *buf, size_t capacity,
                                 size_t *out_size)
{
    mlsd__writer file;
    MLSD__REQUIRE(out_size != NULL, "the place for the size is NULL");
    *out_size = 0;
    MLSD__REQUIRE_LIVE(policy, MLSD__MAGIC_POLICY, "policy");
    MLSD__TRY(write_policy(policy, &file));
    *out_size = (size_t)file.size;
    mlsd_status status = MLSD_OK;
    if (buf != NULL && capacity >= *out_size) {
        memcpy(buf, file.data, *out_size);
    } else if (buf != NULL || capacity != 0) {
        status = mlsd__fail(MLSD_E_BUFFER, "the policy has %zu bytes, the buffer has room for %zu",
                            *out_size, buf != NULL ? capacity : (size_t)0);
    }
    mlsd__writer_free(&file);
    return status;
}

/* ---- reading ---- */

static mlsd_status damaged(const char *what)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the policy is damaged: %s", what);
}

/* A count of things that take at least a byte each. */
static int64_t take_n(mlsd__reader *r)
{
    return mlsd__take_count(r, (int64_t)(r->size - r->position));
}

/* A text that a result may show; NULL where none was put, and where it is none. */
static char *take_text(mlsd__reader *r)
{
    size_t bad;
    char *const text = mlsd__take_str(r);
    if (text == NULL || mlsd__utf8_valid(text, strlen(text), &bad)) return text;
    mlsd__free(r->allocator, text);
    if (r->status == MLSD_OK) r->status = damaged("a text is not valid UTF-8");
    return NULL;
}

/* Levels are found by halving: numbers ascend, and a missing one is the last. */
static bool are_in_order(const mlsd__group_column *c)
{
    for (int64_t k = 0; k < c->n_levels; k++) {
        const mlsd__level *const is = &c->levels[k];
        if (is->kind == MLSD__LEVEL_MISSING && k + 1 < c->n_levels) return false;
        if (is->kind == MLSD__LEVEL_CATEGORY || is->kind == MLSD__LEVEL_MISSING) continue;
        if (isnan(is->at_most) || (k > 0 && !(is->at_most > c->levels[k - 1].at_most)))
            return false;
    }
    return true;
}

static mlsd_status take_column(mlsd__reader *r, mlsd__group_column *c)
{
    const mlsd__allocator *const a = r->allocator;
    c->name = take_text(r);
    const int64_t n = take_n(r);
    MLSD__TRY(r->status);
    if (c->name == NULL || n == 0) return damaged("a column without name or levels");
    c->labels = mlsd__alloc(a, n, sizeof *c->labels);
    if (c->labels == NULL) return MLSD_E_NOMEM;
    c->n_levels = n;
    c->levels = mlsd__alloc(a, n, sizeof *c->levels);
    if (c->levels == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < n; k++) {
        c->labels[k] = take_text(r);
        const int64_t kind = mlsd__take_count(r, MLSD__LEVEL_MISSING);
        c->levels[k].kind = (mlsd__level_kind)kind;
        c->levels[k].above = mlsd__take_f64(r);
        c->levels[k].at_most = mlsd__take_f64(r);
        MLSD__TRY(r->status);
        if (c->labels[k] == NULL) return damaged("a level without label");
    }
    return are_in_order(c) ? MLSD_OK : damaged("levels out of order");
}

static mlsd_status take_map(mlsd__reader *r, mlsd__group_map *m)
{
    const mlsd__allocator *const a = r->allocator;
    const int64_t n_columns = take_n(r);
    MLSD__TRY(r->status);
    m->columns = mlsd__alloc(a, n_columns, sizeof *m->columns);
    if (m->columns == NULL) return MLSD_E_NOMEM;
    int64_t n_codes = 1;
    while (m->n_columns < n_columns) {
        mlsd__group_column *const c = &m->columns[m->n_columns++];
        MLSD__TRY(take_column(r, c));
        MLSD__TRY(mlsd__mul_size(n_codes, c->n_levels, &n_codes));
    }
    const int64_t n_groups = take_n(r);
    MLSD__TRY(r->status);
    if (n_groups == 0) return damaged("no groups");
    m->labels = mlsd__alloc(a, n_groups, sizeof *m->labels);
    if (m->labels == NULL) return MLSD_E_NOMEM;
    m->n_groups = n_groups;
    m->codes = mlsd__alloc(a, n_groups, sizeof *m->codes);
    if (m->codes == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < n_groups; g++) {
        m->labels[g] = take_text(r);
        m->codes[g] = mlsd__take_i64(r);
        MLSD__TRY(r->status);
        if (m->labels[g] == NULL) return damaged("a group without label");
        if (m->codes[g] < 0 || m->codes[g] >= n_codes || (g > 0 && m->codes[g] <= m->codes[g - 1]))
            return damaged("groups out of order");
    }
    return MLSD_OK;
}

static mlsd_status take_group(mlsd__reader *r, mlsd__policy_group *g)
{
    double *const is[] = {&g->n, &g->positives, &g->selection_rate, &g->tpr, &g->fpr, &g->accuracy};
    double sum = 0;
    for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) *is[i] = mlsd__take_f64(r);
    g->bound = mlsd__take_count(r, 1);
    g->n_rules = mlsd__take_count(r, MLSD__MOST_RULES);
    for (int64_t k = 0; k < g->n_rules; k++) {
        g->rules[k].chance = mlsd__take_f64(r);
        g->rules[k].threshold = mlsd__take_f64(r);
        if (!(g->rules[k].chance > 0) || isnan(g->rules[k].threshold)) sum = NAN;
        sum += g->rules[k].chance;
    }
    MLSD__TRY(r->status);
    static const double rounding = 1e-9;
    return fabs(sum - 1) <= rounding ? MLSD_OK : damaged("chances do not sum to 1");
}

static mlsd_status take_policy(mlsd__reader *r, mlsd_policy *p)
{
    const uint32_t format = mlsd__take_u32(r);
    MLSD__TRY(r->status);
    if (format > FORMAT) return mlsd__fail(MLSD_E_VERSION, "the policy is of a newer mlsd");
    p->id = take_text(r);
    p->constraint = take_text(r);
    p->objective = take_text(r);
    p->seed = mlsd__take_i64(r);
    p->value = mlsd__take_f64(r);
    p->unconstrained = mlsd__take_f64(r);
    p->gap = mlsd__take_f64(r);
    p->tolerance = mlsd__take_f64(r);
    MLSD__TRY(r->status);
    if (p->constraint == NULL || p->objective == NULL) return damaged("no constraint");
    MLSD__TRY(take_map(r, &p->map));
    p->groups = mlsd__alloc(r->allocator, p->map.n_groups, sizeof *p->groups);
    if (p->groups == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < p->map.n_groups; g++) MLSD__TRY(take_group(r, &p->groups[g]));
    return r->position == r->size ? MLSD_OK : damaged("there are bytes too many");
}

mlsd_status mlsd_policy_from_bytes(const mlsd_context *context, const void *bytes, size_t size,
                                   mlsd_policy **out)
{
    const unsigned char *payload = NULL;
    size_t payload_size = 0;
    mlsd_policy *p = NULL;
    mlsd__reader r;
    MLSD__REQUIRE(out != NULL, "the place for the policy is NULL");
    *out = NULL;
    MLSD__REQUIRE(bytes != NULL || size == 0, "the bytes are NULL");
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__TRY(mlsd__container_unwrap(bytes, size, MLSD__FILE_POLICY, &payload, &payload_size));
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    MLSD__TRY(mlsd__policy_new(a, &p));
    mlsd__reader_init(&r, a, payload, payload_size);
    const mlsd_status status = take_policy(&r, p);
    if (status == MLSD_OK) {
        *out = p;
    } else {
        mlsd_policy_free(p);
    }
    return status;
}

mlsd_status mlsd_policy_load(const mlsd_context *context, const char *path, mlsd_policy **out)
{
    mlsd__map map;
    MLSD__REQUIRE(out != NULL, "the place for the policy is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status = mlsd_policy_from_bytes(context, map.data, map.size, out);
    mlsd__map_close(&map);
    if (status == MLSD_OK || status == MLSD_E_NOMEM) return status;
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    const size_t length = strlen(path), shown = length < 200 ? length : 200;
    return mlsd__fail(status, "'%s%s': %s", shown < length ? "..." : "", path + length - shown,
                      message);
}
