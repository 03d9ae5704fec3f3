/* The functions of the update program in C; the interpreter (brainsim/ir) says what each one means. */
#ifndef BS_LANGUAGE_H
#define BS_LANGUAGE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE     /* before the first header of the system: where a thread runs */
#endif
#include <math.h>
#include <stdint.h>
#include <string.h>

/* What stands before a function, small or large: another language of the family may need other words here. */
#ifndef BS_FN
#define BS_FN static inline
#define BS_LARGE static __attribute__((unused))
#endif

/* Before a loop: what one element does nobody else sees. */
#if defined(__GNUC__) && !defined(__clang__)
#define BS_ANY_ORDER _Pragma("GCC ivdep")
#else
#define BS_ANY_ORDER
#endif

/* glibc has versions for several numbers at once (libmvec), and its headers tell of them under other flags only. */
#ifdef BS_VECTOR_FUNCTIONS
#define BS_VECTOR(f) \
    __attribute__((simd("notinbranch"))) double f(double); \
    __attribute__((simd("notinbranch"))) float f##f(float);
BS_VECTOR(exp) BS_VECTOR(log) BS_VECTOR(sin) BS_VECTOR(cos) BS_VECTOR(expm1) BS_VECTOR(log1p) BS_VECTOR(log10) BS_VECTOR(tan)
BS_VECTOR(tanh) BS_VECTOR(sinh) BS_VECTOR(cosh) BS_VECTOR(asin) BS_VECTOR(acos) BS_VECTOR(atan) BS_VECTOR(asinh) BS_VECTOR(acosh)
BS_VECTOR(atanh)
__attribute__((simd("notinbranch"))) double pow(double, double);
__attribute__((simd("notinbranch"))) float powf(float, float);
#endif

BS_FN double bs_square(double x) { return x * x; }
BS_FN float bs_squaref(float x) { return x * x; }
BS_FN float bs_clipf(float x, float low, float high) { float y = x < low ? low : x; return y > high ? high : y; }
BS_FN double bs_clip(double x, double low, double high) { double y = x < low ? low : x; return y > high ? high : y; }
BS_FN int64_t bs_clip_i(int64_t x, int64_t low, int64_t high) { int64_t y = x < low ? low : x; return y > high ? high : y; }
BS_FN int64_t bs_abs_i(int64_t x) { return x < 0 ? -x : x; }
BS_FN int32_t bs_sign(double x) { return (x > 0) - (x < 0); }
BS_FN double bs_exprel(double x) { double safe = fabs(x) < 1e-16 ? 1.0 : x; return fabs(x) < 1e-16 ? 1.0 : expm1(safe) / safe; }
#ifdef BRAINSIM_FAST
/* exprel of a block in place; where no argument is wide a polynomial (minimax, relative error below 6e-17) without a division */
#define BS_NARROW(x) (fabs((x) + 0.4375) <= 0.5625)
__attribute__((noinline)) BS_LARGE void bs_exprels(double *restrict x, int64_t from, int64_t to, int64_t wide) {
    if (wide) for (int64_t k = from; k < to; k++) x[k] = bs_exprel(x[k]);
    else for (int64_t k = from; k < to; k++) {
        const double a = x[k];
        x[k] = ((((((((((1.4019856312790857e-09 * a + 2.3633979684763178e-08) * a + 2.739037754590666e-07) * a + 2.7545536529811673e-06) * a + 2.480109832621843e-05) * a + 0.00019841259473880852) * a + 0.001388888885215703) * a + 0.008333333335791468) * a + 0.041666666666958216) * a + 0.16666666666665414) * a + 0.4999999999999982) * a + 1.0;
    }
}
#endif
BS_FN float bs_exprelf(float x) { float safe = fabsf(x) < 1e-16f ? 1.0f : x; return fabsf(x) < 1e-16f ? 1.0f : expm1f(safe) / safe; }
BS_FN int64_t bs_timestep(double t, double dt) { return (int64_t)((t + 1e-3 * dt) / dt); }
BS_FN double bs_floordiv_f(double a, double b) {
    if (b == 0) return a / b;
    double rest = fmod(a, b), quotient = (a - rest) / b;
    if (rest != 0 && ((b < 0) != (rest < 0))) quotient -= 1;
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}
BS_FN int64_t bs_floordiv_i(int64_t a, int64_t b) { if (b == 0) return 0; int64_t q = a / b; return q - ((a % b != 0) && ((a < 0) != (b < 0))); }
BS_FN double bs_mod_f(double a, double b) { double r = fmod(a, b); return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r; }
BS_FN int64_t bs_mod_i(int64_t a, int64_t b) { if (b == 0) return 0; int64_t r = a % b; return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r; }
BS_FN int64_t bs_ipow(int64_t a, int64_t n) { int64_t r = 1; while (n > 0) { if (n & 1) r *= a; a *= a; n >>= 1; } return r; }

#define BS_ROUND { \
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2; \
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0; c1 = (uint32_t)p1; \
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1; c3 = (uint32_t)p0; \
    k0 += 0x9E3779B9u; k1 += 0xBB67AE85u; }

/* Philox 4x32-10 (Salmon et al. 2011): counter (step low, step high, index, stream), key the seed. */
BS_FN void bs_philox(uint64_t seed, uint32_t stream, int64_t step, uint32_t index, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)step, c1 = (uint32_t)((uint64_t)step >> 32), c2 = index, c3 = stream;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    /* written out, so that the compiler can compute several elements at a time */
    BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND BS_ROUND
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}
BS_FN double bs_unit(uint32_t high, uint32_t low) {
    return ((double)high * 1048576.0 + (double)(int32_t)(low >> 12)) * (1.0 / 4503599627370496.0);
}
/* sine and cosine of w turns, 0 <= w < 1, by Taylor's series around the nearest quarter */
BS_FN void bs_turn(double w, double *sine, double *cosine) {
    double turns = floor(4.0 * w + 0.5), f = 4.0 * w - turns, y = f * f;
    double s = (((((((-6.688035109811464e-10 * y + 5.692172921967924e-08) * y + -3.598843235212084e-06) * y + 0.00016044118478735975) * y + -0.004681754135318687) * y + 0.07969262624616703) * y + -0.6459640975062462) * y + 1.5707963267948966) * f;
    double c = ((((((((6.565963114979468e-11 * y + -6.386603083791849e-09) * y + 4.710874778818169e-07) * y + -2.5202042373060596e-05) * y + 0.0009192602748394263) * y + -0.020863480763352957) * y + 0.253669507901048) * y + -1.2337005501361697) * y + 1.0);
    int swap = (turns == 1.0) | (turns == 3.0);
    double a = swap ? s : c, b = swap ? c : s;   /* cosine, sine up to sign */
    *cosine = ((turns == 1.0) | (turns == 2.0)) ? -a : a;
    *sine = ((turns == 2.0) | (turns == 3.0)) ? -b : b;
}
/* one call serves an index and the one 32 further on, within each 64 */
#define BS_PAIR(index) (((index) >> 6 << 5) | ((index) & 31))
#define BS_SECOND(index) ((index) & 32)
BS_FN double bs_uniform(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    uint32_t w[4];
    bs_philox(seed, stream, step, BS_PAIR(index), w);
    return BS_SECOND(index) ? bs_unit(w[2], w[3]) : bs_unit(w[0], w[1]);
}
BS_FN double bs_normal(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    uint32_t w[4];
    double sine, cosine;
    bs_philox(seed, stream, step, BS_PAIR(index), w);
    bs_turn(bs_unit(w[2], w[3]), &sine, &cosine);
    return sqrt(-2.0 * log(1.0 - bs_unit(w[0], w[1]))) * (BS_SECOND(index) ? sine : cosine);
}

/* These loops are worth every effort of the compiler, the rest of a network is not: it would take half of the time of a first run. */
#if defined(__GNUC__) && !defined(__clang__)
#define BS_EFFORT __attribute__((optimize("O3")))
#else
#define BS_EFFORT
#endif

/* The numbers of 64 neighbours at a time; ``first`` is a multiple of 64. The same numbers as above. */
#ifdef __AVX2__
typedef uint64_t bs_v4 __attribute__((vector_size(32)));
#if defined(__GNUC__) && !defined(__clang__)      /* the header would take a fifth of the time of a first run to read */
typedef int32_t bs_v8 __attribute__((vector_size(32)));
BS_FN bs_v4 bs_product(bs_v4 a, uint32_t b) { return (bs_v4)__builtin_ia32_pmuludq256((bs_v8)a, (bs_v8)((bs_v4){0} + (uint64_t)b)); }
#else
#include <immintrin.h>
BS_FN bs_v4 bs_product(bs_v4 a, uint32_t b) { return (bs_v4)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b)); }
#endif
BS_EFFORT BS_LARGE void bs_uniforms(uint64_t seed, uint32_t stream, int64_t step, int64_t first, double *restrict out) {
    uint64_t w[4][32];
    for (int k = 0; k < 32; k += 8) {
        bs_v4 c[2][4];
        uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
        for (int q = 0; q < 2; q++) {
            const uint64_t pair = (uint64_t)(first >> 1) + k + 4 * q;
            c[q][0] = (bs_v4){0} + (uint64_t)(uint32_t)step;
            c[q][1] = (bs_v4){0} + ((uint64_t)step >> 32);
            c[q][2] = (bs_v4){pair, pair + 1, pair + 2, pair + 3};
            c[q][3] = (bs_v4){0} + (uint64_t)stream;
        }
        for (int r = 0; r < 10; r++) {
            for (int q = 0; q < 2; q++) {
                bs_v4 p0 = bs_product(c[q][0], 0xD2511F53u), p1 = bs_product(c[q][2], 0xCD9E8D57u);
                c[q][0] = (p1 >> 32) ^ c[q][1] ^ (uint64_t)k0; c[q][1] = p1;
                c[q][2] = (p0 >> 32) ^ c[q][3] ^ (uint64_t)k1; c[q][3] = p0;
            }
            k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
        }
        for (int q = 0; q < 2; q++)
            for (int n = 0; n < 4; n++) memcpy(&w[n][k + 4 * q], &c[q][n], 32);
    }
    /* 52 bits become the fraction of a number in [1, 2) */
    for (int k = 0; k < 32; k++) {
        const uint64_t one = 0x3FF0000000000000u, low = 0xFFFFFFFFu;
        union { uint64_t bits; double value; } a, b;
        a.bits = one | (w[0][k] & low) << 20 | (w[1][k] & low) >> 12;
        b.bits = one | (w[2][k] & low) << 20 | (w[3][k] & low) >> 12;
        out[k] = a.value - 1.0;
        out[k + 32] = b.value - 1.0;
    }
}
#else
BS_EFFORT BS_LARGE void bs_uniforms(uint64_t seed, uint32_t stream, int64_t step, int64_t first, double *restrict out) {
    for (int k = 0; k < 32; k++) {
        uint32_t w[4];
        bs_philox(seed, stream, step, (uint32_t)(first >> 1) + k, w);
        out[k] = bs_unit(w[0], w[1]);
        out[k + 32] = bs_unit(w[2], w[3]);
    }
}
#endif
BS_EFFORT BS_LARGE void bs_normals(uint64_t seed, uint32_t stream, int64_t step, int64_t first, double *restrict out) {
    double u[64];
    bs_uniforms(seed, stream, step, first, u);
    for (int k = 0; k < 32; k++) {
        double sine, cosine, radius = sqrt(-2.0 * log(1.0 - u[k]));
        bs_turn(u[k + 32], &sine, &cosine);
        out[k] = radius * cosine;
        out[k + 32] = radius * sine;
    }
}
BS_LARGE int32_t bs_poisson(double rate, double u, double z) {
    if (!(rate > 0)) return 0;
    if (rate > 60) { double k = floor(rate + sqrt(rate) * z + 0.5); return k > 0 ? (int32_t)k : 0; }
    int32_t k = 0; double mass = exp(-rate), total = mass;
    while (u >= total && k < 1000) { k++; mass = mass * (rate / k); total = total + mass; }
    return k;
}
BS_LARGE int32_t bs_binomial(double n, double p, double u, double z) {
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
#endif
