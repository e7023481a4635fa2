/* The program that the build samples bundle: a library of its own, and a file it reads. */
#include <stdio.h>

#include "greeting.h"

int main(void) {
  char words[64];
  FILE* file = fopen("/usr/share/greeter/words.txt", "r");
  if (file == NULL || fgets(words, sizeof words, file) == NULL) {
    perror("/usr/share/greeter/words.txt");
    return 1;
  }
  fclose(file);
  printf("%s %s", greeting(), words);
  return 0;
}
