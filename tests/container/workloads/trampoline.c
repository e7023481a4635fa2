// Runs code on its stack: a nested function whose address is taken needs PT_GNU_STACK with X.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int apply(int (*function)(int), int value) { return function(value); }

static int on_stack(int base) {
  int add(int value) { return base + value; }
  return apply(add, 2);
}

static void* in_thread(void* unused) {
  (void)unused;
  printf("on a thread's stack: %d\n", on_stack(30));
  return NULL;
}

// Deeper than the page that was mapped first: what the stack grows by is executable, too.
static int deep(int depth) {
  char room[64 * 1024];
  memset(room, depth, sizeof room);
  return depth == 0 ? on_stack(40) + room[17] : deep(depth - 1) + room[17] - depth;
}

int main(void) {
  printf("on the first stack: %d\n", on_stack(20));
  printf("deeper: %d\n", deep(16));
  pthread_t thread;
  if (pthread_create(&thread, NULL, in_thread, NULL) != 0) return 1;
  return pthread_join(thread, NULL);
}
