/* design.h - the rows of a linear fit that passes over them many times: where to read them, and a
 * shift and a scale for each column that make the problem well conditioned. */
#ifndef MLSD_MODEL_DESIGN_H
#define MLSD_MODEL_DESIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/estimator.h"
#include "model/row_pass.h"

/* A frame that is cheap to read again and again: itself where its rows lie in memory, otherwise a
 * copy when it is small or made by transforms. */
typedef struct mlsd__resident {
    const mlsd__frame *frame; /* what to read */
    mlsd__frame copy;
    double *owned;
} mlsd__resident;

mlsd_status mlsd__resident_open(mlsd__resident *r, mlsd__scope *scope, const mlsd__frame *frame);
void mlsd__resident_close(mlsd__resident *r, const mlsd__allocator *a);

typedef struct mlsd__design {
    mlsd__resident rows;
    int64_t n_rows, n_features;
    bool has_intercept;
    int64_t n_columns;      /* n_features, and one for the intercept */
    double *shift;          /* n_features: about the mean; 0 without an intercept */
    double *inverse;        /* n_features: about 1 / standard deviation */
    const int64_t *columns; /* of the rows, one for each feature; NULL: all in order */
    int64_t n_read;         /* columns of the rows; feature number n_read is the constant */
    double constant;        /* 0: no such feature */
} mlsd__design;

/* Shift and scale come from some hundred rows of every part of the frame: any values give the same
 * answer, good ones keep digits. */
mlsd_status mlsd__design_open(mlsd__design *d, mlsd__scope *scope, const mlsd__frame *frame,
                              bool has_intercept);
/* A design without an intercept and without shifts, whose last feature is a constant (0: none): an
 * intercept that is penalised as the coefficients are. */
mlsd_status mlsd__design_open_constant(mlsd__design *d, mlsd__scope *scope,
                                       const mlsd__frame *frame, double constant);
/* Some columns of a design, in room for n shifts and n inverses; borrows rows and `columns`, and is
 * not to be closed. */
void mlsd__design_select(const mlsd__design *d, const int64_t *columns, int64_t n, double *room,
                         mlsd__design *out);
void mlsd__design_close(mlsd__design *d, const mlsd__allocator *a);

/* Shift and scale n rows into z (row stride n_columns), a column of ones last for the intercept. */
void mlsd__design_scale(const mlsd__design *d, const double *x, int64_t n, int64_t ld, double *z);

/* One row of coefficients, between the columns' own units and those of the design. */
void mlsd__design_to_scaled(const mlsd__design *d, const double *coef, double intercept,
                            double *scaled);
void mlsd__design_from_scaled(const mlsd__design *d, const double *scaled, double *coef,
                              double *intercept);

#endif
