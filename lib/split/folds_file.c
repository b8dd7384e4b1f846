/* folds_file.c - folds as bytes: the binary format, in the container of base/file.h, and the choice
 * between formats. The binary format keeps the form in which folds are stored: numbers take the
 * bytes that the largest of them needs, two's complement, little-endian. What can be counted from
 * them (sizes) is not written. Whatever is read is checked against the numbers of rows, splits and
 * parts, so that folds from a file are as sound as any others. */
#include <string.h>

#include "base/handle.h"
#include "split/folds_format.h"
#include "split/folds_lists.h"

/* Of the payload. */
enum { LAYOUT = 1 };

static const int64_t MOST = INT64_C(1) << 53;

/* ---- writing ---- */

/* Numbers of one array, whatever their width in memory. */
typedef struct numbers {
    const int64_t *wide;
    const int32_t *narrow;
    const int8_t *bytes;
    int64_t n;
} numbers;

static int64_t number_at(const numbers *v, int64_t i)
{
    return v->wide != NULL ? v->wide[i] : v->narrow != NULL ? v->narrow[i] : v->bytes[i];
}

static uint32_t width_of(const numbers *v)
{
    int64_t low = 0, high = 0;
    for (int64_t i = 0; i < v->n; i++) {
        const int64_t value = number_at(v, i);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    for (uint32_t width = 1; width < 8; width *= 2) {
        const int64_t limit = INT64_C(1) << (8 * width - 1);
        if (low >= -limit && high < limit) return width;
    }
    return 8;
}

/* Count, width, numbers. */
static void put_numbers(mlsd__writer *w, const numbers *v)
{
    enum { CHUNK = 512 };
    unsigned char bytes[CHUNK * 8];
    const uint32_t width = width_of(v);
    mlsd__put_i64(w, v->n);
    mlsd__put_u32(w, width);
    for (int64_t first = 0; first < v->n && w->status == MLSD_OK; first += CHUNK) {
        const int64_t n = v->n - first < CHUNK ? v->n - first : CHUNK;
        unsigned char *p = bytes;
        for (int64_t i = 0; i < n; i++) {
            const uint64_t value = (uint64_t)number_at(v, first + i);
            for (uint32_t b = 0; b < width; b++) *p++ = (unsigned char)(value >> (8 * b));
        }
        mlsd__put_bytes(w, bytes, (size_t)(p - bytes));
    }
}

static void put_units(mlsd__writer *w, const mlsd_folds *f)
{
    mlsd__put_i64(w, f->n_units);
    mlsd__put_u32(w, f->units != NULL);
    if (f->units != NULL) put_numbers(w, &(numbers){.narrow = f->units, .n = f->n_rows});
}

static mlsd_status put_folds(mlsd__writer *w, const mlsd_folds *f)
{
    const int64_t n_parts = f->n_splits * f->n_parts;
    mlsd__put_u32(w, LAYOUT);
    mlsd__put_u32(w, (uint32_t)f->form);
    mlsd__put_i64(w, f->n_rows);
    mlsd__put_i64(w, f->n_splits);
    mlsd__put_i64(w, f->n_parts);
    switch (f->form) {
    case MLSD__FOLDS_IDS:
        mlsd__put_i64(w, f->n_ids);
        put_numbers(w, &(numbers){.narrow = f->ids, .n = f->n_splits / f->n_ids * f->n_rows});
        break;
    case MLSD__FOLDS_RANGES:
        put_numbers(w, &(numbers){.wide = f->ranges, .n = 2 * n_parts});
        break;
    case MLSD__FOLDS_ROWS:
        put_numbers(w, &(numbers){.wide = f->offsets, .n = n_parts + 1});
        put_numbers(w, &(numbers){.wide = f->rows32 == NULL ? f->rows : NULL,
                                  .narrow = f->rows32,
                                  .n = f->offsets[n_parts]});
        break;
    case MLSD__FOLDS_MARKS:
        put_units(w, f);
        put_numbers(w, &(numbers){.bytes = f->marks, .n = f->n_splits * f->n_units});
        break;
    case MLSD__FOLDS_COMBINATIONS:
        put_units(w, f);
        mlsd__put_i64(w, f->p);
        break;
    default:
        return mlsd__fail(MLSD_E_INTERNAL, "folds of the form %d have no place in a file",
                          (int)f->form);
    }
    return w->status;
}

static mlsd_status write_binary(const mlsd__allocator *a, const mlsd_folds *f, mlsd__writer *out)
{
    mlsd__writer payload;
    mlsd__writer_init(&payload, a);
    mlsd__writer_init(out, a);
    mlsd_status status = put_folds(&payload, f);
    if (status == MLSD_OK) status = mlsd__container_wrap(&payload, MLSD__FILE_FOLDS, out);
    mlsd__writer_free(&payload);
    if (status != MLSD_OK) mlsd__writer_free(out);
    return status;
}

/* ---- reading ---- */

static mlsd_status fail_damaged(const char *what, int64_t value)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the folds are damaged: %s %lld cannot be", what,
                      (long long)value);
}

static int64_t load_number(const unsigned char *p, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t b = 0; b < width; b++) value |= (uint64_t)p[b] << (8 * b);
    const uint64_t sign = UINT64_C(1) << (8 * width - 1);
    return (int64_t)((value ^ sign) - sign);
}

/* Where an array of the wanted length stands, each number in [low, high]. */
static mlsd_status take_numbers(mlsd__reader *r, const char *what, int64_t n, int64_t low,
                                int64_t high, uint32_t *width, const unsigned char **bytes)
{
    const int64_t n_stated = mlsd__take_i64(r);
    *width = mlsd__take_u32(r);
    MLSD__TRY(r->status);
    if (*width != 1 && *width != 2 && *width != 4 && *width != 8)
        return fail_damaged("a number's width", *width);
    if (n_stated != n || n < 0 || (uint64_t)n > (r->size - r->position) / *width)
        return fail_damaged(what, n_stated);
    *bytes = r->data + r->position;
    r->position += (size_t)n * *width;
    for (int64_t i = 0; i < n; i++) {
        const int64_t value = load_number(*bytes + (size_t)i * *width, *width);
        if (value < low || value > high) return fail_damaged(what, value);
    }
    return MLSD_OK;
}

static mlsd_status take_i64s(mlsd__reader *r, const char *what, int64_t n, int64_t low,
                             int64_t high, int64_t **out)
{
    uint32_t width = 0;
    const unsigned char *bytes = NULL;
    MLSD__TRY(take_numbers(r, what, n, low, high, &width, &bytes));
    *out = mlsd__alloc_raw(r->allocator, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) (*out)[i] = load_number(bytes + (size_t)i * width, width);
    return MLSD_OK;
}

static mlsd_status take_i32s(mlsd__reader *r, const char *what, int64_t n, int64_t low,
                             int64_t high, int32_t *out, int32_t **made)
{
    uint32_t width = 0;
    const unsigned char *bytes = NULL;
    MLSD__TRY(take_numbers(r, what, n, low, high, &width, &bytes));
    if (out == NULL) out = *made = mlsd__alloc_raw(r->allocator, n, sizeof **made);
    if (out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) out[i] = (int32_t)load_number(bytes + (size_t)i * width, width);
    return MLSD_OK;
}

/* The array follows, so the numbers of rows and folds are held against what is left of the file
 * before memory is asked for. */
static mlsd_status check_left(const mlsd__reader *r, int64_t n)
{
    return (uint64_t)n <= r->size - r->position ? MLSD_OK : fail_damaged("a length", n);
}

static mlsd_status take_ids(mlsd__reader *r, mlsd_folds *f, int64_t n_splits)
{
    int64_t n = 0;
    const int64_t n_ids = mlsd__take_i64(r);
    MLSD__TRY(r->status);
    if (f->n_parts != 2) return fail_damaged("the number of parts", f->n_parts);
    if (n_ids < 1 || n_ids > f->n_rows || n_ids > INT32_MAX || n_splits % n_ids != 0)
        return fail_damaged("the number of folds", n_ids);
    MLSD__TRY(mlsd__mul_size(f->n_rows, n_splits / n_ids, &n));
    MLSD__TRY(check_left(r, n));
    MLSD__TRY(mlsd__folds_make_ids(f, n_ids, n_splits / n_ids));
    MLSD__TRY(take_i32s(r, "a fold", n, -1, n_ids - 1, f->ids, NULL));
    for (int64_t repeat = 0; repeat < n_splits / n_ids; repeat++) {
        const int32_t *const ids = f->ids + repeat * f->n_rows;
        int64_t *const sizes = f->sizes + repeat * n_ids;
        for (int64_t i = 0; i < f->n_rows; i++) {
            if (ids[i] >= 0) sizes[ids[i]]++;
        }
    }
    return MLSD_OK;
}

static mlsd_status take_ranges(mlsd__reader *r, mlsd_folds *f, int64_t n_splits)
{
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(n_splits, f->n_parts, &n));
    if (n > MOST) return fail_damaged("the number of splits", n_splits);
    f->n_splits = n_splits;
    MLSD__TRY(take_i64s(r, "a range", 2 * n, 0, f->n_rows, &f->ranges));
    for (int64_t k = 0; k < n; k++) {
        if (f->ranges[2 * k] > f->ranges[2 * k + 1])
            return fail_damaged("the end of a range", f->ranges[2 * k + 1]);
    }
    return MLSD_OK;
}

static mlsd_status take_rows(mlsd__reader *r, mlsd_folds *f, int64_t n_splits)
{
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(n_splits, f->n_parts, &n));
    f->n_splits = n_splits;
    MLSD__TRY(take_i64s(r, "an offset", n + 1, 0, MOST, &f->offsets));
    for (int64_t k = 0; k < n; k++) {
        if (f->offsets[0] != 0 || f->offsets[k] > f->offsets[k + 1])
            return fail_damaged("an offset", f->offsets[k + 1]);
    }
    if (f->n_rows <= INT32_MAX)
        return take_i32s(r, "a row", f->offsets[n], 0, f->n_rows - 1, NULL, &f->rows32);
    return take_i64s(r, "a row", f->offsets[n], 0, f->n_rows - 1, &f->rows);
}

/* *out is the caller's, NULL where each row is a unit. */
static mlsd_status take_units(mlsd__reader *r, const mlsd_folds *f, int64_t *n_units, int32_t **out)
{
    *n_units = mlsd__take_i64(r);
    const uint32_t has_units = mlsd__take_u32(r);
    MLSD__TRY(r->status);
    if (has_units > 1 || *n_units < 1 || *n_units > f->n_rows ||
        (has_units == 0 && *n_units != f->n_rows) || (has_units == 1 && *n_units > INT32_MAX))
        return fail_damaged("the number of groups", *n_units);
    if (has_units == 0) return MLSD_OK;
    return take_i32s(r, "a group", f->n_rows, 0, *n_units - 1, NULL, out);
}

static mlsd_status take_marks(mlsd__reader *r, mlsd_folds *f, int64_t n_splits)
{
    int64_t n_units = 0, n = 0;
    int32_t *units = NULL;
    uint32_t width = 0;
    const unsigned char *bytes = NULL;
    if (f->n_parts > INT8_MAX) return fail_damaged("the number of parts", f->n_parts);
    mlsd_status status = take_units(r, f, &n_units, &units);
    if (status == MLSD_OK) status = mlsd__mul_size(n_units, n_splits, &n);
    if (status == MLSD_OK) status = check_left(r, n);
    if (status == MLSD_OK)
        status = take_numbers(r, "a part", n, -1, f->n_parts - 1, &width, &bytes);
    if (status == MLSD_OK) status = mlsd__folds_make_marks(f, units, n_units, n_splits, f->n_parts);
    mlsd__free(r->allocator, units);
    MLSD__TRY(status);
    for (int64_t i = 0; i < n; i++)
        f->marks[i] = (int8_t)load_number(bytes + (size_t)i * width, width);
    mlsd__folds_count_marks(f);
    return MLSD_OK;
}

static mlsd_status take_combinations(mlsd__reader *r, mlsd_folds *f, int64_t n_splits)
{
    int64_t n_units = 0;
    int32_t *units = NULL;
    mlsd_status status = take_units(r, f, &n_units, &units);
    const int64_t p = mlsd__take_i64(r);
    if (status == MLSD_OK) status = r->status;
    if (status == MLSD_OK && f->n_parts != 2)
        status = fail_damaged("the number of parts", f->n_parts);
    if (status == MLSD_OK && (p < 1 || p > n_units))
        status = fail_damaged("the number of rows left out", p);
    if (status == MLSD_OK) status = mlsd__folds_make_combinations(f, units, n_units, p, "units");
    mlsd__free(r->allocator, units);
    MLSD__TRY(status);
    return f->n_splits == n_splits ? MLSD_OK : fail_damaged("the number of splits", n_splits);
}

static mlsd_status take_folds(mlsd__reader *r, mlsd_folds *f, uint32_t form)
{
    static mlsd_status (*const takers[])(mlsd__reader *, mlsd_folds *, int64_t) = {
        [MLSD__FOLDS_IDS] = take_ids,
        [MLSD__FOLDS_RANGES] = take_ranges,
        [MLSD__FOLDS_ROWS] = take_rows,
        [MLSD__FOLDS_MARKS] = take_marks,
        [MLSD__FOLDS_COMBINATIONS] = take_combinations,
    };
    const int64_t n_splits = mlsd__take_i64(r);
    f->n_parts = mlsd__take_i64(r);
    MLSD__TRY(r->status);
    if (n_splits < 1 || n_splits > MOST) return fail_damaged("the number of splits", n_splits);
    if (f->n_parts < 2 || f->n_parts > MOST) return fail_damaged("the number of parts", f->n_parts);
    if (form < MLSD__FOLDS_IDS || form > MLSD__FOLDS_COMBINATIONS)
        return fail_damaged("the form", form);
    f->form = (mlsd__folds_form)form;
    MLSD__TRY(takers[form](r, f, n_splits));
    if (r->position != r->size)
        return mlsd__fail(MLSD_E_CORRUPT, "the folds are damaged: %zu bytes too many",
                          r->size - r->position);
    return MLSD_OK;
}

static mlsd_status read_binary(const mlsd_context *context, const void *bytes, size_t size,
                               mlsd_folds **out)
{
    const unsigned char *payload = NULL;
    size_t payload_size = 0;
    MLSD__TRY(mlsd__container_unwrap(bytes, size, MLSD__FILE_FOLDS, &payload, &payload_size));
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    mlsd__reader r;
    mlsd__reader_init(&r, a, payload, payload_size);
    const uint32_t layout = mlsd__take_u32(&r), form = mlsd__take_u32(&r);
    const int64_t n_rows = mlsd__take_i64(&r);
    MLSD__TRY(r.status);
    if (layout > LAYOUT)
        return mlsd__fail(MLSD_E_VERSION,
                          "the folds are of layout %lu, this library reads layouts up to %d: use a "
                          "newer mlsd",
                          (unsigned long)layout, LAYOUT);
    if (layout == 0) return fail_damaged("the layout", 0);
    if (n_rows < 1 || n_rows > MOST) return fail_damaged("the number of rows", n_rows);
    mlsd_folds *f = NULL;
    mlsd_status status = mlsd__folds_new(a, n_rows, &f);
    if (status == MLSD_OK) status = take_folds(&r, f, form);
    if (status == MLSD_OK) {
        *out = f;
        f = NULL;
    }
    mlsd_folds_free(f);
    return status;
}

/* ---- formats ---- */

typedef int32_t format;
enum { BINARY, TEXT, CSV, N_FORMATS };
static const char *const format_names[N_FORMATS] = {"binary", "text", "csv"};

static bool ends_with(const char *path, const char *ending)
{
    const size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static mlsd_status choose_format(const char *name, const char *path, format *out)
{
    if (name == NULL) {
        *out = ends_with(path, ".csv") ? CSV : ends_with(path, ".txt") ? TEXT : BINARY;
        return MLSD_OK;
    }
    for (*out = 0; *out < N_FORMATS; (*out)++) {
        if (strcmp(format_names[*out], name) == 0) return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_ARG, "folds have no format '%s'; there are binary, text and csv",
                      name);
}

static mlsd_status save_text(mlsd__scope *scope, const mlsd_folds *f, format wanted,
                             const char *path)
{
    mlsd__text t;
    mlsd__text_init(&t, scope->allocator);
    mlsd_status status =
        wanted == CSV ? mlsd__folds_write_csv(scope, f, &t) : mlsd__folds_write_text(scope, f, &t);
    if (status == MLSD_OK) status = t.status;
    if (status == MLSD_OK)
        status = mlsd__file_write(scope->allocator, path, t.data, (size_t)t.length);
    mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd_folds_save(const mlsd_context *context, const mlsd_folds *folds, const char *path,
                            const char *format_name)
{
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    format wanted = BINARY;
    MLSD__TRY(choose_format(format_name, path, &wanted));
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = MLSD_OK;
    if (wanted == BINARY) {
        mlsd__writer file;
        status = write_binary(scope.allocator, folds, &file);
        if (status == MLSD_OK)
            status = mlsd__file_write(scope.allocator, path, file.data, (size_t)file.size);
        mlsd__writer_free(&file);
    } else {
        status = save_text(&scope, folds, wanted, path);
    }
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_folds_to_bytes(const mlsd_folds *folds, void *buf, size_t capacity,
                                size_t *out_size)
{
    MLSD__REQUIRE(out_size != NULL, "'out_size' is NULL");
    *out_size = 0;
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    mlsd__writer file;
    MLSD__TRY(write_binary(&folds->allocator, folds, &file));
    mlsd_status status = MLSD_OK;
    *out_size = (size_t)file.size;
    if (buf != NULL || capacity != 0) {
        if (buf == NULL || capacity < *out_size)
            status =
                mlsd__fail(MLSD_E_BUFFER, "the folds have %zu bytes, the buffer has room for %zu",
                           *out_size, buf != NULL ? capacity : (size_t)0);
        else
            memcpy(buf, file.data, *out_size);
    }
    mlsd__writer_free(&file);
    return status;
}

mlsd_status mlsd_folds_from_bytes(const mlsd_context *context, const void *bytes, size_t size,
                                  mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE(bytes != NULL || size == 0, "'bytes' is NULL");
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    if (size == 0) return mlsd__fail(MLSD_E_PARSE, "there are no folds: no byte at all");
    if (mlsd__folds_is_text(bytes, size)) return mlsd__folds_read_text(context, bytes, size, out);
    if (size >= 5 && memcmp(bytes, "MLSD\r", 5) == 0) return read_binary(context, bytes, size, out);
    return mlsd__folds_read_csv(context, bytes, size, out);
}

mlsd_status mlsd_folds_load(const mlsd_context *context, const char *path, mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    mlsd__map map;
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status = mlsd_folds_from_bytes(context, map.data, map.size, out);
    mlsd__map_close(&map);
    if (status == MLSD_OK || status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
    /* What is wrong was found in bytes; whose they are is known only here. */
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    const size_t length = strlen(path), shown = length < 200 ? length : 200;
    return mlsd__fail(status, "'%s%s': %s", shown < length ? "..." : "", path + length - shown,
                      message);
}
