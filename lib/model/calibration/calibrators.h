/* calibrators.h - curves with one or two numbers from scores to probabilities, fitted by the log
 * loss: Platt's sigmoid and the temperature. */
#ifndef MLSD_MODEL_CALIBRATORS_H
#define MLSD_MODEL_CALIBRATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* P(positive) = 1 / (1 + exp(slope score + offset)), Platt's A and B. */
typedef struct mlsd__sigmoid_fit {
    double slope, offset;
    bool has_converged;
} mlsd__sigmoid_fit;

/* Over n scores; row i is positive where y[i] == positive. weight NULL for ones. */
mlsd_status mlsd__fit_sigmoid(mlsd__scope *scope, const double *scores, const double *y,
                              double positive, const double *weight, int64_t n,
                              mlsd__sigmoid_fit *out);
double mlsd__sigmoid_at(double slope, double offset, double score);

/* softmax(scores * inverse_temperature) over k classes. It is held within exp(-10) and exp(10);
 * has_converged is false at an end, where scores say nothing, or part the classes without error. */
typedef struct mlsd__temperature_fit {
    double inverse_temperature;
    bool has_converged;
} mlsd__temperature_fit;

/* Over n rows of k logits. */
mlsd_status mlsd__fit_temperature(mlsd__scope *scope, const double *logits, const double *y,
                                  const double *weight, int64_t n, int64_t k,
                                  mlsd__temperature_fit *out);

#endif
