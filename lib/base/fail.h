/* fail.h - how an error is raised: write the message where the fault is found, return the status.
 *
 * Messages are one line, lower case, no full stop, and name the culprit with the values and, where
 * there is one, the remedy. They are never wrapped or overwritten on the way up. */
#ifndef MLSD_BASE_FAIL_H
#define MLSD_BASE_FAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "mlsd/status.h"

#define MLSD__ERROR_CAPACITY 512

/* Write the calling thread's message and return `status`. Cuts at the capacity, at a UTF-8 border.
 */
mlsd_status mlsd__fail(mlsd_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "out of memory" without formatting. */
mlsd_status mlsd__fail_nomem(void);

/* Is what a callback returned a status, of ours or of the user's own? */
bool mlsd__status_is_known(int status);

/* Carry a message from a worker thread to the thread that entered mlsd. */
void mlsd__error_copy(char out[MLSD__ERROR_CAPACITY]);
void mlsd__error_restore(const char message[MLSD__ERROR_CAPACITY]);

/* Check an argument: returns MLSD_E_ARG from the calling function. */
#define MLSD__REQUIRE(condition, ...)                                 \
    do {                                                              \
        if (!(condition)) return mlsd__fail(MLSD_E_ARG, __VA_ARGS__); \
    } while (0)

/* Return a failure at once. */
#define MLSD__TRY(expression)                                     \
    do {                                                          \
        const mlsd_status mlsd__try_status = (expression);        \
        if (mlsd__try_status != MLSD_OK) return mlsd__try_status; \
    } while (0)

#endif
