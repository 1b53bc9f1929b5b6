/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "errors.h"
#include "log.h"
#include "manager.h"

typedef enum Action {
        ACTION_RUN,
        ACTION_CHECK_CONFIG,
        ACTION_DUMP_KNOBS,
        ACTION_RESTORE_HOST,
        ACTION_EXIT,
} Action;

static void print_help(void) {
        puts("jouletraced [OPTIONS...]\n\n"
             "Measures how much energy programs take, for those who ask over D-Bus.\n\n"
             "  --embedded              Serve one client on standard input, without bus, polkit and systemd\n"
             "  --containment=KIND      scope (by systemd; default) or process\n"
             "  --config=FILE           Read FILE and FILE.d/*.conf instead of " JT_SYSCONFDIR
             "/jouletrace/jouletraced.conf\n"
             "  --check-config          Say what is wrong in the configuration, and exit\n"
             "  --restore-host          Put back what a crash left of the machine's settings and reserved CPUs, and "
             "exit\n"
             "  --dump-knobs            List the knobs: name, type, default, bounds, text\n"
             "  --sysroot=DIR           Read every /sys and /proc file about the machine below DIR\n"
             "  --meter=NAME            Use this meter whatever the configuration says\n"
             "  --state-dir=DIR         Keep the records there\n"
             "  --runtime-dir=DIR       Keep the machine lock there\n"
             "  --worker=PATH           Worker binary, with --embedded and --containment=process\n"
             "  --worker-socket=PATH    Socket of the worker's service\n"
             "  --polkit-always         Ask polkit for root, too\n"
             "  --version, --help");
}

static char *embedded_state_dir(void) {
        const char *state = getenv("XDG_STATE_HOME");

        if (state && state[0] == '/')
                return g_build_filename(state, "jouletrace", NULL);
        return g_build_filename(g_get_home_dir(), ".local/state/jouletrace", NULL);
}

static void set_string(char **option, const char *value) {
        g_free(*option);
        *option = g_strdup(value);
}

static int parse_options(int argc, char **argv, Options *options, Action *action) {
        enum {
                OPTION_EMBEDDED = 256,
                OPTION_CONTAINMENT,
                OPTION_CONFIG,
                OPTION_CHECK_CONFIG,
                OPTION_DUMP_KNOBS,
                OPTION_RESTORE_HOST,
                OPTION_SYSROOT,
                OPTION_METER,
                OPTION_STATE_DIR,
                OPTION_RUNTIME_DIR,
                OPTION_WORKER,
                OPTION_WORKER_SOCKET,
                OPTION_POLKIT_ALWAYS,
                OPTION_VERSION,
        };
        static const struct option table[] = {
                { "embedded", no_argument, NULL, OPTION_EMBEDDED },
                { "containment", required_argument, NULL, OPTION_CONTAINMENT },
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
                { "dump-knobs", no_argument, NULL, OPTION_DUMP_KNOBS },
                { "restore-host", no_argument, NULL, OPTION_RESTORE_HOST },
                { "sysroot", required_argument, NULL, OPTION_SYSROOT },
                { "meter", required_argument, NULL, OPTION_METER },
                { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
                { "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
                { "worker", required_argument, NULL, OPTION_WORKER },
                { "worker-socket", required_argument, NULL, OPTION_WORKER_SOCKET },
                { "polkit-always", no_argument, NULL, OPTION_POLKIT_ALWAYS },
                { "version", no_argument, NULL, OPTION_VERSION },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", table, NULL)) >= 0)
                switch (c) {
                case OPTION_EMBEDDED:
                        options->embedded = true;
                        options->containment_scope = false;
                        break;
                case OPTION_CONTAINMENT:
                        if (strcmp(optarg, "scope") != 0 && strcmp(optarg, "process") != 0) {
                                fprintf(stderr, "jouletraced: --containment=%s is neither scope nor process\n",
                                        optarg);
                                return -EINVAL;
                        }
                        options->containment_scope = strcmp(optarg, "scope") == 0;
                        break;
                case OPTION_CONFIG:
                        options->config = optarg;
                        break;
                case OPTION_CHECK_CONFIG:
                        *action = ACTION_CHECK_CONFIG;
                        break;
                case OPTION_DUMP_KNOBS:
                        *action = ACTION_DUMP_KNOBS;
                        break;
                case OPTION_RESTORE_HOST:
                        *action = ACTION_RESTORE_HOST;
                        break;
                case OPTION_SYSROOT:
                        options->sysroot = optarg;
                        break;
                case OPTION_METER:
                        options->meter = optarg;
                        break;
                case OPTION_STATE_DIR:
                        set_string(&options->state_dir, optarg);
                        break;
                case OPTION_RUNTIME_DIR:
                        set_string(&options->runtime_dir, optarg);
                        break;
                case OPTION_WORKER:
                        set_string(&options->worker, optarg);
                        break;
                case OPTION_WORKER_SOCKET:
                        set_string(&options->worker_socket, optarg);
                        break;
                case OPTION_POLKIT_ALWAYS:
                        options->polkit_always = true;
                        break;
                case OPTION_VERSION:
                        puts("jouletraced " JT_VERSION);
                        *action = ACTION_EXIT;
                        return 0;
                case 'h':
                        print_help();
                        *action = ACTION_EXIT;
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "jouletraced: %s: no arguments are known; see jouletraced --help\n", argv[optind]);
                return -EINVAL;
        }
        return 0;
}

static void fill_options(Options *options) {
        const char *state = getenv("STATE_DIRECTORY");

        if (!options->config)
                options->config = JT_SYSCONFDIR "/jouletrace/jouletraced.conf";
        if (!options->state_dir)
                options->state_dir = options->embedded ? embedded_state_dir() : g_strdup(state ?: JT_STATEDIR);
        if (!options->runtime_dir)
                options->runtime_dir = g_strdup("/run/jouletrace");
        if (!options->worker)
                options->worker = g_strdup(JT_LIBEXECDIR "/jouletrace-worker");
        if (!options->worker_socket)
                options->worker_socket = g_build_filename(options->runtime_dir, "worker.socket", NULL);
}

static int dump_knobs(void) {
        static const char *const types[] = {
                [KNOB_UINT] = "number",   [KNOB_USEC] = "time", [KNOB_BYTES] = "bytes", [KNOB_DOUBLE] = "real",
                [KNOB_CHOICE] = "choice", [KNOB_CPUS] = "cpus", [KNOB_UIDS] = "uids",
        };

        for (const Knob *knob = knobs; knob->name; knob++) {
                g_autofree char *bounds = knob_format_bounds(knob);

                printf("%s\t%s\t%s\t%s\t%s\n", knob->name, types[knob->type], knob->fallback, bounds, knob->doc);
        }
        return 0;
}

/* ExecStopPost=: the service is gone, and nobody but its next start would do it. */
static int restore_host(const Options *options) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Tuning) tuning = NULL;
        g_autofree char *cgroup_root = g_build_filename(options->sysroot ?: "/", "sys/fs/cgroup", NULL);
        int r, q;

        r = sysroot_open(options->sysroot, &root);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot open %s", options->sysroot ?: "/");
        r = host_open_tuning(root, options->runtime_dir, &tuning);
        if (r == -ENOENT)
                return 0;
        if (r == -EBUSY) {
                log_notice("A service is running, which will put back what it has changed itself");
                return 0;
        }
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot look into %s", options->runtime_dir);
        r = tuning_restore(tuning);
        q = cores_give_back(cgroup_root);
        return q < 0 && q != -ENOENT ? q : r; /* -ENOENT: no cgroups here */
}

/* Standard input is one end of a socket pair that sd_bus_set_exec() of the client made. */
static int open_peer(sd_bus **ret) {
        g_autoptr(sd_bus) bus = NULL;
        autofd fd = -1, null = -1;
        sd_id128_t id;
        int r;

        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
                return -errno;
        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0)
                return r;
        (void) steal_fd(&fd);
        r = sd_bus_set_server(bus, true, id);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&bus);
        return 0;
}

/* A client may send its first call together with the end of the authentication. sd-bus (252, bus_socket_read_auth())
 * has both in its buffer then and waits for the socket, from which nothing more comes: so look once more. */
static int on_peer_ready(sd_event_source *source, void *userdata) {
        sd_bus *bus = userdata;
        int r;

        if (sd_bus_is_ready(bus) <= 0)
                return 0;
        do
                r = sd_bus_process(bus, NULL);
        while (r > 0);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        manager_stop(userdata);
        return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        manager_reload(userdata);
        return 0;
}

static int watch_signals(sd_event *event, Manager *manager) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        (void) sigaddset(&signals, SIGCHLD); /* of workers */
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;

        r = sd_event_add_signal(event, NULL, SIGTERM, on_terminate, manager);
        if (r < 0)
                return r;
        r = sd_event_add_signal(event, NULL, SIGINT, on_terminate, manager);
        if (r < 0)
                return r;
        return sd_event_add_signal(event, NULL, SIGHUP, on_hangup, manager);
}

static int serve(Options *options) {
        g_autoptr(sd_event) event = NULL;
        g_autoptr(Manager) manager = NULL;
        g_autoptr(sd_bus) bus = NULL;
        g_autoptr(Config) config = NULL;
        int r;

        r = config_load_logged(options->config, &config);
        if (r < 0)
                return r;
        /* joulectl --local shows our standard error: what is normal is not said there. */
        log_set_level(options->embedded ? MIN(LOG_WARNING, config_log_level(config)) : config_log_level(config));

        r = sd_event_default(&event);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot make an event loop");
        r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot keep systemd's watchdog");
        r = options->embedded ? open_peer(&bus) : sd_bus_open_system(&bus);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot connect to the %s", options->embedded ? "client" : "system bus");

        r = manager_new(options, event, g_steal_pointer(&config), &manager);
        if (r < 0)
                return r;
        r = watch_signals(event, manager);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot watch signals");
        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot attach the bus");
        if (options->embedded) {
                r = sd_event_add_post(event, NULL, on_peer_ready, bus);
                if (r < 0)
                        return log_errno(LOG_ERR, r, "cannot watch the authentication");
        }
        r = manager_start(manager, bus);
        if (r < 0)
                return r;
        return sd_event_loop(event);
}

int main(int argc, char **argv) {
        Options options = { .containment_scope = true };
        Action action = ACTION_RUN;
        int r;

        log_open("jouletraced", LOG_INFO);
        r = errors_register();
        if (r >= 0)
                r = parse_options(argc, argv, &options, &action);
        if (r < 0 || action == ACTION_EXIT)
                return r < 0 ? 2 : EXIT_SUCCESS;

        fill_options(&options);
        if (action == ACTION_DUMP_KNOBS)
                r = dump_knobs();
        else if (action == ACTION_RESTORE_HOST)
                r = restore_host(&options);
        else if (action == ACTION_CHECK_CONFIG) {
                g_autoptr(Config) config = NULL;

                r = config_load_logged(options.config, &config);
        } else {
                /* An embedded service hands its own on to the worker, and so to the program. */
                if (!options.embedded)
                        (void) umask(0077);
                else
                        /* A terminal's Ctrl-C is the client's: it cancels the job, then waits for us. */
                        (void) setsid();
                r = serve(&options);
        }
        g_free(options.state_dir);
        g_free(options.runtime_dir);
        g_free(options.worker);
        g_free(options.worker_socket);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
