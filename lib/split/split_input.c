/* split_input.c - what splitters are given: y as numbers, classes and groups numbered by ascending
 * value, and how messages name them. */
#include "split/splitter.h"

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

static mlsd_status check_present(const char *what, const char *needed, const double *values,
                                 int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (values[i] == values[i]) continue;
        return mlsd__fail(MLSD_E_DATA, "%s missing in row %lld: %s is needed", what, (long long)i,
                          needed);
    }
    return MLSD_OK;
}

/* Number the distinct values by size. */
static mlsd_status number_values(mlsd__scope *scope, const double *x, int64_t n, int32_t **codes,
                                 double **values, int64_t *n_values)
{
    const mlsd__allocator *const a = scope->allocator;
    *codes = mlsd__alloc_raw(a, n, sizeof **codes);
    if (*codes == NULL) return MLSD_E_NOMEM;
    *values = mlsd__alloc_raw(a, n, sizeof **values);
    if (*values == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__factorize_rows(scope, x, n, *values, n_values, *codes));
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__split_read_input(mlsd__scope *scope, int32_t needs, const double *y,
                                   const double *groups, mlsd__split_input *in,
                                   mlsd__split_arrays *made)
{
    if (needs & MLSD__NEEDS_CLASSES) {
        if (y == NULL)
            return mlsd__fail(MLSD_E_DATA,
                              "%s needs a target with classes; give y, or split without classes",
                              in->kind);
        MLSD__TRY(check_present("y is", "a class", y, in->n_rows));
        MLSD__TRY(number_values(scope, y, in->n_rows, &made->classes, &made->class_values,
                                &in->n_classes));
        in->classes = made->classes;
        in->class_values = made->class_values;
    }
    if (needs & MLSD__NEEDS_Y) {
        if (y == NULL) return mlsd__fail(MLSD_E_DATA, "%s needs a target; give y", in->kind);
        MLSD__TRY(check_present("y is", "a number", y, in->n_rows));
        in->y = y;
    }
    if (needs & MLSD__NEEDS_GROUPS) {
        if (groups == NULL)
            return mlsd__fail(MLSD_E_DATA,
                              "%s needs groups; give a number for each row, or a column of the "
                              "role 'group'",
                              in->kind);
        MLSD__TRY(check_present("the group is", "one", groups, in->n_rows));
        MLSD__TRY(number_values(scope, groups, in->n_rows, &made->groups, &made->group_values,
                                &in->n_groups));
        in->groups = made->groups;
        in->group_values = made->group_values;
    }
    return MLSD_OK;
}

void mlsd__split_arrays_free(mlsd__split_arrays *made, const mlsd__allocator *a)
{
    mlsd__free(a, made->classes);
    mlsd__free(a, made->class_values);
    mlsd__free(a, made->groups);
    mlsd__free(a, made->group_values);
}
