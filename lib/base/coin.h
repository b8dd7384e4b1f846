/* coin.h - a coin that falls the same way for the same unit on every machine. */
#ifndef MLSD_BASE_COIN_H
#define MLSD_BASE_COIN_H

#include <stdint.h>

/* In [0, 1): the upper 53 bits of the XXH3 of an id's text. */
double mlsd__coin(const char *id, int64_t seed);

#endif
