// What mma_flash.cu asks of a GPU, on a processor: a CTA is 128 threads that wait for each other, and what a warp
// does together (ldmatrix, mma, shuffle) goes through memory, written down from the PTX ISA and not from the kernel.
// For checking only.

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

using std::max;
using std::min;

#define DEVICE static inline
#define __global__
#define __launch_bounds__(...)
#define __restrict__

struct Index {
    int x, y;
};
static thread_local Index threadIdx;
static thread_local Index blockIdx;
static Half *memory;

static std::barrier<> *everyone, *warps[4];
static void __syncthreads() { everyone->arrive_and_wait(); }
static void warp_waits() { warps[threadIdx.x / 32]->arrive_and_wait(); }

static float to_float(Half bits) {
#if BF16
    Word wide = (Word)bits << 16;
    float x;
    std::memcpy(&x, &wide, 4);
    return x;
#else
    _Float16 x;
    std::memcpy(&x, &bits, 2);
    return (float)x;
#endif
}

static Half to_half(float x) {
#if BF16
    Word wide;
    std::memcpy(&wide, &x, 4);
    return (Half)((wide + 0x7fff + (wide >> 16 & 1)) >> 16);
#else
    _Float16 narrow = (_Float16)x;
    Half bits;
    std::memcpy(&bits, &narrow, 2);
    return bits;
#endif
}

DEVICE Word pack(float low, float high) { return to_half(low) | (Word)to_half(high) << 16; }

static const Half *pointers[128];

// Matrix i of four: its row j is the 16 bytes that lane 8 i + j points at. Lane l gets row l/4, columns 2 (l%4)
// and the next; transposed: rows 2 (l%4) and the next, column l/4.
static void matrices(Word (&r)[4], const Half *p, bool transposed) {
    const int lane = threadIdx.x % 32, base = threadIdx.x - lane;
    pointers[threadIdx.x] = p;
    warp_waits();
    for (int i = 0; i < 4; ++i) {
        Half two[2];
        for (int j = 0; j < 2; ++j) {
            int across = lane % 4 * 2 + j, down = lane / 4;
            if (transposed) std::swap(across, down);
            two[j] = pointers[base + 8 * i + down][across];
        }
        r[i] = two[0] | (Word)two[1] << 16;
    }
    warp_waits();
}

DEVICE void load_matrices(Word (&r)[4], const Half *p) { matrices(r, p, false); }
DEVICE void load_matrices_transposed(Word (&r)[4], const Half *p) { matrices(r, p, true); }

static float left[4][16][16], right[4][16][8];

// PTX ISA, mma.m16n8k16: element i of A is at row g (i < 2 or 4 <= i < 6) or g + 8, column 2 t + (i & 1), and 8
// more for i >= 4; element i of B at row 2 t + (i & 1), and 8 more for i >= 2, column g; element i of C at row
// g (i < 2) or g + 8, column 2 t + (i & 1); g = lane / 4, t = lane % 4.
DEVICE void multiply(float (&c)[4], const Word (&a)[4], Word b0, Word b1) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    for (int i = 0; i < 8; ++i) {
        int down = i < 2 || (i >= 4 && i < 6) ? g : g + 8;
        left[warp][down][t * 2 + (i & 1) + (i >= 4 ? 8 : 0)] = to_float((Half)(a[i / 2] >> (i % 2 * 16)));
    }
    const Word b[2] = {b0, b1};
    for (int i = 0; i < 4; ++i)
        right[warp][t * 2 + (i & 1) + (i >= 2 ? 8 : 0)][g] = to_float((Half)(b[i / 2] >> (i % 2 * 16)));
    warp_waits();
    for (int i = 0; i < 4; ++i)
        for (int inner = 0; inner < 16; ++inner)
            c[i] += left[warp][i < 2 ? g : g + 8][inner] * right[warp][inner][t * 2 + (i & 1)];
    warp_waits();
}

// Copies land only when their group is waited for, as late as the hardware may be.
struct Copy {
    Half *to;
    Half held[8];
};
static thread_local std::vector<std::vector<Copy>> groups;
static thread_local std::vector<Copy> open_group;

DEVICE void copy_16(Half *to, const Half *from, bool there) {
    Copy copy{to, {}};
    if (there) std::memcpy(copy.held, from, 16);
    open_group.push_back(copy);
}

DEVICE void close_group() {
    groups.push_back(open_group);
    open_group.clear();
}

DEVICE void wait_all_but_one_group() {
    for (; groups.size() > 1; groups.erase(groups.begin()))
        for (const Copy &copy : groups[0]) std::memcpy(copy.to, copy.held, 16);
}

static float shuffled[128];
DEVICE float from_lane_xor(float x, int mask) {
    shuffled[threadIdx.x] = x;
    warp_waits();
    float found = shuffled[(threadIdx.x & ~31) + ((threadIdx.x % 32) ^ mask)];
    warp_waits();
    return found;
}

DEVICE float infinity() { return HUGE_VALF; }
DEVICE float power_of_two(float x) { return std::exp2(x); }

struct Place;
extern "C" void attend(const Half *, const Half *, const Half *, Half *, float, int, int, int, int, Place, Place,
                       Place, Place);

// All CTAs of a grid, one after the other. `strides`: batch, row and head of Q, K, V and the output.
template <class P>
static void run_grid(const Half *q, const Half *k, const Half *v, Half *out, float scale, int nq, int nk, int heads,
                     int group, const P *strides, int across, int down) {
    std::vector<Half> shared((BLOCK_M + 2 * BLOCK_N) * ROW, (Half)0x7fff);  // NaN: what is read unwritten shows
    memory = shared.data();
    for (int y = 0; y < down; ++y)
        for (int x = 0; x < across; ++x) {
            std::barrier<> all(128), w0(32), w1(32), w2(32), w3(32);
            everyone = &all;
            warps[0] = &w0, warps[1] = &w1, warps[2] = &w2, warps[3] = &w3;
            std::vector<std::thread> threads;
            for (int id = 0; id < 128; ++id)
                threads.emplace_back([=] {
                    threadIdx = {id, 0};
                    blockIdx = {x, y};
                    attend(q, k, v, out, scale, nq, nk, heads, group, strides[0], strides[1], strides[2], strides[3]);
                });
            for (auto &thread : threads) thread.join();
        }
}
