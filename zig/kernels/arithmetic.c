// Arithmetic between two arrays of one type, or an array and numbers. The result is the exact one, converted as `cast`
// converts: integers go to the nearer end of their range, and a division by zero gives that end (0 for 0 by 0).
#include "element.h"
#include "walk.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, REVERSED_SUBTRACT, REVERSED_DIVIDE, ABSOLUTE, SCALE };

#define REAL_OP(T)                                                                                                     \
    INLINE T T##_op(u32 op, T x, T y, T z) {                                                                           \
        switch (op) {                                                                                                  \
        case ADD: return x + y;                                                                                        \
        case SUBTRACT: return x - y;                                                                                   \
        case MULTIPLY: return x * y;                                                                                   \
        case DIVIDE: return x / y;                                                                                     \
        case REVERSED_SUBTRACT: return y - x;                                                                          \
        case REVERSED_DIVIDE: return y / x;                                                                            \
        case ABSOLUTE: return x < 0 ? -x : x == 0 ? 0 : x;                                                             \
        default: return x * y + z;                                                                                     \
        }                                                                                                              \
    }

REAL_OP(f32)
REAL_OP(f64)

#define INTEGER_OP(T, MIN, MAX, IS_SIGNED)                                                                             \
    INLINE T T##_difference(T x, T y) {                                                                                \
        T result;                                                                                                      \
        if (__builtin_sub_overflow(x, y, &result)) return IS_SIGNED && y < 0 ? (T)MAX : (T)MIN;                        \
        return result;                                                                                                 \
    }                                                                                                                  \
    INLINE T T##_quotient(T x, T y) {                                                                                  \
        if (y == 0) return x > 0 ? (T)MAX : x < 0 ? (T)MIN : (T)0;                                                     \
        if (IS_SIGNED && y == (T)-1) return T##_difference(0, x);                                                      \
        return (T)(x / y);                                                                                             \
    }                                                                                                                  \
    INLINE T T##_op(u32 op, T x, T y) {                                                                                \
        T result;                                                                                                      \
        switch (op) {                                                                                                  \
        case ADD:                                                                                                      \
            if (__builtin_add_overflow(x, y, &result)) return IS_SIGNED && y < 0 ? (T)MIN : (T)MAX;                    \
            return result;                                                                                             \
        case SUBTRACT: return T##_difference(x, y);                                                                    \
        case MULTIPLY:                                                                                                 \
            if (__builtin_mul_overflow(x, y, &result)) return IS_SIGNED && (x < 0) != (y < 0) ? (T)MIN : (T)MAX;       \
            return result;                                                                                             \
        case DIVIDE: return T##_quotient(x, y);                                                                        \
        case REVERSED_SUBTRACT: return T##_difference(y, x);                                                           \
        case REVERSED_DIVIDE: return T##_quotient(y, x);                                                               \
        default: return x < 0 ? T##_difference(0, x) : x;                                                              \
        }                                                                                                              \
    }

INTEGER_OP(u8, 0, 255, 0)
INTEGER_OP(u16, 0, 65535, 0)
INTEGER_OP(u32, 0, U32_MAX, 0)
INTEGER_OP(u64, 0, U64_MAX, 0)
INTEGER_OP(i8, -128, 127, 1)
INTEGER_OP(i16, -32768, 32767, 1)
INTEGER_OP(i32, I32_MIN, I32_MAX, 1)
INTEGER_OP(i64, I64_MIN, I64_MAX, 1)

/// A body for each operation, so that a host's loops do not tell operations apart; a GPU's thread has no loop.
#ifdef __NVPTX__
#define EACH_OP(BODY, ...) BODY(p->op, __VA_ARGS__)
#else
#define EACH_OP(BODY, ...)                                                                                             \
    switch (p->op) {                                                                                                   \
    case ADD: BODY(ADD, __VA_ARGS__) break;                                                                            \
    case SUBTRACT: BODY(SUBTRACT, __VA_ARGS__) break;                                                                  \
    case MULTIPLY: BODY(MULTIPLY, __VA_ARGS__) break;                                                                  \
    case DIVIDE: BODY(DIVIDE, __VA_ARGS__) break;                                                                      \
    case REVERSED_SUBTRACT: BODY(REVERSED_SUBTRACT, __VA_ARGS__) break;                                                \
    case REVERSED_DIVIDE: BODY(REVERSED_DIVIDE, __VA_ARGS__) break;                                                    \
    default: BODY(ABSOLUTE, __VA_ARGS__) break;                                                                        \
    }
#endif

#define AT_A(T) (*(const GLOBAL T *)(a + (i64)k * sa))
#define AT_B(T) (*(const GLOBAL T *)(b + (i64)k * sb))
#define AT_DST(T) (*(GLOBAL T *)(dst + (i64)k * sd))

#define INTEGER_ROW(OP, T)                                                                                             \
    if (p->second == SECOND_SCALAR) {                                                                                  \
        const T y = (T)p->bits;                                                                                        \
        SCALAR_LOOP for (u64 k = 0; k < n; k++) AT_DST(T) = T##_op(OP, AT_A(T), y);                                    \
    } else                                                                                                             \
        SCALAR_LOOP for (u64 k = 0; k < n; k++) AT_DST(T) = T##_op(OP, AT_A(T), AT_B(T));

// A scalar that is no number of the type, and `SCALE`, are computed in float64.
#define INTEGERS(T, MIN, MAX, END)                                                                                     \
    if (p->second == SECOND_REAL) {                                                                                    \
        for (u64 k = 0; k < n; k++) {                                                                                  \
            const f64 real = f64_op(p->op, (f64)AT_A(T), p->x, p->y);                                                  \
            AT_DST(T) = SATURATE_REAL(T, MIN, MAX, END, real);                                                         \
        }                                                                                                              \
    } else EACH_OP(INTEGER_ROW, T)

#define REALS(T, Held, LOAD, STORE)                                                                                    \
    for (u64 k = 0; k < n; k++) {                                                                                      \
        const Held y = p->second != SECOND_OPERAND ? (Held)p->x : LOAD(AT_B(T));                                       \
        AT_DST(T) = STORE(Held##_op(p->op, LOAD(AT_A(T)), y, (Held)p->y));                                             \
    }

#define SAME(x) (x)

#ifndef __NVPTX__
#define DENSE(OP)                                                                                                      \
    case OP:                                                                                                           \
        if (p->second == SECOND_OPERAND)                                                                               \
            for (u64 k = 0; k < n; k++) dst[k] = f32_op(OP, a[k], b[k], z);                                            \
        else                                                                                                           \
            for (u64 k = 0; k < n; k++) dst[k] = f32_op(OP, a[k], y, z);                                               \
        break;

/// Dense float32: the operation is told apart once, and the loops become vector instructions.
static void dense_f32(const struct mr_elementwise *p, f32 *dst, const f32 *a, const f32 *b, u64 n) {
    const f32 y = (f32)p->x, z = (f32)p->y;
    switch (p->op) {
        DENSE(ADD)
        DENSE(SUBTRACT)
        DENSE(MULTIPLY)
        DENSE(DIVIDE)
        DENSE(REVERSED_SUBTRACT)
        DENSE(REVERSED_DIVIDE)
        DENSE(ABSOLUTE)
        DENSE(SCALE)
    }
}
#endif

INLINE void arithmetic_row(const struct mr_elementwise *p, Target dst, Origin a, Origin b, u64 n) {
    const i64 sd = row_stride(p, &p->dst), sa = row_stride(p, &p->a), sb = row_stride(p, &p->b);
#ifndef __NVPTX__
    if (p->dtype == FLOAT32_TYPE && sd == 4 && sa == 4 && (sb == 4 || p->second != SECOND_OPERAND)) {
        dense_f32(p, (f32 *)dst, (const f32 *)a, (const f32 *)b, n);
        return;
    }
#endif
    switch (p->dtype) {
    case UINT8_TYPE: INTEGERS(u8, 0, 255, 256) break;
    case UINT16_TYPE: INTEGERS(u16, 0, 65535, 65536) break;
    case UINT32_TYPE: INTEGERS(u32, 0, U32_MAX, 0x1p32) break;
    case UINT64_TYPE: INTEGERS(u64, 0, U64_MAX, 0x1p64) break;
    case INT8_TYPE: INTEGERS(i8, -128, 127, 128) break;
    case INT16_TYPE: INTEGERS(i16, -32768, 32767, 32768) break;
    case INT32_TYPE: INTEGERS(i32, I32_MIN, I32_MAX, 0x1p31) break;
    case INT64_TYPE: INTEGERS(i64, I64_MIN, I64_MAX, 0x1p63) break;
    case FLOAT16_TYPE: REALS(u16, f32, f32_from_float16, float16_from_f32) break;
    case BFLOAT16_TYPE: REALS(u16, f32, f32_from_bfloat16, bfloat16_from_f32) break;
    case FLOAT32_TYPE: REALS(f32, f32, SAME, SAME) break;
    default: REALS(f64, f64, SAME, SAME) break;
    }
}

ELEMENTWISE(arithmetic, arithmetic_row)
