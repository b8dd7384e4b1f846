/* folds_format.h - the formats of folds in files: binary (folds_file.c), text (folds_text.c and
 * folds_text_read.c) and CSV (folds_csv.c). */
#ifndef MLSD_SPLIT_FOLDS_FORMAT_H
#define MLSD_SPLIT_FOLDS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/text.h"
#include "split/splitter.h"

/* Append the folds to the text; a failure is returned and may also stick in the text. */
mlsd_status mlsd__folds_write_text(mlsd__scope *scope, const mlsd_folds *folds, mlsd__text *t);
mlsd_status mlsd__folds_write_csv(mlsd__scope *scope, const mlsd_folds *folds, mlsd__text *t);

/* A whole number, without the cost of formatting. */
void mlsd__text_whole(mlsd__text *t, int64_t value);

/* Does it begin as the text format does? */
bool mlsd__folds_is_text(const char *bytes, size_t size);
mlsd_status mlsd__folds_read_text(const mlsd_context *context, const char *bytes, size_t size,
                                  mlsd_folds **out);
mlsd_status mlsd__folds_read_csv(const mlsd_context *context, const char *bytes, size_t size,
                                 mlsd_folds **out);

/* The text format can name so many parts. */
enum { MLSD__TEXT_MOST_PARTS = 1024 };
#define MLSD__TEXT_FIRST_LINE "mlsd folds"
enum { MLSD__TEXT_VERSION = 1 };

#endif
