/* Commands on stdin, one a line; each is answered by one line on stdout: "ok", "error: ...", or JSON. */
#ifndef TREERING_CONSOLE_H
#define TREERING_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"

typedef struct console {
    bench_t *bench;
    bool is_closed; /* stdin has ended; the board runs on */
    bool wants_quit;
    char line[128]; /* the rest of a longer line is ignored */
    size_t line_bytes;
    char status[256];
} console_t;

/* Reads what is there and carries out every complete line. To be called when stdin is readable. */
void console_service(console_t *console);

#endif
