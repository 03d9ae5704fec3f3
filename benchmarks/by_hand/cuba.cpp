// CUBA as one would write it by hand (examples/cuba.py says what is computed): cuba N P SECONDS [SEED]
#include "network.hpp"

int main(int argc, char **argv) {
    const int n = std::atoi(argv[1]), steps = static_cast<int>(std::lround(std::atof(argv[3]) / 1e-4)), excitatory = 4 * n / 5;
    const double p = std::atof(argv[2]), dt = 1e-4, taum = 20e-3, taue = 5e-3, taui = 10e-3;
    const double threshold = -50e-3, reset = -60e-3, rest = -49e-3, we = 1.62e-3, wi = -9e-3;
    // exact integration: v relaxes to rest + the filtered currents
    const double decay_v = std::exp(-dt / taum), decay_e = std::exp(-dt / taue), decay_i = std::exp(-dt / taui);
    const double from_e = taue / (taue - taum) * (decay_e - decay_v), from_i = taui / (taui - taum) * (decay_i - decay_v);
    const int refractory = 50;
    std::mt19937_64 rng(argc > 4 ? std::atoi(argv[4]) : 1);
    std::uniform_real_distribution<double> uniform;
    std::vector<double> v(n), ge(n), gi(n), rate;
    std::vector<int32_t> last(n, -1000000), fired, record_i;
    std::vector<double> record_t;
    for (auto &x : v) x = reset + uniform(rng) * (threshold - reset);
    const Rows from_exc = connect(excitatory, n, p, rng), from_inh = connect(n - excitatory, n, p, rng);
    std::vector<uint8_t> hit(n);
    rate.reserve(steps);
    const double began = now();
    for (int step = 0; step < steps; step++) {
        double *__restrict V = v.data(), *__restrict E = ge.data(), *__restrict I = gi.data();
        const int32_t *__restrict L = last.data();
        uint8_t *__restrict H = hit.data();
        for (int k = 0; k < n; k++) {
            const double next = rest + (V[k] - rest) * decay_v + E[k] * from_e + I[k] * from_i;
            const bool free = step - L[k] > refractory;
            V[k] = free ? next : V[k];
            E[k] *= decay_e;
            I[k] *= decay_i;
            H[k] = free & (V[k] > threshold);
        }
        fired.clear();
        int k = 0;
        for (; k + 8 <= n; k += 8) {
            uint64_t some;
            __builtin_memcpy(&some, H + k, 8);
            for (; some; some &= some - 1) fired.push_back(k + __builtin_ctzll(some) / 8);
        }
        for (; k < n; k++) if (H[k]) fired.push_back(k);
        for (const int i : fired) {
            record_i.push_back(i);
            record_t.push_back(step * dt);
            const Rows &rows = i < excitatory ? from_exc : from_inh;
            const int row = i < excitatory ? i : i - excitatory;
            double *__restrict G = i < excitatory ? E : I;
            const double w = i < excitatory ? we : wi;
            for (int s = rows.start[row]; s < rows.start[row + 1]; s++) G[rows.target[s]] += w;
        }
        for (const int i : fired) { V[i] = reset; last[i] = step; }
        rate.push_back(fired.size() / (n * dt));
    }
    report("cuba", now() - began, record_i.size());
}
