/* journal_checks.h - what tests of the journal of finished fits look at: results without their
 * timings, and how much is in the file. */
#ifndef MLSD_TESTS_JOURNAL_CHECKS_H
#define MLSD_TESTS_JOURNAL_CHECKS_H

#include <sys/stat.h>

#include "result_checks.h"

/* -1: there is no such file. */
static inline long size_of(const char *file)
{
    struct stat about;
    return stat(file, &about) == 0 ? (long)about.st_size : -1;
}

#endif
