/* interval_stream.c - the Poisson bootstrap of sums: a mergeable summary.
 *
 * How often row i counts in replicate b is a function of (seed, b, i), a word of Philox with the
 * row number in its counter, turned into a Poisson(1) count by the inverse of its distribution
 * function. So every part of a stream draws what the whole would. Replicates stand in chunks of 64,
 * which are the tasks: each walks the rows in order. */
#include <math.h>
#include <string.h>

#include "mlsd/interval.h"
#include "base/handle.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "metric/interval_resample.h"
#include "numeric/distribution.h"
#include "numeric/philox_block.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

enum { CHUNK = 64, ROWS_AT_ONCE = 1 << 14, MAX_COLUMNS = 1024, MAX_REPLICATES = 1000000 };

/* floor(2^32 P(X <= k)) for k = 0 .. 11 and X Poisson(1): 2^32 / e times 1, 2, 5/2, 8/3, ... The
 * chance of 13 or more is below 2^-32. */
enum { N_STEPS = 12 };
static const uint32_t steps[N_STEPS] = {1580030168u, 3160060337u, 3950075421u, 4213413783u,
                                        4279248373u, 4292415291u, 4294609777u, 4294923276u,
                                        4294962463u, 4294966817u, 4294967252u, 4294967292u};

struct mlsd_poisson_bootstrap {
    uint64_t magic;
    mlsd__allocator allocator;
    int64_t n_columns, n_replicates, n_chunks, seed, n_rows;
    uint32_t key[2];
    double *total; /* of each column */
    double *sums;  /* (n_columns + 1) x 64 of each chunk; the last counts rows */
};

static int64_t n_sums(const mlsd_poisson_bootstrap *b)
{
    return b->n_chunks * (b->n_columns + 1) * CHUNK;
}

mlsd_status mlsd_poisson_bootstrap_new(const mlsd_context *context, int64_t n_columns,
                                       int64_t n_replicates, int64_t seed,
                                       mlsd_poisson_bootstrap **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the bootstrap is NULL");
    *out = NULL;
    MLSD__REQUIRE(n_columns >= 1 && n_columns <= MAX_COLUMNS,
                  "n_columns must be in [1, %d], got %lld", MAX_COLUMNS, (long long)n_columns);
    MLSD__REQUIRE(n_replicates >= 1 && n_replicates <= MAX_REPLICATES,
                  "n_replicates must be in [1, %d], got %lld", MAX_REPLICATES,
                  (long long)n_replicates);
    MLSD__REQUIRE(seed >= 0, "the seed must be 0 or more, got %lld", (long long)seed);
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    mlsd_poisson_bootstrap *const b = mlsd__alloc(a, 1, sizeof *b);
    if (b == NULL) return MLSD_E_NOMEM;
    b->magic = MLSD__MAGIC_POISSON_BOOTSTRAP;
    b->allocator = *a;
    b->n_columns = n_columns;
    b->n_replicates = n_replicates;
    b->n_chunks = (n_replicates + CHUNK - 1) / CHUNK;
    b->seed = seed;
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)seed, 0, 0, 2, MLSD__PURPOSE_RESAMPLE);
    memcpy(b->key, stream.key, sizeof b->key);
    b->total = mlsd__alloc(a, n_columns, sizeof *b->total);
    b->sums = mlsd__alloc(a, n_sums(b), sizeof *b->sums);
    if (b->total == NULL || b->sums == NULL) {
        mlsd_poisson_bootstrap_free(b);
        return MLSD_E_NOMEM;
    }
    *out = b;
    return MLSD_OK;
}

void mlsd_poisson_bootstrap_free(mlsd_poisson_bootstrap *b)
{
    if (!MLSD__IS_LIVE(b, MLSD__MAGIC_POISSON_BOOTSTRAP)) return;
    const mlsd__allocator a = b->allocator;
    mlsd__free(&a, b->total);
    mlsd__free(&a, b->sums);
    b->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, b);
}

typedef struct slice {
    mlsd_poisson_bootstrap *b;
    const double *values;       /* n x n_columns */
    const int64_t *row_numbers; /* or NULL: from first_row on */
    int64_t n, first_row;
} slice;

static int64_t number_of(const slice *s, int64_t i)
{
    return s->row_numbers == NULL ? s->first_row + i : s->row_numbers[i];
}

/* All rows of the slice to the sums of one chunk of replicates. */
static mlsd_status add_chunk(void *arg, int64_t task, mlsd__scope *scope)
{
    const slice *const s = arg;
    const int64_t k = s->b->n_columns;
    double *const sums = s->b->sums + task * (k + 1) * CHUNK;
    for (int64_t i = 0; i < s->n; i++) {
        const uint64_t row = (uint64_t)number_of(s, i);
        const uint32_t counter[4] = {(uint32_t)(task * MLSD__PHILOX_LANES), 0, (uint32_t)row,
                                     (uint32_t)(row >> 32)};
        uint32_t word[CHUNK];
        double count[CHUNK];
        mlsd__philox_block(s->b->key, counter, 1, word);
        for (int r = 0; r < CHUNK; r++) {
            int32_t c = 0;
            for (int step = 0; step < N_STEPS; step++) c += word[r] >= steps[step];
            count[r] = c;
        }
        for (int64_t j = 0; j < k; j++) {
            const double x = s->values[i * k + j];
            double *const sum = sums + j * CHUNK;
            for (int r = 0; r < CHUNK; r++) sum[r] += count[r] * x;
        }
        for (int r = 0; r < CHUNK; r++) sums[k * CHUNK + r] += count[r];
        if (i % 1024 == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status check_rows(const mlsd_matrix *values, const slice *s, int64_t n, int64_t first)
{
    for (int64_t i = 0; i < n; i++) {
        if (s->row_numbers != NULL && s->row_numbers[first + i] < 0) {
            return mlsd__fail(MLSD_E_DATA, "row_numbers[%lld] is %lld, not a number of at least 0",
                              (long long)(first + i), (long long)s->row_numbers[first + i]);
        }
        for (int64_t j = 0; j < values->cols; j++) {
            if (isfinite(s->values[i * values->cols + j])) continue;
            return mlsd__fail(MLSD_E_DATA, "values[%lld, %lld] is not a finite number",
                              (long long)(first + i), (long long)j);
        }
    }
    return MLSD_OK;
}

/* Two walks: nothing is added before all has been looked at. */
static mlsd_status add_rows(mlsd__scope *scope, mlsd_poisson_bootstrap *b,
                            const mlsd_matrix *values, const int64_t *row_numbers,
                            int64_t first_row, double *room)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t first = 0; first < values->rows; first += ROWS_AT_ONCE) {
            const int64_t left = values->rows - first;
            slice s = {.b = b, .values = room, .n = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE};
            mlsd__matrix_read(values, NULL, first, s.n, room);
            if (pass == 0) {
                s.row_numbers = row_numbers;
                MLSD__TRY(check_rows(values, &s, s.n, first));
                continue;
            }
            s.row_numbers = row_numbers == NULL ? NULL : row_numbers + first;
            s.first_row = first_row + first;
            MLSD__TRY(mlsd__parallel_for(scope, b->n_chunks, add_chunk, &s));
            for (int64_t i = 0; i < s.n; i++) {
                for (int64_t j = 0; j < b->n_columns; j++) {
                    b->total[j] += room[i * b->n_columns + j];
                }
            }
        }
    }
    b->n_rows += values->rows;
    return MLSD_OK;
}

mlsd_status mlsd_poisson_bootstrap_add(const mlsd_context *context, mlsd_poisson_bootstrap *b,
                                       const mlsd_matrix *values, const int64_t *row_numbers,
                                       int64_t first_row)
{
    MLSD__REQUIRE_LIVE(b, MLSD__MAGIC_POISSON_BOOTSTRAP, "poisson_bootstrap");
    MLSD__REQUIRE(values != NULL, "values is NULL");
    MLSD__TRY(mlsd__matrix_check(values, "values"));
    MLSD__REQUIRE(first_row >= 0, "first_row must be 0 or more, got %lld", (long long)first_row);
    if (values->cols != b->n_columns) {
        return mlsd__fail(MLSD_E_SHAPE, "values must have %lld columns, got %lld",
                          (long long)b->n_columns, (long long)values->cols);
    }
    const int64_t n = values->rows < ROWS_AT_ONCE ? values->rows : ROWS_AT_ONCE;
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    double *const room = mlsd__alloc_raw(scope.allocator, n * b->n_columns, sizeof *room);
    const mlsd_status status =
        room == NULL ? MLSD_E_NOMEM : add_rows(&scope, b, values, row_numbers, first_row, room);
    mlsd__free(scope.allocator, room);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_poisson_bootstrap_merge(mlsd_poisson_bootstrap *b,
                                         const mlsd_poisson_bootstrap *other)
{
    MLSD__REQUIRE_LIVE(b, MLSD__MAGIC_POISSON_BOOTSTRAP, "poisson_bootstrap");
    MLSD__REQUIRE_LIVE(other, MLSD__MAGIC_POISSON_BOOTSTRAP, "poisson_bootstrap");
    MLSD__REQUIRE(b != other, "a bootstrap cannot be merged with itself");
    MLSD__REQUIRE(b->n_columns == other->n_columns && b->n_replicates == other->n_replicates,
                  "%lld columns x %lld replicates cannot be merged with %lld x %lld",
                  (long long)b->n_columns, (long long)b->n_replicates, (long long)other->n_columns,
                  (long long)other->n_replicates);
    MLSD__REQUIRE(b->seed == other->seed, "seed %lld cannot be merged with seed %lld",
                  (long long)b->seed, (long long)other->seed);
    for (int64_t i = 0; i < n_sums(b); i++) b->sums[i] += other->sums[i];
    for (int64_t j = 0; j < b->n_columns; j++) b->total[j] += other->total[j];
    b->n_rows += other->n_rows;
    return MLSD_OK;
}

enum { PERCENTILE, BASIC, NORMAL };
static const char *const methods[] = {"percentile", "basic", "normal", NULL};

static mlsd_status find_method(const char *name, int *out)
{
    MLSD__REQUIRE(name != NULL, "the method is NULL; there is 'percentile'");
    for (*out = 0; methods[*out] != NULL; (*out)++) {
        if (strcmp(methods[*out], name) == 0) return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_ARG,
                      "no method '%.60s' of a stream; there are percentile, basic, normal", name);
}

/* Ascending, in place. */
static mlsd_status sort(const mlsd__allocator *a, double *x, int64_t n)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const copy = mlsd__memdup(a, x, n, sizeof *x);
    mlsd_status status = order == NULL || copy == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort(a, copy, n, order);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) x[i] = copy[order[i]];
    mlsd__free(a, copy);
    mlsd__free(a, order);
    return status;
}

/* Limits as in interval_bootstrap.c, from the n_all replicates of which some may be undefined. */
static mlsd_status stream_limits(const mlsd__allocator *a, int method, double level, double *value,
                                 int64_t n_all, mlsd__resampled *out)
{
    const double tail = (1 - level) / 2;
    double mean, variance;
    const int64_t n = mlsd__drop_undefined(value, n_all);
    if (n < 2 || isnan(out->value)) return MLSD_OK;
    mlsd__mean_variance(value, NULL, n, 1, &mean, &variance);
    out->se = sqrt(variance);
    if (!((double)(n_all - n) <= tail * (double)n_all)) return MLSD_OK;
    MLSD__TRY(sort(a, value, n));
    const double low = mlsd__quantile_sorted(value, n, tail);
    const double high = mlsd__quantile_sorted(value, n, 1 - tail);
    const double z = mlsd__normal_quantile(1 - tail), centre = 2 * out->value - mean;
    out->low = method == PERCENTILE ? low
               : method == BASIC    ? 2 * out->value - high
                                    : centre - z * out->se;
    out->high = method == PERCENTILE ? high
                : method == BASIC    ? 2 * out->value - low
                                     : centre + z * out->se;
    return MLSD_OK;
}

static double ratio(double x, double y)
{
    return y == 0 ? NAN : x / y;
}

static void put(double value, double *out)
{
    if (out != NULL) *out = value;
}

mlsd_status mlsd_poisson_bootstrap_interval(const mlsd_poisson_bootstrap *b, int64_t column,
                                            int64_t divisor, const char *method, double level,
                                            double *out_value, double *out_low, double *out_high,
                                            double *out_se, int64_t *out_rows)
{
    int chosen = 0;
    MLSD__REQUIRE_LIVE(b, MLSD__MAGIC_POISSON_BOOTSTRAP, "poisson_bootstrap");
    MLSD__REQUIRE(column >= 0 && column < b->n_columns, "column must be in [0, %lld], got %lld",
                  (long long)(b->n_columns - 1), (long long)column);
    MLSD__REQUIRE(divisor >= -1 && divisor < b->n_columns,
                  "divisor must be in [-1, %lld], got %lld", (long long)(b->n_columns - 1),
                  (long long)divisor);
    MLSD__TRY(find_method(method, &chosen));
    MLSD__REQUIRE(level > 0 && level < 1,
                  "the level of an interval must be in (0, 1), such as 0.95");
    double *const value = mlsd__alloc_raw(&b->allocator, b->n_replicates, sizeof *value);
    if (value == NULL) return MLSD_E_NOMEM;
    const int64_t under = divisor < 0 ? b->n_columns : divisor;
    for (int64_t r = 0; r < b->n_replicates; r++) {
        const double *const sums = b->sums + r / CHUNK * (b->n_columns + 1) * CHUNK + r % CHUNK;
        value[r] = ratio(sums[column * CHUNK], sums[under * CHUNK]);
    }
    mlsd__resampled r = {NAN, NAN, NAN, NAN, NAN};
    r.value = ratio(b->total[column], divisor < 0 ? (double)b->n_rows : b->total[divisor]);
    const mlsd_status status =
        stream_limits(&b->allocator, chosen, level, value, b->n_replicates, &r);
    mlsd__free(&b->allocator, value);
    if (status != MLSD_OK) return status;
    put(r.value, out_value);
    put(r.low, out_low);
    put(r.high, out_high);
    put(r.se, out_se);
    if (out_rows != NULL) *out_rows = b->n_rows;
    return MLSD_OK;
}

/* --- Bytes: a mark, five numbers, totals, sums, and the hash of all before it, little-endian. ---
 */

static const char mark[8] = {'m', 'l', 's', 'd', 'p', 'b', 's', '1'};
enum { HEAD_WORDS = 5 };

static uint8_t *put_word(uint8_t *at, uint64_t word)
{
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(word >> 8 * i);
    return at + 8;
}

static uint64_t get_word(const uint8_t *at)
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static uint8_t *put_doubles(uint8_t *at, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t word;
        memcpy(&word, &x[i], sizeof word);
        at = put_word(at, word);
    }
    return at;
}

static const uint8_t *get_doubles(const uint8_t *at, double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++, at += 8) {
        const uint64_t word = get_word(at);
        memcpy(&x[i], &word, sizeof word);
    }
    return at;
}

static size_t bytes_of(int64_t n_columns, int64_t n_chunks)
{
    const int64_t n = n_columns + n_chunks * (n_columns + 1) * CHUNK;
    return sizeof mark + 8 * ((size_t)n + HEAD_WORDS + 1);
}

mlsd_status mlsd_poisson_bootstrap_to_bytes(const mlsd_poisson_bootstrap *b, void *buf,
                                            size_t capacity, size_t *out_size)
{
    MLSD__REQUIRE_LIVE(b, MLSD__MAGIC_POISSON_BOOTSTRAP, "poisson_bootstrap");
    MLSD__REQUIRE(out_size != NULL, "the place for the size is NULL");
    const size_t size = bytes_of(b->n_columns, b->n_chunks);
    *out_size = size;
    if (buf == NULL && capacity == 0) return MLSD_OK;
    MLSD__REQUIRE(buf != NULL, "the buffer is NULL");
    if (capacity < size) {
        return mlsd__fail(MLSD_E_BUFFER, "the bootstrap needs %zu bytes, there is room for %zu",
                          size, capacity);
    }
    const int64_t head[HEAD_WORDS] = {b->n_columns, b->n_replicates, b->seed, b->n_rows, 0};
    uint8_t *at = buf;
    memcpy(at, mark, sizeof mark);
    at += sizeof mark;
    for (int i = 0; i < HEAD_WORDS; i++) at = put_word(at, (uint64_t)head[i]);
    at = put_doubles(at, b->total, b->n_columns);
    at = put_doubles(at, b->sums, n_sums(b));
    put_word(at, mlsd__hash64(buf, size - 8, 0));
    return MLSD_OK;
}

mlsd_status mlsd_poisson_bootstrap_from_bytes(const mlsd_context *context, const void *bytes,
                                              size_t size, mlsd_poisson_bootstrap **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the bootstrap is NULL");
    *out = NULL;
    MLSD__REQUIRE(bytes != NULL, "the bytes are NULL");
    const size_t shortest = bytes_of(1, 1);
    if (size < shortest || memcmp(bytes, mark, sizeof mark) != 0) {
        return mlsd__fail(MLSD_E_PARSE, "these are no bytes of a poisson_bootstrap");
    }
    const uint8_t *at = (const uint8_t *)bytes + sizeof mark;
    int64_t head[HEAD_WORDS];
    for (int i = 0; i < HEAD_WORDS; i++, at += 8) head[i] = (int64_t)get_word(at);
    const bool is_sound =
        head[0] >= 1 && head[0] <= MAX_COLUMNS && head[1] >= 1 && head[1] <= MAX_REPLICATES &&
        head[2] >= 0 && head[3] >= 0 && size == bytes_of(head[0], (head[1] + CHUNK - 1) / CHUNK) &&
        get_word((const uint8_t *)bytes + size - 8) == mlsd__hash64(bytes, size - 8, 0);
    if (!is_sound) return mlsd__fail(MLSD_E_CORRUPT, "the bytes of the bootstrap are damaged");
    mlsd_poisson_bootstrap *b = NULL;
    MLSD__TRY(mlsd_poisson_bootstrap_new(context, head[0], head[1], head[2], &b));
    b->n_rows = head[3];
    at = get_doubles(at, b->total, b->n_columns);
    get_doubles(at, b->sums, n_sums(b));
    *out = b;
    return MLSD_OK;
}
