/* frame_hash.h - what tells the rows of a frame from others, for keys of work that is kept. */
#ifndef MLSD_DATA_FRAME_HASH_H
#define MLSD_DATA_FRAME_HASH_H

#include "base/file.h"
#include "data/frame.h"

/* Put a hash of each block of rows, and the names and levels of the features, into a writer. */
mlsd_status mlsd__frame_put_hash(mlsd__scope *scope, const mlsd__frame *x, mlsd__writer *w);

#endif
