/* binary_block.c - see binary_block.h. */
#include "metric/binary_block.h"

#include <math.h>

#include "base/text.h"
#include "data/matrix_view.h"

const double *mlsd__doubles_at(const mlsd_matrix *m, int64_t first, int64_t n, double *room)
{
    if (m->dtype == MLSD_F64 && m->cols == 1 && m->row_stride == 1) {
        return (const double *)m->data + first;
    }
    mlsd__matrix_read(m, NULL, first, n, room);
    return room;
}

void mlsd__binary_read(const mlsd_matrix *score, const mlsd_matrix *weight, int64_t first,
                       int64_t n, mlsd__binary_block *b)
{
    b->first = first;
    b->n = n;
    b->score = mlsd__doubles_at(score, first, n, b->score_room);
    b->w = weight == NULL ? NULL : mlsd__doubles_at(weight, first, n, b->w_room);
}

static mlsd_status bad(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

mlsd_status mlsd__binary_name_bad(const mlsd_matrix *y, bool needs_proba, mlsd__binary_block *b)
{
    mlsd__matrix_read(y, NULL, b->first, b->n, b->y_room);
    for (int64_t i = 0; i < b->n; i++) {
        const int64_t row = b->first + i;
        const double of_y = b->y_room[i], score = b->score[i];
        if (of_y != 0 && of_y != 1) return bad("y", row, of_y, "not a class number in 0 .. 1");
        if (needs_proba && !(score >= 0 && score <= 1)) {
            return bad("prediction", row, score, "not a probability in [0, 1]");
        }
        if (!isfinite(score)) return bad("prediction", row, score, "not a finite number");
        if (b->w != NULL && !(b->w[i] >= 0 && isfinite(b->w[i]))) {
            return bad("weight", row, b->w[i], "not a finite number of at least 0");
        }
    }
    return MLSD_OK;
}
