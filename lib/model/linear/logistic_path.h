/* logistic_path.h - what logistic_regression brings to model/path.h. */
#ifndef MLSD_MODEL_LOGISTIC_PATH_H
#define MLSD_MODEL_LOGISTIC_PATH_H

#include "model/path.h"

extern const mlsd__path_ops mlsd__logistic_path;

#endif
