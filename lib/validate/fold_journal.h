/* fold_journal.h - finished fits kept in a file, and taken from there when the same work is asked
 * for again: the same rows, folds, specs, metrics, numerics and version, to the byte. Estimators of
 * the user's are not kept, because nobody knows what they are made of; nor are fits on all rows,
 * nor fits whose curve is asked for. */
#ifndef MLSD_VALIDATE_FOLD_JOURNAL_H
#define MLSD_VALIDATE_FOLD_JOURNAL_H

#include "validate/fold_impl.h"

/* set->journal is NULL where the context names no file. */
mlsd_status mlsd__fold_journal_open(mlsd__scope *scope, mlsd__fold_set *set);
/* Says in the log where something could not be written. */
void mlsd__fold_journal_close(mlsd__scope *scope, mlsd__fold_set *set);

/* What is one record: a fit by itself; the settings of a group that were run together on a split;
 * all splits of a group (split -1). */
typedef struct mlsd__fold_unit {
    const int64_t *members;
    int64_t n_members, split;
    mlsd__fold_way way; /* what the record holds; LOOP stands for a fit by itself */
} mlsd__fold_unit;

/* Take a record's runs over; false where there is none, or it cannot be read. */
bool mlsd__fold_recall(const mlsd__fold_set *set, const mlsd__fold_unit *unit);
/* Keep what is done of a unit. */
void mlsd__fold_record(const mlsd__fold_set *set, const mlsd__fold_unit *unit);

#endif
