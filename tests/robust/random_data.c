/* random_data.c - see the header. A xorshift generator (Marsaglia 2003) is enough here. */
#include "random_data.h"

#include <math.h>
#include <stdlib.h>

static uint64_t generator = 1;

void seed_draws(uint64_t seed)
{
    generator = UINT64_C(0x9e3779b97f4a7c15) * (seed + 1);
    for (int i = 0; i < 8; i++) (void)draw(2);
}

uint64_t draw(uint64_t below)
{
    generator ^= generator << 13;
    generator ^= generator >> 7;
    generator ^= generator << 17;
    return (generator >> 11) % below;
}

int one_in(uint64_t n)
{
    return draw(n) == 0;
}

double uniform(void)
{
    return (double)draw(UINT64_C(1) << 40) / (double)(UINT64_C(1) << 40);
}

double value_of(int flavour)
{
    static const double odd[] = {0.0,    -0.0,   NAN,    INFINITY, -INFINITY, 1e308,
                                 -1e308, 1e-310, 5e-324, 1e16,     -7.0,      2147483648.0};
    switch (flavour) {
    case 0:
        return (double)draw(2);
    case 1:
        return (double)draw(3) - 1;
    case 2:
        return 3.25; /* constant */
    case 3:
        return (double)draw(30);
    case 4:
        return one_in(6) ? (double)NAN : uniform();
    case 5:
        return one_in(8) ? PICK(odd) : uniform();
    case 6:
        return 1e6 + uniform();
    case 7:
        return (uniform() - 0.5) * 1e-6;
    default:
        return uniform() * 4 - 2;
    }
}

static size_t size_of(mlsd_dtype dtype)
{
    return dtype == MLSD_F32 || dtype == MLSD_I32 ? 4 : 8;
}

static void put_number(void *data, mlsd_dtype dtype, int64_t i, double x)
{
    const double whole = x >= -1e9 && x <= 1e9 ? x : 7; /* also for NaN */
    switch (dtype) {
    case MLSD_F32:
        ((float *)data)[i] = fabs(x) > 1e38 && isfinite(x) ? (float)INFINITY : (float)x;
        break;
    case MLSD_I32:
        ((int32_t *)data)[i] = (int32_t)whole;
        break;
    case MLSD_I64:
        ((int64_t *)data)[i] = (int64_t)whole;
        break;
    default:
        ((double *)data)[i] = x;
    }
}

numbers make_numbers(int64_t rows, int64_t cols, int tame)
{
    static const mlsd_dtype dtypes[] = {MLSD_F64, MLSD_F64, MLSD_F32, MLSD_I32, MLSD_I64};
    const mlsd_dtype dtype = PICK(dtypes);
    int64_t row_stride = cols, col_stride = 1;
    switch (draw(6)) {
    case 0:
        row_stride = 1, col_stride = rows;
        break;
    case 1:
        row_stride = -cols - 1, col_stride = 1;
        break;
    case 2:
        row_stride = 2 * cols + 1, col_stride = -2;
        break;
    case 3:
        if (!tame) row_stride = (int64_t)draw(2), col_stride = 0;
        break;
    default:
        break;
    }
    int64_t low = 0, high = 0;
    if (rows > 0 && cols > 0) {
        const int64_t down = (rows - 1) * row_stride, across = (cols - 1) * col_stride;
        low = (down < 0 ? down : 0) + (across < 0 ? across : 0);
        high = (down > 0 ? down : 0) + (across > 0 ? across : 0);
    }
    const int64_t n = high - low + 1;
    numbers out = {.memory = malloc((size_t)n * size_of(dtype))};
    for (int64_t i = 0; i < n; i++) put_number(out.memory, dtype, i, 0);
    out.view = (mlsd_matrix){(char *)out.memory - low * (int64_t)size_of(dtype),
                             rows,
                             cols,
                             row_stride,
                             col_stride,
                             dtype,
                             0};
    for (int64_t j = 0; j < cols; j++) {
        const int flavour = (int)draw(tame ? 4 : FLAVOURS);
        for (int64_t i = 0; i < rows; i++)
            put_number((char *)out.memory - low * (int64_t)size_of(dtype), dtype,
                       i * row_stride + j * col_stride, value_of(flavour));
    }
    return out;
}

int64_t any_rows(void)
{
    static const int64_t borders[] = {1023, 1024, 1025, 2049};
    if (one_in(60)) return PICK(borders);
    if (one_in(12)) return (int64_t)draw(3);
    return 2 + (int64_t)draw(MAX_ROWS);
}

void spoil(mlsd_matrix *m)
{
    switch (draw(7)) {
    case 0:
        m->dtype = (mlsd_dtype)draw(2) * 9;
        break;
    case 1:
        m->flags = 1u << draw(32);
        break;
    case 2:
        m->rows = -1 - (int64_t)draw(3);
        break;
    case 3:
        m->rows = INT64_MAX - (int64_t)draw(3);
        break;
    case 4:
        m->cols = one_in(2) ? INT64_MAX : -1;
        break;
    case 5:
        m->row_stride = one_in(2) ? INT64_MIN : INT64_MAX;
        m->rows = m->rows < 3 ? 3 : m->rows;
        m->cols = m->cols < 1 ? 1 : m->cols;
        break;
    default:
        m->data = NULL;
        m->rows = m->rows < 1 ? 1 : m->rows;
        m->cols = m->cols < 1 ? 1 : m->cols;
    }
}
