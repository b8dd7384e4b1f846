/* coin.c - see the header. */
#include "base/coin.h"

#include <string.h>

#include "base/hash.h"

double mlsd__coin(const char *id, int64_t seed)
{
    enum { SPARE = 11 };
    return (double)(mlsd__hash64(id, strlen(id), (uint64_t)seed) >> SPARE) * 0x1p-53;
}
