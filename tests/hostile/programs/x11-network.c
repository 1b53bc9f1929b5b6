/* SPDX-License-Identifier: MIT */
/* X11: talks to the network.
 * Tries: TCP, UDP, DNS, ICMP and a cloud's metadata; sockets of families that know no network namespace; the system
 * bus. Expected: internet AC, packet SV|AC, vsock SV|AC, alg SV|AC, bus AC Why: the network namespace is empty, so
 * that a socket that can be made reaches nobody; the odd families are refused, or end the run. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void reach(const char *address, int port, int type, int protocol) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, type, protocol);

        inet_pton(AF_INET, address, &to.sin_addr);
        if (fd >= 0 && connect(fd, (struct sockaddr *) &to, sizeof(to)) == 0 && send(fd, "x", 1, 0) == 1)
                printf("reached %s:%d\n", address, port);
        if (fd >= 0)
                close(fd);
}

int main(int argc, char **argv) {
        static const char *const addresses[] = { "10.0.2.2", "192.168.0.1", "169.254.169.254", "8.8.8.8", "1.1.1.1" };
        struct sockaddr_un bus = { .sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket" };
        const char *how = argc > 1 ? argv[1] : "";

        if (strcmp(how, "internet") == 0) {
                for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
                        reach(addresses[i], 80, SOCK_STREAM, 0);
                        reach(addresses[i], 53, SOCK_DGRAM, 0);
                        reach(addresses[i], 0, SOCK_DGRAM, IPPROTO_ICMP);
                        reach(addresses[i], 0, SOCK_RAW, IPPROTO_ICMP);
                }
                puts("unreachable");
        } else if (strcmp(how, "bus") == 0)
                puts(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *) &bus, sizeof(bus)) < 0
                                     ? "unreachable"
                                     : "reached");
        else {
                int family = strcmp(how, "packet") == 0 ? AF_PACKET : strcmp(how, "vsock") == 0 ? AF_VSOCK : AF_ALG;

                puts(socket(family,
                            family == AF_ALG     ? SOCK_SEQPACKET
                            : family == AF_VSOCK ? SOCK_STREAM
                                                 : SOCK_RAW,
                            0) < 0
                                     ? "denied"
                                     : "has one");
        }
        return 0;
}
