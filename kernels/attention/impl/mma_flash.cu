// Flash attention by mma.sync on half-precision tensor cores, sm_80 and newer. (B, S, H, D) by strides, ragged
// lengths, bottom-right causal, grouped heads.
//
// Macros: HEAD (head dimension: 64 or 128), BLOCK_N (keys in a block: 32, 64 or 128), QUERY_IN_REGISTERS (else its
// fragments are read again from shared memory for every block), MIN_CTAS (CTAs a multiprocessor should hold, by
// which the compiler bounds registers), BF16 (else fp16), CAUSAL. A CTA is four warps of 16 queries each.
//
// Fragments are as PTX ISA, "Matrix fragments for mma.m16n8k16" has them: lane l holds rows l/4 and l/4 + 8.
// With EMULATED the same source runs on a processor, see mma_emulation.h: that is how it is checked without a GPU.

#define BLOCK_M 64
#define ROW (HEAD + 8)  // elements of a row in shared memory: 16 bytes more, so that ldmatrix meets no bank twice

typedef unsigned short Half;
typedef unsigned int Word;

#ifdef EMULATED
#include "mma_emulation.h"
#else
#define DEVICE __device__ __forceinline__

DEVICE unsigned shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

DEVICE void load_matrices(Word (&r)[4], const Half *p) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)));
}

DEVICE void load_matrices_transposed(Word (&r)[4], const Half *p) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)));
}

DEVICE void multiply(float (&c)[4], const Word (&a)[4], Word b0, Word b1) {
#if BF16
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two numbers as halves, the first in the lower bits.
DEVICE Word pack(float low, float high) {
    Word r;
#if BF16
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
#else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
#endif
    return r;
}

// 16 bytes from global to shared memory without waiting; zeros where not `there`.
DEVICE void copy_16(Half *to, const Half *from, bool there) {
    int size = there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(shared_address(to)), "l"(from), "r"(size));
}

DEVICE void close_group() { asm volatile("cp.async.commit_group;"); }
DEVICE void wait_all_but_one_group() { asm volatile("cp.async.wait_group 1;"); }

DEVICE float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

DEVICE float from_lane_xor(float x, int mask) { return __shfl_xor_sync(0xffffffffu, x, mask); }
DEVICE float infinity() { return __int_as_float(0x7f800000); }
#endif

struct Place {
    long long batch, row, head;
};

// Rows `first` on of one head into shared memory; rows at `count` and beyond become zero.
template <int ROWS>
DEVICE void fetch(Half *to, const Half *from, long long row_stride, int first, int count) {
    constexpr int PARTS = HEAD / 8, STEP = 128 / PARTS;
    const int row = threadIdx.x / PARTS, part = threadIdx.x % PARTS;
    to += row * ROW + part * 8;
    const Half *at = from + (first + row) * row_stride + part * 8;
#pragma unroll
    for (int i = 0; i < ROWS / STEP; ++i, at += STEP * row_stride) {
        bool there = first + row + i * STEP < count;
        copy_16(to + i * STEP * ROW, there ? at : from, there);
    }
}

extern "C" __global__ void __launch_bounds__(128, MIN_CTAS)
attend(const Half *__restrict__ q, const Half *__restrict__ k, const Half *__restrict__ v, Half *__restrict__ out,
       float scale, int nq, int nk, int heads, int group, Place q_at, Place k_at, Place v_at, Place out_at) {
#ifndef EMULATED
    extern __shared__ __align__(16) Half memory[];
#endif
    Half *queries = memory, *keys = queries + BLOCK_M * ROW, *values = keys + BLOCK_N * ROW;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int first_query = blockIdx.x * BLOCK_M;
    const int batch = blockIdx.y / heads, head = blockIdx.y % heads;
    q += batch * q_at.batch + head * q_at.head;
    k += batch * k_at.batch + (head / group) * k_at.head;
    v += batch * v_at.batch + (head / group) * v_at.head;
    out += batch * out_at.batch + head * out_at.head;
    const int shift = nk - nq;
    int last = nk;
#if CAUSAL
    last = min(nk, max(0, first_query + BLOCK_M + shift));
#endif
    const int blocks = (last + BLOCK_N - 1) / BLOCK_N;

    fetch<BLOCK_M>(queries, q, q_at.row, first_query, nq);
    fetch<BLOCK_N>(keys, k, k_at.row, 0, nk);
    close_group();
    fetch<BLOCK_N>(values, v, v_at.row, 0, nk);
    close_group();

    float sums[HEAD / 8][4] = {};
    float top[2] = {-infinity(), -infinity()}, total[2] = {0.0f, 0.0f};
    const int row = first_query + warp * 16 + lane / 4;  // and row + 8
    // Where this lane points ldmatrix at: A and V by 16 rows then 8 columns, K by 8 rows then 8 columns.
    const int straight = (lane % 16) * ROW + (lane / 16) * 8;
    const int crossed = ((lane / 16) * 8 + lane % 8) * ROW + (lane / 8 % 2) * 8;
    const Half *my_queries = queries + warp * 16 * ROW + straight;
#if QUERY_IN_REGISTERS
    Word held[HEAD / 16][4];
#endif

    for (int block = 0; block < blocks; ++block) {
        const int start = block * BLOCK_N;
        wait_all_but_one_group();  // the keys are there, the values may not be
        __syncthreads();
#if QUERY_IN_REGISTERS
        if (block == 0) {
#pragma unroll
            for (int part = 0; part < HEAD / 16; ++part) load_matrices(held[part], my_queries + part * 16);
        }
#endif
        float scores[BLOCK_N / 8][4] = {};
#pragma unroll
        for (int part = 0; part < HEAD / 16; ++part) {
#if QUERY_IN_REGISTERS
            const Word(&a)[4] = held[part];
#else
            Word a[4];
            load_matrices(a, my_queries + part * 16);
#endif
#pragma unroll
            for (int pair = 0; pair < BLOCK_N / 16; ++pair) {
                Word b[4];
                load_matrices(b, keys + pair * 16 * ROW + part * 16 + crossed);
                multiply(scores[2 * pair], a, b[0], b[1]);
                multiply(scores[2 * pair + 1], a, b[2], b[3]);
            }
        }
        __syncthreads();  // every warp has read the keys
        if (block + 1 < blocks) fetch<BLOCK_N>(keys, k, k_at.row, start + BLOCK_N, nk);
        close_group();

        bool masked = start + BLOCK_N > nk;
#if CAUSAL
        masked = masked || start + BLOCK_N > first_query + shift + 1;
#endif
        if (masked) {
#pragma unroll
            for (int tile = 0; tile < BLOCK_N / 8; ++tile) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    int key = start + tile * 8 + lane % 4 * 2 + i % 2;
                    bool seen = key < nk;
#if CAUSAL
                    seen = seen && key <= row + i / 2 * 8 + shift;
#endif
                    if (!seen) scores[tile][i] = -infinity();
                }
            }
        }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float most = top[half];
#pragma unroll
            for (int tile = 0; tile < BLOCK_N / 8; ++tile)
                most = fmaxf(most, fmaxf(scores[tile][2 * half], scores[tile][2 * half + 1]));
            most = fmaxf(most, from_lane_xor(most, 1));
            most = fmaxf(most, from_lane_xor(most, 2));
            // A row that has met no key yet has no maximum to take off. (A large finite number in place of
            // infinity would not cancel: the fused product below is not rounded, the one here is.)
            const float base = most == -infinity() ? 0.0f : most * scale;
            const float shrink = power_of_two(fmaf(top[half], scale, -base));
            top[half] = most;
            float gained = 0.0f;
#pragma unroll
            for (int tile = 0; tile < BLOCK_N / 8; ++tile) {
#pragma unroll
                for (int i = 2 * half; i < 2 * half + 2; ++i) {
                    scores[tile][i] = power_of_two(fmaf(scores[tile][i], scale, -base));
                    gained += scores[tile][i];
                }
            }
            total[half] = total[half] * shrink + gained;
#pragma unroll
            for (int tile = 0; tile < HEAD / 8; ++tile) {
                sums[tile][2 * half] *= shrink;
                sums[tile][2 * half + 1] *= shrink;
            }
        }

        wait_all_but_one_group();  // the values are there, the next keys may not be
        __syncthreads();
#pragma unroll
        for (int part = 0; part < BLOCK_N / 16; ++part) {
            // What the product before left in this lane is what the next one wants of it.
            const Word a[4] = {pack(scores[2 * part][0], scores[2 * part][1]),
                               pack(scores[2 * part][2], scores[2 * part][3]),
                               pack(scores[2 * part + 1][0], scores[2 * part + 1][1]),
                               pack(scores[2 * part + 1][2], scores[2 * part + 1][3])};
#pragma unroll
            for (int pair = 0; pair < HEAD / 16; ++pair) {
                Word b[4];
                load_matrices_transposed(b, values + part * 16 * ROW + pair * 16 + straight);
                multiply(sums[2 * pair], a, b[0], b[1]);
                multiply(sums[2 * pair + 1], a, b[2], b[3]);
            }
        }
        __syncthreads();  // every warp has read the values
        if (block + 1 < blocks) fetch<BLOCK_N>(values, v, v_at.row, start + BLOCK_N, nk);
        close_group();
    }

#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float all = total[half];
        all += from_lane_xor(all, 1);
        all += from_lane_xor(all, 2);
        const float share = all == 0.0f ? 0.0f : 1.0f / all;
        const int at = row + 8 * half;
        if (at < nq) {
#pragma unroll
            for (int tile = 0; tile < HEAD / 8; ++tile) {
                Word two = pack(sums[tile][2 * half] * share, sums[tile][2 * half + 1] * share);
                *(Word *)(out + at * out_at.row + tile * 8 + lane % 4 * 2) = two;
            }
        }
    }
}

#ifdef EMULATED
extern "C" void run_emulated(const Half *q, const Half *k, const Half *v, Half *out, float scale, int nq, int nk,
                             int heads, int group, const Place *strides, int across, int down) {
    run_grid(q, k, v, out, scale, nq, nk, heads, group, strides, across, down);
}
#endif
