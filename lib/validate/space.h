/* space.h - the space of a search: texts such as "alpha = 0.1, 1, 10" and "alpha ~
 * log_uniform(0.001, 1000)", read and checked against the estimator whose parameters they name; and
 * the candidates that are made of it, each a spec of its own. Nothing is fitted before all of them
 * are there. */
#ifndef MLSD_VALIDATE_SPACE_H
#define MLSD_VALIDATE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/dataset.h"
#include "mlsd/table.h"
#include "base/kindtable.h"
#include "base/text.h"

typedef int32_t mlsd__axis_form;
enum {
    MLSD__AXIS_LIST = 0,
    MLSD__AXIS_UNIFORM = 1,
    MLSD__AXIS_LOG_UNIFORM = 2,
    MLSD__AXIS_INTEGERS = 3
};

/* One parameter and what it may be. */
typedef struct mlsd__axis {
    char *name;
    char *entry;         /* the text it was read from, for messages */
    int64_t entry_index; /* its place in `space` */
    int64_t column;      /* among the names of the space */
    mlsd__axis_form form;
    char **values; /* LIST */
    int64_t n_values;
    double low, high; /* ranges; whole numbers for INTEGERS, and for LOG_UNIFORM where is_whole */
    bool is_whole;    /* the parameter takes whole numbers only */
} mlsd__axis;

/* Every combination of its axes; a space is a union of grids. */
typedef struct mlsd__grid {
    mlsd__axis *axes;
    int64_t n_axes, capacity;
} mlsd__grid;

typedef struct mlsd__space {
    mlsd__allocator allocator;
    mlsd__grid *grids;
    int64_t n_grids, grid_capacity;
    char **names; /* parameters in order of first appearance */
    int64_t n_names, name_capacity;
} mlsd__space;

/* Read the texts. An entry without '=' and '~' continues the one before, so that a list that was
 * cut at its commas is whole again. Errors: MLSD_E_PARSE, and those of mlsd_spec_set_text, each
 * with the entry in front. */
mlsd_status mlsd__space_read(const mlsd__allocator *a, const mlsd_spec *estimator,
                             const mlsd__str_list *texts, mlsd__space *out);
void mlsd__space_free(mlsd__space *space); /* all zero is fine */

bool mlsd__space_has_range(const mlsd__space *space);
/* Combinations of all grids; INT64_MAX where they are more, or where there is a range. */
int64_t mlsd__space_size(const mlsd__space *space);

typedef struct mlsd__candidates {
    mlsd__allocator allocator;
    int64_t n, n_names;
    char **names;      /* parameters of the space */
    mlsd_spec **specs; /* n */
    char **texts;      /* n x n_names; NULL where a candidate's grid does not have the parameter */
    int64_t *place; /* n: the combination's number in the grid, -1 where a range was drawn from */
} mlsd__candidates;

/* Every combination in order: grids as listed, and in each the last axis fastest. Ranges:
 * MLSD_E_PARAM_CONFLICT. */
mlsd_status mlsd__space_grid(const mlsd__space *space, const mlsd_spec *estimator,
                             mlsd__candidates *out);
/* n candidates, of which number i depends on (seed, i) alone where there is a range; otherwise
 * without replacement, and no more than there are, the first ones of a longer draw. */
mlsd_status mlsd__space_draw(const mlsd__space *space, const mlsd_spec *estimator, int64_t n,
                             int64_t seed, mlsd__candidates *out);
void mlsd__candidates_free(mlsd__candidates *c); /* all zero is fine */

/* Do the parameters of each go together? MLSD_E_PARAM_CONFLICT and the like, with the candidate. */
mlsd_status mlsd__candidates_check(const mlsd__candidates *c, mlsd_task task);

/* "alpha = 0.1, fit_intercept = true" of candidate i; "as given" for an empty one. */
void mlsd__candidate_say(const mlsd__candidates *c, int64_t i, mlsd__text *t);
/* The same for a sentence: a drawn number gets few digits. */
void mlsd__candidate_words(const mlsd__candidates *c, int64_t i, mlsd__text *t);

/* Is the value the least (-1) or the greatest (1) of a list of three numbers or more? 0 otherwise,
 * and for NULL. */
int mlsd__axis_edge(const mlsd__axis *axis, const char *value);

/* A table of candidates: candidate, and each parameter as text. */
mlsd_status mlsd__candidates_table(const mlsd__candidates *c, mlsd_table **out);

#endif
