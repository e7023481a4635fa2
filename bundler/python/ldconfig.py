"""`ldconfig -p` for ctypes.util.find_library: what the bundle's /etc/ld.so.cache lists."""
import sys

MAGIC = b"glibc-ld.so.cache1.1"


def number(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def text(data, at):
    return data[at:data.index(b"\0", at)].decode()


with open("/etc/ld.so.cache", "rb") as file:
    cache = file.read()
cache = cache[max(cache.find(MAGIC), 0):]
count = number(cache, 20)
print(f"{count} libs found in cache `/etc/ld.so.cache'")
for index in range(count):
    entry = 48 + 24 * index
    kind = "libc6,x86-64" if number(cache, entry) & 0xff00 == 0x300 else "libc6"
    print(f"\t{text(cache, number(cache, entry + 4))} ({kind}) => {text(cache, number(cache, entry + 8))}")
sys.exit(0)
