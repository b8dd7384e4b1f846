/* training_file.h - the file that a training by epochs is kept in (the context's `checkpoint`): the
 * bytes that the trainer goes on from, under a key of all that they depend on. */
#ifndef MLSD_MODEL_TRAINING_FILE_H
#define MLSD_MODEL_TRAINING_FILE_H

#include "base/file.h"
#include "model/training_sets.h"

typedef struct mlsd__training_file {
    const char *path; /* NULL: none; the context's */
    int64_t every;    /* epochs */
    char *spec;       /* as JSON */
} mlsd__training_file;

/* What the context of the scope wants for a fit of that spec; end it with _close. */
mlsd_status mlsd__training_file_open(mlsd__training_file *file, mlsd__scope *scope,
                                     const mlsd_spec *spec);
void mlsd__training_file_close(mlsd__training_file *file, const mlsd__allocator *a);

/* The key of a fit: library, numerics, spec, rows, targets and weights of every set. */
typedef struct mlsd__training_key {
    uint64_t word[2];
} mlsd__training_key;
mlsd_status mlsd__training_file_key(const mlsd__training_file *file, mlsd__scope *scope,
                                    const mlsd__training_sets *sets, int64_t n_targets,
                                    mlsd__training_key *out);

/* The bytes that are there, the caller's by mlsd__free; NULL where there is no file. Errors:
 * MLSD_E_CORRUPT for a damaged file, MLSD_E_DATA for one of another fit, MLSD_E_PARSE for one that
 * is something else, MLSD_E_IO: all of them name it. */
mlsd_status mlsd__training_file_read(const mlsd__training_file *file, const mlsd__allocator *a,
                                     mlsd__training_key key, unsigned char **out, int64_t *out_n);
/* Put bytes in their place: what was there stays until they are whole. */
mlsd_status mlsd__training_file_write(const mlsd__training_file *file, const mlsd__allocator *a,
                                      mlsd__training_key key, const unsigned char *bytes,
                                      int64_t n);

#endif
