/* dataset_roles.c - groups, times and ids of rows. Columns of these roles stay in the table as they
 * were read; here they become what splitters and audits compute with. */
#include "data/dataset_roles.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"

/* Ticks of times with fractions stay below: differences of two do not overflow. */
#define TICK_BITS 62

static int64_t source_row(const mlsd_dataset *d, int64_t i)
{
    return d->rows != NULL ? d->rows[i] : i;
}

/* Texts as their places by code point. */
static mlsd_status gather_levels(const mlsd_dataset *d, double *out, char ***out_names)
{
    const mlsd__allocator *const a = &d->store->allocator;
    const mlsd__column *const c = d->store->group;
    const int32_t *const codes = c->values;
    int32_t *const order = mlsd__alloc_raw(a, c->n_levels, sizeof *order);
    int32_t *const place = mlsd__alloc_raw(a, c->n_levels, sizeof *place);
    char **const names = mlsd__alloc_raw(a, c->n_levels, sizeof *names);
    mlsd_status status = MLSD_E_NOMEM;
    if (order == NULL || place == NULL || names == NULL) goto out;
    for (int64_t k = 0; k < c->n_levels; k++) order[k] = (int32_t)k;
    mlsd__levels_sort(c->levels, order, c->n_levels);
    for (int64_t k = 0; k < c->n_levels; k++) {
        place[order[k]] = (int32_t)k;
        names[k] = c->levels[order[k]];
    }
    for (int64_t i = 0; i < d->n_rows; i++) {
        const int32_t code = codes[source_row(d, i)];
        out[i] = code < 0 ? (double)NAN : (double)place[code];
    }
    status = MLSD_OK;
out:
    if (status == MLSD_OK)
        *out_names = names;
    else
        mlsd__free(a, names);
    mlsd__free(a, place);
    mlsd__free(a, order);
    return status;
}

static mlsd_status gather_numbers(const mlsd_dataset *d, double *out)
{
    const mlsd__column *const c = d->store->group;
    const mlsd_dtype dtype = c->type == MLSD_COLUMN_F64 ? MLSD_F64 : MLSD_I64;
    mlsd__strided_read(dtype, c->values, 1, d->rows, 0, d->n_rows, out, 1);
    if (dtype == MLSD_F64) return MLSD_OK;
    for (int64_t i = 0; i < d->n_rows; i++) {
        if (fabs(out[i]) < MLSD__EXACT_I64) continue;
        return mlsd__fail(
            MLSD_E_DATA,
            "the group '%s' of row %lld is not below 2^53, where neighbouring numbers "
            "look alike; number the groups anew, or give them as texts",
            d->store->group_name, (long long)i);
    }
    return MLSD_OK;
}

mlsd_status mlsd__dataset_gather_group(const mlsd_dataset *d, double **out, char ***out_names)
{
    const mlsd__data_store *const s = d->store;
    *out = NULL;
    *out_names = NULL;
    if (s->group == NULL) return MLSD_OK;
    double *const gathered = mlsd__alloc_raw(&s->allocator, d->n_rows, sizeof *gathered);
    if (gathered == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = s->group->type == MLSD_COLUMN_CATEGORY
                                   ? gather_levels(d, gathered, out_names)
                                   : gather_numbers(d, gathered);
    if (status == MLSD_OK)
        *out = gathered;
    else
        mlsd__free(&s->allocator, gathered);
    return status;
}

/* Times on their way to ticks: exact ones, or numbers; NULL and NULL where there are none. */
typedef struct times {
    const char *name;
    int64_t n;
    int64_t *ticks;
    double *numbers;
    bool are_dates;
} times;

static void times_free(times *t, const mlsd__allocator *a)
{
    mlsd__free(a, t->ticks);
    mlsd__free(a, t->numbers);
}

static mlsd_status check_times(const times *t)
{
    for (int64_t i = 0; i < t->n; i++) {
        if (isfinite(t->numbers[i])) continue;
        return mlsd__fail(MLSD_E_DATA, "'%s' is %s in row %lld: every row needs a time", t->name,
                          isnan(t->numbers[i]) ? "missing" : "infinite", (long long)i);
    }
    return MLSD_OK;
}

static mlsd_status read_dates(const mlsd__allocator *a, const mlsd_dataset *d,
                              const mlsd__column *c, times *t)
{
    const int32_t *const codes = c->values;
    int64_t *const of_level = mlsd__alloc(a, c->n_levels, sizeof *of_level);
    bool *const is_date = mlsd__alloc(a, c->n_levels, sizeof *is_date);
    t->ticks = mlsd__alloc_raw(a, t->n, sizeof *t->ticks);
    mlsd_status status = MLSD_E_NOMEM;
    if (of_level == NULL || is_date == NULL || t->ticks == NULL) goto out;
    for (int64_t k = 0; k < c->n_levels; k++)
        is_date[k] = mlsd__parse_time(c->levels[k], &of_level[k]);
    status = MLSD_OK;
    t->are_dates = true;
    for (int64_t i = 0; i < t->n; i++) {
        const int32_t code = codes[source_row(d, i)];
        if (code < 0) {
            status = mlsd__fail(MLSD_E_DATA, "'%s' is missing in row %lld: every row needs a time",
                                t->name, (long long)i);
            break;
        }
        if (!is_date[code]) {
            status = mlsd__fail(MLSD_E_DATA,
                                "'%s' of row %lld is '%.40s', which is no date; write it as "
                                "2024-05-31 or 2024-05-31T23:59:59",
                                t->name, (long long)i, c->levels[code]);
            break;
        }
        t->ticks[i] = of_level[code];
    }
out:
    mlsd__free(a, is_date);
    mlsd__free(a, of_level);
    return status;
}

static mlsd_status read_time_column(const mlsd__allocator *a, const mlsd_dataset *d,
                                    const mlsd__column *c, const char *name, times *t)
{
    if (c == NULL) return MLSD_OK;
    t->name = name;
    t->n = d->n_rows;
    if (c->type == MLSD_COLUMN_CATEGORY) return read_dates(a, d, c, t);
    if (c->type == MLSD_COLUMN_I64) {
        t->ticks = mlsd__alloc_raw(a, t->n, sizeof *t->ticks);
        if (t->ticks == NULL) return MLSD_E_NOMEM;
        const int64_t *const values = c->values;
        for (int64_t i = 0; i < t->n; i++) t->ticks[i] = values[source_row(d, i)];
        return MLSD_OK;
    }
    t->numbers = mlsd__alloc_raw(a, t->n, sizeof *t->numbers);
    if (t->numbers == NULL) return MLSD_E_NOMEM;
    mlsd__strided_read(MLSD_F64, c->values, 1, d->rows, 0, t->n, t->numbers, 1);
    return check_times(t);
}

static mlsd_status read_time_matrix(const mlsd__allocator *a, const mlsd_matrix *m,
                                    const char *name, times *t)
{
    if (m == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__matrix_check_vector(m, name, m->rows));
    t->name = name;
    t->n = m->rows;
    if (m->dtype == MLSD_I64) {
        t->ticks = mlsd__alloc_raw(a, t->n, sizeof *t->ticks);
        if (t->ticks == NULL) return MLSD_E_NOMEM;
        const int64_t *const values = m->data;
        for (int64_t i = 0; i < t->n; i++) t->ticks[i] = values[i * m->row_stride];
        return MLSD_OK;
    }
    t->numbers = mlsd__alloc_raw(a, t->n, sizeof *t->numbers);
    if (t->numbers == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(m, NULL, 0, t->n, t->numbers);
    return check_times(t);
}

/* Whole times beside times with fractions become numbers like them. */
static mlsd_status as_numbers(const mlsd__allocator *a, times *t)
{
    if (t->ticks == NULL) return MLSD_OK;
    t->numbers = mlsd__alloc_raw(a, t->n, sizeof *t->numbers);
    if (t->numbers == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < t->n; i++) t->numbers[i] = (double)t->ticks[i];
    mlsd__free(a, t->ticks);
    t->ticks = NULL;
    return MLSD_OK;
}

static void look_at(const times *t, double *largest, bool *all_whole)
{
    for (int64_t i = 0; t->numbers != NULL && i < t->n; i++) {
        const double x = fabs(t->numbers[i]);
        if (x > *largest) *largest = x;
        if (x != floor(x)) *all_whole = false;
    }
}

static mlsd_status to_ticks(const mlsd__allocator *a, double per_unit, times *t)
{
    if (t->numbers == NULL) return MLSD_OK;
    t->ticks = mlsd__alloc_raw(a, t->n, sizeof *t->ticks);
    if (t->ticks == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < t->n; i++) t->ticks[i] = (int64_t)rint(t->numbers[i] * per_unit);
    return MLSD_OK;
}

/* Bring both to ticks of one size: 1 where all are whole, else the smallest power of two that
 * TICK_BITS have room for, which is exact unless times lie nine orders of two apart. */
static mlsd_status to_common_ticks(const mlsd__allocator *a, times *start, times *end,
                                   mlsd__time_scale *scale)
{
    const bool has_dates = start->are_dates || end->are_dates;
    *scale = (mlsd__time_scale){.per_unit = has_dates ? 0 : 1, .per_second = has_dates ? 1e6 : 0};
    if (has_dates && start->n > 0 && end->n > 0 && start->are_dates != end->are_dates)
        return mlsd__fail(MLSD_E_DATA, "'%s' are dates but '%s' are numbers; give both alike",
                          start->are_dates ? start->name : end->name,
                          start->are_dates ? end->name : start->name);
    if (start->numbers == NULL && end->numbers == NULL) return MLSD_OK;
    MLSD__TRY(as_numbers(a, start));
    MLSD__TRY(as_numbers(a, end));
    double largest = 0;
    bool all_whole = true;
    look_at(start, &largest, &all_whole);
    look_at(end, &largest, &all_whole);
    if (!all_whole || largest >= MLSD__EXACT_I64) {
        int exponent = 0;
        (void)frexp(largest, &exponent);
        scale->per_unit = ldexp(1, TICK_BITS - exponent);
    }
    MLSD__TRY(to_ticks(a, scale->per_unit, start));
    return to_ticks(a, scale->per_unit, end);
}

static mlsd_status hand_over(const mlsd__allocator *a, times *start, times *end,
                             int64_t **out_times, int64_t **out_ends, mlsd__time_scale *out_scale)
{
    MLSD__TRY(to_common_ticks(a, start, end, out_scale));
    *out_times = start->ticks;
    *out_ends = end->ticks;
    start->ticks = end->ticks = NULL;
    return MLSD_OK;
}

mlsd_status mlsd__dataset_gather_times(const mlsd_dataset *d, int64_t **out_times,
                                       int64_t **out_ends, mlsd__time_scale *out_scale)
{
    const mlsd__data_store *const s = d->store;
    const mlsd__allocator *const a = &s->allocator;
    times start = {0}, end = {0};
    *out_times = *out_ends = NULL;
    mlsd_status status = read_time_column(a, d, s->time, s->time_name, &start);
    if (status == MLSD_OK) status = read_time_column(a, d, s->time_end, s->time_end_name, &end);
    if (status == MLSD_OK) status = hand_over(a, &start, &end, out_times, out_ends, out_scale);
    times_free(&start, a);
    times_free(&end, a);
    return status;
}

mlsd_status mlsd__times_of_matrices(const mlsd__allocator *a, const mlsd_matrix *matrix,
                                    const mlsd_matrix *ends, int64_t **out_times,
                                    int64_t **out_ends, mlsd__time_scale *out_scale)
{
    times start = {0}, end = {0};
    *out_times = *out_ends = NULL;
    mlsd_status status = read_time_matrix(a, matrix, "time", &start);
    if (status == MLSD_OK) status = read_time_matrix(a, ends, "time_end", &end);
    if (status == MLSD_OK) status = hand_over(a, &start, &end, out_times, out_ends, out_scale);
    times_free(&start, a);
    times_free(&end, a);
    return status;
}

static uint64_t hash_word(uint64_t word)
{
    unsigned char bytes[8];
    for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(word >> (8 * k));
    return mlsd__hash64(bytes, sizeof bytes, 0);
}

uint64_t mlsd__id_of_i64(int64_t value)
{
    return hash_word((uint64_t)value);
}

/* A whole number is the same id however its column was read. */
uint64_t mlsd__id_of_f64(double value)
{
    if (fabs(value) < MLSD__EXACT_I64 && value == floor(value))
        return mlsd__id_of_i64((int64_t)value);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return hash_word(bits);
}

uint64_t mlsd__id_of_text(const char *text)
{
    return mlsd__hash64(text, strlen(text), 0);
}

uint64_t mlsd__id_join(uint64_t first, uint64_t second)
{
    unsigned char bytes[16];
    for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(first >> (8 * k));
    for (int k = 0; k < 8; k++) bytes[8 + k] = (unsigned char)(second >> (8 * k));
    return mlsd__hash64(bytes, sizeof bytes, 0);
}

static mlsd_status fail_missing_id(const char *name, int64_t i)
{
    return mlsd__fail(MLSD_E_DATA, "the id '%s' is missing in row %lld: every row needs one", name,
                      (long long)i);
}

/* Texts are hashed once a level, not once a row. */
static mlsd_status hash_levels(const mlsd__allocator *a, const mlsd__column *c, uint64_t **out)
{
    *out = mlsd__alloc_raw(a, c->n_levels, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < c->n_levels; k++) (*out)[k] = mlsd__id_of_text(c->levels[k]);
    return MLSD_OK;
}

static mlsd_status add_id_column(const mlsd_dataset *d, const mlsd__column *c, const char *name,
                                 bool is_first, uint64_t *out)
{
    const mlsd__allocator *const a = &d->store->allocator;
    uint64_t *of_level = NULL;
    mlsd_status status = MLSD_OK;
    if (c->type == MLSD_COLUMN_CATEGORY) MLSD__TRY(hash_levels(a, c, &of_level));
    for (int64_t i = 0; i < d->n_rows; i++) {
        const int64_t r = source_row(d, i);
        uint64_t id;
        if (c->type == MLSD_COLUMN_CATEGORY) {
            const int32_t code = ((const int32_t *)c->values)[r];
            if (code < 0) {
                status = fail_missing_id(name, i);
                break;
            }
            id = of_level[code];
        } else if (c->type == MLSD_COLUMN_I64) {
            id = mlsd__id_of_i64(((const int64_t *)c->values)[r]);
        } else {
            const double value = ((const double *)c->values)[r];
            if (isnan(value)) {
                status = fail_missing_id(name, i);
                break;
            }
            id = mlsd__id_of_f64(value);
        }
        out[i] = is_first ? id : mlsd__id_join(out[i], id);
    }
    mlsd__free(a, of_level);
    return status;
}

mlsd_status mlsd__dataset_gather_ids(const mlsd_dataset *d, uint64_t **out)
{
    const mlsd__data_store *const s = d->store;
    *out = NULL;
    if (s->n_ids == 0) return MLSD_OK;
    uint64_t *const ids = mlsd__alloc_raw(&s->allocator, d->n_rows, sizeof *ids);
    if (ids == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < s->n_ids; k++)
        status = add_id_column(d, s->ids[k], s->id_names[k], k == 0, ids);
    if (status == MLSD_OK)
        *out = ids;
    else
        mlsd__free(&s->allocator, ids);
    return status;
}

mlsd_status mlsd__ids_of_matrix(const mlsd__allocator *a, const mlsd_matrix *m, uint64_t **out)
{
    double number = 0;
    *out = mlsd__alloc_raw(a, m->rows, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < m->cols; j++) {
        for (int64_t i = 0; i < m->rows; i++) {
            const int64_t at = i * m->row_stride + j * m->col_stride;
            uint64_t id;
            if (m->dtype == MLSD_I64) {
                id = mlsd__id_of_i64(((const int64_t *)m->data)[at]);
            } else {
                mlsd__strided_read(m->dtype, m->data, 1, NULL, at, 1, &number, 1);
                if (isnan(number)) return fail_missing_id("id", i);
                id = mlsd__id_of_f64(number);
            }
            (*out)[i] = j == 0 ? id : mlsd__id_join((*out)[i], id);
        }
    }
    return MLSD_OK;
}
