/* split_input.c - what splitters are given: y as numbers, classes and groups numbered by ascending
 * value, and how messages name them. What is asked for and is not there is refused here. */
#include "split/splitter.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "numeric/rank.h"

static mlsd_status count_codes(const mlsd__allocator *a, const int32_t *codes, int64_t n_rows,
                               int64_t n_codes, int64_t **out)
{
    int64_t *const counts = mlsd__alloc(a, n_codes, sizeof *counts);
    if (counts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++) counts[codes[i]]++;
    *out = counts;
    return MLSD_OK;
}

mlsd_status mlsd__split_class_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out)
{
    return count_codes(a, in->classes, in->n_rows, in->n_classes, out);
}

mlsd_status mlsd__split_group_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out)
{
    return count_codes(a, in->groups, in->n_rows, in->n_groups, out);
}

static const char *value_text(double value, char *const *names, char out[MLSD__CLASS_TEXT_CAPACITY])
{
    if (names == NULL) {
        mlsd__format_double(value, out);
        return out;
    }
    const char *const name = names[(int64_t)value];
    size_t n = strnlen(name, MLSD__CLASS_TEXT_CAPACITY - 3);
    while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80) n--; /* never half a character */
    out[0] = '\'';
    memcpy(out + 1, name, n);
    out[n + 1] = '\'';
    out[n + 2] = '\0';
    return out;
}

const char *mlsd__split_class_text(const mlsd__split_input *in, int64_t c,
                                   char out[MLSD__CLASS_TEXT_CAPACITY])
{
    return value_text(in->class_values[c], in->class_names, out);
}

const char *mlsd__split_group_text(const mlsd__split_input *in, int64_t g,
                                   char out[MLSD__CLASS_TEXT_CAPACITY])
{
    return value_text(in->group_values[g], in->group_names, out);
}

static mlsd_status check_present(const char *what, const char *needed, const mlsd__split_numbers *x,
                                 int64_t n)
{
    for (int64_t i = 0; x->f64 != NULL && i < n; i++) {
        if (x->f64[i] == x->f64[i]) continue;
        return mlsd__fail(MLSD_E_DATA, "%s missing in row %lld: %s is needed", what, (long long)i,
                          needed);
    }
    return MLSD_OK;
}

/* Number the distinct values by size. */
static mlsd_status number_values(mlsd__scope *scope, const mlsd__split_numbers *x, int64_t n,
                                 int32_t **codes, double **values, int64_t *n_values)
{
    const mlsd__allocator *const a = scope->allocator;
    *codes = mlsd__alloc_raw(a, n, sizeof **codes);
    if (*codes == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(x->i64 != NULL ? mlsd__factorize_new_i64(scope, x->i64, n, values, n_values, *codes)
                             : mlsd__factorize_new(scope, x->f64, n, values, n_values, *codes));
    return mlsd__checkpoint(scope);
}

static mlsd_status read_classes(mlsd__scope *scope, const mlsd__split_raw *raw,
                                mlsd__split_input *in, mlsd__split_arrays *made)
{
    MLSD__TRY(check_present("y is", "a class", &raw->y, in->n_rows));
    MLSD__TRY(number_values(scope, &raw->y, in->n_rows, &made->classes, &made->class_values,
                            &in->n_classes));
    in->classes = made->classes;
    in->class_values = made->class_values;
    in->class_names = raw->class_names;
    return MLSD_OK;
}

static mlsd_status read_y(mlsd__scope *scope, const mlsd__split_raw *raw, mlsd__split_input *in,
                          mlsd__split_arrays *made)
{
    MLSD__TRY(check_present("y is", "a number", &raw->y, in->n_rows));
    in->y = raw->y.f64;
    if (in->y != NULL) return MLSD_OK;
    made->y = mlsd__alloc_raw(scope->allocator, in->n_rows, sizeof *made->y);
    if (made->y == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_rows; i++) made->y[i] = (double)raw->y.i64[i];
    in->y = made->y;
    return MLSD_OK;
}

static mlsd_status read_groups(mlsd__scope *scope, const mlsd__split_raw *raw,
                               mlsd__split_input *in, mlsd__split_arrays *made)
{
    char what[80] = "the group is";
    if (raw->group_column != NULL)
        snprintf(what, sizeof what, "the group '%.60s' is", raw->group_column);
    MLSD__TRY(check_present(what, "one", &raw->groups, in->n_rows));
    MLSD__TRY(number_values(scope, &raw->groups, in->n_rows, &made->groups, &made->group_values,
                            &in->n_groups));
    in->groups = made->groups;
    in->group_values = made->group_values;
    in->group_names = raw->group_names;
    return MLSD_OK;
}

static mlsd_status read_ends(mlsd__scope *scope, const mlsd__split_raw *raw, mlsd__split_input *in,
                             mlsd__split_arrays *made)
{
    (void)scope;
    (void)made;
    for (int64_t i = 0; raw->times != NULL && i < in->n_rows; i++) {
        if (raw->ends[i] >= raw->times[i]) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "the interval of row %lld ends before it begins; an end must not be "
                          "earlier than the time",
                          (long long)i);
    }
    in->ends = raw->ends;
    return MLSD_OK;
}

/* What can be asked for: whether it is in the raw data, what is said where it is missing, and who
 * reads it; NULL for what is used as it is. */
static const struct need {
    int32_t flag;
    size_t offset; /* of the pointer in mlsd__split_raw, or of the numbers */
    bool is_numbers;
    const char *noun, *remedy;
    mlsd_status (*read)(mlsd__scope *scope, const mlsd__split_raw *raw, mlsd__split_input *in,
                        mlsd__split_arrays *made);
} needs_table[] = {
    {MLSD__NEEDS_CLASSES, offsetof(mlsd__split_raw, y), true, "a target with classes",
     "give y, or split without classes", read_classes},
    {MLSD__NEEDS_Y, offsetof(mlsd__split_raw, y), true, "a target", "give y", read_y},
    {MLSD__NEEDS_GROUPS, offsetof(mlsd__split_raw, groups), true, "groups",
     "give a number for each row, or a column of the role 'group'", read_groups},
    {MLSD__NEEDS_TIMES, offsetof(mlsd__split_raw, times), false, "times",
     "give a time for each row, or a column of the role 'time'", NULL},
    {MLSD__NEEDS_ENDS, offsetof(mlsd__split_raw, ends), false, "the ends of the labels' intervals",
     "give them for each row, or a column of the role 'time_end'", read_ends},
    {MLSD__NEEDS_IDS, offsetof(mlsd__split_raw, ids), false, "ids",
     "give a number for each row, or a column of the role 'id'", NULL},
    {MLSD__NEEDS_LABELS, offsetof(mlsd__split_raw, labels), false, "labels",
     "give a target of several columns of 0 and 1", NULL},
    {MLSD__NEEDS_FEATURES, offsetof(mlsd__split_raw, features), false, "features",
     "give the columns that rows are compared by", NULL},
};

static bool has_numbers(const mlsd__split_numbers *x)
{
    return x->f64 != NULL || x->i64 != NULL;
}

mlsd_status mlsd__split_read_input(mlsd__scope *scope, int32_t needs, const mlsd__split_raw *raw,
                                   mlsd__split_input *in, mlsd__split_arrays *made)
{
    in->raw = raw;
    in->n_rows = raw->n_rows;
    in->times = raw->times;
    in->time_scale = raw->time_scale;
    in->ids = raw->ids;
    in->labels = raw->labels;
    in->n_labels = raw->n_labels;
    in->features = raw->features;
    for (size_t k = 0; k < sizeof needs_table / sizeof *needs_table; k++) {
        const struct need *const need = needs_table + k;
        const bool must = needs & need->flag, may = needs & MLSD__MAY_USE(need->flag);
        if (!must && !may) continue;
        const void *const place = (const char *)raw + need->offset;
        const bool is_there =
            need->is_numbers ? has_numbers(place) : *(const void *const *)place != NULL;
        if (!is_there && must)
            return mlsd__fail(MLSD_E_DATA, "%s needs %s; %s", in->kind, need->noun, need->remedy);
        if (is_there && need->read != NULL) MLSD__TRY(need->read(scope, raw, in, made));
    }
    return MLSD_OK;
}

void mlsd__split_arrays_free(mlsd__split_arrays *made, const mlsd__allocator *a)
{
    mlsd__free(a, made->classes);
    mlsd__free(a, made->class_values);
    mlsd__free(a, made->groups);
    mlsd__free(a, made->group_values);
    mlsd__free(a, made->y);
}
