// COBA-HH as one would write it by hand (examples/coba_hh.py says what is computed): coba_hh N P SECONDS [SEED]
#include "network.hpp"

// (exp(x) - 1)/x, with its limit at 0
static inline double exprel(double x) {
    const double safe = x + (std::fabs(x) < 1e-7 ? 1e-7 : 0.0);      // without a branch, so that the loop becomes vectors
    return (std::exp(safe) - 1.0) / safe;
}

int main(int argc, char **argv) {
    const int n = std::atoi(argv[1]), steps = static_cast<int>(std::lround(std::atof(argv[3]) / 1e-4)), excitatory = 4 * n / 5;
    const double p = std::atof(argv[2]), dt = 1e-4, area = 20000e-12, C = 1e-2 * area, gl = 0.5 * area, gNa = 1000.0 * area, gK = 300.0 * area;
    const double El = -60e-3, ENa = 50e-3, EK = -90e-3, VT = -63e-3, Ee = 0.0, Ei = -80e-3, we = 6e-9, wi = 67e-9;
    const double decay_e = std::exp(-dt / 5e-3), decay_i = std::exp(-dt / 10e-3), threshold = -20e-3;
    const int refractory = 30, sources = 20;
    std::mt19937_64 rng(argc > 4 ? std::atoi(argv[4]) : 1);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    std::vector<double> v(n), m(n), nn(n), h(n), ge(n), gi(n), rate, trace, record_t;
    std::vector<int32_t> last(n, -1000000), fired, record_i;
    for (auto &x : v) x = El - 5e-3 + 5e-3 * normal(rng);
    const Rows from_exc = connect(excitatory, n, p, rng), from_inh = connect(n - excitatory, n, p, rng), kick = connect(sources, n, 0.1, rng);
    std::vector<uint8_t> hit(n);
    const double began = now();
    for (int step = 0; step < steps; step++) {
        double *__restrict V = v.data(), *__restrict M = m.data(), *__restrict N = nn.data(), *__restrict H = h.data(), *__restrict E = ge.data(),
               *__restrict I = gi.data();
        const int32_t *__restrict L = last.data();
        uint8_t *__restrict F = hit.data();
        for (int x : {0, n / 2, n - 1}) trace.push_back(V[x]);
#pragma omp simd
        for (int k = 0; k < n; k++) {
            // exponential Euler: each variable relaxes to where it is heading
            const double u = V[k], am = 1280.0 / exprel((13e-3 - u + VT) / 4e-3), bm = 1400.0 / exprel((u - VT - 40e-3) / 5e-3);
            const double ah = 128.0 * std::exp((17e-3 - u + VT) / 18e-3), bh = 4000.0 / (1.0 + std::exp((40e-3 - u + VT) / 5e-3));
            const double an = 160.0 / exprel((15e-3 - u + VT) / 5e-3), bn = 500.0 * std::exp((10e-3 - u + VT) / 40e-3);
            const double na = gNa * M[k] * M[k] * M[k] * H[k], kk = gK * N[k] * N[k] * N[k] * N[k];
            const double total = gl + E[k] + I[k] + na + kk, drive = gl * El + E[k] * Ee + I[k] * Ei + na * ENa + kk * EK;
            const double goal = drive / total;
            V[k] = goal + (u - goal) * std::exp(-dt * total / C);
            M[k] = am / (am + bm) + (M[k] - am / (am + bm)) * std::exp(-dt * (am + bm));
            N[k] = an / (an + bn) + (N[k] - an / (an + bn)) * std::exp(-dt * (an + bn));
            H[k] = ah / (ah + bh) + (H[k] - ah / (ah + bh)) * std::exp(-dt * (ah + bh));
            E[k] *= decay_e;
            I[k] *= decay_i;
            F[k] = (step - L[k] > refractory) & (V[k] > threshold);
        }
        fired.clear();
        for (int k = 0; k < n; k++) if (F[k]) fired.push_back(k);
        for (const int i : fired) {
            record_i.push_back(i);
            record_t.push_back(step * dt);
            const Rows &rows = i < excitatory ? from_exc : from_inh;
            const int row = i < excitatory ? i : i - excitatory;
            double *__restrict G = i < excitatory ? E : I;
            const double w = i < excitatory ? we : wi;
            for (int s = rows.start[row]; s < rows.start[row + 1]; s++) G[rows.target[s]] += w;
            last[i] = step;
        }
        if (step < 500)
            for (int source = 0; source < sources; source++)
                if (uniform(rng) < 100.0 * dt)
                    for (int s = kick.start[source]; s < kick.start[source + 1]; s++) E[kick.target[s]] += we;
        rate.push_back(fired.size() / (n * dt));
    }
    report("coba_hh", now() - began, record_i.size());
}
