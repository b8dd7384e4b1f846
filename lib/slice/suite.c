/* suite.c - the handle of a suite: loading, ending, looking at its sets. */
#include "mlsd/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "slice/suite_impl.h"

void *mlsd__suite_alloc(mlsd_suite *s, int64_t n, size_t size)
{
    void *blocks = s->blocks;
    if (mlsd__reserve(&s->allocator, &blocks, &s->blocks_capacity, s->n_blocks + 1,
                      sizeof *s->blocks) != MLSD_OK)
        return NULL;
    s->blocks = blocks;
    void *const block = mlsd__alloc(&s->allocator, n, size);
    if (block != NULL) s->blocks[s->n_blocks++] = block;
    return block;
}

const char *mlsd__suite_text(mlsd_suite *s, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *const copy = mlsd__suite_alloc(s, (int64_t)size, 1);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

mlsd_status mlsd__suite_fail(const char *path, int64_t line, mlsd_status status, const char *format,
                             ...)
{
    char message[MLSD__ERROR_CAPACITY];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (line <= 0) return mlsd__fail(status, "%.200s: %s", path, message);
    return mlsd__fail(status, "%.200s:%lld: %s", path, (long long)line, message);
}

mlsd_status mlsd__suite_refail(const char *path, int64_t line, mlsd_status status)
{
    char message[MLSD__ERROR_CAPACITY];
    if (status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
    mlsd__error_copy(message);
    return mlsd__suite_fail(path, line, status, "%s", message);
}

/* "dir/loans.suite.json" becomes "dir/loans.suite" and the ending. */
static const char *beside(mlsd_suite *s, const char *ending)
{
    size_t length = strlen(s->path);
    if (length > 5 && strcmp(s->path + length - 5, ".json") == 0) length -= 5;
    char *const out = mlsd__suite_alloc(s, (int64_t)(length + strlen(ending) + 1), 1);
    if (out == NULL) return NULL;
    memcpy(out, s->path, length);
    memcpy(out + length, ending, strlen(ending) + 1);
    return out;
}

static mlsd_status fill(const mlsd_context *context, mlsd_suite *s, const char *path,
                        const char *text, size_t size)
{
    s->path = mlsd__suite_text(s, path);
    if (s->path == NULL) return MLSD_E_NOMEM;
    const char *const slash = strrchr(s->path, '/');
    s->name = slash != NULL ? slash + 1 : s->path;
    s->last_path = beside(s, ".last.csv");
    s->history_path = beside(s, ".history.csv");
    if (s->last_path == NULL || s->history_path == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__suite_read(context, s, text, size));
    return mlsd__suite_recall(context, s);
}

static mlsd_status make(const mlsd_context *context, const char *path, const char *text,
                        size_t size, mlsd_suite **out)
{
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    const mlsd__allocator *const used = a != NULL ? a : &mlsd__libc_allocator;
    mlsd_suite *const s = mlsd__alloc(used, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->magic = MLSD__MAGIC_SUITE;
    s->allocator = *used;
    const mlsd_status status = fill(context, s, path, text, size);
    if (status != MLSD_OK) {
        mlsd_suite_free(s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

mlsd_status mlsd_suite_parse(const mlsd_context *context, const char *text, size_t size,
                             const char *path, mlsd_suite **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(text != NULL || size == 0, "'text' is NULL");
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    return make(context, path, text == NULL ? "" : text, size, out);
}

mlsd_status mlsd_suite_load(const mlsd_context *context, const char *path, mlsd_suite **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    mlsd__map map;
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status = make(context, path, map.data == NULL ? "" : map.data, map.size, out);
    mlsd__map_close(&map);
    return status;
}

void mlsd_suite_free(mlsd_suite *suite)
{
    if (!MLSD__IS_LIVE(suite, MLSD__MAGIC_SUITE)) return;
    const mlsd__allocator a = suite->allocator;
    for (int64_t i = 0; i < suite->n_files; i++) mlsd_table_free(suite->files[i].table);
    for (int64_t i = 0; i < suite->n_rooms; i++) mlsd_spec_free(suite->sets[i].parameters);
    for (int64_t i = 0; i < suite->n_blocks; i++) mlsd__free(&a, suite->blocks[i]);
    mlsd__free(&a, suite->blocks);
    suite->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, suite);
}

static const mlsd__suite_set *set_at(const mlsd_suite *suite, int64_t i)
{
    if (!MLSD__IS_LIVE(suite, MLSD__MAGIC_SUITE) || i < 0 || i >= suite->n_sets) return NULL;
    return &suite->sets[i];
}

int64_t mlsd_suite_count(const mlsd_suite *suite)
{
    return MLSD__IS_LIVE(suite, MLSD__MAGIC_SUITE) ? suite->n_sets : 0;
}

const char *mlsd_suite_set_name(const mlsd_suite *suite, int64_t i)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    return set == NULL ? NULL : set->name;
}

const char *mlsd_suite_set_role(const mlsd_suite *suite, int64_t i)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    return set == NULL ? NULL : set->role->name;
}

int64_t mlsd_suite_set_line(const mlsd_suite *suite, int64_t i)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    return set == NULL ? 0 : set->line;
}

int64_t mlsd_suite_case_count(const mlsd_suite *suite, int64_t i)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    return set == NULL ? 0 : set->n_rows;
}

const char *mlsd_suite_case_file(const mlsd_suite *suite, int64_t i)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    return set == NULL ? NULL : set->file->name;
}

int64_t mlsd_suite_case_line(const mlsd_suite *suite, int64_t i, int64_t number)
{
    const mlsd__suite_set *const set = set_at(suite, i);
    if (set == NULL || number < 0 || number >= set->n_rows) return 0;
    return set->file->lines[set->rows[number]];
}
