"""Real programs: certificates, keys, signatures, and a client of a database."""

import glob
import os
import subprocess
import time

from real_inputs import add_programs, run, write
from real_row import Row

SERVER = "/usr/lib/postgresql/*/bin"
QUERIES = """\
create temp table kind (id serial primary key, name text unique, at timestamptz default now());
\\d kind
\\copy kind (name) from stdin
서울
Ärger
zebra
\\.
set timezone = 'Asia/Seoul';
select id, upper(name), name collate "C" < 'b' as early, to_timestamp(1700000000)
  from kind order by 2;
\\copy (select name from kind order by id desc) to stdout with csv header
select nothing;
"""


def certificates(places):
    """A root, an intermediate and a leaf; and one of the authorities that the system knows."""
    folder = places["inputs"]
    write(places, "ca.cnf", "basicConstraints=critical,CA:true\n")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=root", "-keyout", "root.key", "-out", "root.pem")
    for name, issuer, more in (("between", "root", ("-extfile", "ca.cnf")),
                               ("leaf", "between", ())):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey",
                f"{issuer}.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", *more)
    with open("/etc/ssl/certs/ca-certificates.crt", encoding="ascii") as bundle:
        write(places, "known.pem", bundle.read().partition("-----END CERTIFICATE-----\n")[0]
              + "-----END CERTIFICATE-----\n")


def openssl(folder, *arguments):
    run("/usr/bin/openssl", *arguments, cwd=folder)


def secrets(places):
    """A text, encrypted with a passphrase, and signed by a key of gpg's and one of ssh's."""
    text = write(places, "text", "a secret text\n" * 50)
    sealed = write(places, "sealed", "a secret text\n" * 50)
    home = os.path.join(places["bin"], "home")
    os.mkdir(home, 0o700)
    gpg = ("/usr/bin/gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback",
           "--passphrase", "")
    run(*gpg, "--quick-generate-key", "someone@example.org", "ed25519")
    run(*gpg, "--export", "-o", places["inputs"] + "/ring.gpg")
    run(*gpg, "--detach-sign", "-o", text + ".sig", text)
    run(*gpg[:-1], "open", "--symmetric", "-o", text + ".gpg", text)
    run("/usr/bin/gpgconf", "--homedir", home, "--kill", "all")
    key = os.path.join(places["bin"], "key")
    run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "someone", "-f", key)
    run("/usr/bin/ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", key, sealed)
    with open(key + ".pub", encoding="ascii") as public:
        write(places, "signers", "someone " + public.read())


def database(places):
    """A server of this machine on a socket below {inputs}; returns what stops it."""
    programs = sorted(glob.glob(SERVER))[-1]
    write(places, "queries.sql", QUERIES)
    sockets, data = places["inputs"] + "/socket", places["bin"] + "/data"
    for folder in (sockets, data):
        os.mkdir(folder)
        run("chown", "postgres", folder)
    user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    run(*user, programs + "/initdb", "--auth=trust", "--locale=C.UTF-8", "--no-sync", data, cwd="/")
    server = subprocess.Popen(
        [*user, programs + "/postgres", "-D", data, "-k", sockets, "-c", "listen_addresses=",
         "-c", "fsync=off"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def stop():
        server.terminate()
        server.wait()

    for _ in range(100):
        asked = subprocess.run([programs + "/pg_isready", "-q", "-h", sockets], check=False)
        if asked.returncode == 0:
            return stop
        time.sleep(0.1)
    stop()
    raise RuntimeError("the database did not come up")


ROWS = (
    Row("openssl: legacy digest", "/usr/bin/openssl",
        ("dgst", "-md4", "-provider", "legacy", "-provider", "default", "{inputs}/root.pem"),
        "MD4(", packages="openssl ca-certificates", prepare=certificates, quick=True),
    Row("openssl: legacy cipher", "/usr/bin/openssl",
        ("enc", "-rc4", "-K", "00112233445566778899aabbccddeeff", "-a", "-provider", "legacy",
         "-provider", "default"), "=", packages="openssl", stdin="a secret text\n"),
    Row("openssl: a chain", "/usr/bin/openssl",
        ("verify", "-show_chain", "-CAfile", "{inputs}/root.pem", "-untrusted",
         "{inputs}/between.pem", "{inputs}/leaf.pem"), "depth=2: CN = root",
        packages="openssl ca-certificates", prepare=certificates),
    Row("openssl: the system's authorities", "/usr/bin/openssl", ("verify", "{inputs}/known.pem"),
        "known.pem: OK", packages="openssl ca-certificates", prepare=certificates),
    Row("gpg", "/usr/bin/gpg",
        ("--batch", "--pinentry-mode", "loopback", "--passphrase", "open", "--decrypt",
         "{inputs}/text.gpg"), "a secret text", packages="gpg gpg-agent gpgconf openssh-client",
        prepare=secrets, writable=True, quick=True,
        options=add_programs("/usr/bin/gpg-agent")),
    Row("gpgv", "/usr/bin/gpgv",
        ("--status-fd", "1", "--keyring", "{inputs}/ring.gpg", "{inputs}/text.sig",
         "{inputs}/text"), "VALIDSIG",
        packages="gpgv gpg gpg-agent gpgconf openssh-client", prepare=secrets),
    Row("ssh-keygen", "/usr/bin/ssh-keygen",
        ("-Y", "verify", "-f", "{inputs}/signers", "-I", "someone", "-n", "file", "-s",
         "{inputs}/sealed.sig"), 'Good "file" signature', stdin="a secret text\n" * 50,
        packages="gpg gpg-agent gpgconf openssh-client", prepare=secrets),
    Row("psql", "/usr/lib/postgresql/*/bin/psql",
        ("-X", "-h", "{inputs}/socket", "-U", "postgres", "-f", "{inputs}/queries.sql"), "ÄRGER",
        packages="postgresql postgresql-client", prepare=database),
)
