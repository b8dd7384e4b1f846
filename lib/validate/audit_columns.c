/* audit_columns.c - columns one at a time, as doubles: the features, and behind them the columns of
 * the table that models do not see (role "id", "ignore"), in which undeclared groups may hide. The
 * target, weights, groups and times are none of them. */
#include <math.h>
#include <string.h>

#include "data/matrix_view.h"
#include "validate/audit_impl.h"

static bool is_used(const mlsd__audit *a, int64_t j)
{
    const mlsd__data_store *const s = a->dataset->store;
    const mlsd__column *const c = s->table->columns[j];
    if (c == s->group || c == s->time || c == s->time_end) return true;
    if (s->target_name != NULL && strcmp(s->target_name, s->table->names[j]) == 0) return true;
    for (int64_t k = 0; k < s->n_features; k++) {
        if (s->columns[k].column == c) return true;
    }
    return false;
}

const mlsd__column *mlsd__audit_extra_column(const mlsd__audit *a, int64_t i, const char **name)
{
    const mlsd_table *const t = a->dataset->store->table;
    for (int64_t j = 0; t != NULL && j < t->n_columns; j++) {
        if (is_used(a, j) || i-- > 0) continue;
        *name = t->names[j];
        return t->columns[j];
    }
    return NULL;
}

int64_t mlsd__audit_n_columns(const mlsd__audit *a)
{
    const mlsd_table *const t = a->dataset->store->table;
    int64_t n = a->n_features;
    for (int64_t j = 0; t != NULL && j < t->n_columns; j++) n += !is_used(a, j);
    return n;
}

static const mlsd__column *column_at(const mlsd__audit *a, int64_t j)
{
    const char *name;
    if (j >= a->n_features) return mlsd__audit_extra_column(a, j - a->n_features, &name);
    return a->frame.columns != NULL ? a->frame.columns[j].column : NULL;
}

const char *mlsd__audit_column_name(const mlsd__audit *a, int64_t j)
{
    const char *name = "";
    if (j < a->n_features) return a->frame.features[j].name;
    (void)mlsd__audit_extra_column(a, j - a->n_features, &name);
    return name;
}

bool mlsd__audit_column_is_category(const mlsd__audit *a, int64_t j, int64_t *out_n_levels)
{
    const mlsd__column *const c = column_at(a, j);
    const bool is_category = c != NULL && c->type == MLSD_COLUMN_CATEGORY;
    *out_n_levels = is_category ? c->n_levels : 0;
    return is_category;
}

bool mlsd__audit_column_is_feature(const mlsd__audit *a, int64_t j)
{
    return j < a->n_features;
}

void mlsd__audit_column_read(const mlsd__audit *a, int64_t j, const int64_t *rows, int64_t first,
                             int64_t n, double *out)
{
    const mlsd__column *const c = column_at(a, j);
    if (c == NULL) {
        const mlsd_matrix *const m = &a->frame.matrix;
        static const size_t sizes[] = {[MLSD_F32] = sizeof(float),
                                       [MLSD_F64] = sizeof(double),
                                       [MLSD_I32] = sizeof(int32_t),
                                       [MLSD_I64] = sizeof(int64_t)};
        const char *const data =
            (const char *)m->data + j * m->col_stride * (int64_t)sizes[m->dtype];
        mlsd__strided_read(m->dtype, data, m->row_stride, rows, first, n, out, 1);
        return;
    }
    if (c->type != MLSD_COLUMN_CATEGORY) {
        mlsd__strided_read(c->type == MLSD_COLUMN_F64 ? MLSD_F64 : MLSD_I64, c->values, 1, rows,
                           first, n, out, 1);
        return;
    }
    const int32_t *const codes = c->values;
    for (int64_t i = 0; i < n; i++) {
        const int32_t code = codes[rows != NULL ? rows[first + i] : first + i];
        out[i] = code < 0 ? (double)NAN : (double)code;
    }
}
