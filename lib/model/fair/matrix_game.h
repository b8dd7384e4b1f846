/* matrix_game.h - the value of a finite game of two who know nothing of each other's choice. */
#ifndef MLSD_MODEL_MATRIX_GAME_H
#define MLSD_MODEL_MATRIX_GAME_H

#include "base/scope.h"

/* The one who picks a column pays `pay` (n_rows x n_cols, finite) to the one who picks a row. Best
 * mixtures of both: columns (n_cols) and rows (n_rows), each of shares that sum to 1. *out_solved
 * is false where rounding stood in the way; the mixtures are then not set. */
mlsd_status mlsd__matrix_game(mlsd__scope *scope, const double *pay, int64_t n_rows, int64_t n_cols,
                              double *columns, double *rows, bool *out_solved);

#endif
