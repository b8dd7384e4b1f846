/* scenario_data.c - see the header. */
#include "scenario_data.h"

#include <stdio.h>
#include <unistd.h>

#include "scenarios.h"

void file_path(char out[160], const char *name)
{
    static _Thread_local int here; /* its address tells threads apart */
    snprintf(out, 160, "%s/%d-%p-%s", scenario_directory, (int)getpid(), (void *)&here, name);
}

void mix(uint64_t *hash, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++) *hash = (*hash ^ b[i]) * UINT64_C(1099511628211); /* FNV-1a */
}

static double noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 8388608.0 - 1.0;
}

const sample *make_sample(sample *s)
{
    uint32_t state = 7;
    for (int i = 0; i < N; i++) {
        double sum = 0.3;
        for (int j = 0; j < P; j++) {
            s->x[i * P + j] = noise(&state);
            sum += (j + 1) * s->x[i * P + j];
        }
        s->y[i] = sum + 0.5 * noise(&state);
        s->label[i] = s->y[i] > 0;
        s->weight[i] = 1 + (i % 3);
    }
    return s;
}

mlsd_matrix matrix_of(const double *values, int64_t rows, int64_t cols)
{
    return (mlsd_matrix){values, rows, cols, cols, 1, MLSD_F64, 0};
}
