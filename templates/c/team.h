/* Threads: a team divides the elements of one kernel among its members, and waits for all of them. */
#ifndef BS_TEAM_H
#define BS_TEAM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE     /* before the first header of the system: where a thread runs */
#endif
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#if defined(_WIN32) && !defined(BS_NO_THREADS)
#define BS_NO_THREADS
#endif

#ifndef BS_NO_THREADS
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#define BS_PAUSE __builtin_ia32_pause()
#else
#define BS_PAUSE ((void)0)
#endif

typedef void (*BsJob)(BsTable *, int64_t part, int64_t parts);
/* Members look at ``round`` while they wait and find the job beside it; the caller looks at ``done``, which only members write: each step of
   the exchange moves one cache line between two processors. */
typedef struct BsTeam {
    _Alignas(64) atomic_long round; BsJob job; BsTable *table; int64_t parts, pieces; atomic_int over, awake; unsigned mode;
    _Alignas(64) atomic_long done;
    _Alignas(64) atomic_long held[64];
    _Alignas(64) atomic_long left; atomic_int taken; int process, cpu;
    pthread_mutex_t lock; pthread_cond_t bell;
    pthread_t threads[64];
} BsTeam;
typedef struct BsMember { BsTeam *team; int64_t part; } BsMember;

/* One team for each module, kept from run to run, asleep in between. */
static BsTeam bs_team = {.parts = 1, .lock = PTHREAD_MUTEX_INITIALIZER, .bell = PTHREAD_COND_INITIALIZER};

/* A thread starts, and wakes, where its maker runs, and would wait there until the system moves it: it moves itself, each to a
   processor of its own as far as there are enough, and is then free to be moved again. */
static void bs_place(const BsMember *self) {
#if defined(__linux__) && defined(CPU_SETSIZE)
    cpu_set_t allowed, here;
    if (self->team->cpu < 0 || sched_getaffinity(0, sizeof allowed, &allowed)) return;
    int64_t count = CPU_COUNT(&allowed), wanted = self->part % count;
    for (int k = 1; wanted > 0 && k <= CPU_SETSIZE; k++) {
        const int cpu = (self->team->cpu + k) % CPU_SETSIZE;
        if (CPU_ISSET(cpu, &allowed) && --wanted == 0) {
            CPU_ZERO(&here); CPU_SET(cpu, &here);
            if (!sched_setaffinity(0, sizeof here, &here)) sched_setaffinity(0, sizeof allowed, &allowed);
        }
    }
#else
    (void)self;
#endif
}

static int bs_cpu(void) {
#if defined(__linux__) && defined(CPU_SETSIZE)
    return sched_getcpu();
#else
    return -1;
#endif
}

static inline void bs_wait(int64_t *spins) {
    ++*spins;
    if (*spins < 4096) BS_PAUSE;
    else if (*spins < 100000) sched_yield();
    else { const struct timespec little = {0, 20000}; nanosleep(&little, NULL); }      /* somebody else needs the processor */
}

/* More pieces than members, so that a fast one can take over from a slow one; a whole number for each. */
static int64_t bs_pieces(const BsTeam *team) { return team->parts <= 16 ? 4 * team->parts : team->parts; }

/* A member's share of the job of this round: its part, or, where the job is in pieces, its own and then what others have not begun. */
static void bs_share(BsTeam *team, int64_t part, long round) {
    const int64_t pieces = team->pieces;
    if (!pieces) { team->job(team->table, part, team->parts); return; }
    const int64_t mine = part * (pieces / team->parts);
    for (int64_t n = 0; n < pieces; n++) {
        const int64_t piece = mine + n < pieces ? mine + n : mine + n - pieces;
        long before = atomic_load_explicit(&team->held[piece], memory_order_relaxed);
        if (before != round && atomic_compare_exchange_strong_explicit(&team->held[piece], &before, round, memory_order_relaxed, memory_order_relaxed))
            team->job(team->table, piece, pieces);
    }
}

static void *bs_member(void *given) {
    BsMember self = *(BsMember *)given;
    BsTeam *team = self.team;
    long seen = atomic_load(&team->round);
    atomic_fetch_sub(&team->left, 1);      /* the member has read what it was given */
    bs_place(&self);
    for (;;) {
        int64_t spins = 0;
        while (atomic_load_explicit(&team->round, memory_order_acquire) == seen) {
            if (atomic_load_explicit(&team->awake, memory_order_relaxed)) { bs_wait(&spins); continue; }
            pthread_mutex_lock(&team->lock);
            while (!atomic_load(&team->awake)) pthread_cond_wait(&team->bell, &team->lock);
            pthread_mutex_unlock(&team->lock);
            bs_place(&self);
        }
        seen++;
        if (atomic_load_explicit(&team->over, memory_order_relaxed)) return NULL;
#if defined(BRAINSIM_FAST) && defined(__SSE2__)
        __builtin_ia32_ldmxcsr(team->mode);
#endif
        bs_share(team, self.part, seen);
        atomic_fetch_add_explicit(&team->done, 1, memory_order_release);
    }
}

/* Each member's share of the job, the caller's included; ``pieces`` of it, or 0 for one part each. */
static void bs_all(BsTeam *team, BsJob job, int64_t pieces) {
    const long all = atomic_load_explicit(&team->done, memory_order_relaxed) + team->parts - 1;
    const long round = atomic_load_explicit(&team->round, memory_order_relaxed) + 1;
    team->job = job; team->pieces = pieces;
    atomic_store_explicit(&team->round, round, memory_order_release);
    bs_share(team, 0, round);
    int64_t spins = 0;
    while (atomic_load_explicit(&team->done, memory_order_acquire) < all) bs_wait(&spins);
}

static void bs_wake(BsTeam *team, int awake) {
    pthread_mutex_lock(&team->lock);
    atomic_store(&team->awake, awake);
    if (awake) pthread_cond_broadcast(&team->bell);
    pthread_mutex_unlock(&team->lock);
}

static void bs_dismiss(BsTeam *team) {
    atomic_store(&team->over, 1);
    atomic_fetch_add_explicit(&team->round, 1, memory_order_release);
    bs_wake(team, 1);
    for (int64_t p = 1; p < team->parts; p++) pthread_join(team->threads[p], NULL);
    team->parts = 1;
}

/* Wakes the team, or makes it first; 0 when somebody else has it or there are not enough threads to be had. */
static int bs_gather(BsTeam *team, BsTable *T, int64_t parts) {
    BsMember members[64];
    if (atomic_exchange(&team->taken, 1)) return 0;
    team->table = T; team->mode = 0; team->cpu = bs_cpu();
#if defined(BRAINSIM_FAST) && defined(__SSE2__)
    team->mode = __builtin_ia32_stmxcsr();
#endif
    if (team->process != getpid()) { team->parts = 1; team->process = getpid(); }      /* a fork leaves the threads behind */
    if (team->parts != parts) {
        if (team->parts > 1) bs_dismiss(team);
        atomic_store(&team->left, 0); atomic_store(&team->over, 0);
        bs_wake(team, 1);
        for (int64_t p = 1; p < parts && p < 64; p++) {
            members[p] = (BsMember){team, p};
            atomic_fetch_add(&team->left, 1);
            if (pthread_create(&team->threads[p], NULL, bs_member, &members[p])) { atomic_fetch_sub(&team->left, 1); break; }
            team->parts = p + 1;
        }
        int64_t spins = 0;
        while (atomic_load(&team->left) > 0) bs_wait(&spins);
        if (team->parts != parts) { bs_dismiss(team); atomic_store(&team->taken, 0); return 0; }
    } else bs_wake(team, 1);
    return 1;
}

/* The team goes to sleep until the next run. */
static void bs_release(BsTeam *team) {
    bs_wake(team, 0);
    atomic_store(&team->taken, 0);
}

static double bs_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}
#else
typedef struct BsTeam BsTeam;      /* there is none */
#endif

/* A kernel is compiled once, whatever it is called with: copies for one thread could round otherwise. */
#if defined(__GNUC__) && !defined(__clang__)
#define BS_ONE_CODE __attribute__((noipa))
#else
#define BS_ONE_CODE __attribute__((noinline))
#endif

/* Rows of synapses lie scattered in memory: ask for the next ones in time. */
#define BS_FETCH(address) __builtin_prefetch(address)

/* Where a part begins: at a whole number of ``grain`` elements from the origin, so that vectors and blocks are the same in every division. */
static inline int64_t bs_cut(int64_t begin, int64_t finish, int64_t part, int64_t parts, int64_t origin, int64_t grain) {
    if (part <= 0) return begin;
    if (part >= parts) return finish;
    const int64_t at = begin + (int64_t)((double)(finish - begin) * part / parts), cut = origin + (at - origin + grain / 2) / grain * grain;
    return cut < begin ? begin : cut > finish ? finish : cut;
}
#endif
