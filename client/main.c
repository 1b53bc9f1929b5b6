/* SPDX-License-Identifier: MIT */
#include "client.h"

int main(int argc, char **argv) {
        return joulectl_main(argv);
}
