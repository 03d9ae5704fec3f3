/* The functions of the update program in C; the interpreter (brainsim/ir) says what each one means. */
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double bs_square(double x) { return x * x; }
static inline double bs_clip(double x, double low, double high) { double y = x < low ? low : x; return y > high ? high : y; }
static inline int64_t bs_clip_i(int64_t x, int64_t low, int64_t high) { int64_t y = x < low ? low : x; return y > high ? high : y; }
static inline int64_t bs_abs_i(int64_t x) { return x < 0 ? -x : x; }
static inline int32_t bs_sign(double x) { return (x > 0) - (x < 0); }
static inline double bs_exprel(double x) { double safe = fabs(x) < 1e-16 ? 1.0 : x; return fabs(x) < 1e-16 ? 1.0 : expm1(safe) / safe; }
static inline int64_t bs_timestep(double t, double dt) { return (int64_t)((t + 1e-3 * dt) / dt); }
static inline double bs_floordiv_f(double a, double b) {
    if (b == 0) return a / b;
    double rest = fmod(a, b), quotient = (a - rest) / b;
    if (rest != 0 && ((b < 0) != (rest < 0))) quotient -= 1;
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}
static inline int64_t bs_floordiv_i(int64_t a, int64_t b) { if (b == 0) return 0; int64_t q = a / b; return q - ((a % b != 0) && ((a < 0) != (b < 0))); }
static inline double bs_mod_f(double a, double b) { double r = fmod(a, b); return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r; }
static inline int64_t bs_mod_i(int64_t a, int64_t b) { if (b == 0) return 0; int64_t r = a % b; return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r; }
static inline int64_t bs_ipow(int64_t a, int64_t n) { int64_t r = 1; while (n > 0) { if (n & 1) r *= a; a *= a; n >>= 1; } return r; }

/* Philox 4x32-10 (Salmon et al. 2011): counter (step low, step high, index, stream), key the seed. */
static inline void bs_philox(uint64_t seed, uint32_t stream, int64_t step, uint32_t index, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)step, c1 = (uint32_t)((uint64_t)step >> 32), c2 = index, c3 = stream;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int r = 0; r < 10; r++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0; c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1; c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}
static inline double bs_unit(uint32_t high, uint32_t low) {
    return ((double)(int32_t)(high >> 5) * 67108864.0 + (double)(int32_t)(low >> 6)) / 9007199254740992.0;
}
static inline double bs_uniform(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    uint32_t w[4]; bs_philox(seed, stream, step, index, w); return bs_unit(w[0], w[1]);
}
static inline double bs_normal(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    uint32_t w[4]; bs_philox(seed, stream, step, index, w);
    return sqrt(-2.0 * log(1.0 - bs_unit(w[0], w[1]))) * cos(6.283185307179586 * bs_unit(w[2], w[3]));
}
static int32_t bs_poisson(double rate, double u, double z) {
    if (!(rate > 0)) return 0;
    if (rate > 60) { double k = floor(rate + sqrt(rate) * z + 0.5); return k > 0 ? (int32_t)k : 0; }
    int32_t k = 0; double mass = exp(-rate), total = mass;
    while (u >= total && k < 1000) { k++; mass = mass * (rate / k); total = total + mass; }
    return k;
}
static int32_t bs_binomial(double n, double p, double u, double z) {
    if (!(n > 0 && p > 0)) return 0;
    if (p >= 1) return (int32_t)n;
    if (n * p > 5 && n * (1 - p) > 5) {
        double k = floor(n * p + sqrt(n * p * (1 - p)) * z + 0.5);
        return (int32_t)(k < 0 ? 0 : k > n ? n : k);
    }
    if (p > 0.5) return (int32_t)n - bs_binomial(n, 1 - p, u, z);
    double k = 0, mass = exp(n * log1p(-p)), total = mass;
    while (u >= total && k < n) { mass = mass * ((n - k) / (k + 1.0) * (p / (1 - p))); k++; total = total + mass; }
    return (int32_t)k;
}
