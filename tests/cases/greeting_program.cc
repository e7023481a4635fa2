#include "tests/cases/greeting_program.h"

namespace scratchpack {

void compile_program(const ScratchFolder& folder) {
  folder.write("word.c", "const char* word(void) { return \"hello\"; }\n");
  folder.write("app.c",
               "#include <stdio.h>\n#include <stdlib.h>\nconst char* word(void);\n"
               "int main(int count, char** words) {\n"
               "  printf(\"%s\", word());\n"
               "  for (int i = 1; i < count; ++i) printf(\" %s\", words[i]);\n"
               "  const char* set = getenv(\"SET\");\n"
               "  printf(\" %s\\n\", set ? set : \"-\");\n"
               "  return count > 1 ? atoi(words[1]) : 0;\n}\n");
  folder.run(
      "cc -shared -fPIC -o libword.so word.c && "
      "cc -o app app.c -L. -lword -Wl,-rpath,'$ORIGIN' && rm *.c");
}

}  // namespace scratchpack
