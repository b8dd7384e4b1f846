/* version.c - which mlsd was loaded. */
#include "mlsd/version.h"

int32_t mlsd_version(void)
{
    return MLSD_VERSION_NUMBER;
}

const char *mlsd_version_string(void)
{
    return MLSD_VERSION_STRING;
}
