// What the two hand-written programs share: random rows of synapses, a clock, and a line of JSON at the end.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

struct Rows {
    std::vector<int32_t> start, target;
};

// Every pair with probability p; the gaps between the targets of a row are geometric.
inline Rows connect(int sources, int targets, double p, std::mt19937_64 &rng) {
    std::geometric_distribution<int64_t> gap(p);
    Rows rows;
    rows.start.push_back(0);
    for (int i = 0; i < sources; i++) {
        for (int64_t j = gap(rng); j < targets; j += 1 + gap(rng)) rows.target.push_back(static_cast<int32_t>(j));
        rows.start.push_back(static_cast<int32_t>(rows.target.size()));
    }
    return rows;
}

// Seconds of the processor.
inline double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

inline void report(const char *name, double seconds, size_t spikes) {
    std::printf("{\"example\": \"%s\", \"flavour\": \"by-hand\", \"loop\": %.9f, \"spikes\": [%zu]}\n", name, seconds, spikes);
}
