// WireGuard's datagrams: a conn.Bind over one UDP socket. Receiving is here, sending in outbox.go.
package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
)

// A system call takes up to this many times what the kernel joined: up to 64 datagrams or 64 KB.
const (
	receiveBatch = 8
	receiveRoom  = 1 << 16
)

// bind is opened once and closed once, by its device.
type bind struct {
	at      netip.AddrPort // as bound, once open
	v6      bool
	socket  *os.File
	outbox  *outbox
	door    *door         // set before the device opens its bind
	dropped atomic.Uint64 // garbage, and what did not leave
	lost    atomic.Uint32 // by the kernel: its queue was full
	log     *logger
	closing sync.Once
}

func newBind(at netip.AddrPort, log *logger) (*bind, error) {
	socket, err := openSocket(at)
	if err != nil {
		return nil, err
	}
	b := &bind{socket: socket, v6: at.Addr().Is6(), log: log}
	if b.at, err = boundAddress(socket); err != nil {
		socket.Close()
		return nil, err
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		socket.Close()
		return nil, err
	}
	b.outbox = newOutbox(raw, b.v6, &b.dropped)
	go guard(log, b.outbox.run)
	return b, nil
}

// Open is called once: the socket is bound already, since only then errors have names.
func (b *bind) Open(uint16) ([]conn.ReceiveFunc, uint16, error) {
	raw, err := b.socket.SyscallConn()
	if err != nil {
		return nil, 0, err
	}
	return []conn.ReceiveFunc{newInbox(b, raw).next}, b.at.Port(), nil
}

// Close is called before the device opens its bind, too.
func (b *bind) Close() error { return nil }

func (b *bind) shut() {
	b.closing.Do(func() {
		b.outbox.close()
		b.socket.Close()
	})
}

func (b *bind) SetMark(uint32) error { return nil }

func (b *bind) Send(datagram []byte, to conn.Endpoint) error {
	known, ok := to.(*endpoint)
	if !ok {
		return conn.ErrWrongEndpointType
	}
	b.door.sent(datagram)
	return b.outbox.add(datagram, known)
}

func (b *bind) ParseEndpoint(text string) (conn.Endpoint, error) {
	to, err := netip.ParseAddrPort(text)
	if err != nil {
		return nil, err
	}
	return &endpoint{to: netip.AddrPortFrom(to.Addr().Unmap(), to.Port())}, nil
}

// reaches says whether datagrams to an address can leave by this socket.
func (b *bind) reaches(to netip.Addr) error {
	if to.Unmap().Is6() && !b.v6 {
		return fmt.Errorf("%s is IPv6, and the device is bound to %s", to, b.at)
	}
	if to.Unmap().Is4() && b.v6 && !b.at.Addr().IsUnspecified() && !b.at.Addr().Is4In6() {
		return fmt.Errorf("%s is IPv4, and the device is bound to %s", to, b.at)
	}
	return nil
}

// inbox gives out received datagrams one after the other; only the device's receiving goroutine uses it.
type inbox struct {
	bind     *bind
	raw      syscall.RawConn
	messages [receiveBatch]message
	vectors  [receiveBatch]unix.Iovec
	from     [receiveBatch]socketAddress
	control  [receiveBatch][ancillaryRoom]byte
	buffers  [receiveBatch][]byte
	fetch    func(uintptr) bool
	errno    syscall.Errno

	received int    // messages of the last call
	current  int    // the message that is given out
	rest     []byte // of it
	segment  int
	sender   *endpoint // of it; the same object as long as nothing changes
}

func newInbox(b *bind, raw syscall.RawConn) *inbox {
	in := &inbox{bind: b, raw: raw}
	for i := range in.messages {
		in.buffers[i] = make([]byte, receiveRoom)
		in.vectors[i].Base = &in.buffers[i][0]
		in.vectors[i].SetLen(receiveRoom)
	}
	in.fetch = in.receive
	return in
}

// next is a conn.ReceiveFunc: the next datagram that could be WireGuard's.
func (in *inbox) next(buffer []byte) (int, conn.Endpoint, error) {
	for {
		for len(in.rest) == 0 {
			if err := in.advance(); err != nil {
				return 0, nil, err
			}
		}
		size := in.segment
		if size > len(in.rest) {
			size = len(in.rest)
		}
		datagram := in.rest[:size]
		in.rest = in.rest[size:]
		if !plausible(datagram) || size > len(buffer) || !in.admitted(datagram) {
			in.bind.dropped.Add(1)
			continue
		}
		return copy(buffer, datagram), in.sender, nil
	}
}

func (in *inbox) admitted(datagram []byte) bool {
	return native.Uint32(datagram) == device.MessageTransportType || in.bind.door.admit(datagram, in.sender, time.Now())
}

// advance goes to the next message, waiting for more when all are given out.
func (in *inbox) advance() error {
	in.current++
	for in.current >= in.received {
		if err := in.raw.Read(in.fetch); err != nil {
			return net.ErrClosed
		}
		if in.errno != 0 {
			// An interface that went away, memory that is short: neither is the end.
			in.bind.log.say("warning", "receiving datagrams: %v", in.errno)
			time.Sleep(100 * time.Millisecond)
			in.received = 0
			continue
		}
		in.current = 0
	}
	message := &in.messages[in.current]
	in.rest = in.buffers[in.current][:message.length]
	about := readAncillary(in.control[in.current][:message.header.Controllen])
	in.segment = about.segment
	if in.segment == 0 {
		in.segment = len(in.rest)
	}
	if about.lost != 0 {
		in.bind.lost.Store(about.lost)
	}
	from := in.from[in.current].get()
	if in.sender == nil || in.sender.to != from || in.sender.SrcIP() != about.to {
		in.sender = &endpoint{to: from, source: about.to}
	}
	return nil
}

// receive is called when there may be datagrams; false: there are none yet.
func (in *inbox) receive(descriptor uintptr) bool {
	for i := range in.messages {
		header := &in.messages[i].header
		header.Name = (*byte)(unsafe.Pointer(&in.from[i].bytes))
		header.Namelen = unix.SizeofSockaddrInet6
		header.Iov = &in.vectors[i]
		header.Iovlen = 1
		header.Control = &in.control[i][0]
		header.SetControllen(ancillaryRoom)
	}
	n, errno := receiveMany(descriptor, in.messages[:])
	switch errno {
	case 0:
		in.received, in.errno = n, 0
		return true
	case syscall.EAGAIN:
		return false
	case syscall.EINTR:
		return in.receive(descriptor)
	}
	in.received, in.errno = 0, errno
	return true
}

// plausible is false for what no WireGuard sends: then nothing is spent on it.
func plausible(datagram []byte) bool {
	if len(datagram) < device.MinMessageSize {
		return false
	}
	switch native.Uint32(datagram) {
	case device.MessageTransportType:
		return true
	case device.MessageInitiationType:
		return len(datagram) == device.MessageInitiationSize
	case device.MessageResponseType:
		return len(datagram) == device.MessageResponseSize
	case device.MessageCookieReplyType:
		return len(datagram) == device.MessageCookieReplySize
	}
	return false
}
