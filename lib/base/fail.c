/* fail.c - the calling thread's error message. One static thread-local array and no heap behind it,
 * so that it survives running out of memory and threads that come and go. */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char error_message[MLSD__ERROR_CAPACITY];

#define STATUSES(X)                                                 \
    X(MLSD_OK, "success")                                           \
    X(MLSD_E_NOMEM, "out of memory")                                \
    X(MLSD_E_ARG, "an argument is not usable")                      \
    X(MLSD_E_CANCELLED, "cancelled")                                \
    X(MLSD_E_BUFFER, "the buffer is too small")                     \
    X(MLSD_E_UNSUPPORTED, "not supported by this kind of object")   \
    X(MLSD_E_INTERNAL, "a defect of mlsd")                          \
    X(MLSD_E_THREAD, "the system refuses a lock or a thread")       \
    X(MLSD_E_KIND, "no such kind, or of the wrong family")          \
    X(MLSD_E_PARAM_UNKNOWN, "no such parameter or name")            \
    X(MLSD_E_PARAM_TYPE, "the parameter has another type")          \
    X(MLSD_E_PARAM_RANGE, "the parameter's value is out of bounds") \
    X(MLSD_E_PARAM_CONFLICT, "parameters contradict each other")    \
    X(MLSD_E_CHILD, "a child spec is missing or misplaced")         \
    X(MLSD_E_DATA, "the data cannot be used")                       \
    X(MLSD_E_SHAPE, "sizes do not fit together")                    \
    X(MLSD_E_COLUMN, "no such column")                              \
    X(MLSD_E_TYPE, "the column or matrix has another type")         \
    X(MLSD_E_NUMERIC, "the computation broke down")                 \
    X(MLSD_E_IO, "the system refuses to read or write")             \
    X(MLSD_E_PARSE, "not well formed")                              \
    X(MLSD_E_CORRUPT, "the file is damaged")                        \
    X(MLSD_E_VERSION, "the file is newer than this library")        \
    X(MLSD_E_USER, "a callback's own status")

typedef struct status_row {
    mlsd_status value;
    const char *name, *doc;
} status_row;

static const status_row status_rows[] = {
#define ROW(value_, doc_) {value_, #value_, doc_},
    STATUSES(ROW)
#undef ROW
};

enum { N_STATUSES = sizeof status_rows / sizeof status_rows[0] };

/* A cut message must not end inside a UTF-8 character. */
static void trim_utf8(char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) start--;
    if (start == 0) return;
    const unsigned char lead = (unsigned char)text[start - 1];
    const size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (length - (start - 1) < need) text[start - 1] = '\0';
}

mlsd_status mlsd__fail(mlsd_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(error_message, sizeof error_message, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof error_message) trim_utf8(error_message, sizeof error_message - 1);
    for (char *c = error_message; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
    return status;
}

mlsd_status mlsd__fail_nomem(void)
{
    memcpy(error_message, "out of memory", sizeof "out of memory");
    return MLSD_E_NOMEM;
}

void mlsd__error_copy(char out[MLSD__ERROR_CAPACITY])
{
    memcpy(out, error_message, MLSD__ERROR_CAPACITY);
}

void mlsd__error_restore(const char message[MLSD__ERROR_CAPACITY])
{
    memcpy(error_message, message, MLSD__ERROR_CAPACITY);
}

mlsd_status mlsd_error_set(mlsd_status status, const char *message)
{
    return mlsd__fail(status, "%s", message != NULL ? message : "");
}

const char *mlsd_last_error(void)
{
    return error_message;
}

static const status_row *find_status(mlsd_status status)
{
    const mlsd_status wanted = status <= MLSD_E_USER ? MLSD_E_USER : status;
    for (int i = 0; i < N_STATUSES; i++) {
        if (status_rows[i].value == wanted) return &status_rows[i];
    }
    return NULL;
}

const char *mlsd_status_name(mlsd_status status)
{
    const status_row *row = find_status(status);
    return row != NULL ? row->name : "unknown status";
}

const char *mlsd_status_doc(mlsd_status status)
{
    const status_row *row = find_status(status);
    return row != NULL ? row->doc : "unknown status";
}

int64_t mlsd_status_count(void)
{
    return N_STATUSES;
}

mlsd_status mlsd_status_at(int64_t i)
{
    MLSD__REQUIRE(i >= 0 && i < N_STATUSES, "there are %d statuses, %lld is none of them",
                  (int)N_STATUSES, (long long)i);
    return status_rows[i].value;
}

bool mlsd__status_is_known(int status)
{
    for (int64_t i = 0; i < mlsd_status_count(); i++) {
        if (mlsd_status_at(i) == status) return true;
    }
    return status <= MLSD_E_USER;
}
