/* golden_data.c - see the header. Numbers have all 53 bits, so that every rounding shows. */
#include "golden_data.h"

#include <math.h>
#include <stdio.h>

const char *const golden_set_names[N_GOLDEN_SETS] = {"regression", "binary", "multiclass", "wide"};

enum { MAX_ROWS = 1300, MAX_FEATURES = 90 };

typedef struct shape {
    int64_t n_rows, n_numbers, n_categories;
    int64_t n_classes; /* 0: a number */
    int has_missing, has_weight;
} shape;

static const shape shapes[N_GOLDEN_SETS] = {
    {1300, 7, 0, 0, 0, 1}, {400, 6, 0, 2, 1, 0}, {500, 4, 2, 4, 1, 1}, {40, 90, 0, 0, 0, 0}};

/* xorshift64*: Vigna (2016), ACM Transactions on Mathematical Software 42(4). */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* In [0, 1), by steps of 2^-53. */
static double fraction(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

typedef struct rows {
    uint64_t bits[MAX_ROWS][MAX_FEATURES];
    int64_t signal[MAX_ROWS]; /* what the target follows, in units of 2^-20 */
    double column[MAX_ROWS];
    const char *texts[MAX_ROWS];
} rows;

/* The target follows the first six numbers, one of them bent, and the first category. */
static void draw_rows(const shape *s, uint64_t seed, rows *r)
{
    static const int64_t slopes[6] = {5, -3, 2, 1, 0, -1};
    uint64_t state = seed;
    for (int64_t i = 0; i < s->n_rows; i++) {
        for (int64_t j = 0; j < s->n_numbers + s->n_categories; j++) r->bits[i][j] = draw(&state);
        r->signal[i] = (int64_t)(draw(&state) >> 44);
        for (int64_t j = 0; j < 6 && j < s->n_numbers; j++)
            r->signal[i] += slopes[j] * (int64_t)(r->bits[i][j] >> 44);
        const int64_t bent = (int64_t)(r->bits[i][0] >> 54);
        r->signal[i] += bent * bent;
        if (s->n_categories > 0) r->signal[i] += (int64_t)(r->bits[i][s->n_numbers] >> 61) * 200000;
    }
}

/* Columns of unequal size, up to a million, none below 0; some are counts. */
static double number_at(const rows *r, int64_t i, int64_t j)
{
    static const double scales[4] = {1, 0x1p20, 0x1p-7, 16};
    if (j % 5 == 3) return (double)(r->bits[i][j] >> 61);
    return scales[j % 4] * fraction(r->bits[i][j]);
}

static mlsd_status add_numbers(const shape *s, rows *r, mlsd_table *table)
{
    for (int64_t j = 0; j < s->n_numbers; j++) {
        char name[16];
        (void)snprintf(name, sizeof name, "x%d", (int)j);
        for (int64_t i = 0; i < s->n_rows; i++) {
            const int is_missing = s->has_missing && j % 3 == 1 && r->bits[i][j] % 11 == 0;
            r->column[i] = is_missing ? NAN : number_at(r, i, j);
        }
        const mlsd_status status = mlsd_table_set_f64(table, name, r->column, s->n_rows);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

static mlsd_status add_categories(const shape *s, rows *r, mlsd_table *table)
{
    static const char *const words[8] = {"ash", "birch", "cedar", "d\xc3\xa4mmer",
                                         "elm", "fir",   "gum",   "holly"};
    for (int64_t j = 0; j < s->n_categories; j++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", (int)j);
        for (int64_t i = 0; i < s->n_rows; i++) {
            const uint64_t bits = r->bits[i][s->n_numbers + j];
            r->texts[i] = j == 1 && bits % 13 == 0 ? NULL : words[bits >> 61];
        }
        const mlsd_status status = mlsd_table_set_str(table, name, r->texts, s->n_rows);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

static mlsd_status add_target(const shape *s, rows *r, mlsd_table *table)
{
    static const char *const classes[4] = {"north", "east", "south", "west"};
    for (int64_t i = 0; i < s->n_rows; i++) {
        /* From -4 to 9 or so in units of 2^20; made positive, so that logarithms exist. */
        const int64_t level = r->signal[i] + (5 << 20);
        r->column[i] = (double)level * 0x1p-20;
        r->texts[i] = classes[(level >> 21) & 3];
        if (s->n_classes == 2) r->texts[i] = level > 7 << 20 ? "yes" : "no";
    }
    return s->n_classes == 0 ? mlsd_table_set_f64(table, "y", r->column, s->n_rows)
                             : mlsd_table_set_str(table, "y", r->texts, s->n_rows);
}

/* Weight, group, time and its end, number of the row; what is not wanted is ignored. */
static mlsd_status add_roles(const shape *s, int is_in_time_order, rows *r, mlsd_table *table)
{
    static const char *const names[5] = {"weight", "group", "time", "time_end", "id"};
    for (int k = 0; k < 5; k++) {
        for (int64_t i = 0; i < s->n_rows; i++) {
            const int64_t time = is_in_time_order ? i : i * 61 % s->n_rows;
            const int64_t values[5] = {1 + i * 7 % 3, (i * i + i / 9) % 10, time, time + i % 4,
                                       1000 + i};
            r->column[i] = (double)values[k] * (k == 0 ? 0.375 : 1);
        }
        const mlsd_status status = mlsd_table_set_f64(table, names[k], r->column, s->n_rows);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

mlsd_status golden_set(const mlsd_context *context, int set, mlsd_dataset **out)
{
    static const char *const columns[] = {"y", "group", "time", "time_end", "id", "weight"};
    static rows r;
    const shape *const s = &shapes[set];
    const char *const roles[] = {"target",   "group", "time",
                                 "time_end", "id",    s->has_weight ? "weight" : "ignore"};
    const mlsd_task task = s->n_classes == 0   ? MLSD_TASK_REGRESSION
                           : s->n_classes == 2 ? MLSD_TASK_BINARY
                                               : MLSD_TASK_MULTICLASS;
    mlsd_table *table = NULL;
    mlsd_status status = mlsd_table_new(context, &table);
    draw_rows(s, 20261 + (uint64_t)set, &r);
    if (status == MLSD_OK) status = add_numbers(s, &r, table);
    if (status == MLSD_OK) status = add_categories(s, &r, table);
    if (status == MLSD_OK) status = add_target(s, &r, table);
    if (status == MLSD_OK) status = add_roles(s, set == 0, &r, table);
    if (status == MLSD_OK)
        status = mlsd_dataset_from_table(context, table, columns, roles, 6, task, out);
    mlsd_table_free(table);
    return status;
}
