/* selection.h - what all transforms that choose columns have in common: which columns stay, and
 * what was found about each. Columns that stay keep their names, types and order. */
#ifndef MLSD_MODEL_SELECT_SELECTION_H
#define MLSD_MODEL_SELECT_SELECTION_H

#include "model/estimator.h"

/* A fitted array that people can ask for; data NULL: there is none of this name. */
typedef struct mlsd__selection_array {
    int64_t rows, cols;
    double *data;
} mlsd__selection_array;

enum { MLSD__SELECTION_ARRAYS = 8 };

typedef struct mlsd__selection {
    int64_t p, n_out;
    mlsd__feature *features;  /* p: owned copies of the columns in */
    mlsd__feature *out;       /* n_out: owned copies of those that stay */
    int64_t *columns;         /* n_out: their numbers, ascending */
    double *support;          /* p: 1 for a column that stays, else 0 */
    const char *const *names; /* of arrays, ends with NULL; at most MLSD__SELECTION_ARRAYS */
    mlsd__selection_array arrays[MLSD__SELECTION_ARRAYS];
} mlsd__selection;

/* A selection of nothing yet: allocate its arrays, then choose. Failed or not, free it. */
mlsd_status mlsd__selection_new(const mlsd__allocator *a, const mlsd__feature *features, int64_t p,
                                const char *const *names, mlsd__selection **out);
/* Array i of `names`, of zeros, to be filled. */
mlsd_status mlsd__selection_array_new(const mlsd__allocator *a, mlsd__selection *s, int64_t i,
                                      int64_t rows, int64_t cols, double **out);
/* The columns whose support is not 0 stay. */
mlsd_status mlsd__selection_choose(const mlsd__allocator *a, mlsd__selection *s);

/* What a fit ends with: a state where all went well; otherwise it is freed. */
mlsd_status mlsd__selection_hand_over(mlsd__scope *scope, mlsd_status status, mlsd__selection *s,
                                      void **out_state);

/* Ready for the table of functions; the first attribute is "support". */
void mlsd__selection_free(const mlsd__allocator *a, void *state);
const mlsd__feature *mlsd__selection_features(const void *state, int64_t *out_n);
void mlsd__selection_block(const void *state, const double *in, int64_t n, double *out);
const char *mlsd__selection_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols);
mlsd_status mlsd__selection_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__selection_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state);

/* The table of a kind: that of any estimator, and the names of the arrays that its fits give. */
typedef struct mlsd__selection_ops {
    mlsd__estimator_ops estimator; /* first: to all others this is the table */
    const char *const *names;
} mlsd__selection_ops;

/* What differs from kind to kind is given: check, fit, and what it takes. */
#define MLSD__SELECTION_OPS(names_, ...)                        \
    {                                                           \
        .estimator = {.transforms = true,                       \
                      .features_out = mlsd__selection_features, \
                      .transform_block = mlsd__selection_block, \
                      .tell_selections = mlsd__selection_tell,  \
                      .attribute = mlsd__selection_attribute,   \
                      .save = mlsd__selection_save,             \
                      .load = mlsd__selection_load,             \
                      .free_state = mlsd__selection_free,       \
                      __VA_ARGS__},                             \
        .names = (names_),                                      \
    }

/* Who is told of selections, one after the other. */
typedef struct mlsd__selection_sink {
    mlsd_status (*take)(void *user, const char *name, const mlsd__selection *s);
    void *user;
} mlsd__selection_sink;
mlsd_status mlsd__selection_tell(const void *state, const char *name,
                                 const mlsd__selection_sink *sink);

/* Is a spec, or a child of it, a transform that chooses among columns? */
bool mlsd__spec_selects(const mlsd_spec *spec);

/* Some columns of a frame as a frame: features has room for n, and all must outlive it. */
typedef struct mlsd__some_columns {
    int64_t p, n;
    const int64_t *columns;
    mlsd__feature *features; /* borrowed texts */
} mlsd__some_columns;
void mlsd__some_columns_frame(mlsd__some_columns *some, const mlsd__frame *all, mlsd__frame *out);

/* Numbers of columns by falling value, of equals the first one first; NaN last. */
mlsd_status mlsd__rank_falling(const mlsd__allocator *a, const double *value, int64_t n,
                               int64_t *order);

#endif
