/* member.c - see the header. */
#include "model/ensemble/member.h"

#include "model/model_impl.h"

mlsd_status mlsd__member_ask(mlsd__scope *scope, const mlsd__allocator *a, const mlsd_spec *spec,
                             int64_t k, void *state, const mlsd__frame *frame, double *out)
{
    const mlsd__scope own = {.allocator = a};
    const mlsd__train told = {.task = k == 0  ? MLSD_TASK_REGRESSION
                                      : k > 2 ? MLSD_TASK_MULTICLASS
                                              : MLSD_TASK_BINARY,
                              .n_classes = k};
    const mlsd_model model = mlsd__model_view(&own, spec, &told, frame, state);
    if (k == 0) return mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_VALUE, out);
    if (mlsd__model_width(&model, MLSD_OUTPUT_PROBA) > 0)
        return mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_PROBA, out);
    MLSD__TRY(mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_VALUE, out));
    for (int64_t i = frame->n_rows - 1; i >= 0; i--) {
        const int64_t chosen = (int64_t)out[i]; /* of row i; rows before it are not yet spread */
        for (int64_t c = 0; c < k; c++) out[i * k + c] = c == chosen;
    }
    return MLSD_OK;
}
