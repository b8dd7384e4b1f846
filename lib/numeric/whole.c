/* whole.c - see the header. Each pass is one loop for doubles and one for int64. */
#include "numeric/whole.h"

#include <math.h>
#include <string.h>

enum { CHECK_ROWS = 1 << 18 /* between two looks at the cancel flag: some milliseconds */ };

/* Whole numbers up to here, and their differences, are exact as doubles and as int64: 2^52. */
#define MAX_WHOLE INT64_C(4503599627370496)

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Most columns of doubles that are not whole leave early. */
static bool range_f64(mlsd__whole *w, int64_t most)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < w->n; i++) {
        const double x = w->f64[i];
        if (isnan(x)) continue;
        if (!(fabs(x) <= (double)MAX_WHOLE) || x != (double)(int64_t)x) return false;
        low = x < low ? x : low;
        high = x > high ? x : high;
        if (high - low >= (double)most) return false;
    }
    if (low > high) return false;
    w->low = (int64_t)low;
    w->width = (int64_t)(high - low) + 1;
    return true;
}

static bool range_i64(mlsd__whole *w, int64_t most)
{
    int64_t low = MAX_WHOLE, high = -MAX_WHOLE;
    for (int64_t first = 0; first < w->n; first += CHECK_ROWS) {
        const int64_t end = smaller(w->n, first + CHECK_ROWS);
        for (int64_t i = first; i < end; i++) {
            low = smaller(low, w->i64[i]);
            high = w->i64[i] > high ? w->i64[i] : high;
        }
        if (low < -MAX_WHOLE || high > MAX_WHOLE || high - low >= most) return false;
    }
    if (low > high) return false;
    w->low = low;
    w->width = high - low + 1;
    return true;
}

bool mlsd__whole_range(mlsd__whole *w, int64_t most)
{
    return w->i64 != NULL ? range_i64(w, most) : range_f64(w, most);
}

static void mark(const mlsd__whole *w, int64_t first, int64_t end, int32_t *table)
{
    for (int64_t i = first; w->i64 != NULL && i < end; i++) table[w->i64[i] - w->low] = 0;
    for (int64_t i = first; w->f64 != NULL && i < end; i++)
        if (!isnan(w->f64[i])) table[(int64_t)w->f64[i] - w->low] = 0;
}

static void look_up(const mlsd__whole *w, int64_t first, int64_t end, const int32_t *table,
                    int32_t *code)
{
    for (int64_t i = first; w->i64 != NULL && i < end; i++) code[i] = table[w->i64[i] - w->low];
    for (int64_t i = first; w->f64 != NULL && i < end; i++)
        code[i] = isnan(w->f64[i]) ? -1 : table[(int64_t)w->f64[i] - w->low];
}

mlsd_status mlsd__whole_number(mlsd__scope *scope, const mlsd__whole *w, int32_t *table,
                               int64_t *out_n_values, int32_t *code)
{
    memset(table, -1, (size_t)w->width * sizeof *table);
    for (int64_t first = 0; first < w->n; first += CHECK_ROWS) {
        if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
        mark(w, first, smaller(w->n, first + CHECK_ROWS), table);
    }
    int32_t n_values = 0;
    for (int64_t v = 0; v < w->width; v++)
        if (table[v] == 0) table[v] = n_values++;
    for (int64_t first = 0; code != NULL && first < w->n; first += CHECK_ROWS) {
        if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
        look_up(w, first, smaller(w->n, first + CHECK_ROWS), table, code);
    }
    *out_n_values = n_values;
    return MLSD_OK;
}

void mlsd__whole_values(const mlsd__whole *w, const int32_t *table, double *values)
{
    for (int64_t v = 0; v < w->width; v++)
        if (table[v] >= 0) values[table[v]] = (double)(w->low + v);
}
