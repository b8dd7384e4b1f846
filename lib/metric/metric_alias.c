/* metric_alias.c - the names of metrics with other parameters than their kind's defaults, gathered
 * from the files of the metrics. */
#include "metric/metric_impl.h"

extern const mlsd__metric_alias mlsd__rate_aliases[];
extern const mlsd__metric_alias mlsd__regression_aliases[];
extern const mlsd__metric_alias mlsd__deviance_aliases[];
extern const mlsd__metric_alias mlsd__concordance_aliases[];
extern const mlsd__metric_alias mlsd__ranking_aliases[];

/* Each ends with a row without a name. */
static const mlsd__metric_alias *const lists[] = {
    mlsd__rate_aliases,        mlsd__regression_aliases, mlsd__deviance_aliases,
    mlsd__concordance_aliases, mlsd__ranking_aliases,
};

const mlsd__metric_alias *mlsd__metric_alias_at(int64_t i)
{
    for (int64_t list = 0; i >= 0 && list < MLSD__COUNT(lists); list++) {
        for (const mlsd__metric_alias *alias = lists[list]; alias->name != NULL; alias++) {
            if (i-- == 0) return alias;
        }
    }
    return NULL;
}
