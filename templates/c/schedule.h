/* The loop over time: which kernels are due, in their order, alone or with a team, and where it has to stop. */
#ifndef BS_SCHEDULE_H
#define BS_SCHEDULE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE     /* before the first header of the system: where a thread runs */
#endif
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"
#include "team.h"

#define BS_INLINE inline __attribute__((always_inline))

static int64_t bs_fullest(const BsTable *T, int64_t q) {
    int64_t most = T->queue_count[q][0];
    for (int64_t s = 1; s < T->queue_slots[q]; s++) if (T->queue_count[q][s] > most) most = T->queue_count[q][s];
    return most;
}

/* The time of the next step of a clock. */
static inline double bs_next(const BsTable *T, int64_t clock) {
    return T->times[clock] ? T->times[clock][T->step[clock]] : T->step[clock] * T->dt[clock];
}

/* Marks the clocks whose step is the next; whether there is one. */
static inline int bs_begin_tick(BsTable *T) {
    T->cursor = 0;
    if (T->clocks == 1) return T->due[0] = T->step[0] < T->end[0];
    double first = INFINITY, fastest = INFINITY;
    for (int64_t c = 0; c < T->clocks; c++) {
        if (T->step[c] < T->end[c] && bs_next(T, c) < first) first = bs_next(T, c);
        if (T->dt[c] < fastest) fastest = T->dt[c];
    }
    int any = 0;
    for (int64_t c = 0; c < T->clocks; c++) {
        T->due[c] = T->step[c] < T->end[c] && bs_next(T, c) - first < 1e-4 * fastest;
        any |= T->due[c];
    }
    return any;
}

/* Whether each queue has room for what a kernel may append; otherwise the table says which one needs how much. */
static BS_INLINE int bs_has_room(const BsKernel *k, BsTable *T, int64_t number, int64_t elements) {
    for (int64_t r = 0; r < k->rooms; r++) {
        const int64_t q = k->room[r].queue, wanted = bs_fullest(T, q) + k->room[r].times * elements;
        if (wanted > T->queue_capacity[q]) {
            T->cursor = T->kernel = number; T->queue = q; T->wanted = wanted;
            return 0;
        }
    }
    return 1;
}

static BS_INLINE void bs_run(const BsKernel *k, BsTable *T, BsTeam *team, int64_t number, int64_t elements) {
    int64_t parts = 0;
#ifndef BS_NO_THREADS
    if (team && k->work) {
        if (elements < 0) elements = k->extent(T);
        if (k->work * elements > T->least && (!k->cut || T->cuts[number])) {
            parts = k->pieces ? bs_pieces(team) : team->parts;
            bs_all(team, k->run, k->pieces ? parts : 0);
        }
    }
#else
    (void)team; (void)number; (void)elements;
#endif
    if (!parts) k->run(T, 0, parts = 1);
    if (k->join) k->join(T, parts);
}

/* A kernel at its place in a tick: BS_GO_ON, or why the tick stops before the next one. */
static BS_INLINE int bs_step(const BsKernel *k, BsTable *T, BsTeam *team, int64_t number) {
    if (!T->due[k->clock]) return BS_GO_ON;
    if (!k->run) { T->cursor = number + 1; T->kernel = number; return BS_HOST; }
    int64_t elements = -1;
    if (k->rooms) {
        elements = k->extent(T);
        if (elements <= 0) return BS_GO_ON;
        if (!bs_has_room(k, T, number, elements)) return BS_ROOM;
    }
    bs_run(k, T, team, number, elements);
    return BS_GO_ON;
}
/* A model's tick, one line for each kernel: the compiler sees what the table says of it, and puts short kernels in place. */
#define BS_BEGIN_STEPS int why; switch (T->cursor) {
#define BS_STEP(n) case n: if ((why = bs_step(&bs_kernels[n], T, team, n)) != BS_GO_ON) return why; __attribute__((fallthrough));
#define BS_END_STEPS default: break; } return BS_GO_ON;

/* Up to so many ticks, from where the cursor is; below 0 it is between two. */
static int bs_advance_loop(const BsModel *model, BsTable *T, int64_t ticks, BsTeam *team) {
    for (;;) {
        if (T->cursor < 0) {
            if (ticks <= 0) {
                for (int64_t c = 0; c < T->clocks; c++) if (T->step[c] < T->end[c]) return BS_BUDGET;
                return BS_DONE;
            }
            if (!bs_begin_tick(T)) { T->cursor = -1; return BS_DONE; }
        }
        const int why = model->tick(T, team);
        if (why != BS_GO_ON) return why;
        for (int64_t c = 0; c < T->clocks; c++) T->step[c] += T->due[c];
        T->cursor = -1;
        ticks--; T->ticks++;
    }
}

#ifdef BS_NO_THREADS
static int bs_advance_some(const BsModel *model, BsTable *T, int64_t ticks) {
    model->settle(T);
    return bs_advance_loop(model, T, ticks, NULL);
}
#else
/* Seconds per tick. */
typedef struct BsPace { double each, spent; int64_t seen; } BsPace;

static void bs_learn(BsPace *pace, double spent, int64_t ticks) {
    pace->spent += spent; pace->seen += ticks;
    if (pace->spent < 0.2) return;      /* a thread that had to wait for its turn should not decide */
    pace->each = pace->spent / pace->seen;
    pace->spent = 0; pace->seen = 0;
}

/* Alone or together, whichever took less time per tick when last tried; ticks below 15 µs are not worth a try. */
static int bs_advance_some(const BsModel *model, BsTable *T, int64_t ticks) {
    model->settle(T);
    if (T->threads < 2) return bs_advance_loop(model, T, ticks, NULL);
    BsPace *alone = (BsPace *)T->pace, *together = alone + 1;
    for (;;) {
        int with = T->least < 0, trial = alone->each <= 0 && T->least >= 0;
        if (alone->each > 15e-6 && T->least >= 0) {
            with = together->each <= 0 || together->each < alone->each;
            trial = together->each <= 0;
            if (T->since > 100 * (with ? alone : together)->each / (with ? together : alone)->each * 64 && !trial) { with = !with; trial = 1; T->since = 0; }
        }
        const int64_t before = T->ticks;
        double began = bs_seconds(), least = INFINITY;
        int why = BS_BUDGET;
        if (with && !bs_gather(&bs_team, T, T->threads)) with = 0;
        for (int64_t left = ticks; why == BS_BUDGET && left > 0;) {
            const int64_t some = trial && left > 8 ? 8 : left, here = T->ticks;
            const double start = bs_seconds();
            why = bs_advance_loop(model, T, some, with ? &bs_team : NULL);
            left -= T->ticks - here;
            if (T->ticks - here == some && some >= 8) { const double each = (bs_seconds() - start) / some; if (each < least) least = each; }
            if (trial && T->ticks - before >= 64 && bs_seconds() - began > 0.02) break;      /* it takes the system a while to place threads well */
        }
        if (with) bs_release(&bs_team);
        const int64_t done = T->ticks - before;
        if (!trial) bs_learn(with ? together : alone, bs_seconds() - began, done);
        else if (least < INFINITY) (with ? together : alone)->each = least;      /* at a trial, chance delays do not count */
        T->since += done;
        ticks -= done;
        if (why != BS_BUDGET || ticks <= 0) return why;
    }
}
#endif

/* Advances a network by up to so many ticks; why it came back. Fast arithmetic takes numbers below 1e-308 as zero: traces that decay for long
   would otherwise slow down a hundredfold. */
static inline int bs_advance(const BsModel *model, BsTable *T, int64_t ticks) {
    if (model->bind) model->bind(T->arrays);
#if defined(BRAINSIM_FAST) && defined(__SSE2__)
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);
    const int why = bs_advance_some(model, T, ticks);
    __builtin_ia32_ldmxcsr(before);
    return why;
#else
    return bs_advance_some(model, T, ticks);
#endif
}
#endif
