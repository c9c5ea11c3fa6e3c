"""What Python's ssl has no words for, said by the OpenSSL below it."""
import contextlib
import ctypes
import hmac
import pathlib
import select
import socket
import ssl

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

WANT_WRITE, UPDATE_REQUESTED = 3, 1  # openssl/ssl.h

library = ctypes.CDLL("libssl.so.3")
for function, arguments in {"SSL_key_update": [ctypes.c_void_p, ctypes.c_int], "SSL_do_handshake": [ctypes.c_void_p], "SSL_get_error": [ctypes.c_void_p, ctypes.c_int]}.items():
    getattr(library, function).argtypes = arguments


def change_keys(connection, times):
    """Sends so many KeyUpdates (RFC 8446 section 4.6.3), each of which asks for one, and reads nothing. Answers how many the other side let it."""
    native = ctypes.c_void_p.from_address(id(connection._sslobj) + 3 * ctypes.sizeof(ctypes.c_void_p))  # struct PySSLSocket: head, Socket, ssl
    try:
        for done in range(times):
            if library.SSL_key_update(native, UPDATE_REQUESTED) != 1:
                return done
            while (result := library.SSL_do_handshake(native)) != 1:
                if library.SSL_get_error(native, result) != WANT_WRITE or not select.select([], [connection], [], 20)[1]:
                    return done
        return times
    finally:
        ctypes.CDLL("libcrypto.so.3").ERR_clear_error()  # or Python takes what is there for the reason of its next failure


def has_ended(connection):
    """Reads to the end, which may be a reset."""
    with contextlib.suppress(ConnectionError, OSError):
        while connection.recv(1 << 16):
            pass
    return True


class Tls12Client:
    """A client of TLS 1.2 which, its handshake over, sends records of any type: Python's ssl is asked for the secrets alone."""

    def __init__(self, port, keylog):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        context.keylog_filename = str(keylog)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls, heard = context.wrap_bio(came, goes, server_hostname="localhost"), b""
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(goes.read())
                came.write(part := self.socket.recv(1 << 16))
                heard += part
        self.socket.sendall(goes.read())
        _, client_random, secret = pathlib.Path(keylog).read_text().split("\n")[-2].split(" ")
        server_random = heard[11:43]  # behind the heads of record and ServerHello, and the version (RFC 5246 section 7.4.1.3)
        self.key, self.salt = self.keys(bytes.fromhex(secret), server_random + bytes.fromhex(client_random))
        self.count = 1  # Finished was the first record that was encrypted

    @staticmethod
    def keys(secret, randoms):
        """RFC 5246 section 6.3: the client's key, the server's, and the client's salt of the nonces (RFC 5288 section 3)."""
        seed = b"key expansion" + randoms
        block, a = b"", seed
        while len(block) < 40:
            a = hmac.digest(secret, a, "sha256")
            block += hmac.digest(secret, a + seed, "sha256")
        return AESGCM(block[:16]), block[32:36]

    def record(self, kind, data):
        count = self.count.to_bytes(8, "big")
        self.count += 1
        sealed = self.key.encrypt(self.salt + count, data, count + bytes([kind, 3, 3]) + len(data).to_bytes(2, "big"))
        return bytes([kind, 3, 3]) + (8 + len(sealed)).to_bytes(2, "big") + count + sealed

    def ask_for_new_handshakes(self, times):
        """By the head of a ClientHello, which is as far as anybody reads who takes none."""
        with contextlib.suppress(OSError):
            for _ in range(times // 100):
                self.socket.sendall(b"".join(self.record(22, b"\x01\0\0\0") for _ in range(100)))
