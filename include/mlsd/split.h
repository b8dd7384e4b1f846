/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/split.h - which rows are trained on and which are tested on.
 *
 * Splitters are kinds of the family "splitter": holdout, kfold, stratified_kfold,
 * time_series_split, rolling_split, panel_split, time_window_split, purged_kfold,
 * combinatorial_purged_split, group_kfold, stratified_group_kfold, repeated_kfold,
 * repeated_stratified_kfold, leave_one_out, leave_p_out, leave_one_group_out, leave_p_groups_out,
 * shuffle_split, stratified_shuffle_split, group_shuffle_split, stratified_group_shuffle_split,
 * bootstrap, multilabel_stratified_kfold, multilabel_stratified_shuffle_split,
 * and predefined_split, whose groups are fold numbers, -1 for rows that are never tested. Where
 * scikit-learn changed, the parameter `compat` names the release to follow ("1.2", "1.6", "1.8",
 * "1.9"). With the same integer `seed` they give index for index what scikit-learn's splitters give
 * with the same `random_state`: holdout of two parts is train_test_split, whose test_size is its
 * last part. More parts have sizes by largest remainder; the last part takes the first rows of one
 * permutation, the part before it the next, and so on (with `stratify`, rows of each class are
 * drawn for part 0 first). Folds never change once made.
 *
 * shuffle_split is Monte-Carlo cross-validation. Its stratified kinds and holdout can make strata
 * of a numeric target by its quantiles (`strata_bins`). Sizes of group_shuffle_split are of groups;
 * those of stratified_group_shuffle_split, and of holdout with `grouped`, are of rows and are met
 * as nearly as whole groups allow, together with the shares of classes. bootstrap trains on rows
 * drawn with repeats, so that a training part may have more rows than there are, and tests on those
 * that were not drawn; a draw that leaves none out is drawn again. The multilabel splitters have a
 * target of several columns of 0 and 1 (iterative stratification, Sechidis et al. 2011).
 *
 * Splitters by time have the roles "time" and "time_end" to go by. rolling_split counts rows,
 * panel_split rows of each group, and time_window_split durations, so that all groups are cut at
 * the same moments. A duration is a text: a number and a unit out of ns, us, ms, s, min, h, d and
 * w, all of fixed length (a day has 24 hours; months are refused), or a plain number in the times'
 * own unit; the parameter `time_unit` says what times that are numbers count. A row's label is
 * about the interval from its time to its end, both included; where intervals are known, rows whose
 * label reaches into what comes next are not trained on. purged_kfold and
 * combinatorial_purged_split also train on what came after (Lopez de Prado 2018, Advances in
 * Financial Machine Learning, chapters 7 and 12): of N folds k at a time are tested, in C(N, k)
 * splits in lexicographic order; each fold is tested k / N * C(N, k) times, so that the p-th test
 * of every fold, one after the other, is the p-th of as many backtest paths.
 */
#ifndef MLSD_SPLIT_H
#define MLSD_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/dataset.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/random.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_folds mlsd_folds;

/* Split n rows. y (n x 1, or NULL) is needed by stratified splitters: its distinct values are the
 * classes. groups (n x 1, or NULL) is needed by group splitters: rows of one value stay together,
 * and groups are numbered by ascending value. Whole numbers from 2^53 on are refused as groups,
 * because neighbours would look alike. Errors: MLSD_E_KIND when the spec is not a splitter;
 * MLSD_E_SHAPE; MLSD_E_DATA when the request cannot be met, with the numbers and what would work.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_folds_split(const mlsd_context *context, const mlsd_spec *splitter,
                                      int64_t n, const mlsd_matrix *y, const mlsd_matrix *groups,
                                      mlsd_folds **out);

/* Split n rows by whatever they bring: columns[k] (n rows) has roles[k] out of "target" (n x 1, or
 * n x m labels of 0 and 1), "group", "time" and "time_end" (n x 1; ticks of int64 stay exact), "id"
 * (one or more columns) and "features" (n x p); a column that is NULL is not there. random_state
 * (or NULL) is drawn from instead of the seed that the splitter has, and goes on, as scikit-learn's
 * splitters do with a RandomState; after a failure it may have gone on too. Errors: as above;
 * MLSD_E_ARG for an unknown or repeated role. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_split_columns(const mlsd_context *context,
                                              const mlsd_spec *splitter, int64_t n,
                                              const char *const *roles,
                                              const mlsd_matrix *const *columns, int64_t n_columns,
                                              mlsd_random_state *random_state, mlsd_folds **out);

/* Split the rows of a data set, with its target as y where it has classes, its column of the role
 * "group" as groups (numbers by value, texts by code point), "time", "time_end" and "id" as such,
 * and its features. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_split_dataset(const mlsd_context *context,
                                              const mlsd_spec *splitter,
                                              const mlsd_dataset *dataset, mlsd_folds **out);

/* End folds; NULL is fine. Since 0.1. */
MLSD_API void mlsd_folds_free(mlsd_folds *folds);

/* Rows that were split, number of splits, and parts of each: part 0 is training and the last part
 * is test; a three-way holdout has validation between. Since 0.1. */
MLSD_API int64_t mlsd_folds_n_rows(const mlsd_folds *folds);
MLSD_API int64_t mlsd_folds_n_splits(const mlsd_folds *folds);
MLSD_API int64_t mlsd_folds_n_parts(const mlsd_folds *folds);

/* How many rows a part has; -1 when out of range. Since 0.1. */
MLSD_API int64_t mlsd_folds_part_size(const mlsd_folds *folds, int64_t split, int64_t part);

/* Copy a part's rows, in scikit-learn's order: ascending for the k-fold family and where
 * groups stay whole, drawn order for a shuffled holdout, shuffle splits and what a bootstrap trains
 * on. Errors: MLSD_E_ARG, MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_part(const mlsd_folds *folds, int64_t split, int64_t part,
                                     int64_t *out, int64_t capacity);

/* Draw n_samples of the rows 0 .. n - 1 into out, with replace = 1 any row any number of times.
 * y (n x 1, or NULL): rows are drawn from each of its values in proportion. Row for row
 * scikit-learn's utils.resample with random_state = seed (0 .. 2^32 - 1); all n rows without
 * replacement are its utils.shuffle. Errors: MLSD_E_ARG; MLSD_E_SHAPE; MLSD_E_BUFFER; MLSD_E_DATA
 * for more than n rows without replacement, and for missing y. Since 0.1. */
MLSD_API mlsd_status mlsd_resample_rows(const mlsd_context *context, int64_t n, int64_t n_samples,
                                        int32_t replace, const mlsd_matrix *y, int64_t seed,
                                        int64_t *out, int64_t capacity);

/* Folds from fold numbers: row i is tested by the split of its number ids[i], and -1 is never
 * tested; each split trains on all other rows. The numbers that occur become splits 0, 1, ... by
 * value. Errors: MLSD_E_DATA for numbers below -1 or from 2^53 on, and where no row is tested or
 * none is left to train on. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_from_ids(const mlsd_context *context, const int64_t *ids, int64_t n,
                                         mlsd_folds **out);

/* Folds from lists of rows: part p of split k has the rows rows[offsets[at]] ..
 * rows[offsets[at + 1] - 1], at = k * n_parts + p, in that order; repeats are allowed, and so are
 * rows in several parts or in none. offsets are n_splits * n_parts + 1 and begin with 0. Kept in
 * less memory where there is a pattern. Errors: MLSD_E_ARG for sizes and offsets; MLSD_E_DATA for a
 * row that is not there and for an empty part. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_from_rows(const mlsd_context *context, int64_t n_rows,
                                          int64_t n_splits, int64_t n_parts, const int64_t *offsets,
                                          const int64_t *rows, mlsd_folds **out);

/* Write folds to a file; never half a file. `format` is "binary" (compact, checked by a sum, the
 * same on every machine), "text" (lines that a person can read and write: docs/guide.md), "csv"
 * (columns row and fold where a fold number a row says all, otherwise split, row and part), or NULL
 * to choose by the path: .csv, .txt for text, otherwise binary. In csv, rows at the end that are in
 * no part are not kept. Errors: MLSD_E_IO; MLSD_E_ARG for an unknown format; MLSD_E_UNSUPPORTED for
 * more than 1,024 parts as text. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_save(const mlsd_context *context, const mlsd_folds *folds,
                                     const char *path, const char *format);

/* Read folds in any of these formats, told apart by what is in the file. In csv, fold numbers are
 * as in mlsd_folds_from_ids (or texts, one a fold), parts have their names or numbers, and the
 * columns `row` beside `fold` and `split` beside `part` may be left out. Errors: MLSD_E_IO;
 * MLSD_E_PARSE, with the line; MLSD_E_DATA as of mlsd_folds_from_rows; MLSD_E_CORRUPT;
 * MLSD_E_VERSION for a file of a newer mlsd. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_load(const mlsd_context *context, const char *path,
                                     mlsd_folds **out);

/* The same without a file. Of the binary format *out_size are its bytes; with buf NULL and capacity
 * 0 only the size is asked for. Errors: MLSD_E_BUFFER; as above. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_to_bytes(const mlsd_folds *folds, void *buf, size_t capacity,
                                         size_t *out_size);
MLSD_API mlsd_status mlsd_folds_from_bytes(const mlsd_context *context, const void *bytes,
                                           size_t size, mlsd_folds **out);

/* A number for what is in the folds: which rows are in which part of which split, in order. Equal
 * folds have the same one, whatever made or stored them, on any machine and in any release.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_folds_fingerprint(const mlsd_context *context, const mlsd_folds *folds,
                                            uint64_t *out);

/* One row for each split and part: split, part ("train", "validation", "test"; between more than
 * three "part1", ...), rows, share (of all rows). With a data set (or NULL) also, where it has
 * them: "class <name>" (share of the part's rows) for each class, or target_mean, target_min and
 * target_max; groups (different ones); time_first and time_last (texts by code point). Errors:
 * MLSD_E_SHAPE when the data set has another number of rows. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_describe(const mlsd_context *context, const mlsd_folds *folds,
                                         const mlsd_dataset *dataset, mlsd_table **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_SPLIT_H */
