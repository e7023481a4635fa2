// A load generator: connections that each ask, wait for the whole answer, and ask again.
//
//   http_load PORT CONNECTIONS REQUESTS BODIES ANSWERS [LATENCIES]
//
// BODIES and ANSWERS hold a line for each request to POST /predict and what is to be answered; the
// connections go round them. REQUESTS is how many in all, or 0: until the server closes, which it
// may do behind an answer. LATENCIES gets nanoseconds, a line for each answer. Prints
// `ANSWERED answered, WRONG wrong, LOST lost`; lost is what was sent and not answered whole. The
// status is 0 when nothing was wrong or lost.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { answer_limit = 1 << 16, latencies_most = 1 << 20 };

struct lines {
  char** of;
  size_t count;
};

static struct lines bodies, answers;
static unsigned short port;
static long requests;
static atomic_long asked, answered, wrong, lost;
static long latencies[latencies_most];

static struct lines lines_of(const char* path) {
  struct lines lines = {NULL, 0};
  FILE* file = fopen(path, "r");
  char* line = NULL;
  size_t size = 0;
  if (file == NULL) perror(path), exit(2);
  for (ssize_t length; (length = getline(&line, &size, file)) > 0;) {
    if (line[length - 1] == '\n') line[length - 1] = '\0';
    lines.of = realloc(lines.of, (lines.count + 1) * sizeof *lines.of);
    lines.of[lines.count++] = strdup(line);
  }
  fclose(file);
  return lines;
}

static int connected(void) {
  const int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr*)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// The answer with its header, ended by a zero byte. Returns the body, or NULL where it is not
// whole.
static const char* receive(int fd, char* text) {
  size_t size = 0;
  for (;;) {
    const ssize_t got = read(fd, text + size, answer_limit - 1 - size);
    if (got <= 0) return NULL;
    size += (size_t)got;
    text[size] = '\0';
    const char* end = strstr(text, "\r\n\r\n");
    const char* length = end == NULL ? NULL : strcasestr(text, "content-length:");
    if (length == NULL) continue;
    if (size >= (size_t)(end + 4 - text) + strtoul(length + 15, NULL, 10)) return end + 4;
  }
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

// One request. Returns whether the connection can take another.
static int ask(int fd, long number, char* text) {
  const size_t which = (size_t)number % bodies.count;
  const char* body = bodies.of[which];
  const int size =
      snprintf(text, answer_limit,
               "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               strlen(body), body);
  const long start = now();
  const char* answer = write(fd, text, (size_t)size) == size ? receive(fd, text) : NULL;
  if (answer == NULL) {
    ++lost;
    return 0;
  }
  const long slot = answered++;
  if (slot < latencies_most) latencies[slot] = now() - start;
  if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || strcmp(answer, answers.of[which]) != 0) ++wrong;
  return strcasestr(text, "connection: close") == NULL;
}

static void* work(void* unused) {
  char* text = malloc(answer_limit);
  int fd = connected();
  for (long number; fd >= 0 && ((number = asked++) < requests || requests == 0);) {
    if (ask(fd, number, text)) continue;
    close(fd);
    if (requests == 0) return unused;
    fd = connected();
  }
  if (fd >= 0) close(fd);
  free(text);
  return unused;
}

int main(int argc, char** argv) {
  if (argc < 6)
    return fputs("usage: http_load PORT CONNECTIONS REQUESTS BODIES ANSWERS [LATENCIES]\n", stderr),
           2;
  port = (unsigned short)atoi(argv[1]);
  const int connections = atoi(argv[2]);
  requests = atol(argv[3]);
  bodies = lines_of(argv[4]);
  answers = lines_of(argv[5]);
  pthread_t threads[connections];
  for (int i = 0; i < connections; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < connections; ++i) pthread_join(threads[i], NULL);
  FILE* file = argc > 6 ? fopen(argv[6], "w") : NULL;
  for (long i = 0; file != NULL && i < answered && i < latencies_most; ++i)
    fprintf(file, "%ld\n", latencies[i]);
  if (file != NULL) fclose(file);
  printf("%ld answered, %ld wrong, %ld lost\n", answered, wrong, lost);
  return wrong == 0 && lost == 0 && answered >= requests ? 0 : 1;
}
