// SPDX-License-Identifier: MIT
#include <iostream>
#include <map>

int main() {
        std::map<long long, int> places;
        long long wanted, value;
        int n;

        std::cin >> n >> wanted;
        for (int place = 1; place <= n; place++) {
                std::cin >> value;
                auto other = places.find(wanted - value);
                if (other != places.end()) {
                        std::cout << other->second << ' ' << place << '\n';
                        return 0;
                }
                places[value] = place;
        }
        std::cout << "impossible\n";
}
