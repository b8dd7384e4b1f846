/* member.h - fitted estimators of one spec whose answers are put together, and what the states of
 * all kinds that are made of such have in common. */
#ifndef MLSD_MODEL_MEMBER_H
#define MLSD_MODEL_MEMBER_H

#include "model/estimator.h"

typedef struct mlsd__members {
    mlsd__allocator allocator;
    mlsd_spec *spec;                /* of each: an own copy */
    const mlsd__estimator_ops *ops; /* of each */
    mlsd__feature *features;        /* that all of them together are given */
    int64_t p, k;                   /* columns; classes, 0 for numbers */
    int64_t n;                      /* members that there are, or are to be */
    void **states;                  /* NULL where one is not there; NULL without room */
} mlsd__members;

/* Without members yet; mlsd__members_close also after a failure. */
mlsd_status mlsd__members_open(const mlsd__allocator *a, const mlsd_spec *spec,
                               const mlsd__feature *features, int64_t p, int64_t k,
                               mlsd__members *out);
/* Room for n of them, none of which is there. */
mlsd_status mlsd__members_make_room(mlsd__members *m, int64_t n);
void mlsd__members_close(mlsd__members *m);

/* The rows that all of them together are given, as a frame. */
mlsd__frame mlsd__members_frame(const mlsd__members *m, const double *x, int64_t n, int64_t ld);
/* Fails at the first NaN that members cannot take in the columns (NULL: the first n_columns) of x,
 * by its name in `features`. */
mlsd_status mlsd__members_find_nan(const mlsd__members *m, const mlsd__feature *features,
                                   const int64_t *columns, int64_t n_columns, const double *x,
                                   int64_t n, int64_t ld, int64_t first_row);
/* What a state of theirs says of the rows of a frame: its numbers (k is 0), probabilities of k
 * classes, or where it has none 1 for the class that it is for. scope may be NULL for few rows. */
mlsd_status mlsd__members_ask(mlsd__scope *scope, const mlsd__members *m, void *state,
                              const mlsd__frame *frame, double *out);

/* Can members read such features? */
bool mlsd__members_take(const mlsd__members *m, const mlsd__feature *features, int64_t n);
mlsd_status mlsd__members_load(mlsd__reader *r, mlsd__members *m, int64_t member,
                               const mlsd__feature *features, int64_t n);

#endif
