// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iostream>
#include <iterator>
#include <vector>

int main() {
        std::size_t n;
        std::cin >> n;
        std::vector<long long> values{std::istream_iterator<long long>(std::cin), {}};
        auto best = values.begin(), best_end = values.begin();

        for (auto start = values.begin(); start != values.end();) {
                auto end = std::is_sorted_until(start, values.end());
                if (end - start > best_end - best) {
                        best = start;
                        best_end = end;
                }
                start = end;
        }
        std::cout << best_end - best << ' ' << *best << '\n';
}
