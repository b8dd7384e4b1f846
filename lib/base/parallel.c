/* parallel.c - one top-level call: opening and closing it, its threads, its progress, its
 * cancelling.
 *
 * The team is a counter that hands out tasks in ascending order and a generation number that wakes
 * the workers: they spin shortly, then sleep, so that a busy neighbour costs little. Because tasks
 * start in ascending order, the failing task of the lowest number is the same in every run.
 *
 * A task may ask for something to be done on the entry thread: it hangs a request on the team's
 * list and sleeps; the entry thread looks at the list at its checkpoints and while it waits. No
 * lock is held while a request is served. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/context_impl.h"
#include "base/handle.h"
#include "base/journal.h"
#include "base/scope.h"

enum {
    SPIN_ROUNDS = 2000,     /* some 10 us: longer than a hand-over, shorter than a time slice */
    TICK_MILLISECONDS = 45, /* between progress callbacks */
    SLEEP_MILLISECONDS = 20 /* how long the entry thread sleeps before it looks at the clock */
};

struct mlsd__call {
    const mlsd_context *context; /* NULL: defaults */
    mlsd__numerics numerics;
    atomic_int stopped; /* the status a callback asked to stop with, 0 before */
    const char *stage;
    int64_t total;
    atomic_llong done;
    int64_t next_tick; /* coarse milliseconds; entry thread only */
    struct mlsd__team *team;
    atomic_int n_requests; /* that wait for the entry thread */
    atomic_int n_journals; /* open for writing */
};

/* Lies on the stack of the thread that asks, until it is done. */
typedef struct entry_request {
    mlsd__entry_fn fn;
    void *arg;
    bool always, is_done; /* is_done is guarded by the team's mutex */
    mlsd_status status;
    char message[MLSD__ERROR_CAPACITY];
    struct entry_request *next;
} entry_request;

typedef struct team_job {
    mlsd__task_fn fn;
    void *arg;
    int64_t n_tasks;
    atomic_llong next;
    atomic_llong failed_task; /* INT64_MAX: none */
    mlsd_status failed_status;
    char failed_message[MLSD__ERROR_CAPACITY]; /* guarded by the team's mutex */
} team_job;

typedef struct team_worker {
    struct mlsd__team *team;
    int32_t index;
    pthread_t thread;
} team_worker;

typedef struct mlsd__team {
    mlsd__call *call;
    const mlsd__allocator *allocator;
    pthread_mutex_t mutex;
    pthread_cond_t wake, finished, served;
    entry_request *requests; /* in the order they came; guarded by the mutex */
    atomic_uint generation;  /* grows with each region */
    atomic_int n_working;    /* workers that have not finished the region */
    bool quit;
    int32_t n_threads, stage_depth;
    team_job job;
    int32_t n_workers;
    team_worker workers[];
} mlsd__team;

/* The team that this thread was made for; NULL on every thread that is not ours. */
static _Thread_local mlsd__team *team_of_thread;

double mlsd__seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int64_t coarse_milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int32_t allowed_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

static const mlsd__context_params *params_of(const mlsd_context *context)
{
    static const mlsd__context_params defaults = {0, 1, 1, MLSD__FAST, 1, NULL, NULL, NULL, 1};
    return context != NULL ? mlsd__spec_params(context->params) : &defaults;
}

static bool is_cancelled(const mlsd__call *call)
{
    const mlsd_context *context = call->context;
    return context != NULL && atomic_load_explicit(&((mlsd_context *)(uintptr_t)context)->cancelled,
                                                   memory_order_relaxed) != 0;
}

static mlsd_status fail_cancelled(mlsd_status status)
{
    return mlsd__fail(status, "cancelled");
}

static _Thread_local mlsd__numerics thread_numerics;

mlsd__numerics mlsd__thread_numerics(void)
{
    return thread_numerics;
}

mlsd__numerics mlsd__numerics_enter(const mlsd_context *context)
{
    const mlsd__numerics wanted = (mlsd__numerics)params_of(context)->numerics;
    const mlsd__numerics outer = thread_numerics;
    thread_numerics = wanted;
    return outer;
}

void mlsd__numerics_leave(mlsd__numerics outer)
{
    thread_numerics = outer;
}

mlsd_status mlsd__scope_open(mlsd__scope *scope, const mlsd_context *context)
{
    memset(scope, 0, sizeof *scope);
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    scope->allocator = mlsd__context_allocator(context);
    mlsd__call *call = mlsd__alloc(scope->allocator, 1, sizeof *call);
    if (call == NULL) return MLSD_E_NOMEM;
    call->context = context;
    call->stage = "";
    atomic_init(&call->stopped, 0);
    atomic_init(&call->done, 0);
    atomic_init(&call->n_requests, 0);
    atomic_init(&call->n_journals, 0);
    scope->call = call;
    scope->on_entry_thread = true;
    scope->outer = mlsd__numerics_enter(context);
    call->numerics = thread_numerics;
    const int64_t n_threads = params_of(context)->n_threads;
    scope->n_threads = n_threads > 0 ? (int32_t)n_threads : allowed_cpus();
    if (is_cancelled(call)) {
        mlsd__scope_close(scope);
        return fail_cancelled(MLSD_E_CANCELLED);
    }
    return MLSD_OK;
}

bool mlsd__scope_holds_blas(const mlsd__scope *scope)
{
    return params_of(scope->call->context)->hold_blas != 0;
}

bool mlsd__scope_audits(const mlsd__scope *scope)
{
    return params_of(scope->call->context)->audit != 0;
}

bool mlsd__scope_has_fast_paths(const mlsd__scope *scope)
{
    return params_of(scope->call->context)->fast_paths != 0;
}

const char *mlsd__scope_journal(const mlsd__scope *scope)
{
    return params_of(scope->call->context)->journal;
}

const char *mlsd__scope_checkpoint(const mlsd__scope *scope, int64_t *out_every)
{
    *out_every = params_of(scope->call->context)->checkpoint_every;
    return params_of(scope->call->context)->checkpoint;
}

void mlsd__journal_count(mlsd__scope *scope, int by)
{
    atomic_fetch_add(&scope->call->n_journals, by);
}

bool mlsd__journal_is_open(const mlsd__scope *scope)
{
    return atomic_load(&scope->call->n_journals) > 0;
}

const char *mlsd__scope_looks(const mlsd__scope *scope)
{
    return params_of(scope->call->context)->looks;
}

static void *worker_main(void *arg);

/* Threads that cannot be created are done without: the work is the same, only slower. */
static mlsd_status team_new(mlsd__scope *scope, mlsd__team **out)
{
    const int32_t n_wanted = scope->n_threads - 1;
    const size_t bytes = sizeof(mlsd__team) + (size_t)n_wanted * sizeof(team_worker);
    mlsd__team *team = mlsd__alloc(scope->allocator, 1, bytes);
    if (team == NULL) return MLSD_E_NOMEM;
    team->call = scope->call;
    team->allocator = scope->allocator;
    team->n_threads = scope->n_threads;
    atomic_init(&team->generation, 0);
    atomic_init(&team->n_working, 0);
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&team->mutex, NULL) != 0) goto no_mutex;
    if (pthread_condattr_init(&attributes) != 0) goto no_attributes;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_cond_init(&team->wake, &attributes) != 0) goto no_wake;
    if (pthread_cond_init(&team->finished, &attributes) != 0) goto no_finished;
    if (pthread_cond_init(&team->served, &attributes) != 0) goto no_served;
    (void)pthread_condattr_destroy(&attributes);

    /* Signals belong to the program's own threads: ours are born with all of them blocked. */
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int32_t i = 0; i < n_wanted; i++) {
        team_worker *worker = &team->workers[i];
        worker->team = team;
        worker->index = i + 1;
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) break;
        team->n_workers++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    scope->call->team = team;
    *out = team;
    return MLSD_OK;

no_served:
    (void)pthread_cond_destroy(&team->finished);
no_finished:
    (void)pthread_cond_destroy(&team->wake);
no_wake:
    (void)pthread_condattr_destroy(&attributes);
no_attributes:
    (void)pthread_mutex_destroy(&team->mutex);
no_mutex:
    mlsd__free(scope->allocator, team);
    return mlsd__fail(MLSD_E_THREAD, "the system refuses a lock");
}

static void team_free(mlsd__team *team)
{
    if (team == NULL) return;
    (void)pthread_mutex_lock(&team->mutex);
    team->quit = true;
    atomic_fetch_add(&team->generation, 1);
    (void)pthread_cond_broadcast(&team->wake);
    (void)pthread_mutex_unlock(&team->mutex);
    for (int32_t i = 0; i < team->n_workers; i++) (void)pthread_join(team->workers[i].thread, NULL);
    (void)pthread_cond_destroy(&team->served);
    (void)pthread_cond_destroy(&team->finished);
    (void)pthread_cond_destroy(&team->wake);
    (void)pthread_mutex_destroy(&team->mutex);
    mlsd__free(team->allocator, team);
}

void mlsd__scope_close(mlsd__scope *scope)
{
    team_free(scope->team);
    scope->team = NULL;
    if (scope->on_close != NULL) scope->on_close(scope);
    scope->on_close = NULL;
    mlsd__free(scope->allocator, scope->call);
    scope->call = NULL;
    thread_numerics = scope->outer;
}

/* Run the progress callback; entry thread only. */
static mlsd_status tick(mlsd__call *call, bool due)
{
    const mlsd_context *context = call->context;
    if (context == NULL || context->progress_fn == NULL) return MLSD_OK;
    const int64_t now = coarse_milliseconds();
    if (!due && now < call->next_tick) return MLSD_OK;
    call->next_tick = now + TICK_MILLISECONDS;
    const mlsd_event event = {call->stage, atomic_load(&call->done), call->total};
    const int answer = context->progress_fn(&event, context->progress_user);
    if (answer == 0) return MLSD_OK;
    const mlsd_status status = answer <= MLSD_E_USER ? answer : MLSD_E_CANCELLED;
    atomic_store(&call->stopped, status);
    return status;
}

mlsd_status mlsd__on_entry_thread(mlsd__entry_fn fn, void *arg, bool always)
{
    mlsd__team *const team = team_of_thread;
    if (team == NULL) return fn(arg);
    entry_request request = {.fn = fn, .arg = arg, .always = always};
    (void)pthread_mutex_lock(&team->mutex);
    entry_request **end = &team->requests;
    while (*end != NULL) end = &(*end)->next;
    *end = &request;
    atomic_fetch_add(&team->call->n_requests, 1);
    (void)pthread_cond_signal(&team->finished);
    while (!request.is_done) (void)pthread_cond_wait(&team->served, &team->mutex);
    (void)pthread_mutex_unlock(&team->mutex);
    if (request.status != MLSD_OK) mlsd__error_restore(request.message);
    return request.status;
}

static mlsd_status status_of_call(const mlsd__call *call)
{
    const mlsd_status stopped = atomic_load_explicit(&call->stopped, memory_order_relaxed);
    if (stopped != MLSD_OK) return stopped;
    return is_cancelled(call) ? MLSD_E_CANCELLED : MLSD_OK;
}

/* Do what the team's threads asked for; entry thread only. Its own message is as before. */
static void serve_requests(mlsd__call *call)
{
    mlsd__team *const team = call->team;
    char own_message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(own_message);
    while (atomic_load(&call->n_requests) > 0) {
        (void)pthread_mutex_lock(&team->mutex);
        entry_request *const request = team->requests;
        team->requests = request->next;
        (void)pthread_mutex_unlock(&team->mutex);
        atomic_fetch_sub(&call->n_requests, 1);

        mlsd_status status = request->always ? MLSD_OK : status_of_call(call);
        if (status != MLSD_OK)
            (void)fail_cancelled(status);
        else
            status = mlsd__on_entry_thread(request->fn, request->arg, request->always);
        mlsd__error_copy(request->message);
        request->status = status;
        (void)pthread_mutex_lock(&team->mutex);
        request->is_done = true;
        (void)pthread_cond_broadcast(&team->served);
        (void)pthread_mutex_unlock(&team->mutex);
    }
    mlsd__error_restore(own_message);
}

static inline bool has_requests(const mlsd__call *call)
{
    return atomic_load_explicit(&call->n_requests, memory_order_relaxed) > 0;
}

mlsd_status mlsd__checkpoint(mlsd__scope *scope)
{
    mlsd__call *call = scope->call;
    const mlsd_status stopped = status_of_call(call);
    if (stopped != MLSD_OK) return fail_cancelled(stopped);
    if (!scope->on_entry_thread) return MLSD_OK;
    if (has_requests(call)) serve_requests(call);
    const mlsd_status status = tick(call, false);
    return status == MLSD_OK ? MLSD_OK : fail_cancelled(status);
}

void mlsd__stage_begin(mlsd__scope *scope, const char *stage, int64_t total)
{
    if (++scope->stage_depth != 1) return;
    scope->call->stage = stage;
    scope->call->total = total;
    atomic_store(&scope->call->done, 0);
    (void)tick(scope->call, true);
}

void mlsd__stage_end(mlsd__scope *scope)
{
    if (--scope->stage_depth == 0) (void)tick(scope->call, true);
}

void mlsd__stage_advance(mlsd__scope *scope, int64_t units)
{
    if (scope->stage_depth == 1) atomic_fetch_add(&scope->call->done, units);
}

void mlsd__log_line(mlsd__scope *scope, mlsd_log_level level, const char *format, ...)
{
    const mlsd_context *context = scope->call->context;
    if (!scope->on_entry_thread || context == NULL || context->log_fn == NULL) return;
    if (level > context->log_level) return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    context->log_fn(level, line, context->log_user);
}

static void record_failure(mlsd__team *team, int64_t task, mlsd_status status)
{
    team_job *job = &team->job;
    (void)pthread_mutex_lock(&team->mutex);
    if (task < atomic_load(&job->failed_task)) {
        atomic_store(&job->failed_task, task);
        job->failed_status = status;
        mlsd__error_copy(job->failed_message);
    }
    (void)pthread_mutex_unlock(&team->mutex);
}

static mlsd__scope task_scope(const mlsd__team *team, int32_t worker)
{
    return (mlsd__scope){.call = team->call,
                         .allocator = team->allocator,
                         .n_threads = 1,
                         .worker = worker,
                         .stage_depth = team->stage_depth,
                         .on_entry_thread = worker == 0};
}

static void run_tasks(mlsd__team *team, int32_t worker)
{
    team_job *job = &team->job;
    while (atomic_load(&job->failed_task) == INT64_MAX) {
        const int64_t task = atomic_fetch_add(&job->next, 1);
        if (task >= job->n_tasks) return;
        mlsd__scope scope = task_scope(team, worker);
        mlsd_status status = mlsd__checkpoint(&scope);
        if (status == MLSD_OK) status = job->fn(job->arg, task, &scope);
        if (status != MLSD_OK) record_failure(team, task, status);
    }
}

static inline void relax_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Wait for a generation other than `seen`; returns it. */
static unsigned wait_for_work(mlsd__team *team, unsigned seen)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        const unsigned now = atomic_load(&team->generation);
        if (now != seen) return now;
        relax_cpu();
    }
    (void)pthread_mutex_lock(&team->mutex);
    while (atomic_load(&team->generation) == seen)
        (void)pthread_cond_wait(&team->wake, &team->mutex);
    const unsigned now = atomic_load(&team->generation);
    (void)pthread_mutex_unlock(&team->mutex);
    return now;
}

static void *worker_main(void *arg)
{
    const team_worker *worker = arg;
    mlsd__team *team = worker->team;
    team_of_thread = team;
    unsigned seen = 0;
    thread_numerics = team->call->numerics;
    for (;;) {
        seen = wait_for_work(team, seen);
        if (team->quit) return NULL;
        run_tasks(team, worker->index);
        if (atomic_fetch_sub(&team->n_working, 1) == 1) {
            (void)pthread_mutex_lock(&team->mutex);
            (void)pthread_cond_signal(&team->finished);
            (void)pthread_mutex_unlock(&team->mutex);
        }
    }
}

/* The entry thread waits for the others, and keeps the progress callback alive meanwhile. */
static void wait_for_workers(mlsd__team *team)
{
    for (int i = 0; i < SPIN_ROUNDS && !has_requests(team->call); i++) {
        if (atomic_load(&team->n_working) == 0) return;
        relax_cpu();
    }
    while (atomic_load(&team->n_working) != 0) {
        if (has_requests(team->call)) serve_requests(team->call);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += SLEEP_MILLISECONDS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_mutex_lock(&team->mutex);
        int waited = 0;
        while (atomic_load(&team->n_working) != 0 && team->requests == NULL && waited == 0)
            waited = pthread_cond_timedwait(&team->finished, &team->mutex, &until);
        (void)pthread_mutex_unlock(&team->mutex);
        if (atomic_load(&team->n_working) != 0) (void)tick(team->call, false);
    }
}

mlsd__scope mlsd__scope_serial(const mlsd__scope *scope)
{
    mlsd__scope inner = *scope;
    inner.team = NULL;
    inner.on_close = NULL;
    inner.worker = 0;
    inner.n_threads = 1;
    return inner;
}

static mlsd_status run_serially(mlsd__scope *scope, int64_t n_tasks, mlsd__task_fn fn, void *arg)
{
    mlsd__scope inner = mlsd__scope_serial(scope);
    for (int64_t task = 0; task < n_tasks; task++) {
        if (inner.stage_depth < 1) inner.stage_depth = 1;
        MLSD__TRY(mlsd__checkpoint(&inner));
        MLSD__TRY(fn(arg, task, &inner));
    }
    return MLSD_OK;
}

mlsd_status mlsd__parallel_for(mlsd__scope *scope, int64_t n_tasks, mlsd__task_fn fn, void *arg)
{
    if (n_tasks <= 0) return MLSD_OK;
    if (scope->n_threads > 1 && n_tasks > 1 && scope->team == NULL)
        MLSD__TRY(team_new(scope, &scope->team));
    mlsd__team *team = scope->team;
    if (team == NULL || n_tasks == 1) return run_serially(scope, n_tasks, fn, arg);

    team_job *job = &team->job;
    job->fn = fn;
    job->arg = arg;
    job->n_tasks = n_tasks;
    job->failed_status = MLSD_OK;
    atomic_store(&job->next, 0);
    atomic_store(&job->failed_task, INT64_MAX);
    team->stage_depth = scope->stage_depth < 1 ? 1 : scope->stage_depth;
    atomic_store(&team->n_working, team->n_workers);
    (void)pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->generation, 1);
    (void)pthread_cond_broadcast(&team->wake);
    (void)pthread_mutex_unlock(&team->mutex);
    run_tasks(team, 0);
    wait_for_workers(team);
    if (job->failed_status != MLSD_OK) mlsd__error_restore(job->failed_message);
    return job->failed_status;
}

int64_t mlsd__n_blocks(int64_t n_rows)
{
    return (n_rows + MLSD__BLOCK_ROWS - 1) / MLSD__BLOCK_ROWS;
}

void mlsd__block_range(int64_t n_rows, int64_t block, int64_t *first, int64_t *n)
{
    *first = block * MLSD__BLOCK_ROWS;
    *n = n_rows - *first < MLSD__BLOCK_ROWS ? n_rows - *first : MLSD__BLOCK_ROWS;
}
