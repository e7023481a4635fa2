// What needs glibc's own data files at run time: gconv modules through iconv, the C.UTF-8 locale.
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void convert(const char* from, const char* bytes) {
  char text[64], output[64] = "";
  snprintf(text, sizeof text, "%s", bytes);
  char *in = text, *out = output;
  size_t in_left = strlen(text), out_left = sizeof output - 1;
  iconv_t conversion = iconv_open("UTF-8", from);
  if (conversion == (iconv_t)-1) {
    printf("%s: no conversion\n", from);
    return;
  }
  size_t result = iconv(conversion, &in, &in_left, &out, &out_left);
  printf("%s: %s (%zd)\n", from, output, (ssize_t)result);
  iconv_close(conversion);
}

int main(void) {
  convert("EUC-KR", "\xbc\xad\xbf\xef");
  convert("ISO-8859-15", "\xa4 5");
  convert("SHIFT_JIS", "\x93\x8c\x8b\x9e");
  convert("UTF-16LE", "a\x01");
  convert("NO-SUCH-CHARSET", "x");
  const char* locale = setlocale(LC_ALL, "C.UTF-8");
  printf("locale %s, codeset %s\n", locale != NULL ? locale : "absent", nl_langinfo(CODESET));
  wchar_t wide[16];
  printf("wide characters: %zd\n", (ssize_t)mbstowcs(wide, "\xec\x84\x9c\xec\x9a\xb8!", 16));
  return 0;
}
