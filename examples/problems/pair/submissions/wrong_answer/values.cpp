// SPDX-License-Identifier: MIT
// Prints the numbers instead of their places.
#include <iostream>
#include <set>

int main() {
        std::set<long long> seen;
        long long wanted, value;
        int n;

        std::cin >> n >> wanted;
        while (std::cin >> value) {
                if (seen.count(wanted - value)) {
                        std::cout << wanted - value << ' ' << value << '\n';
                        return 0;
                }
                seen.insert(value);
        }
        std::cout << "impossible\n";
}
