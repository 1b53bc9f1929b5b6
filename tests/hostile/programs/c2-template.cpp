/* SPDX-License-Identifier: MIT */
/* C2: a template bomb.
 * Tries: exponentially many instances, each depth below the compiler's limit.
 * Expected: template CE
 * Why: the compile step has limits of its own. */

template <int depth, typename A, typename B> struct Bomb {
        Bomb<depth - 1, Bomb, A> left;
        Bomb<depth - 1, B, Bomb> right;
        char bytes[sizeof(left) + sizeof(right)];
};

template <typename A, typename B> struct Bomb<0, A, B> {
        char byte;
};

int main() {
        return sizeof(Bomb<400, int, long>) & 1;
}
