// Products of rows with weights of eight bits, for processors with AVX-512 VNNI. Each row is rounded to eight bits, 64
// numbers with one scale. A row's result depends neither on its neighbours nor on how many there are: its sums are
// integers, added up in one order. `int8.py` packs the weights.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <omp.h>
#include <vector>

#ifdef __AVX512VNNI__
#include <immintrin.h>

namespace {

constexpr int LANES = 16;  // outputs in a block: one register holds four inputs of each
constexpr int ROWS = 8;    // that share what is read of the weights
constexpr int PART = 64;   // inputs of a row that share a scale: a large one spoils its neighbours only
constexpr float SMALLEST = 1e-12f;

inline __m512 load(const float* p) { return _mm512_loadu_ps(p); }
inline __m512 load(const uint16_t* p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)), 16));
}
inline void store(float* p, __m512 v) { _mm512_storeu_ps(p, v); }
inline void store(uint16_t* p, __m512 v) {
    __m512i u = _mm512_castps_si512(v);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    u = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));  // to nearest, ties to even
    _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(u, 16)));
}

// A row as eight bits. For each 64 of its numbers: their scale, and 128 times their sum.
template <class T> void rounded(const T* x, int n, int8_t* out, float* scale, int32_t* shift) {
    for (int part = 0; part < n / PART; part++, x += PART, out += PART) {
        __m512 most = _mm512_setzero_ps();
        for (int i = 0; i < PART; i += LANES) most = _mm512_max_ps(most, _mm512_abs_ps(load(x + i)));
        float largest = std::max(_mm512_reduce_max_ps(most), SMALLEST);
        __m512 factor = _mm512_set1_ps(127.0f / largest);
        __m512i sum = _mm512_setzero_si512();
        for (int i = 0; i < PART; i += LANES) {
            __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(load(x + i), factor));
            sum = _mm512_add_epi32(sum, whole);
            _mm_storeu_si128((__m128i*)(out + i), _mm512_cvtsepi32_epi8(whole));
        }
        scale[part] = largest / 127.0f;
        shift[part] = 128 * _mm512_reduce_add_epi32(sum);
    }
}

struct Rows {
    const int8_t* q;       // [rows, n]
    const float* scale;    // [rows, n / 64]
    const int32_t* shift;  // [rows, n / 64]
    int n;
};

// Some rows times one block of outputs. w: unsigned, 128 above what they stand for, [inputs / 4][16 outputs][4].
template <class T, int N>
void block(const uint8_t* w, const Rows& rows, int first, __m512 scale, __m512 bias, T* out, int stride) {
    const int n = rows.n, parts = n / PART;
    const int8_t* q = rows.q + int64_t(first) * n;
    __m512 found[N];
    for (int r = 0; r < N; r++) found[r] = _mm512_setzero_ps();
    for (int part = 0; part < parts; part++) {
        __m512i sums[N];
        for (int r = 0; r < N; r++) sums[r] = _mm512_set1_epi32(-rows.shift[(first + r) * parts + part]);
        for (int k = part * PART; k < (part + 1) * PART; k += 4) {
            __m512i weights = _mm512_loadu_si512(w + int64_t(k) * LANES);
            for (int r = 0; r < N; r++) {
                int32_t four;
                std::memcpy(&four, q + int64_t(r) * n + k, 4);
                sums[r] = _mm512_dpbusd_epi32(sums[r], weights, _mm512_set1_epi32(four));
            }
        }
        for (int r = 0; r < N; r++) {
            __m512 own = _mm512_set1_ps(rows.scale[(first + r) * parts + part]);
            found[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r]), own, found[r]);
        }
    }
    for (int r = 0; r < N; r++) store(out + int64_t(first + r) * stride, _mm512_fmadd_ps(found[r], scale, bias));
}

template <class T>
void product(const T* x, const uint8_t* w, const float* scale, const float* bias, T* out, int rows, int n, int outputs) {
    const int parts = n / PART, blocks = outputs / LANES;
    std::vector<int8_t> q(int64_t(rows) * n);
    std::vector<float> own(int64_t(rows) * parts);
    std::vector<int32_t> shift(int64_t(rows) * parts);
    const Rows all{q.data(), own.data(), shift.data(), n};
#pragma omp parallel
    {
#pragma omp for
        for (int r = 0; r < rows; r++)
            rounded(x + int64_t(r) * n, n, &q[int64_t(r) * n], &own[int64_t(r) * parts], &shift[int64_t(r) * parts]);
#pragma omp for
        for (int b = 0; b < blocks; b++) {
            const uint8_t* here = w + int64_t(b) * LANES * n;
            const __m512 s = load(scale + b * LANES), add = bias ? load(bias + b * LANES) : _mm512_setzero_ps();
            int r = 0;
            for (; r + ROWS <= rows; r += ROWS) block<T, ROWS>(here, all, r, s, add, out + b * LANES, outputs);
            for (; r + 2 <= rows; r += 2) block<T, 2>(here, all, r, s, add, out + b * LANES, outputs);
            for (; r < rows; r++) block<T, 1>(here, all, r, s, add, out + b * LANES, outputs);
        }
    }
}

}  // namespace

extern "C" {
void int8_float32(const float* x, const uint8_t* w, const float* scale, const float* bias, float* out, int rows, int n,
                  int outputs) {
    product(x, w, scale, bias, out, rows, n, outputs);
}
void int8_bfloat16(const uint16_t* x, const uint8_t* w, const float* scale, const float* bias, uint16_t* out, int rows,
                   int n, int outputs) {
    product(x, w, scale, bias, out, rows, n, outputs);
}
}

#endif
