/* fuzz_targets.h - functions that take any bytes. */
#ifndef MLSD_TESTS_FUZZ_TARGETS_H
#define MLSD_TESTS_FUZZ_TARGETS_H

#include <stddef.h>

void fuzz_csv(const unsigned char *bytes, size_t size);
void fuzz_spec(const unsigned char *bytes, size_t size);
void fuzz_model(const unsigned char *bytes, size_t size);
void fuzz_folds(const unsigned char *bytes, size_t size);
void fuzz_suite(const unsigned char *bytes, size_t size);
void fuzz_policy(const unsigned char *bytes, size_t size);

#endif
