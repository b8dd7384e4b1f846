/* search_table.c - see the header. */
#include "validate/search_table.h"

#include "base/text.h"
#include "data/table_impl.h"

void mlsd__columns_close(mlsd__columns *c)
{
    mlsd_table_free(c->table);
    mlsd__free(c->a, c->f64);
    mlsd__free(c->a, c->i64);
    mlsd__free(c->a, c->texts);
}

mlsd_status mlsd__columns_open(mlsd__columns *c, const mlsd__allocator *a, int64_t n)
{
    *c = (mlsd__columns){.a = a, .n = n};
    c->f64 = mlsd__alloc(a, n, sizeof *c->f64);
    c->i64 = mlsd__alloc(a, n, sizeof *c->i64);
    c->texts = mlsd__alloc(a, n, sizeof *c->texts);
    mlsd_status status = MLSD_E_NOMEM;
    if (c->f64 != NULL && c->i64 != NULL && c->texts != NULL)
        status = mlsd__table_new(a, &c->table);
    if (status != MLSD_OK) mlsd__columns_close(c);
    return status;
}

/* The numbers in c->f64 become the column "<left><right>". */
mlsd_status mlsd__columns_f64(mlsd__columns *c, const char *left, const char *right)
{
    mlsd__text name;
    mlsd__text_init(&name, c->a);
    mlsd__text_append(&name, left);
    mlsd__text_append(&name, right);
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_table_set_f64(c->table, name.data, c->f64, c->n);
    mlsd__text_free(&name);
    return status;
}

mlsd_status mlsd__columns_i64(mlsd__columns *c, const char *name)
{
    return mlsd_table_set_i64(c->table, name, c->i64, c->n);
}

mlsd_status mlsd__columns_texts(mlsd__columns *c, const char *name)
{
    return mlsd_table_set_str(c->table, name, c->texts, c->n);
}

mlsd_status mlsd__columns_to_result(mlsd_result *r, mlsd__columns *c, const char *name, bool timing,
                                    mlsd_status status)
{
    if (status == MLSD_OK) {
        mlsd_table *const table = c->table;
        c->table = NULL;
        status = mlsd__result_set_table(r, name, table, timing);
    }
    mlsd__columns_close(c);
    return status;
}

mlsd_status mlsd__result_set_estimate(mlsd_result *r, const char *metric, const mlsd__estimate *e)
{
    const struct {
        const char *suffix;
        double value;
    } numbers[] = {{".mean", e->value}, {".se", e->se}, {".low", e->low}, {".high", e->high}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        mlsd__text name;
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_append(&name, metric);
        mlsd__text_append(&name, numbers[i].suffix);
        mlsd_status status = name.status;
        if (status == MLSD_OK) status = mlsd__result_set_f64(r, name.data, numbers[i].value, false);
        mlsd__text_free(&name);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}
