"""What Python's ssl has no words for, said by the OpenSSL below it."""
import contextlib
import ctypes
import select

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
