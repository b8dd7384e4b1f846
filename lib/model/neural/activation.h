/* activation.h - what a hidden unit makes of its sum, and how that changes with it. */
#ifndef MLSD_MODEL_NEURAL_ACTIVATION_H
#define MLSD_MODEL_NEURAL_ACTIVATION_H

#include <stdbool.h>
#include <stdint.h>

/* Values are indices of the parameter's choices. */
typedef enum mlsd__activation {
    MLSD__ACTIVATION_RELU,
    MLSD__ACTIVATION_LEAKY_RELU, /* slope 0.01 below 0 */
    MLSD__ACTIVATION_GELU,       /* z Phi(z): Hendrycks & Gimpel (2016) */
    MLSD__ACTIVATION_TANH,
    MLSD__ACTIVATION_LOGISTIC,
    MLSD__ACTIVATION_IDENTITY
} mlsd__activation;
extern const char *const mlsd__activation_names[];

/* Does the slope need the sums, beside what was made of them? */
bool mlsd__activation_needs_sums(mlsd__activation activation);

/* Each of n sums becomes f of it, in place. */
void mlsd__activate(mlsd__activation activation, double *z, int64_t n);

/* delta[i] *= f'(z[i]), by out = f(z); z is read only where the slope needs it. */
void mlsd__activation_back(mlsd__activation activation, const double *z, const double *out,
                           double *delta, int64_t n);

#endif
