/* cli_progress.c - what a person sees while it works, and Ctrl-C. On a terminal a bar with an
 * estimate, on anything else a line when a stage begins and at each quarter. All of it on standard
 * error. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static struct {
    mlsd_context *context;
    bool terminal;
    volatile sig_atomic_t drawn;
    char stage[64];
    double stage_start;
    int quarter;
    volatile sig_atomic_t interrupts;
    const char *(*on_cancel)(void);
} progress;

void cli_on_cancel(const char *(*leave)(void))
{
    progress.on_cancel = leave;
}

const char *cli_cancelled(void)
{
    return progress.on_cancel != NULL ? progress.on_cancel() : CLI_CANCELLED_TEXT;
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int cli_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
    return 80;
}

void cli_progress_clear(void)
{
    if (!progress.drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress.drawn = false;
}

static void draw_bar(const char *stage, int64_t done, int64_t total, double elapsed)
{
    enum { CELLS = 30 };
    if (total <= 0) {
        fprintf(stderr, "\r\033[K%s, %.0f s", stage, elapsed);
    } else {
        char bar[CELLS + 1];
        const double share = (double)done / (double)total;
        for (int i = 0; i < CELLS; i++) bar[i] = i < (int)(share * CELLS) ? '#' : '.';
        bar[CELLS] = '\0';
        fprintf(stderr, "\r\033[K%-16.24s [%s] %3.0f %%", stage, bar, 100 * share);
        if (share > 0.02 && elapsed > 0.5 && done < total)
            fprintf(stderr, "  about %.0f s left", elapsed / share - elapsed);
    }
    fflush(stderr);
    progress.drawn = true;
}

static void print_line(const char *stage, int64_t done, int64_t total, double elapsed)
{
    const int quarter = total > 0 ? (int)(4 * done / total) : 0;
    if (elapsed < 1 || quarter <= progress.quarter) return;
    progress.quarter = quarter;
    fprintf(stderr, "%s: %d %%\n", stage, 25 * quarter);
}

static int on_progress(const mlsd_event *event, void *user)
{
    (void)user;
    const char *stage = mlsd_event_stage(event);
    const int64_t done = mlsd_event_done(event), total = mlsd_event_total(event);
    if (*stage == '\0') return 0;
    const double t = now();
    if (strcmp(stage, progress.stage) != 0) {
        snprintf(progress.stage, sizeof progress.stage, "%s", stage);
        progress.stage_start = t;
        progress.quarter = 0;
    }
    if (!progress.terminal)
        print_line(stage, done, total, t - progress.stage_start);
    else if (t - progress.stage_start > 0.2 && !(total > 0 && done >= total))
        draw_bar(stage, done, total, t - progress.stage_start);
    else
        cli_progress_clear();
    return 0;
}

/* Milliseconds that the library gets to stop in an orderly way. */
enum { PATIENCE_MS = 70 };

static void set_alarm(long milliseconds)
{
    const struct itimerval wait = {.it_value = {.tv_usec = 1000 * milliseconds}};
    (void)setitimer(ITIMER_REAL, &wait, NULL);
}

/* A computation that does not come to a stop in time is left where it is: nothing is being written
 * while this may happen, for cli_hold_interrupts comes before that. */
static void on_alarm(int number)
{
    (void)number;
    static const char erase[] = "\r\033[K", begin[] = "mlsd: ";
    const char *const text = cli_cancelled();
    size_t length = 0;
    while (text[length] != '\0') length++;
    ssize_t n = 0;
    if (progress.drawn) n = write(STDERR_FILENO, erase, sizeof erase - 1);
    if (n >= 0) n = write(STDERR_FILENO, begin, sizeof begin - 1);
    if (n >= 0) n = write(STDERR_FILENO, text, length);
    if (n >= 0) n = write(STDERR_FILENO, "\n", 1);
    _exit(n < 0 ? CLI_IO : CLI_CANCELLED);
}

static void on_interrupt(int number)
{
    (void)number;
    if (progress.interrupts++ > 0) _exit(CLI_CANCELLED);
    mlsd_context_cancel(progress.context);
    set_alarm(PATIENCE_MS);
}

void cli_interrupt_noticed(void)
{
    set_alarm(0);
}

static void listen_to(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

mlsd_context *cli_context_new(const cli_args *args)
{
    int64_t n_threads = 0;
    if (cli_get(args, "threads") != NULL && !cli_get_i64(args, "threads", 0, 4096, &n_threads))
        return NULL;
    mlsd_context *context = NULL;
    const char *const numerics = cli_get(args, "numerics");
    mlsd_status status = mlsd_context_new(&context);
    if (status == MLSD_OK) status = mlsd_context_set_i64(context, "n_threads", n_threads);
    if (status == MLSD_OK && numerics != NULL) {
        status = mlsd_context_set_str(context, "numerics", numerics);
        if (status != MLSD_OK) {
            mlsd_context_free(context);
            cli_fail(CLI_USAGE, "%s", mlsd_last_error());
            return NULL;
        }
    }
    progress.terminal = isatty(STDERR_FILENO) != 0;
    if (status == MLSD_OK) status = mlsd_context_set_progress(context, on_progress, NULL, NULL);
    if (status != MLSD_OK) {
        (void)cli_fail_status(status);
        mlsd_context_free(context);
        return NULL;
    }
    progress.context = context;
    listen_to(SIGALRM, on_alarm);
    listen_to(SIGINT, on_interrupt);
    listen_to(SIGTERM, on_interrupt);
    return context;
}

void cli_hold_interrupts(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGALRM);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

void cli_context_free(mlsd_context *context)
{
    cli_progress_clear();
    cli_interrupt_noticed();
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    progress.context = NULL;
    mlsd_context_free(context);
}
