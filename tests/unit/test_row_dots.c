/* test_row_dots.c - products of scattered rows with a vector, and their weighted sum. Witness: the
 * definition in the header, bit for bit and on each instruction set that the machine has. */
#include <string.h>

#include "base/random.h"
#include "numeric/row_dots.h"
#include "unit.h"

enum { ROWS = 37, COLS = 150, LD = COLS + 3, N_ISAS = 3 };

static double x[ROWS * LD], v[COLS], w[ROWS], start[COLS];
static int64_t order[ROWS];

static void draw(double *to, int64_t n, uint64_t seed)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < n; i++) to[i] = mlsd__stream_normal(&stream);
}

static int set_up(void **state)
{
    (void)state;
    draw(x, ROWS * LD, 1);
    draw(v, COLS, 2);
    draw(w, ROWS, 3);
    draw(start, COLS, 4);
    for (int64_t i = 0; i < ROWS; i++) order[i] = (i * 11 + 5) % ROWS;
    return 0;
}

static const double *row_of(const mlsd__rows_at *rows, int64_t i)
{
    return x + (rows->order != NULL ? order[i] : i) * LD;
}

static double dot(const double *row, int64_t p)
{
    double s[8] = {0}, sum = 0.0;
    for (int64_t j = 0; p < 8 && j < p; j++) sum += row[j] * v[j];
    if (p < 8) return sum;
    for (int64_t j = 0; j < p; j++) s[j < p - p % 8 ? j % 8 : 8 - (p - j)] += row[j] * v[j];
    for (int64_t half = 4; half > 0; half /= 2)
        for (int64_t l = 0; l < half; l++) s[l] += s[l + half];
    return s[0];
}

static void check(mlsd__tile_isa isa, const mlsd__rows_at *rows, int64_t n)
{
    double got[COLS], want[COLS];
    memset(got, 0, sizeof got);
    memset(want, 0, sizeof want);
    for (int64_t i = 0; i < n; i++) want[i] = 0.75 + dot(row_of(rows, i), rows->p);
    mlsd__row_ask(rows, n);
    mlsd__row_dots(isa, rows, n, v, 0.75, got);
    if (memcmp(got, want, sizeof got) != 0)
        fail_msg("dots, isa %d, %d x %d", (int)isa, (int)n, (int)rows->p);
    memcpy(got, start, sizeof got);
    memcpy(want, start, sizeof want);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < rows->p; j++) want[j] += w[i] * row_of(rows, i)[j];
    mlsd__row_add(isa, rows, n, w, got);
    if (memcmp(got, want, sizeof got) != 0)
        fail_msg("sum, isa %d, %d x %d", (int)isa, (int)n, (int)rows->p);
}

static void test_row_dots__are_as_defined_on_every_instruction_set(void **state)
{
    (void)state;
    for (int isa = 0; isa < N_ISAS; isa++) {
        if (!mlsd__tile_has((mlsd__tile_isa)isa)) continue;
        for (int64_t p = 0; p <= COLS; p++) {
            for (int64_t n = 0; n <= ROWS; n += n < 3 ? 1 : 17) {
                const mlsd__rows_at plain = {.x = x, .ld = LD, .p = p, .n_order = n};
                const mlsd__rows_at mixed = {
                    .x = x, .ld = LD, .p = p, .order = order, .n_order = ROWS};
                check((mlsd__tile_isa)isa, &plain, n);
                check((mlsd__tile_isa)isa, &mixed, n);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_row_dots__are_as_defined_on_every_instruction_set, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
