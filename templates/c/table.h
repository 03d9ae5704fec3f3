/* What a network works on, and what it is made of: the caller fills the table, the network's own text gives the model. */
#ifndef BS_TABLE_H
#define BS_TABLE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE     /* before the first header of the system: where a thread runs */
#endif
#include <stdint.h>

/* Addresses, sizes and scalars, in words of eight bytes; brainsim/targets/cython_module.py writes the same fields. */
typedef struct Network {
    void **arrays; int64_t *sizes; double *reals; int64_t *wholes;
    void **queue_data; int64_t **queue_count; int64_t *queue_capacity, *queue_slots;
    int64_t *step, *end; double *dt; uint8_t *due; int64_t *origin;
    int64_t clocks; uint64_t seed;
    int64_t cursor, kernel, queue, wanted;
    int64_t threads, ticks; int64_t *tally; int32_t **cuts, **packed;
    double *pace; int64_t since, least;
    double *steady, **times;
} BsTable;

/* Words of a kernel for what it works on: values over a space, and a queue with the counts of its slots and their room. */
#define BS_ARRAY(type, name, number) type *restrict name = (type *)T->arrays[number]
#define BS_QUEUE(type, name, number) \
    type *restrict name = (type *)T->queue_data[number]; int64_t *restrict name##_count = T->queue_count[number]; \
    const int64_t name##_capacity = T->queue_capacity[number]; (void)name; (void)name##_count; (void)name##_capacity

/* Up to so many values for each element go into a queue. */
typedef struct BsRoom { int64_t queue, times; } BsRoom;

/* A kernel, in the order in which they run. */
typedef struct BsKernel {
    void (*run)(BsTable *, int64_t part, int64_t parts);      /* NULL: Python does this one */
    void (*join)(BsTable *, int64_t parts);                   /* what is left to do when all parts are done; NULL: nothing */
    int64_t (*extent)(const BsTable *);                       /* how many elements there are; NULL: nobody asks */
    const BsRoom *room; int64_t rooms;                        /* what has to have room before it may run */
    int64_t clock, work;                                      /* operations for each element; 0: it is never divided */
    int pieces, cut;                                          /* in pieces that others may take over; along the cuts of its rows */
} BsKernel;

struct BsTeam;
typedef struct BsModel {
    const BsKernel *kernels; int64_t count;
    int (*tick)(BsTable *, struct BsTeam *);
    void (*settle)(BsTable *);                                /* computes what does not change during a run */
    void (*bind)(void **arrays);                              /* tells users' functions where their arrays are; NULL: there are none */
} BsModel;

/* Why `bs_advance` came back (brainsim/ir/state.py, Pause). */
enum { BS_GO_ON = -1, BS_DONE, BS_BUDGET, BS_ROOM, BS_HOST };
#endif
