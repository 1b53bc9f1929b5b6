// SPDX-License-Identifier: MIT
// Writes for ever.
#include <iostream>

int main() {
        for (;;)
                std::cout << "1 2 1 2 1 2 1 2\n";
}
