/* random_data.h - numbers and matrices drawn without regard for sense, the same in every run. */
#ifndef MLSD_TESTS_RANDOM_DATA_H
#define MLSD_TESTS_RANDOM_DATA_H

#include <stdint.h>

#include "mlsd/matrix.h"

enum { MAX_ROWS = 48, FLAVOURS = 9 };

/* Start anew: what is drawn from here on depends on the seed alone. */
void seed_draws(uint64_t seed);

uint64_t draw(uint64_t below);
int one_in(uint64_t n);
double uniform(void);
#define PICK(array) ((array)[draw(sizeof(array) / sizeof((array)[0]))])

/* A number of a flavour in [0, FLAVOURS): classes, constants, missing, huge, ... The first four are
 * tame. */
double value_of(int flavour);

/* Mostly 2 .. MAX_ROWS + 1; now and then none, one, or the borders of a block. */
int64_t any_rows(void);

/* A matrix of any dtype and strides. Its memory is exactly what the strides reach, so that one
 * element too far is seen; the caller frees it. */
typedef struct numbers {
    void *memory;
    mlsd_matrix view;
} numbers;

numbers make_numbers(int64_t rows, int64_t cols, int tame);

/* Put one member out of its bounds: whatever is asked of the matrix must fail. */
void spoil(mlsd_matrix *m);

#endif
