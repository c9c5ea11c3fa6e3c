"""Many clients in one thread: each a keep-alive connection of HTTP/1.1 that judges strictly what it is sent."""
import asyncio


class NoAnswer(Exception):
    """`why`: refused (no connection), unsent (a kept connection had been closed), closed (no byte came), cut (some did), late, wrong."""

    def __init__(self, why, text=""):
        super().__init__(f"{why}: {text}")
        self.why = why


class Reply:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


class Asker:
    """One client. A connection that fails is closed, and the next request opens another; nothing is asked twice."""

    def __init__(self, port, seconds=20, host="127.0.0.1"):
        self.port, self.seconds, self.host = port, seconds, host
        self.reader = self.writer = None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def ask(self, path, method="GET", fields=(), body=None):
        """The whole answer, or NoAnswer."""
        try:
            return await asyncio.wait_for(self.exchange(path, method, fields, body), self.seconds)
        except TimeoutError:
            self.close()
            raise NoAnswer("late", f"nothing whole within {self.seconds} s") from None
        except NoAnswer:
            self.close()
            raise

    async def exchange(self, path, method, fields, body):
        kept = self.writer is not None
        if not kept:
            try:
                self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
            except OSError as error:
                raise NoAnswer("refused", error) from None
        lines = [f"{method} {path} HTTP/1.1", "Host: storm", *(f"{name}: {value}" for name, value in fields)]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
            return await self.read(method)
        except asyncio.IncompleteReadError as error:
            raise NoAnswer("cut" if error.partial or self.begun else "unsent" if kept else "closed", len(error.partial)) from None
        except ConnectionError as error:
            raise NoAnswer("cut" if self.begun else "unsent" if kept else "closed", error) from None
        except (ValueError, asyncio.LimitOverrunError) as error:
            raise NoAnswer("wrong", error) from None

    async def read(self, method):
        self.begun = False
        status = 100
        while status < 200:
            line, *rest = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
            self.begun = True
            status = int(line.split(" ")[1])
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "content-length" in fields:
            body = await self.reader.readexactly(int(fields["content-length"]))
        elif fields.get("transfer-encoding") == "chunked":
            body = await self.chunks()
        else:
            body = await self.reader.read(-1)
            fields["connection"] = "close"
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, fields, body)

    async def chunks(self):
        parts = []
        while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append(await self.reader.readexactly(size))
            if await self.reader.readexactly(2) != b"\r\n":
                raise NoAnswer("wrong", "a chunk does not end where it should")
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return b"".join(parts)
