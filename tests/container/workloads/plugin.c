// A plugin with a library of its own that the program does not link: libz comes in only through it.
const char* zlibVersion(void);

int plugin_value(void) { return zlibVersion()[0] == '1' ? 42 : 0; }
