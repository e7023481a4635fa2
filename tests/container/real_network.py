"""Real programs that speak to each other over the loopback: with TLS, and with Kerberos' tickets."""

import os
import re

from real_inputs import add_files, add_programs, run, script, write
from real_row import Row

HTTPS = """\
#!/bin/sh
cd {inputs}
openssl s_server -quiet -accept 127.0.0.1:18443 -cert leaf.pem -key leaf.key -WWW 2>/dev/null &
try=0
until curl -sS {authority} https://localhost:18443/page 2>/dev/null || [ $try = 100 ]; do
  try=$((try + 1)); sleep 0.1
done
curl -s https://localhost:18443/page; echo "curl without the authority: $?"
curl -s {authority} --resolve other:18443:127.0.0.1 https://other:18443/page
echo "curl by another name: $?"
wget -q -O - --ca-certificate={bin}/root.pem https://localhost:18443/page; echo "wget: $?"
wget -q -O - https://localhost:18443/page; echo "wget without the authority: $?"
openssl s_client -connect 127.0.0.1:18443 -verify_return_error -CAfile {bin}/root.pem \\
  -servername localhost </dev/null 2>/dev/null | grep -E '^(subject|issuer|Verif)'
kill $!
"""

# Both ends in one program. The second client trusts only whom the system trusts.
GIO = r"""
#include <gio/gio.h>
#include <stdio.h>

static GTlsCertificate *certificate;

static gpointer serve(gpointer listener) {
  GSocketConnection *peer;
  while ((peer = g_socket_listener_accept(listener, NULL, NULL, NULL))) {
    GIOStream *tls = g_tls_server_connection_new(G_IO_STREAM(peer), certificate, NULL);
    GDataInputStream *input = g_data_input_stream_new(g_io_stream_get_input_stream(tls));
    char *line = g_data_input_stream_read_line(input, NULL, NULL, NULL);
    if (line)
      g_output_stream_printf(g_io_stream_get_output_stream(tls), NULL, NULL, NULL, "heard %s\n",
                             line);
    g_io_stream_close(tls, NULL, NULL);
  }
  return NULL;
}

static void trust(GSocketClient *client, GSocketClientEvent event, GSocketConnectable *to,
                  GIOStream *stream, gpointer authorities) {
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && authorities)
    g_tls_connection_set_database(G_TLS_CONNECTION(stream), authorities);
}

static void ask(guint16 port, GTlsDatabase *authorities) {
  GError *error = NULL;
  GSocketClient *client = g_socket_client_new();
  g_socket_client_set_tls(client, TRUE);
  g_signal_connect(client, "event", G_CALLBACK(trust), authorities);
  GSocketConnection *connection =
      g_socket_client_connect_to_host(client, "localhost", port, NULL, &error);
  if (!connection) {
    puts(error->message);
    return;
  }
  GIOStream *stream = G_IO_STREAM(connection);
  g_output_stream_printf(g_io_stream_get_output_stream(stream), NULL, NULL, NULL, "words\n");
  GDataInputStream *input = g_data_input_stream_new(g_io_stream_get_input_stream(stream));
  puts(g_data_input_stream_read_line(input, NULL, NULL, NULL));
}

int main(int argc, char **argv) {
  GError *error = NULL;
  GTlsBackend *backend = g_tls_backend_get_default();
  printf("%s %d\n", G_OBJECT_TYPE_NAME(backend), g_tls_backend_supports_tls(backend));
  certificate = g_tls_certificate_new_from_files(argv[1], argv[2], &error);
  GTlsDatabase *authorities = certificate ? g_tls_file_database_new(argv[3], &error) : NULL;
  if (!authorities) {
    puts(error->message);
    return 1;
  }
  GSocketListener *listener = g_socket_listener_new();
  guint16 port = g_socket_listener_add_any_inet_port(listener, NULL, NULL);
  g_thread_new("server", serve, listener);
  ask(port, authorities);
  ask(port, NULL);
  return 0;
}
"""

KERBEROS = """\
#!/bin/sh
kdb5_util create -s -P master >/dev/null
for name in someone host/box; do
  kadmin.local addprinc -pw secret $name
done
krb5kdc -n &
try=0
until echo secret | kinit someone 2>/dev/null || [ $try = 100 ]; do
  try=$((try + 1)); sleep 0.1
done
klist
kvno host/box
klist -e
echo wrong | kinit someone || echo "status $?"
echo secret | kinit nobody || echo "status $?"
kdestroy
klist -s || echo "status $?"
kill $!
"""
KRB5_CONF = """\
[libdefaults]
  default_realm = EXAMPLE.ORG
  dns_lookup_kdc = false
[realms]
  EXAMPLE.ORG = {
    kdc = 127.0.0.1:18088
  }
[logging]
  kdc = FILE:/tmp/kdc.log
"""
KDC_CONF = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:18088
  kdc_tcp_listen = 127.0.0.1:18088
[realms]
  EXAMPLE.ORG = {
    database_name = /tmp/principal
    key_stash_file = /tmp/stash
    acl_file = /tmp/acl
  }
"""


def authority(places):
    """A root that only the bundle knows, and what it signed for localhost."""
    folder, private = places["inputs"], places["bin"]
    write(places, "leaf.cnf", "subjectAltName = DNS:localhost\n")
    openssl = ("/usr/bin/openssl",)
    run(*openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=root",
        "-keyout", "root.key", "-out", "root.pem", cwd=private)
    run(*openssl, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
        "leaf.key", "-out", "leaf.csr", cwd=folder)
    run(*openssl, "x509", "-req", "-in", "leaf.csr", "-CA", private + "/root.pem", "-CAkey",
        private + "/root.key", "-CAcreateserial", "-days", "2", "-extfile", "leaf.cnf", "-out",
        "leaf.pem", cwd=folder)
    os.chmod(folder + "/leaf.key", 0o644)


def https(places):
    authority(places)
    write(places, "page", "a page of words\n")
    script(places, "fetch.sh", HTTPS.format(
        authority="--cacert {bin}/root.pem".format(**places), **places))


def gio(places):
    authority(places)
    flags = run("pkg-config", "--cflags", "--libs", "gio-2.0", text=True).split()
    run("gcc", "-O1", "-o", places["bin"] + "/talk", write(places, "talk.c", GIO), *flags)


def realm(places):
    write(places, "krb5.conf", KRB5_CONF)
    write(places, "kdc.conf", KDC_CONF)
    script(places, "tickets.sh", KERBEROS)


def without_times(text):
    return re.sub(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", "then", text)


ROWS = (
    Row("https with an authority of one's own", "{bin}/fetch.sh", (), "wget: 0", prepare=https,
        packages="curl wget openssl", quick=True,
        options=(*add_files("{bin}/root.pem"),
                 *add_programs(*(f"/usr/bin/{name}" for name in (
                     "curl", "wget", "openssl", "grep", "sleep"))))),
    Row("GIO's TLS", "{bin}/talk", ("{inputs}/leaf.pem", "{inputs}/leaf.key", "{bin}/root.pem"),
        "heard words", prepare=gio, packages="glib-networking libglib2.0-dev gcc pkg-config openssl",
        environment=("GSETTINGS_BACKEND=memory",), options=add_files("{bin}/root.pem")),
    Row("Kerberos", "{bin}/tickets.sh", (), "host/box@EXAMPLE.ORG: kvno = 1", prepare=realm,
        packages="krb5-kdc krb5-admin-server krb5-user", writable=True, normalise=without_times,
        environment=("KRB5_CONFIG={inputs}/krb5.conf", "KRB5_KDC_PROFILE={inputs}/kdc.conf",
                     "KRB5CCNAME=FILE:/tmp/tickets"),
        options=add_programs(
            "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "/usr/sbin/krb5kdc",
            *(f"/usr/bin/{name}" for name in ("kinit", "klist", "kvno", "kdestroy", "sleep")))),
)
