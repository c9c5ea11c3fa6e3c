// The UDP socket of a device: how it is made, and the two system calls that move many datagrams at once.
package main

import (
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Asked of the kernel; it gives what net.core.rmem_max allows. Less than one burst of a fast peer is lost datagrams.
const socketBuffer = 4 << 20

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
	_      [4]byte
}

// openSocket binds where datagrams are received. [::] serves both families.
func openSocket(at netip.AddrPort) (*os.File, error) {
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	descriptor, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, err
	}
	configureSocket(descriptor, family == unix.AF_INET6)
	var address unix.Sockaddr
	if family == unix.AF_INET6 {
		address = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	} else {
		address = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	if err := unix.Bind(descriptor, address); err != nil {
		unix.Close(descriptor)
		return nil, err
	}
	return os.NewFile(uintptr(descriptor), "udp"), nil
}

// configureSocket asks for what helps; nothing of it is needed.
func configureSocket(descriptor int, v6 bool) {
	set := func(level, option, value int) { _ = unix.SetsockoptInt(descriptor, level, option, value) }
	set(unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer)
	set(unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer)
	set(unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) // beyond rmem_max, with CAP_NET_ADMIN
	set(unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)
	set(unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	set(unix.IPPROTO_UDP, udpGRO, 1)
	// A datagram that is too large for the path is fragmented rather than lost: no device but we knows the size, and
	// an error would not reach the TCP that chose it.
	set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	if v6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
		set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		set(unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
	} else {
		set(unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
}

func boundAddress(socket *os.File) (netip.AddrPort, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	var at netip.AddrPort
	var failed error
	err = raw.Control(func(descriptor uintptr) {
		address, err := unix.Getsockname(int(descriptor))
		switch known := address.(type) {
		case *unix.SockaddrInet4:
			at = netip.AddrPortFrom(netip.AddrFrom4(known.Addr), uint16(known.Port))
		case *unix.SockaddrInet6:
			at = netip.AddrPortFrom(netip.AddrFrom16(known.Addr), uint16(known.Port))
		}
		failed = err
	})
	if err == nil {
		err = failed
	}
	return at, err
}

// The two calls never wait, and are short: the Go scheduler need not know of them.

func receiveMany(descriptor uintptr, messages []message) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, descriptor, uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

func sendMany(descriptor uintptr, messages []message) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, descriptor, uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}
