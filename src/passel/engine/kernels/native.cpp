// What a layer does between its matrix products, fused, for the processor: norms, rotary positions, attention over
// scattered cache slots, gated activations. Plain C++ with the compiler's vector types: one source for every processor.
// Built at first use by `native.py`; `reference.py` says the same in torch and is the oracle of the tests.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <omp.h>
#include <type_traits>
#include <vector>

namespace {

typedef float V __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(64)));
typedef uint32_t U __attribute__((vector_size(64)));
typedef uint16_t H __attribute__((vector_size(32), aligned(2), may_alias));
constexpr int W = 16;
constexpr int SMALL = 1 << 14;  // elements below which a second thread costs more than it saves

struct bf16 {
    uint16_t bits;
};

inline V load(const float* p) { return *reinterpret_cast<const V*>(p); }
inline V load(const bf16* p) {
    return (V)(__builtin_convertvector(*reinterpret_cast<const H*>(p), U) << 16);
}
inline void store(float* p, V v) { *reinterpret_cast<V*>(p) = v; }
inline void store(bf16* p, V v) {
    U u = (U)v;
    u += 0x7fff + ((u >> 16) & 1);  // to nearest, ties to even
    *reinterpret_cast<H*>(p) = __builtin_convertvector(u >> 16, H);
}
inline float one(float x) { return x; }
inline float one(bf16 x) {
    uint32_t u = uint32_t(x.bits) << 16;
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}
inline void put(float* p, float x) { *p = x; }
inline void put(bf16* p, float x) {
    uint32_t u;
    std::memcpy(&u, &x, 4);
    u += 0x7fff + ((u >> 16) & 1);
    p->bits = uint16_t(u >> 16);
}
inline float sum(V v) {
    float s = 0;
    for (int i = 0; i < W; i++) s += v[i];
    return s;
}
inline V splat(float x) { return V{} + x; }

// exp by 2^n times a polynomial on [-ln2/2, ln2/2]; relative error below 3e-7, 0 below -87
inline V exp(V x) {
    const V low = splat(-87.0f);
    x = x < low ? low : x;
    V n = x * 1.44269504f;
    I k = __builtin_convertvector(n + (n < splat(0) ? splat(-0.5f) : splat(0.5f)), I);
    V f = __builtin_convertvector(k, V);
    V r = x - f * 0.693359375f + f * 2.12194440e-4f;
    V p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return (V)((I)p + (k << 23));
}

template <class T> void norm_row(const T* x, const T* w, T* out, int n, float eps, float offset) {
    V squares{};
    float rest = 0;
    int i = 0;
    for (; i + W <= n; i += W) {
        V v = load(x + i);
        squares += v * v;
    }
    for (; i < n; i++) rest += one(x[i]) * one(x[i]);
    float scale = 1.0f / std::sqrt((sum(squares) + rest) / n + eps);
    for (i = 0; i + W <= n; i += W) store(out + i, load(x + i) * scale * (load(w + i) + offset));
    for (; i < n; i++) put(out + i, one(x[i]) * scale * (one(w[i]) + offset));
}

template <class T> void norm(const T* x, const T* w, T* out, int rows, int n, float eps, float offset) {
#pragma omp parallel for if (rows * n > SMALL)
    for (int r = 0; r < rows; r++) norm_row(x + int64_t(r) * n, w, out + int64_t(r) * n, n, eps, offset);
}

// h += x, out = norm(h)
template <class T> void add_norm(const T* x, T* h, const T* w, T* out, int rows, int n, float eps, float offset) {
#pragma omp parallel for if (rows * n > SMALL)
    for (int r = 0; r < rows; r++) {
        const T* a = x + int64_t(r) * n;
        T* b = h + int64_t(r) * n;
        int i = 0;
        for (; i + W <= n; i += W) store(b + i, load(a + i) + load(b + i));
        for (; i < n; i++) put(b + i, one(a[i]) + one(b[i]));
        norm_row(b, w, out + int64_t(r) * n, n, eps, offset);
    }
}

template <class T> void gated(const T* x, T* out, int rows, int n, int activation) {
#pragma omp parallel for if (rows * n > SMALL)
    for (int r = 0; r < rows; r++) {
        const T* gate = x + int64_t(r) * 2 * n;
        const T* up = gate + n;
        T* o = out + int64_t(r) * n;
        int i = 0;
        for (; i + W <= n; i += W) {
            V g = load(gate + i);
            // gelu's tanh form: x * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x^3))
            V z = activation == 0 ? g : 1.5957691216f * (g + 0.044715f * g * g * g);
            store(o + i, g / (1.0f + exp(-z)) * load(up + i));
        }
        for (; i < n; i++) {
            float g = one(gate[i]);
            float z = activation == 0 ? g : 1.5957691216f * (g + 0.044715f * g * g * g);
            put(o + i, g / (1.0f + std::exp(-z)) * one(up[i]));
        }
    }
}

// x rotated by the angles of a position; the halves of a head turn together
template <class T> void rotate(const T* x, const float* cosine, const float* sine, T* out, int d) {
    int half = d / 2, i = 0;
    for (; i + W <= half; i += W) {
        V a = load(x + i), b = load(x + half + i), c = load(cosine + i), s = load(sine + i);
        store(out + i, a * c - b * s);
        store(out + half + i, b * c + a * s);
    }
    for (; i < half; i++) {
        float a = one(x[i]), b = one(x[half + i]);
        put(out + i, a * cosine[i] - b * sine[i]);
        put(out + half + i, b * cosine[i] + a * sine[i]);
    }
}

struct Rope {
    const float *cosine, *sine;           // [positions, d / 2]
    const int32_t *source, *q_position;   // [queries]: the token a query is of, and the position it is rotated to
    const int32_t *k_position, *slot;     // [tokens]
    const void *q_norm, *k_norm;          // [d] or null
    float eps, offset;
};

template <class T>
void rope(const T* qkv, T* q, T* keys, T* values, const Rope& at, int queries, int tokens, int heads, int kv, int d) {
    const int wide = (heads + 2 * kv) * d, half = d / 2;
#pragma omp parallel if ((queries + tokens) * heads * d > SMALL)
    {
        std::vector<T> normed(d);
#pragma omp for nowait
        for (int i = 0; i < queries; i++) {
            const T* x = qkv + int64_t(at.source[i]) * wide;
            const int64_t p = int64_t(at.q_position[i]) * half;
            for (int h = 0; h < heads; h++, x += d) {
                const T* from = x;
                if (at.q_norm) {
                    norm_row(x, static_cast<const T*>(at.q_norm), normed.data(), d, at.eps, at.offset);
                    from = normed.data();
                }
                rotate(from, at.cosine + p, at.sine + p, q + (int64_t(i) * heads + h) * d, d);
            }
        }
#pragma omp for
        for (int t = 0; t < tokens; t++) {
            const T* x = qkv + int64_t(t) * wide + int64_t(heads) * d;
            const int64_t p = int64_t(at.k_position[t]) * half, to = int64_t(at.slot[t]) * kv * d;
            for (int h = 0; h < kv; h++) {
                const T* from = x + h * d;
                if (at.k_norm) {
                    norm_row(from, static_cast<const T*>(at.k_norm), normed.data(), d, at.eps, at.offset);
                    from = normed.data();
                }
                rotate(from, at.cosine + p, at.sine + p, keys + to + h * d, d);
            }
            std::memcpy(values + to, x + int64_t(kv) * d, sizeof(T) * kv * d);
        }
    }
}

// What every query sees: row r has the segments [begin[r], begin[r + 1]); a segment is a stretch of the slot table seen
// by one rotated query. Its result goes to out[where[r]].
struct View {
    const int32_t *where, *begin, *query, *offset, *length, *table;
    float scale, cap;  // cap: soft cap of the scores, 0 for none
};

// G query heads that share the keys and values of one head; their vectors stay in registers where D is known
template <class T, int D, int G>
void attend_heads(const T* q, const T* keys, const T* values, T* out, const View& view, int r, int head, int first,
                  int heads, int kv, int width, std::vector<float>& buffer) {
    const int d = D ? D : width;
    int total = 0;
    for (int s = view.begin[r]; s < view.begin[r + 1]; s++) total += view.length[s];
    const int padded = (total + W - 1) / W * W;
    buffer.resize(size_t(padded) * G + W);
    float* scores = buffer.data();
    int at = 0;
    for (int s = view.begin[r]; s < view.begin[r + 1]; s++) {
        const T* query = q + (int64_t(view.query[s]) * heads + first) * d;
        const int32_t* slots = view.table + view.offset[s];
        V known[G][D ? D / W : 1];
        if constexpr (D != 0)
            for (int g = 0; g < G; g++)
                for (int i = 0; i < D / W; i++) known[g][i] = load(query + g * D + i * W);
        for (int j = 0; j < view.length[s]; j++, at++) {
            const T* key = keys + (int64_t(slots[j]) * kv + head) * d;
            V dot[G] = {};
            for (int i = 0; i < d / W; i++) {
                V k = load(key + i * W);
                for (int g = 0; g < G; g++) dot[g] += k * (D ? known[g][D ? i : 0] : load(query + g * d + i * W));
            }
            for (int g = 0; g < G; g++) scores[g * padded + at] = sum(dot[g]) * view.scale;
        }
    }
    for (int g = 0; g < G; g++) {
        float* row = scores + g * padded;
        if (view.cap > 0)
            for (int j = 0; j < total; j++) row[j] = view.cap * std::tanh(row[j] / view.cap);
        float top = row[0];
        for (int j = 1; j < total; j++) top = row[j] > top ? row[j] : top;
        for (int j = total; j < padded; j++) row[j] = top - 100.0f;
        V mass{};
        for (int j = 0; j < padded; j += W) {
            V p = exp(load(row + j) - top);
            mass += p;
            store(row + j, p);
        }
        const float share = 1.0f / sum(mass);
        for (int j = 0; j < total; j++) row[j] *= share;
    }
    T* to = out + (int64_t(view.where[r]) * heads + first) * d;
    constexpr int WIDE = D % (2 * W) == 0 && D != 0 ? 2 : 1;  // vectors of a value taken at once
    for (int i = 0; i < d; i += W * WIDE) {
        V acc[G][WIDE] = {};
        at = 0;
        for (int s = view.begin[r]; s < view.begin[r + 1]; s++) {
            const int32_t* slots = view.table + view.offset[s];
            for (int j = 0; j < view.length[s]; j++, at++) {
                const T* value = values + (int64_t(slots[j]) * kv + head) * d + i;
                for (int w = 0; w < WIDE; w++) {
                    V v = load(value + w * W);
                    for (int g = 0; g < G; g++) acc[g][w] += scores[g * padded + at] * v;
                }
            }
        }
        for (int g = 0; g < G; g++)
            for (int w = 0; w < WIDE; w++) store(to + g * d + i + w * W, acc[g][w]);
    }
}

template <class T, int D>
void attend(const T* q, const T* keys, const T* values, T* out, const View& view, int rows, int heads, int kv, int d) {
    const int group = heads / kv;
#pragma omp parallel
    {
        std::vector<float> buffer;
        // head by head, so that what rows share of the cache stays near
#pragma omp for schedule(dynamic, 4)
        for (int task = 0; task < rows * kv; task++) {
            const int r = task % rows, head = task / rows;
            for (int g = 0; g < group;) {
                const int first = head * group + g, left = group - g;
                if (left >= 4) attend_heads<T, D, 4>(q, keys, values, out, view, r, head, first, heads, kv, d, buffer);
                else if (left == 3) attend_heads<T, D, 3>(q, keys, values, out, view, r, head, first, heads, kv, d, buffer);
                else if (left == 2) attend_heads<T, D, 2>(q, keys, values, out, view, r, head, first, heads, kv, d, buffer);
                else attend_heads<T, D, 1>(q, keys, values, out, view, r, head, first, heads, kv, d, buffer);
                g += left >= 4 ? 4 : left;
            }
        }
    }
}

template <class T>
void attend_any(const T* q, const T* keys, const T* values, T* out, const View& view, int rows, int heads, int kv,
                int d) {
    if (d == 64) attend<T, 64>(q, keys, values, out, view, rows, heads, kv, d);
    else if (d == 128) attend<T, 128>(q, keys, values, out, view, rows, heads, kv, d);
    else attend<T, 0>(q, keys, values, out, view, rows, heads, kv, d);
}

// A token of each row with probability softmax(logits / temperature), by inverse distribution: sums of blocks first, then
// within the one that holds the row's number u. Temperature 0: the most likely token, of equals the lowest id. -1: none.
template <class T>
void draw(const T* logits, const double* temperature, const double* u, int64_t* token, int rows, int size) {
    constexpr int WIDE = 256;
    const int blocks = (size + WIDE - 1) / WIDE;
#pragma omp parallel for schedule(dynamic, 1) if (int64_t(rows) * size > SMALL)
    for (int r = 0; r < rows; r++) {
        const T* x = logits + int64_t(r) * size;
        V high = splat(-3.0e38f);
        int i = 0;
        for (; i + W <= size; i += W) {
            V v = load(x + i);
            high = v > high ? v : high;
        }
        float top = -3.0e38f;
        for (int j = 0; j < W; j++) top = high[j] > top ? high[j] : top;
        for (; i < size; i++) top = one(x[i]) > top ? one(x[i]) : top;
        if (!(top > -3.0e38f)) {
            token[r] = -1;
            continue;
        }
        if (temperature[r] <= 0) {
            for (i = 0; one(x[i]) != top;) i++;
            token[r] = i;
            continue;
        }
        const float colder = float(1.0 / temperature[r]);
        std::vector<double> sums(blocks);
        double total = 0;
        float scratch[WIDE];
        auto chances = [&](int block) {
            const int first = block * WIDE, count = size - first < WIDE ? size - first : WIDE;
            int k = 0;
            for (; k + W <= count; k += W) store(scratch + k, exp((load(x + first + k) - top) * colder));
            for (; k < count; k++) scratch[k] = exp(splat((one(x[first + k]) - top) * colder))[0];
            // what exp cuts off at its lowest argument has no chance
            for (k = 0; k < count; k++) scratch[k] = (one(x[first + k]) - top) * colder < -87.0f ? 0.0f : scratch[k];
            return count;
        };
        for (int b = 0; b < blocks; b++) {
            const int count = chances(b);
            float sum = 0;
            for (int k = 0; k < count; k++) sum += scratch[k];
            total += sums[b] = sum;
        }
        double target = u[r] * total, before = 0;
        int b = 0;
        while (b + 1 < blocks && before + sums[b] <= target) before += sums[b++];
        while (b > 0 && sums[b] == 0) before -= sums[--b];
        const int count = chances(b);
        int last = 0;
        for (int k = 0; k < count; k++) {
            if (scratch[k] == 0) continue;
            last = k;
            before += scratch[k];
            if (before > target) break;
        }
        token[r] = b * WIDE + last;
    }
}

}  // namespace

#define PASSEL_EXPORT(T, SUFFIX)                                                                                       \
    void norm_##SUFFIX(const T* x, const T* w, T* out, int rows, int n, float eps, float offset) {                     \
        norm(x, w, out, rows, n, eps, offset);                                                                         \
    }                                                                                                                  \
    void add_norm_##SUFFIX(const T* x, T* h, const T* w, T* out, int rows, int n, float eps, float offset) {           \
        add_norm(x, h, w, out, rows, n, eps, offset);                                                                  \
    }                                                                                                                  \
    void gated_##SUFFIX(const T* x, T* out, int rows, int n, int activation) { gated(x, out, rows, n, activation); }   \
    void rope_##SUFFIX(const T* qkv, T* q, T* keys, T* values, const Rope* at, int queries, int tokens, int heads,     \
                       int kv, int d) {                                                                                \
        rope(qkv, q, keys, values, *at, queries, tokens, heads, kv, d);                                                \
    }                                                                                                                  \
    void attend_##SUFFIX(const T* q, const T* keys, const T* values, T* out, const View* view, int rows, int heads,    \
                         int kv, int d) {                                                                              \
        attend_any(q, keys, values, out, *view, rows, heads, kv, d);                                                   \
    }                                                                                                                  \
    void draw_##SUFFIX(const T* logits, const double* temperature, const double* u, int64_t* token, int rows,          \
                       int size) {                                                                                     \
        draw(logits, temperature, u, token, rows, size);                                                               \
    }

extern "C" {
PASSEL_EXPORT(float, float32)
PASSEL_EXPORT(bf16, bfloat16)
}
