"""An authority made for one run, in a folder of its own: `openssl ca` signs what a test wants."""

import atexit
import pathlib
import shutil
import subprocess
import tempfile

AUTHORITY = """
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
copy_extensions = copy
[names]
commonName = supplied
[req]
distinguished_name = subject
[subject]
"""


class Authority:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onepool-tls-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "configuration").write_text(AUTHORITY)
        (self.folder / "index").touch()
        self.openssl("req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2", fresh=True)

    def openssl(self, command, *arguments, fresh=False):
        key = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if fresh else []
        subprocess.run(
            ["openssl", command, "-config", "configuration", *key, *arguments], cwd=self.folder, check=True, capture_output=True
        )

    def issue(self, file, names):
        alternative = f"subjectAltName={names}"
        request = ("-keyout", f"{file}.key", "-out", f"{file}.csr", "-subj", f"/CN={file}", "-addext", alternative)
        self.openssl("req", *request, fresh=True)
        signed = ("-cert", "ca.pem", "-keyfile", "ca.key", "-days", "2", "-in", f"{file}.csr", "-out", f"{file}.pem")
        self.openssl("ca", "-batch", "-notext", *signed)

    def path(self, file):
        return str(self.folder / file)

    def bytes(self, file):
        return (self.folder / file).read_bytes()
