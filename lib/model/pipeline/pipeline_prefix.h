/* pipeline_prefix.h - the steps before the last of a pipeline, fitted once for several last steps,
 * which then are given what mlsd__pipeline's fit and predict would give them. */
#ifndef MLSD_MODEL_PIPELINE_PIPELINE_PREFIX_H
#define MLSD_MODEL_PIPELINE_PIPELINE_PREFIX_H

#include "model/estimator.h"

typedef struct mlsd__prefix {
    mlsd__train train;  /* for the last step; borrowed but for its frames */
    mlsd__frame *parts; /* the parts as the last step is given them */
    struct mlsd__prefix_steps *steps;
} mlsd__prefix;

/* The leaves of a pipeline (of itself where it is none), nested ones in order, borrowed from it:
 * *out_n of them. capacity 0 counts. */
int64_t mlsd__pipeline_leaves(const mlsd_spec *spec, const mlsd_spec **out, const char **out_names,
                              int64_t capacity);

/* The steps and their rows. */
typedef struct mlsd__prefix_input {
    const mlsd_spec *const *steps; /* transforms, none of them the user's own */
    const char *const *names;
    int64_t n_steps;
    const mlsd__train *train;
    const mlsd__frame *parts; /* rows to predict */
    int64_t n_parts;
    bool parts_are_finite; /* looked through before */
} mlsd__prefix_input;

/* Fit the steps on train, and send the parts through. Fails as the pipeline would, or with
 * MLSD_E_UNSUPPORTED where a last step would have to look at NaN. What the input points to must
 * outlive it. */
mlsd_status mlsd__prefix_fit(mlsd__scope *scope, const mlsd__prefix_input *in, mlsd__prefix *out);
/* mlsd__estimator_ops.tell_selections of the steps. */
mlsd_status mlsd__prefix_tell_selections(const mlsd__prefix *prefix,
                                         const struct mlsd__selection_sink *sink);
void mlsd__prefix_free(const mlsd__allocator *a, mlsd__prefix *prefix);

#endif
