/* The native engine's inner loops: products, recurrent cells, character filters, chains of tags.

   One source, compiled once for each instruction set: it includes itself with other macros.
   `library.py` alone calls it; `kernels.py` and `chain.py` check every size and index before, but for
   rows of tables, spans and tags: for one sentence NumPy takes longer than a step of the network.

   8-bit products are exact sums, and their floating-point operations stand in one order without
   contraction (-ffp-contract=off): all instruction sets, and `twin.py`, give the same bits. Each
   number is summed in the same order in a tile or alone, so it never depends on its neighbours.

   Units are cut into blocks of as many as a vector has lanes. The gates of a block stand together:
   matrices are [groups][columns][gates][lanes], in 8 bits [groups][columns / 4][gates][lanes][4]. */

#ifndef LEVEL_BODY
#define LEVEL_BODY

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 3
#define INLINE static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define FN(name) JOIN(name, LEVEL)
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

enum { LSTM, GRU, RNN };
enum { FUSED, SEPARATE, INT8 };        /* how products are summed */
enum { BY_LARGEST, STATES };           /* how rows become 7-bit numbers */
enum { MOST_GATES = 4, ROWS = 96 };    /* ROWS are quantised at once: they stay in the cache */

typedef struct {
    int64_t groups, gates, columns;
    const void *weights;
    const float *scale;    /* [groups][gates][lanes], INT8 */
    const int32_t *origin; /* [groups][gates][lanes], INT8: -64 times the sum of the weights */
} Matrix;

typedef struct {
    Matrix recurrent; /* groups: directions times blocks, direction by direction */
    int64_t cell, kind, directions, hidden;
    const float *inner; /* [groups][lanes], GRU: the bias inside the reset */
} Layer;

/* initial: one row that all products start from, or (own) rows that they are added to, in place */
typedef struct {
    int64_t kind, quantise, rows, width, half, own;
    const float *features, *initial;
    void *out;
} Product;

typedef struct {
    int64_t rows, width, batch, size;
    const void *table;
    const int32_t *numbers, *lengths;
    float *out;
} Batch;

typedef struct {
    int64_t words, filters, kernel, stride;
    const float *table, *bias; /* [characters][kernel][filters], [filters] */
    const int32_t *characters, *starts;
    float *out;
} Words;

/* Potentials of a chain of tags: scores, or their exponentials. Matrices have `padded` columns. */
typedef struct {
    int64_t tags, padded;
    const double *start, *between, *transposed, *end;
} Chain;

typedef struct {
    int64_t batch, size, single;
    const void *emissions; /* [batch][size][tags] in float32 (single) or float64 */
    const int64_t *lengths;
} Emissions;

/* What to write of the sums over all sequences: of all sentences, or of those with `spans`. Spans
   that stand together share the sums of their sentence. */
typedef struct {
    const Chain *scores, *powers; /* powers: of scores less the largest of start, between, end */
    const double *largest;
    double *log_z, *marginals; /* or NULL */
    int64_t spans;
    const int64_t *places, *tags; /* [spans][3]: sentence, first token, token after the last */
    const uint8_t *continues; /* [tags][tags]: the second goes on with an entity of the first */
    double *probabilities;
} Sums;

enum { DONE, NO_MEMORY, UNDERFLOW, BEYOND };

/* Scores from here down hold something forbidden; next to a sum of `least`, what underflows is
   negligible; emissions are clipped to `bound` (`ner.model.crf`). */
static const double impossible = -5e29, least = 0x1p-970, bound = 1e8;

typedef struct {
    int (*run)(const Layer *, const Batch *);
    int (*product)(const Matrix *, const Product *);
    void (*words)(const Words *);
    int (*viterbi)(const Chain *, const Emissions *, int64_t *);
    int (*sums)(const Emissions *, const Sums *);
    int64_t lanes;
} Level;

static void *scratch(int64_t bytes) {
    void *found = NULL;
    return posix_memalign(&found, 64, (size_t)(bytes + 64)) ? NULL : found;
}

/* Round a row to 7 bits, 64 where padded; return what a step is worth. */
INLINE float quantised_row(const float *x, int64_t n, int64_t padded, int64_t rule, uint8_t *q) {
    const float magic = 12582912.0f; /* adding it rounds to an integer, half to even */
    float factor = 63.0f, worth = 1.0f / 63.0f;
    if (rule == BY_LARGEST) {
        float top = 0.0f;
        for (int64_t k = 0; k < n; k++) {
            float size = x[k] < 0.0f ? -x[k] : x[k];
            top = size > top ? size : top;
        }
        factor = top > 1e-30f ? 63.0f / top : 0.0f;
        worth = top / 63.0f;
    }
    for (int64_t k = 0; k < n; k++) {
        float y = x[k] * factor;
        y = y > -63.0f ? y : -63.0f;
        y = y < 63.0f ? y : 63.0f;
        y = (y + magic) - magic;
        q[k] = (uint8_t)(64 + (int32_t)y);
    }
    memset(q + n, 64, (size_t)(padded - n));
    return worth;
}

/* Emissions of sentence b in float64: its own, or those in float32 clipped and written to `room`. */
static const double *emissions_of(const Emissions *E, int64_t tags, int64_t b, double *room) {
    const int64_t count = E->lengths[b] * tags, at = b * E->size * tags;
    if (!E->single) return (const double *)E->emissions + at;
    const float *x = (const float *)E->emissions + at;
    for (int64_t i = 0; i < count; i++) {
        double y = x[i] < bound ? x[i] : bound;
        room[i] = y > -bound ? y : -bound;
    }
    return room;
}

/* True if a span and its tags do not fit the batch. */
static int is_beyond(const Emissions *E, const int64_t *place, const int64_t *tags, int64_t K) {
    if (place[0] < 0 || place[0] >= E->batch || place[1] < 0 || place[1] >= place[2]) return 1;
    if (place[2] > E->lengths[place[0]]) return 1;
    for (int64_t t = place[1]; t < place[2]; t++)
        if (tags[place[0] * E->size + t] < 0 || tags[place[0] * E->size + t] >= K) return 1;
    return 0;
}

/* The forward-backward variables of one sentence, [tokens][padded] each. */
typedef struct {
    double *unary, *messages, *alpha, *marginals;
    double log_z;
} Lattice;

/* True if a tag that a path may reach has underflowed: its forward score is below `least`. */
static int underflows(const Chain *C, const double *emissions, int64_t n, const Lattice *L) {
    int64_t t, i, k, K = C->tags;
    uint8_t *here = calloc((size_t)K * 2, 1), *before = here + K;
    int found = !here;
    for (t = 0; !found && t < n; t++) {
        for (k = 0; k < K; k++) {
            int reached = t == 0 && C->start[k] > impossible;
            for (i = 0; t > 0 && !reached && i < K; i++)
                reached = before[i] && C->between[i * C->padded + k] > impossible;
            here[k] = reached && emissions[t * K + k] > impossible;
            /* alpha is divided by its total, which is at most 1: what is small was small before */
            if (here[k] && L->messages[t * C->padded + k] * L->unary[t * C->padded + k] < least) found = 1;
        }
        memcpy(before, here, (size_t)K);
    }
    free(here);
    return found;
}

/* Probability of a span: that it begins, goes on, and ends as its tags say. */
static double span_probability(const Chain *P, const Lattice *L, const int64_t *tags, int64_t n,
                               int64_t first, int64_t after, const uint8_t *continues) {
    const int64_t K = P->tags, W = P->padded, one = tags[first], last = tags[after - 1];
    double inside = 1.0, opened = 1.0, closed = L->marginals[(after - 1) * W + last];
    for (int64_t t = first + 1; t < after; t++)
        inside *= L->alpha[(t - 1) * W + tags[t - 1]] * P->between[tags[t - 1] * W + tags[t]] /
                  fmax(L->messages[t * W + tags[t]], least);
    if (first > 0) {
        opened = 0.0;
        for (int64_t i = 0; i < K; i++)
            if (!continues[i * K + one])
                opened += L->alpha[(first - 1) * W + i] * P->between[i * W + one];
        opened /= fmax(L->messages[first * W + one], least);
    }
    if (after < n) {
        closed = 0.0;
        for (int64_t j = 0; j < K; j++)
            if (!continues[last * K + j])
                closed += P->between[last * W + j] / fmax(L->messages[after * W + j], least) *
                          L->marginals[after * W + j];
        closed *= L->alpha[(after - 1) * W + last];
    }
    return opened * inside * closed;
}

/* --- plain C: any machine ------------------------------------------------------------------- */

#define LEVEL plain
#define LANES 4
#define TILE 2
#include "kernels.c"
#undef LEVEL
#undef LANES
#undef TILE

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#define LEVEL avx2
#define LANES 8
#define TILE 3
#define ON_AVX2
#include "kernels.c"
#undef LEVEL
#undef LANES
#undef TILE
#undef ON_AVX2
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vnni")
#endif
#define LEVEL avx512vnni
#define LANES 16
#define TILE 6
#define ON_AVX512
#include "kernels.c"
#undef LEVEL
#undef LANES
#undef TILE
#undef ON_AVX512
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

/* By the processor's own words (Intel, "Instruction set reference", CPUID): the compilers' built-in
   answers differ. `state` are the bits of registers that the system must save. */
static int has_x86(unsigned state, unsigned ebx, unsigned ecx) {
    const unsigned usual = 1u << 12 | 1u << 27 | 1u << 29; /* FMA, OSXSAVE, F16C */
    unsigned a, b, c, d, saved, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & usual) != usual) return 0;
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & state) != state || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return (b & ebx) == ebx && (c & ecx) == ecx;
}
static int has_avx2(void) { return has_x86(0x06, 1u << 5, 0); }
static int has_avx512vnni(void) { /* F, BW, VL; VNNI */
    return has_x86(0xe6, 1u << 5 | 1u << 16 | 1u << 30 | 1u << 31, 1u << 11);
}
#endif

#if defined(__aarch64__)
#include <arm_neon.h>
#ifdef __linux__
#include <sys/auxv.h>
static int has_neon(void) { return getauxval(AT_HWCAP) >> 20 & 1; } /* HWCAP_ASIMDDP */
#else
static int has_neon(void) { return 1; } /* every Apple processor with it in 64 bits since 2020 */
#endif
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
#define LEVEL neon
#define LANES 4
#define TILE 4
#define ON_NEON
#include "kernels.c"
#undef LEVEL
#undef LANES
#undef TILE
#undef ON_NEON
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/* --- the face ------------------------------------------------------------------------------- */

enum { PLAIN, AVX2, AVX512VNNI, NEON };

static const Level *level_of(int64_t number) {
#if defined(__x86_64__)
    if (number == AVX2) return &level_avx2;
    if (number == AVX512VNNI) return &level_avx512vnni;
#elif defined(__aarch64__)
    if (number == NEON) return &level_neon;
#endif
    return &level_plain;
}

/* Asked once: in a virtual machine the answer takes microseconds. */
static int has(int64_t number) {
#if defined(__x86_64__)
    if (number == AVX2) return has_avx2();
    if (number == AVX512VNNI) return has_avx512vnni();
#elif defined(__aarch64__)
    if (number == NEON) return has_neon();
#endif
    return number == PLAIN;
}

EXPORT int64_t ner_version(void) { return VERSION; }

/* Lanes of a vector; 0 where this processor, or this build, lacks the level. */
EXPORT int64_t ner_lanes(int64_t level) { return has(level) ? level_of(level)->lanes : 0; }

/* These two return 0, 1 where memory is short, or 3 where a number lies beyond the table's rows. */
EXPORT int ner_run(int64_t level, const Layer *layer, const Batch *batch) {
    for (int64_t i = 0; i < batch->batch * batch->size; i++)
        if (batch->numbers[i] < 0 || batch->numbers[i] >= batch->rows) return BEYOND;
    return level_of(level)->run(layer, batch);
}

EXPORT int ner_product(int64_t level, const Matrix *matrix, const Product *product) {
    return level_of(level)->product(matrix, product);
}

EXPORT void ner_words(int64_t level, const Words *words) { level_of(level)->words(words); }

EXPORT int ner_viterbi(int64_t level, const Chain *scores, const Emissions *emissions, int64_t *tags) {
    return level_of(level)->viterbi(scores, emissions, tags);
}

/* 2 where something that is possible has underflowed, 3 where a span does not fit: then nothing that
   was written counts. */
EXPORT int ner_sums(int64_t level, const Emissions *emissions, const Sums *sums) {
    return level_of(level)->sums(emissions, sums);
}

/* setuptools builds modules of Python; this one needs none of it, its headers included. */
extern void PyErr_SetString(void *, const char *) __attribute__((weak));
extern void *PyExc_ImportError __attribute__((weak));
EXPORT void *PyInit__kernels(void);
EXPORT void *PyInit__kernels(void) {
    PyErr_SetString(PyExc_ImportError, "loaded by ner.runtime.library alone");
    return NULL;
}

#else /* what follows is compiled for each level */

typedef float FN(vf) __attribute__((vector_size(4 * LANES)));
typedef int32_t FN(vi) __attribute__((vector_size(4 * LANES)));
typedef uint32_t FN(vu) __attribute__((vector_size(4 * LANES)));
#define vf FN(vf)
#define vi FN(vi)
#define vu FN(vu)
#define DOUBLES (LANES / 2)
typedef double FN(vd) __attribute__((vector_size(4 * LANES)));
#define vd FN(vd)
#define load_double FN(load_double)
#define splat_double FN(splat_double)
#define max_double FN(max_double)
#define load FN(load)
#define store FN(store)
#define store_some FN(store_some)
#define splat FN(splat)
#define vmin FN(vmin)
#define vmax FN(vmax)
#define load_half FN(load_half)
#define store_half FN(store_half)
#define fma FN(fma)
#define dot FN(dot)
#define store_bytes FN(store_bytes)

INLINE vf load(const float *p) { vf v; memcpy(&v, p, sizeof v); return v; }
INLINE void store(float *p, vf v) { memcpy(p, &v, sizeof v); }
INLINE void store_some(float *p, vf v, int64_t count) {
    if (count >= LANES) store(p, v);
    else memcpy(p, &v, (size_t)count * 4);
}
INLINE vf splat(float x) { return x - (vf){0}; }
INLINE vd load_double(const double *p) { vd v; memcpy(&v, p, sizeof v); return v; }
INLINE vd splat_double(double x) { return x - (vd){0}; }

#if defined(ON_AVX512)

/* a < b ? a : b, so that something that is not a number becomes b; others alike */
INLINE vf vmin(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE vf vmax(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE vd max_double(vd a, vd b) { return (vd)_mm512_max_pd((__m512d)a, (__m512d)b); }
INLINE vf load_half(const uint16_t *p) {
    return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
INLINE void store_half(uint16_t *p, vf v) {
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
}
INLINE vf fma(vf a, vf b, vf c) { return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INLINE vi dot(vi acc, vi u, vi s) {
    return (vi)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)u, (__m512i)s);
}
INLINE void store_bytes(uint8_t *p, vi v) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)v));
}

#elif defined(ON_AVX2)

INLINE vf vmin(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE vf vmax(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE vd max_double(vd a, vd b) { return (vd)_mm256_max_pd((__m256d)a, (__m256d)b); }
INLINE vf load_half(const uint16_t *p) {
    return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
INLINE void store_half(uint16_t *p, vf v) {
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT));
}
INLINE vf fma(vf a, vf b, vf c) { return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
/* 8 bits times 7 bits: two products fit into 16 bits, which therefore never saturate */
INLINE vi dot(vi acc, vi u, vi s) {
    __m256i pairs = _mm256_maddubs_epi16((__m256i)u, (__m256i)s);
    return acc + (vi)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
INLINE void store_bytes(uint8_t *p, vi v) {
    __m256i x = _mm256_packus_epi32((__m256i)v, (__m256i)v);
    x = _mm256_packus_epi16(x, x);
    int32_t low = _mm256_extract_epi32(x, 0), high = _mm256_extract_epi32(x, 4);
    memcpy(p, &low, 4);
    memcpy(p + 4, &high, 4);
}

#else

INLINE vf FN(select)(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
INLINE vf vmin(vf a, vf b) { return FN(select)(a < b, a, b); }
INLINE vf vmax(vf a, vf b) { return FN(select)(a > b, a, b); }
INLINE vd max_double(vd a, vd b) {
    for (int i = 0; i < DOUBLES; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
}

#if defined(ON_NEON)

INLINE vf load_half(const uint16_t *p) { return (vf)vcvt_f32_f16((float16x4_t)vld1_u16(p)); }
INLINE void store_half(uint16_t *p, vf v) { vst1_u16(p, (uint16x4_t)vcvt_f16_f32((float32x4_t)v)); }
INLINE vf fma(vf a, vf b, vf c) {
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
INLINE vi dot(vi acc, vi u, vi s) {
    return (vi)vdotq_s32((int32x4_t)acc, (int8x16_t)u, (int8x16_t)s);
}

#else

/* Both for finite numbers (F. Giesen, "Half to float done quic"); rounds half to even. */
INLINE vf load_half(const uint16_t *p) {
    vu h;
    for (int i = 0; i < LANES; i++) h[i] = p[i];
    vu size = h & 0x7fff, sign = (h & 0x8000) << 16;
    vf least = (vf)((vu){0} + (113u << 23)); /* 2 ** -14 */
    vf small = (vf)((size << 13) + (113u << 23)) - least;
    vf usual = (vf)((size << 13) + (112u << 23));
    return (vf)((vu)FN(select)((vi)(size < 0x400), small, usual) | sign);
}
INLINE void store_half(uint16_t *p, vf v) {
    vu bits = (vu)v & 0x7fffffffu, sign = ((vu)v & 0x80000000u) >> 16;
    vu small = (vu)((vf)bits + 0.5f) - (126u << 23);
    vu usual = (bits - (112u << 23) + 0xfff + (bits >> 13 & 1)) >> 13;
    vu half = (vu)FN(select)((vi)(bits < (113u << 23)), (vf)small, (vf)usual) | sign;
    for (int i = 0; i < LANES; i++) p[i] = (uint16_t)half[i];
}
INLINE vf fma(vf a, vf b, vf c) { return a * b + c; }
INLINE vi dot(vi acc, vi u, vi s) {
    typedef int16_t vh __attribute__((vector_size(4 * LANES)));
    typedef uint16_t vn __attribute__((vector_size(4 * LANES)));
    vh odd = ((vh)u >> 8) * ((vh)s >> 8), even = ((vh)u & 0xff) * ((vh)((vn)s << 8) >> 8);
    vi pairs = (vi)(odd + even); /* 8 bits times 7 bits: two products fit into 16 */
    return acc + ((vi)((vu)pairs << 16) >> 16) + (pairs >> 16);
}

#endif
INLINE void store_bytes(uint8_t *p, vi v) {
    for (int i = 0; i < LANES; i++) p[i] = (uint8_t)v[i];
}
#endif

/* a b + c; fused where that is allowed */
INLINE vf FN(muladd)(const int fused, vf a, vf b, vf c) { return fused ? fma(a, b, c) : a * b + c; }

/* exp(-x) of x in -25 ... 25, to 1e-7: range reduction in two parts, polynomial of Cephes' expf */
INLINE vf FN(exp_of_minus)(const int fused, vf x) {
    x = vmin(vmax(x, splat(-25.0f)), splat(25.0f));
    const vf magic = splat(12582912.0f); /* adding it rounds to an integer, in the lowest bits */
    vf t = FN(muladd)(fused, x, splat(-1.44269504f), magic);
    vf n = t - magic;
    vf r = FN(muladd)(fused, n, splat(0.693359375f), x); /* exact */
    r = FN(muladd)(fused, n, splat(-2.12194440e-4f), r); /* x + n ln 2 */
    vf p = splat(-1.9875691500e-4f);
    p = FN(muladd)(fused, p, r, splat(1.3981999507e-3f));
    p = FN(muladd)(fused, p, r, splat(-8.3334519073e-3f));
    p = FN(muladd)(fused, p, r, splat(4.1665795894e-2f));
    p = FN(muladd)(fused, p, r, splat(-1.6666665459e-1f));
    p = FN(muladd)(fused, p, r, splat(5.0000001201e-1f));
    p = FN(muladd)(fused, p, r * r, splat(1.0f) - r);
    return (vf)((vu)p + ((vu)t << 23));
}

/* The next states of a block from products and gate inputs; `memory` is c, in a GRU h. Weights of
   gates that are a tanh are doubled: tanh x = (1 - exp(-2x)) / (1 + exp(-2x)). */
INLINE vf FN(cell)(const int cell, const int fused, const vf *product, const vf *x, vf inner,
                   vf *memory) {
    const vf one = splat(1.0f);
    if (cell == LSTM) {
        vf i = FN(exp_of_minus)(fused, product[0] + x[0]);
        vf f = FN(exp_of_minus)(fused, product[1] + x[1]);
        vf g = FN(exp_of_minus)(fused, product[2] + x[2]);
        vf o = FN(exp_of_minus)(fused, product[3] + x[3]);
        vf both = (one + i) * (one + g), forget = one + f;
        vf c = FN(muladd)(fused, *memory, both, (one - g) * forget) / (both * forget);
        *memory = c;
        vf e = FN(exp_of_minus)(fused, c + c);
        return (one - e) / ((one + o) * (one + e));
    }
    if (cell == GRU) {
        vf r = FN(exp_of_minus)(fused, product[0] + x[0]);
        vf z = FN(exp_of_minus)(fused, product[1] + x[1]);
        vf n = FN(exp_of_minus)(fused, (product[2] + inner) / (one + r) + x[2]);
        vf h = FN(muladd)(fused, *memory, one + n, z * (one - n)) / ((one + z) * (one + n));
        return *memory = vmin(vmax(h, splat(-1.0f)), one);
    }
    vf e = FN(exp_of_minus)(fused, product[0] + x[0]);
    return (one - e) / (one + e);
}

/* --- products ----------------------------------------------------------------------------------- */

/* Products of m rows (stride numbers apart) with a group's weights: `out` [m][gates]. */
INLINE void FN(tile_float)(const int m, const int gates, const int fused, const float *w, int64_t n,
                           const float *x, int64_t stride, vf *out) {
    vf acc[TILE][MOST_GATES];
    UNROLL for (int r = 0; r < m; r++)
        UNROLL for (int g = 0; g < gates; g++) acc[r][g] = (vf){0};
    for (int64_t k = 0; k < n; k++, w += gates * LANES) {
        vf b[TILE];
        UNROLL for (int r = 0; r < m; r++) b[r] = splat(x[r * stride + k]);
        UNROLL for (int g = 0; g < gates; g++) {
            vf v = load(w + g * LANES);
            UNROLL for (int r = 0; r < m; r++) acc[r][g] = FN(muladd)(fused, b[r], v, acc[r][g]);
        }
    }
    UNROLL for (int r = 0; r < m; r++)
        UNROLL for (int g = 0; g < gates; g++) out[r * gates + g] = acc[r][g];
}

INLINE void FN(tile_int8)(const int m, const int gates, const int8_t *w, const int32_t *origin,
                          const float *scale, int64_t n, const uint8_t *q, int64_t stride, vf *out) {
    vi acc[TILE][MOST_GATES];
    UNROLL for (int g = 0; g < gates; g++) {
        vi start;
        memcpy(&start, origin + g * LANES, sizeof start);
        UNROLL for (int r = 0; r < m; r++) acc[r][g] = start;
    }
    for (int64_t k = 0; k < n; k += 4, w += gates * LANES * 4) {
        vi b[TILE];
        UNROLL for (int r = 0; r < m; r++) {
            int32_t four;
            memcpy(&four, q + r * stride + k, 4);
            b[r] = four - (vi){0};
        }
        UNROLL for (int g = 0; g < gates; g++) {
            vi v;
            memcpy(&v, w + g * LANES * 4, sizeof v);
            UNROLL for (int r = 0; r < m; r++) acc[r][g] = dot(acc[r][g], b[r], v);
        }
    }
    UNROLL for (int r = 0; r < m; r++)
        UNROLL for (int g = 0; g < gates; g++)
            out[r * gates + g] = __builtin_convertvector(acc[r][g], vf) * load(scale + g * LANES);
}

/* Products of a group with m rows of `x`: float32, or 7-bit numbers. */
INLINE void FN(tile)(const int m, const int gates, const int kind, const Matrix *M, int64_t group,
                     const void *x, int64_t stride, vf *out) {
    const int64_t n = kind == INT8 ? (M->columns + 3) / 4 * 4 : M->columns;
    const int64_t at = group * gates * LANES;
    if (kind == INT8)
        FN(tile_int8)(m, gates, (const int8_t *)M->weights + at * n, M->origin + at, M->scale + at,
                      n, (const uint8_t *)x, stride, out);
    else
        FN(tile_float)(m, gates, kind == FUSED, (const float *)M->weights + at * n, n,
                       (const float *)x, stride, out);
}

/* Not inlined: the constants of the cells would take the registers of the sums. */
#define TILES(gates, kind) \
    static __attribute__((noinline)) void FN(tiles_##gates##_##kind)( \
        int64_t m, const Matrix *M, int64_t group, const void *x, int64_t stride, vf *out) { \
        if (m == TILE) FN(tile)(TILE, gates, kind, M, group, x, stride, out); \
        else if (m == 1) FN(tile)(1, gates, kind, M, group, x, stride, out); \
        else if (TILE > 2 && m == 2) FN(tile)(TILE > 2 ? 2 : 1, gates, kind, M, group, x, stride, out); \
        else if (TILE > 3 && m == 3) FN(tile)(TILE > 3 ? 3 : 1, gates, kind, M, group, x, stride, out); \
        else if (TILE > 4 && m == 4) FN(tile)(TILE > 4 ? 4 : 1, gates, kind, M, group, x, stride, out); \
        else if (TILE > 5 && m == 5) FN(tile)(TILE > 5 ? 5 : 1, gates, kind, M, group, x, stride, out); \
    }
TILES(1, FUSED) TILES(3, FUSED) TILES(4, FUSED)
TILES(1, INT8) TILES(3, INT8) TILES(4, INT8)
TILES(1, SEPARATE) TILES(2, SEPARATE) TILES(3, SEPARATE) TILES(4, SEPARATE)
#undef TILES
typedef void (*FN(Tiles))(int64_t, const Matrix *, int64_t, const void *, int64_t, vf *);

/* Write m rows of a group's products, each times the row's worth, plus what they start from. */
INLINE void FN(write_products)(int64_t m, const int gates, const int kind, const Product *P,
                               int64_t row, int64_t group, const vf *products, const float *worth) {
    for (int64_t r = 0; r < m; r++)
        for (int g = 0; g < gates; g++) {
            const int64_t column = (group * gates + g) * LANES, left = P->width - column;
            const int64_t at = (row + r) * P->width + column;
            if (left <= 0) break;
            vf y = products[r * gates + g];
            if (kind == INT8) y = y * splat(worth[r]);
            if (P->half) {
                uint16_t *out = (uint16_t *)P->out + at;
                y = y + (P->own ? load_half(out) : load(P->initial + column));
                store_half(out, vmin(vmax(y, splat(-65504.0f)), splat(65504.0f)));
            } else {
                float *out = (float *)P->out + at;
                vf start = (vf){0};
                if (!P->own) start = load(P->initial + column);
                else if (left >= LANES) start = load(out);
                else memcpy(&start, out, (size_t)left * 4);
                store_some(out, y + start, left);
            }
        }
}

INLINE int FN(products)(const int gates, const int kind, FN(Tiles) tiles, const Matrix *M,
                        const Product *P) {
    const int64_t n = M->columns, padded = (n + 3) / 4 * 4;
    uint8_t *q = NULL;
    float worth[ROWS] = {0};
    vf out[TILE * MOST_GATES];
    if (kind == INT8 && !(q = scratch(ROWS * padded))) return 1;
    for (int64_t first = 0; first < P->rows; first += ROWS) {
        const int64_t count = P->rows - first < ROWS ? P->rows - first : ROWS;
        const float *x = P->features + first * n;
        if (kind == INT8)
            for (int64_t r = 0; r < count; r++)
                worth[r] = quantised_row(x + r * n, n, padded, P->quantise, q + r * padded);
        for (int64_t group = 0; group < M->groups; group++)
            for (int64_t r = 0; r < count; r += TILE) {
                const int64_t m = count - r < TILE ? count - r : TILE;
                if (kind == INT8) tiles(m, M, group, q + r * padded, padded, out);
                else tiles(m, M, group, x + r * n, n, out);
                FN(write_products)(m, gates, kind, P, first + r, group, out, worth + r);
            }
    }
    free(q);
    return 0;
}

#define PRODUCTS(gates, kind) \
    static __attribute__((noinline)) int FN(products_##gates##_##kind)(const Matrix *M, const Product *P) { \
        return FN(products)(gates, kind, FN(tiles_##gates##_##kind), M, P); \
    }
PRODUCTS(1, FUSED) PRODUCTS(3, FUSED) PRODUCTS(4, FUSED)
PRODUCTS(1, INT8) PRODUCTS(3, INT8) PRODUCTS(4, INT8)
PRODUCTS(1, SEPARATE) PRODUCTS(2, SEPARATE) PRODUCTS(3, SEPARATE) PRODUCTS(4, SEPARATE)
#undef PRODUCTS

static int FN(product)(const Matrix *M, const Product *P) {
    switch (P->kind * 8 + M->gates) {
    case FUSED * 8 + 1: return FN(products_1_FUSED)(M, P);
    case FUSED * 8 + 3: return FN(products_3_FUSED)(M, P);
    case FUSED * 8 + 4: return FN(products_4_FUSED)(M, P);
    case INT8 * 8 + 1: return FN(products_1_INT8)(M, P);
    case INT8 * 8 + 3: return FN(products_3_INT8)(M, P);
    case INT8 * 8 + 4: return FN(products_4_INT8)(M, P);
    case SEPARATE * 8 + 1: return FN(products_1_SEPARATE)(M, P);
    case SEPARATE * 8 + 2: return FN(products_2_SEPARATE)(M, P);
    case SEPARATE * 8 + 3: return FN(products_3_SEPARATE)(M, P);
    default: return FN(products_4_SEPARATE)(M, P);
    }
}

/* --- recurrence --------------------------------------------------------------------------------- */

/* A step of one direction: the s-th token from its end of each sentence. */
typedef struct {
    int64_t s, d, blocks;
    float *memory;       /* c, or in a GRU h: [sentences][blocks][lanes] */
    const char *before;  /* states of the last step, float32 or, in INT8, 7-bit numbers */
    char *after;         /* those of this one */
} FN(Step);

/* Where the gate inputs of the s-th token begin in the table, for a group. */
INLINE const char *FN(row)(const int size, const int gates, const Batch *B, const FN(Step) *S,
                           int64_t b, int64_t s, int64_t j) {
    const int64_t t = S->d ? B->lengths[b] - 1 - s : s;
    const int64_t group = S->d * S->blocks + j;
    return (const char *)B->table +
           (B->numbers[b * B->size + t] * B->width + group * gates * LANES) * size;
}

/* The next state of block j of sentence b, and the way to the next step's inputs. */
INLINE void FN(unit)(const int cell, const int gates, const int kind, const Layer *L, const Batch *B,
                     const FN(Step) *S, int64_t b, int64_t j, const vf *products) {
    const int size = kind == INT8 ? 2 : 4;
    const int64_t t = S->d ? B->lengths[b] - 1 - S->s : S->s;
    const int64_t place = (b * S->blocks + j) * LANES;
    const char *row = FN(row)(size, gates, B, S, b, S->s, j);
    vf x[MOST_GATES];
    UNROLL for (int g = 0; g < gates; g++)
        x[g] = kind == INT8 ? load_half((const uint16_t *)row + g * LANES)
                            : load((const float *)row + g * LANES);
    vf held = cell == RNN ? (vf){0} : load(S->memory + place);
    vf inner = cell == GRU ? load(L->inner + (S->d * S->blocks + j) * LANES) : (vf){0};
    vf h = FN(cell)(cell, kind == FUSED, products, x, inner, &held);
    if (cell != RNN) store(S->memory + place, held);
    float *out = B->out + ((b * B->size + t) * L->directions + S->d) * L->hidden + j * LANES;
    store_some(out, h, L->hidden - j * LANES);
    if (kind == INT8) {
        vf y = vmin(vmax(h * splat(63.0f), splat(-63.0f)), splat(63.0f)) + splat(12582912.0f);
        /* the lowest bits of the sum are the rounded number */
        store_bytes((uint8_t *)S->after + place, (((vi)y & 0xff) + 64) & 0xff);
    } else store((float *)S->after + place, h);
}

/* The step of sentences b ... b + m for blocks j ... j + w. */
INLINE void FN(step)(const int cell, const int gates, const int kind, FN(Tiles) tiles, const Layer *L,
                     const Batch *B, const FN(Step) *S, int64_t b, int64_t m, int64_t j, int64_t w) {
    const int size = kind == INT8 ? 2 : 4;
    const int64_t stride = S->blocks * LANES, number = kind == INT8 ? 1 : 4;
    vf products[TILE * MOST_GATES];
    for (int64_t r = 0; r < m; r++)
        if (S->s + 1 < B->lengths[b + r]) {
            const char *row = FN(row)(size, gates, B, S, b + r, S->s + 1, j);
            for (int64_t line = 0; line < w * gates * LANES * size; line += 64)
                __builtin_prefetch(row + line, 0, 2);
        }
    if (S->s == 0) for (int64_t i = 0; i < w * m * gates; i++) products[i] = (vf){0};
    else for (int64_t i = 0; i < w; i++)
        tiles(m, &L->recurrent, S->d * S->blocks + j + i, S->before + b * stride * number, stride,
              products + i * m * gates);
    for (int64_t i = 0; i < w; i++)
        for (int64_t r = 0; r < m; r++)
            FN(unit)(cell, gates, kind, L, B, S, b + r, j + i, products + (i * m + r) * gates);
}

INLINE int FN(steps)(const int cell, const int gates, const int kind, FN(Tiles) tiles,
                     const Layer *L, const Batch *B) {
    const int64_t blocks = L->recurrent.groups / L->directions;
    const int64_t units = B->batch * blocks * LANES, bytes = units * (kind == INT8 ? 1 : 4);
    char *work = scratch(units * 4 + bytes * 2);
    if (!work) return 1;
    for (int64_t d = 0; d < L->directions; d++) {
        char *after = work + units * 4, *before = after + bytes;
        FN(Step) S = {0, d, blocks, (float *)work, before, after};
        memset(S.memory, 0, (size_t)units * 4);
        for (int64_t count = B->batch; S.s < B->size; S.s++) {
            while (count && B->lengths[count - 1] <= S.s) count--;
            /* A sentence alone: several blocks at once, whose exponentials overlap. */
            const int64_t most = count == 1 ? TILE : 1;
            for (int64_t j = 0; j < blocks; j += most)
                for (int64_t b = 0; b < count; b += TILE)
                    FN(step)(cell, gates, kind, tiles, L, B, &S, b, count - b < TILE ? count - b : TILE,
                             j, blocks - j < most ? blocks - j : most);
            char *last = S.after;
            S.after = (char *)S.before;
            S.before = last;
        }
    }
    for (int64_t b = 0; b < B->batch; b++) {
        const int64_t width = L->directions * L->hidden, steps = B->lengths[b];
        memset(B->out + (b * B->size + steps) * width, 0, (size_t)((B->size - steps) * width) * 4);
    }
    free(work);
    return 0;
}

#define STEPS(cell, gates, kind) \
    static __attribute__((noinline)) int FN(steps_##cell##_##kind)(const Layer *L, const Batch *B) { \
        return FN(steps)(cell, gates, kind, FN(tiles_##gates##_##kind), L, B); \
    }
STEPS(LSTM, 4, FUSED) STEPS(LSTM, 4, INT8) STEPS(GRU, 3, FUSED)
STEPS(GRU, 3, INT8) STEPS(RNN, 1, FUSED) STEPS(RNN, 1, INT8)
#undef STEPS

static int FN(run)(const Layer *L, const Batch *B) {
    switch (L->cell * 4 + L->kind) {
    case LSTM * 4 + FUSED: return FN(steps_LSTM_FUSED)(L, B);
    case LSTM * 4 + INT8: return FN(steps_LSTM_INT8)(L, B);
    case GRU * 4 + FUSED: return FN(steps_GRU_FUSED)(L, B);
    case GRU * 4 + INT8: return FN(steps_GRU_INT8)(L, B);
    case RNN * 4 + FUSED: return FN(steps_RNN_FUSED)(L, B);
    default: return FN(steps_RNN_INT8)(L, B);
    }
}

/* --- characters --------------------------------------------------------------------------------- */

/* The strongest answer of each filter to the windows of a word, from a table of products. */
static void FN(words)(const Words *W) {
    const int64_t filters = W->filters, kernel = W->kernel;
    for (int64_t u = 0; u < W->words; u++) {
        const int32_t *word = W->characters + W->starts[u];
        const int64_t n = W->starts[u + 1] - W->starts[u];
        float *out = W->out + u * W->stride;
        for (int64_t f = 0; f < filters; f += LANES) {
            const int64_t left = filters - f;
            vf best = (vf){0}, bias = (vf){0};
            memcpy(&bias, W->bias + f, (size_t)(left < LANES ? left : LANES) * 4);
            for (int64_t p = 1 - kernel; n > 0 && p < n; p++) {
                vf sum = bias;
                const int64_t first = p < 0 ? -p : 0, last = p + kernel > n ? n - p : kernel;
                for (int64_t q = first; q < last; q++) {
                    const float *row = W->table + (word[p + q] * kernel + q) * filters + f;
                    vf v = (vf){0};
                    if (left >= LANES) v = load(row);
                    else memcpy(&v, row, (size_t)left * 4);
                    sum = sum + v;
                }
                best = vmax(sum, best);
            }
            store_some(out + f, best, left);
        }
    }
}

/* --- chains of tags ----------------------------------------------------------------------------- */

/* Over i: the sum of x[i] times row i of M, or the largest of x[i] plus it; `w` vectors of columns. */
INLINE void FN(fold_some)(const int largest, const int w, int64_t n, const double *x, const double *M,
                          int64_t stride, double *out) {
    vd acc[MOST_GATES];
    UNROLL for (int v = 0; v < w; v++)
        acc[v] = largest ? splat_double(-INFINITY) : splat_double(0.0);
    for (int64_t i = 0; i < n; i++, M += stride) {
        vd b = splat_double(x[i]);
        UNROLL for (int v = 0; v < w; v++) {
            vd row = load_double(M + v * DOUBLES);
            acc[v] = largest ? max_double(b + row, acc[v]) : acc[v] + b * row;
        }
    }
    UNROLL for (int v = 0; v < w; v++) memcpy(out + v * DOUBLES, &acc[v], sizeof(vd));
}

INLINE void FN(fold)(const int largest, int64_t n, int64_t padded, const double *x, const double *M,
                     double *out) {
    int64_t k = 0;
    for (; k + 4 * DOUBLES <= padded; k += 4 * DOUBLES)
        FN(fold_some)(largest, 4, n, x, M + k, padded, out + k);
    switch ((padded - k) / DOUBLES) {
    case 3: FN(fold_some)(largest, 3, n, x, M + k, padded, out + k); break;
    case 2: FN(fold_some)(largest, 2, n, x, M + k, padded, out + k); break;
    case 1: FN(fold_some)(largest, 1, n, x, M + k, padded, out + k); break;
    }
}

/* The best sequences. Of equally good ones, that with lower tags at the end. */
static int FN(viterbi)(const Chain *C, const Emissions *E, int64_t *tags) {
    const int64_t K = C->tags, W = C->padded;
    double *scores = scratch(E->size * (W + K) * 8);
    if (!scores) return NO_MEMORY;
    for (int64_t b = 0; b < E->batch; b++) {
        const double *x = emissions_of(E, K, b, scores + E->size * W);
        const int64_t n = E->lengths[b];
        int64_t *path = tags + b * E->size;
        for (int64_t t = 0; t < n; t++) {
            double *here = scores + t * W;
            if (t == 0) memcpy(here, C->start, (size_t)K * 8);
            else FN(fold)(1, K, W, here - W, C->between, here);
            for (int64_t k = 0; k < K; k++) here[k] = x[t * K + k] + here[k];
        }
        const double *following = C->end;
        for (int64_t t = n - 1; t >= 0; t--) {
            const double *here = scores + t * W;
            int64_t best = 0;
            for (int64_t k = 1; k < K; k++)
                if (here[k] + following[k] > here[best] + following[best]) best = k;
            path[t] = best;
            following = C->transposed + best * W;
        }
        for (int64_t t = n; t < E->size; t++) path[t] = 0;
    }
    free(scores);
    return DONE;
}

/* Forward pass of a sentence over scaled probabilities: alpha sums to 1. 0 if something may have
   underflowed. */
INLINE int FN(forward)(const Chain *P, const Chain *C, const double *largest, const double *x,
                       int64_t n, Lattice *L) {
    const int64_t K = P->tags, W = P->padded;
    double log_z = largest[0] + largest[1] * (double)(n - 1) + largest[2], small = 1.0;
    for (int64_t t = 0; t < n; t++) {
        double *unary = L->unary + t * W, *message = L->messages + t * W, *alpha = L->alpha + t * W;
        double top = x[t * K], total = 0.0;
        for (int64_t k = 1; k < K; k++) top = x[t * K + k] > top ? x[t * K + k] : top;
        if (t == 0) memcpy(message, P->start, (size_t)W * 8);
        else FN(fold)(0, K, W, alpha - W, P->between, message);
        for (int64_t k = 0; k < K; k++) {
            unary[k] = exp(x[t * K + k] - top);
            alpha[k] = message[k] * unary[k];
            total += alpha[k];
            if (t > 0 || C->start[k] > impossible) small = alpha[k] < small ? alpha[k] : small;
        }
        if (!(total >= least)) return 0;
        for (int64_t k = 0; k < K; k++) alpha[k] /= total;
        log_z += top + log(total);
    }
    double total = 0.0, *final = L->marginals + (n - 1) * W;
    for (int64_t k = 0; k < K; k++) {
        final[k] = L->alpha[(n - 1) * W + k] * P->end[k];
        total += final[k];
        if (C->end[k] > impossible && final[k] < least && L->alpha[(n - 1) * W + k] > 0.0) return 0;
    }
    if (!(total >= least) || (small < least && underflows(C, x, n, L))) return 0;
    for (int64_t k = 0; k < K; k++) final[k] /= total;
    L->log_z = log_z + log(total);
    return 1;
}

/* Marginals of all tokens from those of the last. */
INLINE void FN(backward)(const Chain *P, int64_t n, Lattice *L, double *ratio) {
    const int64_t K = P->tags, W = P->padded;
    for (int64_t t = n - 1; t > 0; t--) {
        double *before = L->marginals + (t - 1) * W;
        for (int64_t k = 0; k < K; k++)
            ratio[k] = L->marginals[t * W + k] / fmax(L->messages[t * W + k], least);
        FN(fold)(0, K, W, ratio, P->transposed, before);
        for (int64_t k = 0; k < K; k++) before[k] *= L->alpha[(t - 1) * W + k];
    }
}

/* Forward and backward pass of sentence b. */
static int FN(lattice)(const Emissions *E, const Sums *S, int64_t b, double *ratio, Lattice *L) {
    const double *x = emissions_of(E, S->powers->tags, b, ratio + S->powers->padded);
    if (!FN(forward)(S->powers, S->scores, S->largest, x, E->lengths[b], L)) return UNDERFLOW;
    FN(backward)(S->powers, E->lengths[b], L, ratio);
    return DONE;
}

static int FN(sums)(const Emissions *E, const Sums *S) {
    const int64_t K = S->powers->tags, W = S->powers->padded, part = E->size * W;
    double *work = scratch((4 * part + W + E->size * K) * 8);
    if (!work) return NO_MEMORY;
    double *ratio = work + 4 * part;
    Lattice L = {work, work + part, work + 2 * part, work + 3 * part, 0.0};
    int status = DONE;
    for (int64_t b = 0; status == DONE && S->marginals && b < E->batch; b++) {
        status = FN(lattice)(E, S, b, ratio, &L);
        S->log_z[b] = L.log_z;
        for (int64_t t = 0; t < E->size; t++) {
            double *out = S->marginals + (b * E->size + t) * K;
            if (t < E->lengths[b]) memcpy(out, L.marginals + t * W, (size_t)K * 8);
            else memset(out, 0, (size_t)K * 8);
        }
    }
    for (int64_t i = 0, last = -1; i < S->spans; i++) {
        const int64_t *place = S->places + 3 * i, b = place[0];
        if (is_beyond(E, place, S->tags, K)) status = BEYOND;
        else if (b != last) status = FN(lattice)(E, S, b, ratio, &L);
        if (status != DONE) break;
        last = b;
        S->probabilities[i] = span_probability(S->powers, &L, S->tags + b * E->size, E->lengths[b],
                                               place[1], place[2], S->continues);
    }
    free(work);
    return status;
}

static const Level FN(level) = {FN(run),  FN(product), FN(words), FN(viterbi),
                                FN(sums), LANES};

#undef vf
#undef vi
#undef vu
#undef load
#undef store
#undef store_some
#undef splat
#undef vmin
#undef vmax
#undef load_half
#undef store_half
#undef fma
#undef dot
#undef store_bytes
#undef DOUBLES
#undef vd
#undef load_double
#undef splat_double
#undef max_double

#endif
