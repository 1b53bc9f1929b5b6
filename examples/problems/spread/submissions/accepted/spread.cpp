// SPDX-License-Identifier: MIT
#include <cmath>
#include <iomanip>
#include <iostream>
#include <vector>

int main() {
        std::size_t n;
        std::cin >> n;
        std::vector<double> values(n);
        double sum = 0, squares = 0;

        for (double &value : values) {
                std::cin >> value;
                sum += value;
        }
        for (double value : values)
                squares += (value - sum / n) * (value - sum / n);
        std::cout << std::setprecision(15) << sum / n << '\n' << std::sqrt(squares / n) << '\n';
}
