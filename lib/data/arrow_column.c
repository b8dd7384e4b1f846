/* arrow_column.c - one Arrow column as a column of a table: the formats that are understood, where
 * their values stand in the buffers, and what becomes of nulls. Whole numbers without nulls become
 * I64, other numbers F64 with NaN for null, texts categories. Record batches, streams and who
 * releases what are in arrow_import.c. Buffers are read through memcpy, as producers need not align
 * them. Source: the Arrow columnar format, "Physical memory layout", and the C data interface,
 * "Format strings". */
#include "data/arrow_column.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

/* Rows that are converted between two looks at the cancel flag. */
enum { CHUNK_ROWS = 1 << 16 };

/* A text shorter than this stands inside its 16-byte view. */
enum { VIEW_BYTES = 16, VIEW_INLINE_BYTES = 12 };

typedef int32_t form;
enum { NUMBER = 1, TEXT, NOTHING };

/* Elements first .. first + n - 1 of a buffer, converted. */
typedef void (*to_f64_fn)(const void *values, int64_t first, int64_t n, double *out);
typedef void (*to_i64_fn)(const void *values, int64_t first, int64_t n, int64_t *out);
/* The bytes of text i; false when the offsets make no sense. */
typedef bool (*text_fn)(const struct ArrowArray *array, int64_t i, const char **text, size_t *size);

typedef struct arrow_type {
    const char *format; /* a last ':' stands for any ending */
    form form;
    int64_t n_buffers;
    size_t width;  /* of numbers, in bytes; 0 for bits */
    bool is_whole; /* numbers: read by to_i64 where none is null */
    bool is_index; /* may number the entries of a dictionary */
    bool is_f64;   /* these bytes are a table's own */
    bool is_i64;
    bool is_u64; /* may lie beyond int64 */
    to_f64_fn to_f64;
    to_i64_fn to_i64;
    text_fn text;
} arrow_type;

#define DEFINE_TO_F64(suffix, type)                                                        \
    static void suffix##_to_f64(const void *values, int64_t first, int64_t n, double *out) \
    {                                                                                      \
        const char *const bytes = values;                                                  \
        for (int64_t i = 0; i < n; i++) {                                                  \
            type value;                                                                    \
            memcpy(&value, bytes + (first + i) * (int64_t)sizeof value, sizeof value);     \
            out[i] = (double)value;                                                        \
        }                                                                                  \
    }
#define DEFINE_TO_BOTH(suffix, type)                                                        \
    DEFINE_TO_F64(suffix, type)                                                             \
    static void suffix##_to_i64(const void *values, int64_t first, int64_t n, int64_t *out) \
    {                                                                                       \
        const char *const bytes = values;                                                   \
        for (int64_t i = 0; i < n; i++) {                                                   \
            type value;                                                                     \
            memcpy(&value, bytes + (first + i) * (int64_t)sizeof value, sizeof value);      \
            out[i] = (int64_t)value;                                                        \
        }                                                                                   \
    }

DEFINE_TO_BOTH(i8, int8_t)
DEFINE_TO_BOTH(u8, uint8_t)
DEFINE_TO_BOTH(i16, int16_t)
DEFINE_TO_BOTH(u16, uint16_t)
DEFINE_TO_BOTH(i32, int32_t)
DEFINE_TO_BOTH(u32, uint32_t)
DEFINE_TO_BOTH(i64, int64_t)
DEFINE_TO_BOTH(u64, uint64_t)
DEFINE_TO_F64(f32, float)
DEFINE_TO_F64(f64, double)

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_value(uint16_t bits)
{
    const int exponent = (bits >> 10) & 0x1f;
    const int fraction = bits & 0x3ff;
    double magnitude = ldexp(fraction + 1024.0, exponent - 25);
    if (exponent == 0) magnitude = ldexp(fraction, -24);
    if (exponent == 0x1f) magnitude = fraction == 0 ? HUGE_VAL : (double)NAN;
    return bits >> 15 ? -magnitude : magnitude;
}

static void f16_to_f64(const void *values, int64_t first, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, (const char *)values + (first + i) * (int64_t)sizeof bits, sizeof bits);
        out[i] = half_value(bits);
    }
}

/* Bits count from the least significant one of each byte. */
static bool bit_at(const void *bits, int64_t i)
{
    return (((const uint8_t *)bits)[i / 8] >> (i % 8)) & 1;
}

static void bit_to_f64(const void *values, int64_t first, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = bit_at(values, first + i);
}

static void bit_to_i64(const void *values, int64_t first, int64_t n, int64_t *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = bit_at(values, first + i);
}

/* A text lies in a buffer of bytes between two offsets. */
static bool cut_text(const struct ArrowArray *array, int64_t start, int64_t end, const char **text,
                     size_t *size)
{
    const char *const bytes = array->buffers[2];
    if (start < 0 || end < start || (bytes == NULL && end > start)) return false;
    *text = end > start ? bytes + start : "";
    *size = (size_t)(end - start);
    return true;
}

static bool text32(const struct ArrowArray *array, int64_t i, const char **text, size_t *size)
{
    int32_t offsets[2];
    memcpy(offsets, (const char *)array->buffers[1] + i * (int64_t)sizeof *offsets, sizeof offsets);
    return cut_text(array, offsets[0], offsets[1], text, size);
}

static bool text64(const struct ArrowArray *array, int64_t i, const char **text, size_t *size)
{
    int64_t offsets[2];
    memcpy(offsets, (const char *)array->buffers[1] + i * (int64_t)sizeof *offsets, sizeof offsets);
    return cut_text(array, offsets[0], offsets[1], text, size);
}

/* Buffers are: validity, views, any number of byte buffers, and the sizes of those. A view is the
 * length and either the bytes or a prefix, the number of a byte buffer and an offset into it. */
static bool text_view(const struct ArrowArray *array, int64_t i, const char **text, size_t *size)
{
    const char *const view = (const char *)array->buffers[1] + i * VIEW_BYTES;
    int32_t length, buffer, offset;
    memcpy(&length, view, sizeof length);
    if (length < 0) return false;
    *size = (size_t)length;
    *text = view + sizeof length;
    if (length <= VIEW_INLINE_BYTES) return true;

    memcpy(&buffer, view + 8, sizeof buffer);
    memcpy(&offset, view + 12, sizeof offset);
    const int64_t n_byte_buffers = array->n_buffers - 3;
    const void *const sizes = array->buffers[array->n_buffers - 1];
    if (buffer < 0 || buffer >= n_byte_buffers || offset < 0 || sizes == NULL) return false;
    int64_t n_bytes;
    memcpy(&n_bytes, (const char *)sizes + buffer * (int64_t)sizeof n_bytes, sizeof n_bytes);
    const char *const bytes = array->buffers[2 + buffer];
    if (bytes == NULL || (int64_t)offset + length > n_bytes) return false;
    *text = bytes + offset;
    return true;
}

#define WHOLE(format_, width_, suffix, ...)                                                   \
    {                                                                                         \
        .format = format_, .form = NUMBER, .n_buffers = 2, .width = width_, .is_whole = true, \
        .to_f64 = suffix##_to_f64, .to_i64 = suffix##_to_i64, __VA_ARGS__                     \
    }
#define REAL(format_, width_, suffix, is_f64_)                                                 \
    {                                                                                          \
        .format = format_, .form = NUMBER, .n_buffers = 2, .width = width_, .is_f64 = is_f64_, \
        .to_f64 = suffix##_to_f64                                                              \
    }

static const arrow_type types[] = {
    WHOLE("b", 0, bit, .is_index = false),
    WHOLE("c", 1, i8, .is_index = true),
    WHOLE("C", 1, u8, .is_index = true),
    WHOLE("s", 2, i16, .is_index = true),
    WHOLE("S", 2, u16, .is_index = true),
    WHOLE("i", 4, i32, .is_index = true),
    WHOLE("I", 4, u32, .is_index = true),
    WHOLE("l", 8, i64, .is_index = true, .is_i64 = true),
    WHOLE("L", 8, u64, .is_index = true, .is_u64 = true),
    REAL("e", 2, f16, false),
    REAL("f", 4, f32, false),
    REAL("g", 8, f64, true),
    WHOLE("tdD", 4, i32, .is_i64 = false), /* days, milliseconds */
    WHOLE("tdm", 8, i64, .is_i64 = true),
    WHOLE("tts", 4, i32, .is_i64 = false), /* time of the day */
    WHOLE("ttm", 4, i32, .is_i64 = false),
    WHOLE("ttu", 8, i64, .is_i64 = true),
    WHOLE("ttn", 8, i64, .is_i64 = true),
    WHOLE("tss:", 8, i64, .is_i64 = true), /* timestamps, with or without a time zone */
    WHOLE("tsm:", 8, i64, .is_i64 = true),
    WHOLE("tsu:", 8, i64, .is_i64 = true),
    WHOLE("tsn:", 8, i64, .is_i64 = true),
    WHOLE("tDs", 8, i64, .is_i64 = true), /* durations */
    WHOLE("tDm", 8, i64, .is_i64 = true),
    WHOLE("tDu", 8, i64, .is_i64 = true),
    WHOLE("tDn", 8, i64, .is_i64 = true),
    {.format = "u", .form = TEXT, .n_buffers = 3, .text = text32},
    {.format = "U", .form = TEXT, .n_buffers = 3, .text = text64},
    {.format = "vu", .form = TEXT, .n_buffers = 3, .text = text_view},
    {.format = "n", .form = NOTHING, .n_buffers = 0},
};

static const arrow_type *find_type(const char *format)
{
    if (format == NULL) return NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const size_t length = strlen(types[i].format);
        const bool is_prefix = types[i].format[length - 1] == ':';
        if (is_prefix ? strncmp(types[i].format, format, length) == 0
                      : strcmp(types[i].format, format) == 0)
            return &types[i];
    }
    return NULL;
}

bool mlsd__arrow_is_valid(const void *bitmap, int64_t i)
{
    return bitmap == NULL || bit_at(bitmap, i);
}

mlsd_status mlsd__arrow_keeper_new(const mlsd__allocator *a, mlsd__arrow_keeper **out)
{
    *out = mlsd__alloc(a, 1, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    atomic_init(&(*out)->references, 1);
    (*out)->allocator = *a;
    return MLSD_OK;
}

void mlsd__arrow_keeper_release(void *keeper)
{
    mlsd__arrow_keeper *const k = keeper;
    if (k == NULL) return;
    if (atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1) return;
    if (k->array.release != NULL) k->array.release(&k->array);
    const mlsd__allocator a = k->allocator;
    mlsd__free(&a, k);
}

/* One column's conversion. */
typedef struct column_job {
    mlsd__scope *scope;
    const char *name;
    const arrow_type *type;    /* of the values, or of the indices into a dictionary */
    const arrow_type *entries; /* of a dictionary's texts */
    const mlsd__arrow_piece *pieces;
    int64_t n_pieces, n_rows;
    mlsd__arrow_keeper *keeper;
} column_job;

/* The validity bitmap, NULL where no element is null. */
static const void *validity(const struct ArrowArray *array)
{
    return array->null_count != 0 && array->n_buffers > 0 ? array->buffers[0] : NULL;
}

static mlsd_status malformed(const column_job *job, const char *what)
{
    return mlsd__fail(MLSD_E_DATA, "the Arrow column '%s' is malformed: %s", job->name, what);
}

/* Are the buffers there that the type needs for n elements? */
static mlsd_status check_buffers(const column_job *job, const struct ArrowArray *array,
                                 const arrow_type *type, int64_t n)
{
    const bool is_view = type->text == text_view;
    if (is_view ? array->n_buffers < type->n_buffers : array->n_buffers != type->n_buffers)
        return malformed(job, "it has the wrong number of buffers");
    if (type->n_buffers == 0 || n == 0) return MLSD_OK;
    if (array->buffers == NULL || array->buffers[1] == NULL)
        return malformed(job, "a buffer is missing");
    if (array->null_count > 0 && array->buffers[0] == NULL)
        return malformed(job, "it has nulls but no validity bitmap");
    return MLSD_OK;
}

static int64_t count_nulls(const mlsd__arrow_piece *piece)
{
    const void *const bitmap = validity(piece->array);
    if (bitmap == NULL) return 0;
    int64_t count = 0;
    for (int64_t i = 0; i < piece->n; i++) count += !bit_at(bitmap, piece->first + i);
    return count;
}

static bool exceeds_int64(const mlsd__arrow_piece *piece)
{
    const char *const bytes = piece->array->buffers[1];
    for (int64_t i = 0; i < piece->n; i++) {
        uint64_t value;
        memcpy(&value, bytes + (piece->first + i) * (int64_t)sizeof value, sizeof value);
        if (value > INT64_MAX) return true;
    }
    return false;
}

/* Keep the producer's buffer: one piece, the right bytes, aligned. */
static bool may_adopt(const column_job *job, bool has_nulls)
{
    const arrow_type *const type = job->type;
    if (job->keeper == NULL || has_nulls || !(type->is_f64 || type->is_i64)) return false;
    return job->n_rows > 0 && (uintptr_t)job->pieces[0].array->buffers[1] % sizeof(double) == 0;
}

static mlsd_status adopt(const column_job *job, mlsd__column **out)
{
    const mlsd__arrow_piece *const piece = &job->pieces[0];
    const mlsd_column_type type = job->type->is_f64 ? MLSD_COLUMN_F64 : MLSD_COLUMN_I64;
    MLSD__TRY(mlsd__column_new(job->scope->allocator, type, NULL, piece->n, out));
    const char *const bytes = piece->array->buffers[1];
    (*out)->values = bytes + piece->first * (int64_t)job->type->width;
    (*out)->release = mlsd__arrow_keeper_release;
    (*out)->release_user = job->keeper;
    atomic_fetch_add_explicit(&job->keeper->references, 1, memory_order_relaxed);
    return MLSD_OK;
}

/* Convert all pieces into `out`: int64 when is_i64, otherwise double with NaN for null. */
static mlsd_status convert(const column_job *job, bool is_i64, void *out)
{
    int64_t done = 0;
    for (int64_t k = 0; k < job->n_pieces; k++) {
        const mlsd__arrow_piece *const piece = &job->pieces[k];
        const void *const values = piece->array->buffers[1];
        const void *const bitmap = validity(piece->array);
        for (int64_t i = 0; i < piece->n; i += CHUNK_ROWS) {
            MLSD__TRY(mlsd__checkpoint(job->scope));
            const int64_t n = piece->n - i < CHUNK_ROWS ? piece->n - i : CHUNK_ROWS;
            const int64_t first = piece->first + i;
            if (is_i64) {
                job->type->to_i64(values, first, n, (int64_t *)out + done);
            } else {
                double *const to = (double *)out + done;
                job->type->to_f64(values, first, n, to);
                for (int64_t r = 0; bitmap != NULL && r < n; r++) {
                    if (!bit_at(bitmap, first + r)) to[r] = NAN;
                }
            }
            done += n;
        }
    }
    return MLSD_OK;
}

static mlsd_status import_numbers(const column_job *job, mlsd__column **out)
{
    const mlsd__allocator *const a = job->scope->allocator;
    bool has_nulls = false, is_i64 = job->type->is_whole;
    for (int64_t k = 0; k < job->n_pieces; k++) {
        has_nulls = has_nulls || count_nulls(&job->pieces[k]) > 0;
        is_i64 = is_i64 && !has_nulls && !(job->type->is_u64 && exceeds_int64(&job->pieces[k]));
    }
    if (may_adopt(job, has_nulls)) return adopt(job, out);

    void *const values = mlsd__alloc_raw(a, job->n_rows, sizeof(double));
    if (values == NULL) return MLSD_E_NOMEM;
    mlsd_status status = convert(job, is_i64, values);
    const mlsd_column_type type = is_i64 ? MLSD_COLUMN_I64 : MLSD_COLUMN_F64;
    if (status == MLSD_OK) status = mlsd__column_new(a, type, values, job->n_rows, out);
    if (status != MLSD_OK) mlsd__free(a, values);
    return status;
}

/* A column of Arrow's type null: it knows nothing but its length. */
static mlsd_status import_nothing(const column_job *job, mlsd__column **out)
{
    const mlsd__allocator *const a = job->scope->allocator;
    double *const values = mlsd__alloc_raw(a, job->n_rows, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < job->n_rows; i++) values[i] = NAN;
    const mlsd_status status = mlsd__column_new(a, MLSD_COLUMN_F64, values, job->n_rows, out);
    if (status != MLSD_OK) mlsd__free(a, values);
    return status;
}

/* The code of text i of an array. A text is looked at closely when it is new. */
static mlsd_status intern(const column_job *job, const arrow_type *type,
                          const struct ArrowArray *array, int64_t i, mlsd__dictionary *levels,
                          int32_t *out)
{
    const char *text;
    size_t size, bad;
    if (!type->text(array, i, &text, &size))
        return malformed(job, "the offsets of a text make no sense");
    const int64_t n_before = mlsd__dictionary_count(levels);
    MLSD__TRY(mlsd__dictionary_intern(levels, text, size, out));
    if (*out < n_before) return MLSD_OK;
    if (memchr(text, '\0', size) != NULL)
        return mlsd__fail(MLSD_E_DATA, "a text of the Arrow column '%s' contains a NUL byte",
                          job->name);
    if (!mlsd__utf8_valid(text, size, &bad))
        return mlsd__fail(MLSD_E_DATA,
                          "a text of the Arrow column '%s' is not UTF-8 (byte %zu of its %zu)",
                          job->name, bad, size);
    return MLSD_OK;
}

static mlsd_status text_codes(const column_job *job, mlsd__dictionary *levels, int32_t *codes)
{
    for (int64_t k = 0; k < job->n_pieces; k++) {
        const mlsd__arrow_piece *const piece = &job->pieces[k];
        const void *const bitmap = validity(piece->array);
        for (int64_t i = 0; i < piece->n; i++) {
            if (i % CHUNK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(job->scope));
            const int64_t at = piece->first + i;
            codes[i] = -1;
            if (!mlsd__arrow_is_valid(bitmap, at)) continue;
            MLSD__TRY(intern(job, job->type, piece->array, at, levels, &codes[i]));
        }
        codes += piece->n;
    }
    return MLSD_OK;
}

/* The level of each entry of a piece's dictionary, -1 for null. Pieces may have different ones. */
static mlsd_status entry_levels(const column_job *job, const struct ArrowArray *entries,
                                mlsd__dictionary *levels, int32_t *out)
{
    const void *const bitmap = validity(entries);
    for (int64_t i = 0; i < entries->length; i++) {
        if (i % CHUNK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(job->scope));
        const int64_t at = entries->offset + i;
        out[i] = -1;
        if (!mlsd__arrow_is_valid(bitmap, at)) continue;
        MLSD__TRY(intern(job, job->entries, entries, at, levels, &out[i]));
    }
    return MLSD_OK;
}

static mlsd_status piece_codes(const column_job *job, const mlsd__arrow_piece *piece,
                               const int32_t *level_of, int32_t *codes)
{
    const void *const bitmap = validity(piece->array);
    const int64_t n_entries = piece->array->dictionary->length;
    for (int64_t i = 0; i < piece->n; i++) {
        if (i % CHUNK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(job->scope));
        const int64_t at = piece->first + i;
        codes[i] = -1;
        if (!mlsd__arrow_is_valid(bitmap, at)) continue;
        int64_t index;
        job->type->to_i64(piece->array->buffers[1], at, 1, &index);
        if (index < 0 || index >= n_entries)
            return malformed(job, "an index points outside its dictionary");
        codes[i] = level_of[index];
    }
    return MLSD_OK;
}

static mlsd_status dictionary_codes(const column_job *job, mlsd__dictionary *levels, int32_t *codes)
{
    const mlsd__allocator *const a = job->scope->allocator;
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; k < job->n_pieces && status == MLSD_OK; k++) {
        const mlsd__arrow_piece *const piece = &job->pieces[k];
        const struct ArrowArray *const entries = piece->array->dictionary;
        if (entries == NULL) return malformed(job, "the dictionary is missing");
        if (entries->length < 0 || entries->offset < 0)
            return malformed(job, "the dictionary's length or offset is negative");
        MLSD__TRY(check_buffers(job, entries, job->entries, entries->length));
        int32_t *const level_of = mlsd__alloc_raw(a, entries->length, sizeof *level_of);
        if (level_of == NULL) return MLSD_E_NOMEM;
        status = entry_levels(job, entries, levels, level_of);
        if (status == MLSD_OK) status = piece_codes(job, piece, level_of, codes);
        mlsd__free(a, level_of);
        codes += piece->n;
    }
    return status;
}

/* Plain texts have no order of their own: levels ascend. A dictionary's order is kept. */
static mlsd_status import_texts(const column_job *job, mlsd__column **out)
{
    const mlsd__allocator *const a = job->scope->allocator;
    mlsd__dictionary *levels = NULL;
    int32_t *const codes = mlsd__alloc_raw(a, job->n_rows, sizeof *codes);
    mlsd_status status = codes == NULL ? MLSD_E_NOMEM : mlsd__dictionary_new(a, &levels);
    if (status == MLSD_OK) {
        status = job->entries != NULL ? dictionary_codes(job, levels, codes)
                                      : text_codes(job, levels, codes);
    }
    if (status == MLSD_OK) {
        status = job->entries != NULL
                     ? mlsd__column_new_category(a, codes, job->n_rows, levels, out)
                     : mlsd__column_new_sorted(a, codes, job->n_rows, levels, out);
    }
    mlsd__dictionary_free(levels);
    if (status != MLSD_OK) mlsd__free(a, codes);
    return status;
}

static mlsd_status (*const importers[])(const column_job *job, mlsd__column **out) = {
    [NUMBER] = import_numbers,
    [TEXT] = import_texts,
    [NOTHING] = import_nothing,
};

static mlsd_status unknown_type(const char *name, const char *what, const char *format)
{
    return mlsd__fail(MLSD_E_TYPE,
                      "the Arrow column '%s' has the %s '%s', which mlsd does not read; numbers, "
                      "booleans, dates, times and strings are",
                      name, what, format != NULL ? format : "");
}

mlsd_status mlsd__arrow_column(mlsd__scope *scope, const struct ArrowSchema *schema,
                               const char *name, const mlsd__arrow_piece *pieces, int64_t n_pieces,
                               mlsd__arrow_keeper *keeper, mlsd__column **out)
{
    *out = NULL;
    column_job job = {.scope = scope,
                      .name = name,
                      .type = find_type(schema->format),
                      .pieces = pieces,
                      .n_pieces = n_pieces,
                      .keeper = keeper};
    if (job.type == NULL) return unknown_type(name, "format", schema->format);
    if (schema->dictionary != NULL) {
        const struct ArrowSchema *const entries = schema->dictionary;
        job.entries = find_type(entries->format);
        if (!job.type->is_index) return unknown_type(name, "dictionary index", schema->format);
        if (job.entries == NULL || job.entries->form != TEXT || entries->dictionary != NULL)
            return unknown_type(name, "dictionary of format", entries->format);
    }
    for (int64_t k = 0; k < n_pieces; k++) {
        MLSD__TRY(check_buffers(&job, pieces[k].array, job.type, pieces[k].n));
        job.n_rows += pieces[k].n;
    }
    return importers[job.entries != NULL ? TEXT : job.type->form](&job, out);
}
