"""Compiles the workloads and makes the data and certificates that they use."""

import os
import shutil
import subprocess

import engine

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def build(sources, folder):
    """Fills `folder`/bin and `folder`/etc; returns the places that the tables name."""
    places = {"bin": os.path.join(folder, "bin"), "etc": os.path.join(folder, "etc")}
    for place in places.values():
        os.makedirs(place)
    make_data(places["bin"])
    make_certificates(places["etc"])
    os.mkdir(os.path.join(places["bin"], "linking.d"))
    for batch in (libraries, commands):  # programs are linked with libraries
        engine.in_parallel([lambda command=command: compile_one(command)
                            for command in batch(sources, places["bin"])])
    append_data(os.path.join(places["bin"], "appended"))
    for script in ("builtins.sh", "helpers.sh"):
        shutil.copy(os.path.join(sources, script), places["bin"])
        os.chmod(os.path.join(places["bin"], script), 0o755)
    return places


def compile_command(sources, output, compiler, source, name, *flags):
    return [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
            os.path.join(sources, source), "-o", os.path.join(output, name), *flags]


def libraries(sources, output):
    """The two of linking.cc, each aligned to more than a page."""
    def library(name, *flags):
        return compile_command(sources, output, "gcc", "linking_library.c", f"linking.d/{name}",
                        "-shared", "-fPIC", *flags)

    return [
        library("liblinked.so.1", "-DLINKED",
                "-Wl,-soname,liblinked.so.1,-z,max-page-size=2097152,"
                f"--version-script={sources}/linking.map"),
        library("libplugin.so", "-Wl,-z,max-page-size=65536"),
    ]


def commands(sources, output):
    def compiled(compiler, source, name, *flags):
        return compile_command(sources, output, compiler, source, name, *flags)

    data = f'-DFOLDER="{output}/data"'
    one_file = f'-DDATA="{output}/data/app.conf"'

    def linking(name, *flags):
        return compiled("g++", "linking.cc", name, "-std=c++20", "-rdynamic",
                        f'-DLIBRARIES="{output}/linking.d"', f"{output}/linking.d/liblinked.so.1",
                        "-Wl,-rpath,$ORIGIN/linking.d", *flags)

    dynamic = [compiled("gcc", f"{name}.c", name) for name in
               ("hello", "reexec", "identity", "facts", "die", "term", "owner", "charset", "appended")]
    static = [compiled("gcc", f"{name}.c", f"{name}-static", "-static") for name in
              ("hello", "facts", "die")]
    return dynamic + static + [
        compiled("gcc", "swarm.c", "swarm", "-static"),
        compiled("gcc", "data.c", "reader", data),
        compiled("g++", "engine.cc", "engine", "-std=c++20", "-pthread"),
        compiled("gcc", "plugin.c", "plugin.so", "-shared", "-fPIC", "-l:libz.so.1"),
        compiled("gcc", "plugin_host.c", "plugin_host", f'-DPLUGIN="{output}/plugin.so"'),
        compiled("musl-gcc", "small_libc.c", "small_libc", one_file),
        compiled("gcc", "debugged.c", "debugged", "-g", "-lz"),
        linking("linking", "-Wl,-z,max-page-size=65536"),
        linking("linking-2m", "-Wl,-z,max-page-size=2097152"),
        linking("linking-fixed", "-no-pie"),
        compiled("gcc", "trampoline.c", "trampoline", "-Wl,--no-warn-execstack"),
        compiled("gcc", "cancel.c", "cancel", data, one_file),
        compiled("musl-gcc", "cancel.c", "cancel-musl", data, one_file),
        compiled("g++", "throwing.cc", "throwing", data, one_file, "-fnon-call-exceptions"),
        compiled("g++", "crowd.cc", "crowd", "-std=c++20", one_file),
    ]


def compile_one(command):
    subprocess.run(command, check=True)


def append_data(program):
    """Data and its length in eight digits, behind the program's own bytes."""
    data = "".join(f"line {i}\n" for i in range(20000))
    with open(program, "a", encoding="ascii") as file:
        file.write(f"{data}{len(data):08}")


def make_data(output):
    os.makedirs(os.path.join(output, "data/deeper"))
    write(os.path.join(output, "data/app.conf"), "setting = from the bundle\n")
    write(os.path.join(output, "data/deeper/second.conf"), "setting = second\n")
    write(os.path.join(output, "data/numbers"), "".join(f"{i}\n" for i in range(30000)))
    os.symlink("deeper/second.conf", os.path.join(output, "data/link"))


def make_certificates(output):
    """An authority of our own, appended to the machine's bundle, a certificate of it for tls.test,
    and one for the same name of an authority that nobody knows."""
    for authority in ("known", "unknown"):
        openssl(output, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-subj", f"/CN={authority} authority", "-keyout",
                f"{authority}.key", "-out", f"{authority}.crt")
        openssl(output, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=tls.test", "-keyout", f"{authority}-server.key", "-out",
                f"{authority}-server.csr")
        write(os.path.join(output, "names"), "subjectAltName=DNS:tls.test\n")
        openssl(output, "x509", "-req", "-in", f"{authority}-server.csr", "-CA",
                f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", f"{authority}-server.crt")
    served = os.path.join(output, "served")
    os.mkdir(served)
    write(os.path.join(served, "page.txt"), "a page over TLS\n")
    for name in ("known-server", "unknown-server"):
        for kind in ("key", "crt"):
            shutil.copy(os.path.join(output, f"{name}.{kind}"), served)
            os.chmod(os.path.join(served, f"{name}.{kind}"), 0o644)
    with open(CA_BUNDLE, encoding="utf-8") as bundle, \
            open(os.path.join(output, "known.crt"), encoding="utf-8") as ours:
        write(os.path.join(output, "ca-certificates.crt"), bundle.read() + ours.read())


def openssl(folder, *arguments):
    subprocess.run(("/usr/bin/openssl",) + arguments, cwd=folder, check=True, capture_output=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
