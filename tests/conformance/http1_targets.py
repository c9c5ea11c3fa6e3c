"""Targets: RFC 9112 section 3.2 and RFC 3986. The path that was matched is the path that is forwarded, so a backend that decodes
and walks it cannot come to another place than the route stood for; the guarded backend is where only paths below /guarded go."""
from http1_case import case, declined, forwarded, refused

TOPIC = "Targets and paths"
HOST = b"Host: a.example\r\n\r\n"


def target(name, section, text, expected, host=HOST, method=b"GET"):
    return case(name, section, method + b" " + text + b" HTTP/1.1\r\n" + host, expected)


def path(name, text, expected, section="3986 6.2.2"):
    return target(name, section, text, expected)


CASES = [
    # Absolute form: the gateway before us may have looked at either name.
    target("absolute", "3.2.2", b"http://a.example/~", forwarded(fields={"host": b"a.example"})),
    target("absolute-upper-case", "3.2.2", b"HTTP://A.EXAMPLE/~", forwarded()),
    target("absolute-with-port", "3.2.2", b"http://a.example:81/~", forwarded(fields={"host": b"a.example:81"}), b"Host: a.example:81\r\n\r\n"),
    target("absolute-query-without-path", "3.2.2", b"http://a.example?~/~", forwarded(target=b"/?~/absolute-query-without-path")),
    target("absolute-no-path", "3.2.2", b"http://a.example", forwarded(target=b"/")),
    target("absolute-other-host", "3.2.2", b"http://b.example/~", refused(400)),
    target("absolute-other-port", "3.2.2", b"http://a.example:81/~", refused(400)),
    target("absolute-without-host", "3.2", b"http://a.example/~", refused(400), b"\r\n"),
    target("absolute-empty-host-field", "3.2.2", b"http://a.example/~", refused(400), b"Host:\r\n\r\n"),
    target("absolute-user-information", "9110 4.2.4", b"http://u@a.example/~", refused(400), b"Host: u@a.example\r\n\r\n"),
    target("absolute-user-hides-host", "9110 4.2.4", b"http://a.example@b.example/~", refused(400)),
    target("absolute-no-authority", "9110 4.2.1", b"http:///~", refused(400)),
    target("absolute-backslash", "3.2.2", b"http://a.example\\@b.example/~", refused(400)),
    target("absolute-other-scheme", "3.2.2", b"ftp://a.example/~", refused(400)),
    target("absolute-opaque-scheme", "3.2.2", b"http:a.example/~", refused(400)),
    target("absolute-guarded", "3.2.2", b"http://a.example/guarded/~", forwarded(target=b"/guarded/absolute-guarded", guarded=True)),
    target("absolute-dot-segments", "3.2.2", b"http://a.example/x/../guarded/~", forwarded(target=b"/guarded/absolute-dot-segments", guarded=True)),

    target("authority-form", "3.2.3", b"a.example:80", refused(400)),
    target("connect", "9110 9.3.6", b"a.example:80", refused(405), b"Host: a.example:80\r\n\r\n", b"CONNECT"),
    target("connect-path", "3.2.3", b"/~", refused(405), method=b"CONNECT"),
    target("asterisk", "3.2.4", b"*", forwarded(target=b"*"), method=b"OPTIONS"),
    target("asterisk-get", "3.2.4", b"*", refused(400)),
    target("asterisk-more", "3.2.4", b"*/~", refused(400), method=b"OPTIONS"),
    target("relative", "3.2.1", b"~", refused(400)),
    target("query-alone", "3.2.1", b"?/~", refused(400)),
    target("fragment", "9110 7.1", b"/~#x", refused(400)),
    target("fragment-in-query", "9110 7.1", b"/~?x#y", refused(400)),

    # Characters.
    path("target-above-ascii", b"/~\xc3\xa9", refused(400), "3986 2"),
    path("target-control", b"/~\x01", refused(400), "3986 2"),
    path("target-delete", b"/~\x7f", refused(400), "3986 2"),
    path("target-quotes-kept", b"/~\"<>{}|^`", forwarded(target=b"/target-quotes-kept\"<>{}|^`"), "3986 2"),
    path("escape-broken", b"/~%zz", declined(400), "3986 2.1"),
    path("escape-cut", b"/~%4", declined(400), "3986 2.1"),
    path("escape-bare", b"/~%", declined(400), "3986 2.1"),
    path("escape-unicode-style", b"/~%u002e", declined(400), "3986 2.1"),
    path("escape-nul", b"/~%00", declined(400), "3986 7.3"),
    path("escape-line-break-kept", b"/~%0d%0aX:%20y", forwarded(target=b"/escape-line-break-kept%0D%0AX:%20y"), "3986 7.3"),
    path("escape-unreserved", b"/%7e%41/~", forwarded(target=b"/~A/escape-unreserved")),
    path("escape-kept", b"/~%20%3f%23", forwarded(target=b"/escape-kept%20%3F%23")),
    path("escape-twice-kept", b"/~/%252e%252e/x", forwarded(target=b"/escape-twice-kept/%252e%252e/x"), "3986 2.4"),
    path("slash-escaped", b"/~%2fx", declined(400), "3986 2.2"),
    path("slash-escaped-upper-case", b"/~%2Fx", declined(400), "3986 2.2"),
    path("backslash", b"/~\\x", declined(400), "3986 2"),
    path("backslash-escaped", b"/~%5cx", declined(400), "3986 2.4"),
    path("slashes-kept", b"//~//x", forwarded(target=b"//slashes-kept//x"), "3986 6.2.2"),
    path("parameters-kept", b"/~;a=b;c", forwarded(target=b"/parameters-kept;a=b;c"), "3986 3.3"),
    path("query-kept", b"/~?a=%2f..%2f&b=//\\'?c", forwarded(target=b"/query-kept?a=%2f..%2f&b=//\\'?c"), "3986 3.4"),
    path("query-empty-kept", b"/~?", forwarded(target=b"/query-empty-kept?"), "3986 3.4"),
    path("query-names-guarded", b"/~?/../guarded", forwarded(target=b"/query-names-guarded?/../guarded"), "3986 3.4"),

    # Dot segments (RFC 3986 section 5.2.4), written in every way that some origin understands.
    path("dots", b"/a/./b/../~", forwarded(target=b"/a/dots"), "3986 5.2.4"),
    path("dots-at-end", b"/~/x/..", forwarded(target=b"/dots-at-end/"), "3986 5.2.4"),
    path("dots-three-kept", b"/~/.../x", forwarded(target=b"/dots-three-kept/.../x"), "3986 5.2.4"),
    path("dots-above-root", b"/../~", declined(400), "3986 5.2.4"),
    path("dots-escaped-above-root", b"/%2e%2e/~", declined(400), "3986 5.2.4"),
    path("dots-with-parameter", b"/x/..;/guarded/~", declined(400), "3986 3.3"),
    path("dots-with-parameter-escaped", b"/x/%2e%2e;a=b/guarded/~", declined(400), "3986 3.3"),
    path("dots-backslash", b"/x\\..\\guarded/~", declined(400), "3986 2"),
    path("dots-slash-escaped", b"/x/..%2fguarded/~", declined(400), "3986 2.2"),

    path("guarded", b"/guarded/~", forwarded(target=b"/guarded/guarded", guarded=True), "3986 3.3"),
    path("guarded-dot", b"/./guarded/~", forwarded(target=b"/guarded/guarded-dot", guarded=True), "3986 5.2.4"),
    path("guarded-dots", b"/x/../guarded/~", forwarded(target=b"/guarded/guarded-dots", guarded=True), "3986 5.2.4"),
    path("guarded-dots-escaped", b"/x/%2E%2e/guarded/~", forwarded(target=b"/guarded/guarded-dots-escaped", guarded=True), "3986 5.2.4"),
    path("guarded-dot-half-escaped", b"/x/.%2e/guarded/~", forwarded(target=b"/guarded/guarded-dot-half-escaped", guarded=True), "3986 5.2.4"),
    path("guarded-letter-escaped", b"/%67uarded/~", forwarded(target=b"/guarded/guarded-letter-escaped", guarded=True)),
    path("guarded-all-escaped", b"/%67%75%61%72%64%65%64/~", forwarded(target=b"/guarded/guarded-all-escaped", guarded=True)),
    path("guarded-with-query", b"/guarded?/~", forwarded(target=b"/guarded?/guarded-with-query", guarded=True), "3986 3.4"),
    path("left-guarded", b"/guarded/../~", forwarded(target=b"/left-guarded"), "3986 5.2.4"),
    path("other-case-of-guarded", b"/GUARDED/~", forwarded(target=b"/GUARDED/other-case-of-guarded")),
    path("longer-than-guarded", b"/guardedx/~", forwarded(target=b"/guardedx/longer-than-guarded"), "3986 3.3"),
]
