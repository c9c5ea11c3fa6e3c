"""Certificates that a test makes for itself, with openssl."""
import subprocess


def openssl(case, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=case.directory, check=True, capture_output=True)


class Authority:
    """A CA whose files, and those of what it issues, stand in the test's directory as NAME.crt and NAME.key."""

    def __init__(self, case, name="ca"):
        self.case, self.name = case, name
        self.file = case.directory / f"{name}.crt"
        openssl(case, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def issue(self, name, san="DNS:localhost,IP:127.0.0.1"):
        """Answers the paths of a certificate and of its key; issued again, they replace the older ones."""
        openssl(self.case, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        extensions = self.case.write(f"{name}.ext", f"subjectAltName={san}\n")
        openssl(self.case, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", "2",
                "-extfile", extensions, "-out", f"{name}.crt")
        return self.case.directory / f"{name}.crt", self.case.directory / f"{name}.key"
