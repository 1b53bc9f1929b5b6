// SPDX-License-Identifier: MIT
// Touches every page of 256 MiB.
#include <cstring>
#include <iostream>
#include <vector>

int main() {
        std::vector<char *> kept;

        for (int i = 0; i < 256; i++) {
                kept.push_back(new char[1 << 20]);
                std::memset(kept.back(), i, 1 << 20);
        }
        long sum = 0;
        for (char *block : kept)
                sum += block[12345];
        std::cout << sum << '\n';
}
