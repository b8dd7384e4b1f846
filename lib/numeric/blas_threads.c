/* blas_threads.c - OpenBLAS's own threading, held at one while mlsd computes. mlsd's threads call
 * BLAS on blocks; OpenBLAS's pool under them would be slower and would change bits with the number
 * of CPUs. The count of holders and the number to put back are the only writable statics of the
 * library: they mirror state of the process that OpenBLAS itself keeps in one place. The mutex
 * guards them for an instant and is never held across a call. */
#include "numeric/blas.h"

#include <cblas.h>
#include <pthread.h>

static pthread_mutex_t hold_mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t n_holders;
static int threads_before;

static void hold(void)
{
    (void)pthread_mutex_lock(&hold_mutex);
    if (n_holders++ == 0) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1) openblas_set_num_threads(1);
    }
    (void)pthread_mutex_unlock(&hold_mutex);
}

/* A number that somebody else set in the meantime is theirs: it stays. */
static void let_go(mlsd__scope *scope)
{
    (void)scope;
    (void)pthread_mutex_lock(&hold_mutex);
    if (--n_holders == 0 && threads_before != 1 && openblas_get_num_threads() == 1)
        openblas_set_num_threads(threads_before);
    (void)pthread_mutex_unlock(&hold_mutex);
}

mlsd_status mlsd__numeric_open(mlsd__scope *scope, const mlsd_context *context)
{
    MLSD__TRY(mlsd__scope_open(scope, context));
    /* Exact numerics does not call OpenBLAS. */
    if (mlsd__thread_numerics() == MLSD__EXACT || !mlsd__scope_holds_blas(scope)) return MLSD_OK;
    hold();
    scope->on_close = let_go;
    return MLSD_OK;
}

const char *mlsd__blas_config(void)
{
    return openblas_get_config();
}

const char *mlsd__blas_core(void)
{
    return openblas_get_corename();
}
