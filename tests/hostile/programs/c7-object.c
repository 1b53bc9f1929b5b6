/* SPDX-License-Identifier: MIT */
/* C7: an object file in the guise of a source; the harness puts an ELF header before this text.
 * Tries: to have the linker take it for what it is.
 * Expected: CE
 * Why: the suffix decides what it is compiled as, and ELF is no C. */

int main(void) {
        return 0;
}
