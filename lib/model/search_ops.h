/* search_ops.h - what a kind of family "search" brings to this layer, so that a search may be
 * fitted as if it were an estimator: the spec of the candidate that it chose, which is then fitted.
 * The first member of the kind's table of functions, whose rest is known where searches are. */
#ifndef MLSD_MODEL_SEARCH_OPS_H
#define MLSD_MODEL_SEARCH_OPS_H

#include <stdbool.h>
#include <string.h>

#include "mlsd/dataset.h"
#include "base/kindtable.h"
#include "base/scope.h"

typedef struct mlsd__search_ops {
    /* Search on these rows, with the search's own splits of them. *out is the caller's. */
    mlsd_status (*choose)(mlsd__scope *scope, const mlsd_spec *search, const mlsd_dataset *train,
                          mlsd_spec **out);
} mlsd__search_ops;

/* Is the spec of family "search"? */
static inline bool mlsd__is_search(const mlsd_spec *spec)
{
    return strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "search") == 0;
}

#endif
